"""``windowclf convert``."""

import json
from dataclasses import asdict

import click

from windowclf.cli.console import count, note
from windowclf.cli.options import SchemeChoice, json_option
from windowclf.documents.conversion import LABELLED, convert_file, labelled_format
from windowclf.documents.formats.registry import ReadOptions
from windowclf.errors import UsageError
from windowclf.tags.recognition import AUTO, SCHEMES, scheme_named
from windowclf.tags.schemes import Scheme


@click.command(short_help="Write labelled documents in another format.")
@click.argument("source", metavar="INPUT")
@click.argument("output", metavar="OUTPUT")
@click.option(
    "--from",
    "source_format",
    type=click.Choice(LABELLED),
    help="Format of INPUT, if not its end's.",
)
@click.option(
    "--to", "output_format", type=click.Choice(LABELLED), help="Format of OUTPUT, if not its end's."
)
@click.option(
    "--scheme",
    default=AUTO,
    show_default=True,
    type=SchemeChoice(SCHEMES),
    help="How the tags of INPUT spell spans; plain: each token has a label of its own.",
)
@click.option(
    "--output-scheme",
    type=SchemeChoice([scheme.value for scheme in Scheme]),
    help="How the tags of a CoNLL file written spell spans.  [default: iob2, or plain as INPUT]",
)
@click.option(
    "--text-column",
    default="text",
    show_default=True,
    metavar="NAME",
    help="Key or column of the text, in both.",
)
@click.option("--tokens-column", metavar="NAME|N", help="Column of the tokens, if not the usual.")
@click.option("--tags-column", metavar="NAME|N", help="Column of the tags, if not the usual.")
@json_option
def convert(
    source: str,
    output: str,
    source_format: str | None,
    output_format: str | None,
    scheme: str,
    output_scheme: str | None,
    text_column: str,
    tokens_column: str | None,
    tags_column: str | None,
    as_json: bool,
) -> None:
    """Write labelled documents in another format: CoNLL, JSONL, Parquet, or spaCy's DocBin.

    The ends of the names tell the formats: .jsonl, .parquet, .spacy, and CoNLL for .conll, .txt
    and any unknown; .gz or .zst may follow. - is stdin or stdout. The text, its spans and all
    other fields come through, and sentences and words where they are known; CoNLL has no place
    for scores.

    \b
    windowclf convert eng.train train.jsonl
    windowclf convert train.jsonl train.spacy
    windowclf convert annotated.parquet train.conll --output-scheme iobes
    zcat train.jsonl.gz | windowclf convert - - --from jsonl --to conll
    """
    if as_json and output == "-":
        raise UsageError("--json: stdout has the documents already; give OUTPUT a name")
    done = convert_file(
        source,
        output,
        labelled_format(source, source_format, "--from"),
        labelled_format(output, output_format, "--to"),
        ReadOptions(text_column, tokens_column, tags_column),
        scheme=scheme_named(scheme),
        output_scheme=None if output_scheme is None else Scheme(output_scheme),
    )
    counted = asdict(done)
    for line in counted.pop("notes"):
        note(line)
    if as_json:
        click.echo(json.dumps({"output": output, **counted}))
    else:
        name = "stdout" if output == "-" else output
        counts = [
            count(number, what.removesuffix("s"))
            for what, number in counted.items()
            if number or what != "sentences"  # texts may come without them
        ]
        note(f"{name}: {', '.join(counts)}")
