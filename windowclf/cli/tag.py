"""``windowclf tag``."""

import sys
from collections.abc import Iterable

import click

from windowclf.cli.console import note, stderr_is_terminal
from windowclf.cli.options import model_option, threads_option
from windowclf.errors import UsageError


@click.command(short_help="Find the names in texts.")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@model_option
@click.option("--input", "input_file", metavar="FILE", help="A text a line; - is stdin.")
@click.option("--pretokenized", is_flag=True, help="Tokens are separated by spaces already.")
@click.option(
    "--format",
    "form",
    default="text",
    show_default=True,
    type=click.Choice(["text", "jsonl", "conll"]),
    help="text: spans in brackets, or in colour on a terminal; jsonl: a line with text and "
    "entities; conll: token, tab, tag.",
)
@threads_option
def tag(
    texts: tuple[str, ...],
    model: str | None,
    input_file: str | None,
    pretokenized: bool,
    form: str,
    threads: int | None,
) -> None:
    """Find the names in texts: the arguments, a file, or stdin line by line as it comes.

    \b
    windowclf tag "Paris is in France"
    windowclf tag --input news.txt --format jsonl > news.jsonl
    cat tokens.txt | windowclf tag --pretokenized --format conll
    """
    from windowclf.classifier import load
    from windowclf.report.tagged import as_conll, as_json, as_text, colour_writer
    from windowclf.state import find_model
    from windowclf.tagging.texts import given_tokens, tag_batches
    from windowclf.text.lines import line_chunks
    from windowclf.text.tokenizer import split_words
    from windowclf.threads import thread_count

    if texts and input_file:
        raise UsageError("give texts or --input, not both")
    folder, why = find_model(model)
    classifier = load(folder)
    if stderr_is_terminal() and why != "named":
        note(f"model: {folder} ({why})")
    # Arguments that are no text in the terminal's encoding come as lone surrogates.
    given = [text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for text in texts]
    chunks: Iterable[list[str]] = [given] if texts else line_chunks(input_file or "-")
    writers = {
        "text": colour_writer(classifier.labels) if sys.stdout.isatty() else as_text,
        "jsonl": as_json,
        "conll": as_conll,
    }
    write = writers[form]
    split = given_tokens if pretokenized else split_words
    for batch in tag_batches(classifier.tagger, chunks, split=split, threads=thread_count(threads)):
        sys.stdout.write("".join(map(write, batch)))
        sys.stdout.flush()
