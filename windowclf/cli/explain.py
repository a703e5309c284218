"""``windowclf explain``."""

import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from windowclf.cli.console import note
from windowclf.cli.options import json_option, load_classifier, model_option
from windowclf.errors import UsageError, join_names, printable, quoted
from windowclf.system.packages import require

if TYPE_CHECKING:
    from windowclf.tagging.tagged_text import TaggedText


@click.command(short_help="Show why a word has its tag.")
@click.argument("text", required=False, metavar="[TEXT]")
@click.option(
    "--token",
    metavar="N|WORD",
    help="The word to explain: its number, from 1, or the word itself (the first occurrence).  "
    "[default: the first word of the entity with the highest score, else the first word]",
)
@model_option
@click.option("--input", "input_name", metavar="FILE", help="A file with the text.")
@json_option
@click.option("--html", metavar="FILE", help="Also write the explanation as an HTML page.")
def explain(
    text: str | None,
    token: str | None,
    model: str | None,
    input_name: str | None,
    as_json: bool,
    html: str | None,
) -> None:
    """Show why a word has its tag. The text is the argument, a file, or stdin.

    The explanation shows what each nearby word adds to the tag's score, the runner-up and the
    margin, the hidden units that decided, and the smallest change of a word that changes the tag.

    JSON is one object with the fields of windowclf.explanation.result.Explanation: tokens, token,
    tags, tag, runner_up, margin, scores, probabilities, shares, rest, units, changes, searched.
    There, tokens are numbered from 0, and each list of scores is in the order of "tags".

    \b
    windowclf explain "Paris is in France" --token 1
    windowclf explain "Paris is in France" --token France --html france.html
    windowclf explain --input letter.txt --json
    """
    import msgspec

    if text is not None and input_name is not None:
        raise UsageError("give a text or --input, not both")
    source = "the text" if text is not None else input_name or "stdin"
    if html is None and not as_json:
        require("an explanation in the terminal, which --json does without,", "rich")
    classifier = load_classifier(model)[0]
    tagged = next(classifier.pipe([_read(input_name, source) if text is None else _valid(text)]))
    explanation = classifier.explain(tagged.text, _find(tagged, token, source))
    if as_json:
        click.echo(msgspec.json.encode(explanation).decode())
    if html is not None:
        from windowclf.reports.html.explanation import explanation_page
        from windowclf.system.files import write_whole

        page = explanation_page(explanation).encode("utf-8", "replace")
        path = Path(html)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda temporary: temporary.write_bytes(page))
        note(f"page: {printable(html)}")
    elif not as_json:
        from rich.console import Console

        from windowclf.reports.terminal.explanation import explained

        console = Console(width=None if sys.stdout.isatty() else 80, highlight=False)
        console.print(explained(explanation))


def _read(name: str | None, source: str) -> str:
    from windowclf.system.streams import open_input
    from windowclf.text.lines import line_chunks

    with open_input("-" if name is None else name) as file:
        chunks = line_chunks(file, source, keep_ends=True, has_option=False)
        return "".join(chain.from_iterable(chunks))


def _valid(argument: str) -> str:
    """Replace the lone surrogates that stand for bytes outside the terminal's encoding."""
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _find(tagged: "TaggedText", token: str | None, source: str) -> int:
    """Return the index of the token that --token names, counted over the whole text."""
    words = [word for sentence in tagged.words for word in sentence]
    if not words:
        raise UsageError(f"{source} has no word to explain")
    if token is None:
        if not tagged.entities:
            return 0
        start = max(tagged.entities, key=lambda entity: entity.score).start
        starts = [word.start for sentence in tagged.sentences for word in sentence]
        return starts.index(start)
    if token.isdecimal() and 1 <= int(token[:18]) <= len(words):
        return int(token) - 1
    if token in words:
        return words.index(token)
    numbered = [f"{number} {printable(word[:40])}" for number, word in enumerate(words, 1)]
    raise UsageError(
        f"--token {quoted(token)} is not a token of the text; its tokens: {join_names(numbered)}"
    )
