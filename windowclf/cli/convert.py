"""``windowclf convert``."""

import json
from dataclasses import asdict
from typing import Any

import click

from windowclf.cli.console import count, note
from windowclf.cli.groups import READING, RUNNING, Group, GroupedCommand
from windowclf.cli.options import (
    SchemeChoice,
    json_option,
    read_options,
    reading_json,
    reading_options,
    report_reading,
)
from windowclf.documents.conversion import READABLE, WRITABLE, convert_file, labelled_format
from windowclf.errors import UsageError
from windowclf.tags.recognition import AUTO, SCHEMES, scheme_named
from windowclf.tags.schemes import Scheme


@click.command(
    cls=GroupedCommand,
    groups=(
        Group("Formats", ("source_format", "output_format", "scheme", "output_scheme")),
        READING,
        RUNNING,
    ),
    short_help="Write labelled documents in another format.",
)
@click.argument("source", metavar="INPUT")
@click.argument("output", metavar="OUTPUT")
@click.option(
    "--from",
    "source_format",
    type=click.Choice(READABLE),
    help="Format of INPUT.  [default: detected]",
)
@click.option(
    "--to",
    "output_format",
    type=click.Choice(WRITABLE),
    help="Format of OUTPUT; doccano and prodigy write JSONL for these tools.  [default: from "
    "the file name]",
)
@click.option(
    "--scheme",
    default=AUTO,
    show_default=True,
    type=SchemeChoice(SCHEMES),
    help="Tag scheme of INPUT; plain: each token has its own label, and there are no spans.",
)
@click.option(
    "--output-scheme",
    type=SchemeChoice([scheme.value for scheme in Scheme]),
    help="Tag scheme of a CoNLL OUTPUT.  [default: iob2, or plain if INPUT is plain]",
)
@reading_options
@json_option
def convert(
    source: str,
    output: str,
    source_format: str | None,
    output_format: str | None,
    scheme: str,
    output_scheme: str | None,
    as_json: bool,
    **reading: Any,
) -> None:
    """Write labelled documents in another format.

    INPUT is a file, a folder, a quoted glob pattern, or a project of 'windowclf annotate'. It may
    be CoNLL columns or CoNLL-U, CSV, Parquet, brat, spaCy's DocBin, or JSON and JSONL from doccano,
    Prodigy, Label Studio, spaCy and others. - is stdin or stdout; names with .gz or .zst are
    decompressed and compressed. Text, spans and all other fields are kept, and so are sentences
    and tokens where INPUT has them; CoNLL cannot hold scores.

    \b
    windowclf convert eng.train train.jsonl
    windowclf convert brat-folder train.jsonl
    windowclf convert annotated-project labelled.jsonl
    windowclf convert export.json train.conll --output-scheme iobes
    windowclf convert tagged.jsonl review.jsonl --to doccano
    zcat train.jsonl.gz | windowclf convert - - --from jsonl --to conll
    """
    if as_json and output == "-":
        raise UsageError("--json: the documents go to stdout; name an OUTPUT file")
    options = read_options(reading)
    by_name = source == "-" or source_format is not None
    done = convert_file(
        source,
        output,
        labelled_format(source, source_format, "--from", READABLE) if by_name else None,
        labelled_format(output, output_format, "--to", WRITABLE),
        options,
        scheme=scheme_named(scheme),
        output_scheme=None if output_scheme is None else Scheme(output_scheme),
    )
    counted = asdict(done)
    for line in counted.pop("notes"):
        note(line)
    report_reading(options)
    if as_json:
        click.echo(json.dumps({"output": output, **counted, **reading_json(options)}))
    else:
        name = "stdout" if output == "-" else output
        counts = [
            count(number, what.removesuffix("s"))
            for what, number in counted.items()
            if number or what != "sentences"  # texts may come without them
        ]
        note(f"{name}: {', '.join(counts)}")
