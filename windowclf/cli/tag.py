"""``windowclf tag``."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from windowclf.cli import groups
from windowclf.cli.console import note, stderr_is_terminal, stdout_has_colour
from windowclf.cli.groups import Group, GroupedCommand
from windowclf.cli.options import (
    READING,
    load_classifier,
    model_option,
    processes_option,
    read_options,
    reading_json,
    report_reading,
    text_options,
)
from windowclf.cli.tag_job import JOBS, job_options, refuse_job_options, tag_job
from windowclf.config.check import option_name
from windowclf.documents.formats.registry import DIALECTS, FORMATS, Format, WriteOptions, Writer
from windowclf.documents.reading import ReadOptions
from windowclf.errors import UsageError, WorkerError, error_context, quoted
from windowclf.tags.columns import ColumnTags
from windowclf.tags.schemes import Scheme

if TYPE_CHECKING:
    from windowclf.classifier import WindowClassifier
    from windowclf.cli.progress import TaggingProgress
    from windowclf.documents.document import Document
    from windowclf.documents.paths import Input, Output
    from windowclf.tagging.text_work import Answer


_OUTPUTS = [name for name, form in FORMATS.items() if form.writable]
_INPUTS = [name for name in _OUTPUTS if name not in DIALECTS]


def _format(context: click.Context, option: click.Parameter, name: str | None) -> Format | None:
    del context, option
    return None if name is None else FORMATS[name]


_GROUPS = (
    Group("Input and output", ("input_names", "output", "form", "input_form")),
    Group("Model", ("model",)),
    Group("Tokens and sentences", ("text_unit", "lines", "pretokenized")),
    groups.READING,
    groups.RUNNING,
    JOBS,
)


@click.command(cls=GroupedCommand, groups=_GROUPS, short_help="Find the names in texts.")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@model_option
@click.option(
    "--input",
    "input_names",
    multiple=True,
    metavar="FILE|FOLDER|GLOB",
    help="Input to tag: a file, a folder and everything in it, a quoted glob pattern, or - for "
    "stdin; .gz and .zst are decompressed. Repeat for more.",
)
@click.option(
    "--output",
    default="-",
    metavar="FILE|FOLDER",
    help="A file for all results, if its extension is that of a format; else a folder with a file "
    "for each input.  [default: stdout]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_OUTPUTS),
    callback=_format,
    help="Output format. text: spans in brackets, or in colour on a terminal; jsonl, csv and "
    "parquet: text, entities and the other fields of the input; conll: token, tab, tag.  "
    "[default: from the output's file name, else the input's]",
)
@click.option(
    "--input-format",
    "input_form",
    type=click.Choice(_INPUTS),
    callback=_format,
    help="Input format.  [default: from the file name and the start of the file, else text]",
)
@text_options
@click.option("--pretokenized", is_flag=True, help="The text is tokenized: split it at spaces.")
@click.option("--lines", is_flag=True, help="Treat each line of a text as a sentence.")
@job_options
@processes_option
def tag(
    texts: tuple[str, ...],
    model: str | None,
    input_names: tuple[str, ...],
    output: str,
    form: Format | None,
    input_form: Format | None,
    pretokenized: bool,
    lines: bool,
    processes: int | None,
    engine: str | None,
    **others: Any,
) -> int:
    """Find the names in texts: the arguments, files, or the lines of stdin as they arrive.

    \b
    windowclf tag "Paris is in France"
    windowclf tag --input news.txt --format jsonl > news.jsonl
    windowclf tag --input reviews.csv --text-column review --output tagged.csv
    windowclf tag --input "archive/**/*.jsonl.gz" --output tagged
    cat tokens.txt | windowclf tag --pretokenized --format conll
    windowclf tag --engine dask --input "corpus/*.parquet" --output tagged
    """
    from windowclf.cli.progress import TaggingProgress
    from windowclf.documents.document import Document
    from windowclf.documents.paths import BINARY, find_inputs, plan_outputs
    from windowclf.system.streams import stdin_waits
    from windowclf.tagging.texts import SPLITTERS, DocumentTagger, parts_written

    if texts and input_names:
        raise UsageError("give texts or --input, not both")
    if texts == ("-",):  # stdin, by convention
        texts = ()
    if pretokenized and lines:
        raise UsageError("give --pretokenized or --lines, not both")
    if (lines or pretokenized) and others["text_unit"]:
        raise UsageError("give --text-unit, --lines or --pretokenized, not two of them")
    reading = read_options(others, labels=False)
    splitter: str = "lines" if lines else reading.text_unit or "text"
    if pretokenized:
        splitter = "pretokenized"
    of_job = {name: value for name, value in others.items() if name not in READING}
    if engine:
        if texts or {form, input_form} - {None, FORMATS["parquet"]}:
            raise UsageError("a job reads and writes Parquet: leave out TEXT and other formats")
        _refuse_reading_options(others)
        asked = {"text_column": reading.text_column, "splitter": splitter, **of_job}
        classifier = load_classifier(model)[0]
        return tag_job(classifier, input_names, output, engine=engine, processes=processes, **asked)
    refuse_job_options(of_job)
    as_json = of_job["as_json"]
    if as_json and output == "-":
        raise UsageError("--json: the tagged texts go to stdout; name an --output file")
    inputs, unknown = find_inputs(
        input_names or ["-"], FORMATS["text"] if texts else input_form, reading
    )
    outputs = plan_outputs(inputs, output, form)
    to_terminal = output == "-" and sys.stdout.isatty()
    if to_terminal and outputs[0].form.name in BINARY:
        raise UsageError(
            f"{outputs[0].form.name} cannot be shown in a terminal; name an --output file"
        )
    if unknown:
        note(f"skipped files of unknown format: {unknown}")
    # Path.is_file raises OSError for a text that is too long for a name.
    if named := [text for text in texts if os.path.isfile(text)]:  # noqa: PTH113
        note(f"{quoted(named[0])} is tagged as text; to tag the file of that name, use --input")
    classifier = load_classifier(model)[0]
    if any(out.form.name == "conll" for out in outputs):
        _check_columns(classifier)
    # Bytes of an argument outside the terminal's encoding arrive as lone surrogates.
    given = [text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for text in texts]
    number = _process_count(processes, inputs)  # before the bar starts a thread
    with (
        TaggingProgress(
            inputs,
            shown=stderr_is_terminal() and not texts and (bool(input_names) or not to_terminal),
            bar=not to_terminal,
        ) as progress,
        DocumentTagger(classifier.tagger, SPLITTERS[splitter], number) as tagger,
    ):
        for out in outputs:
            batches = _read(out.inputs, reading, progress)
            if texts:
                batches = iter([[Document(text) for text in given]])
            waits = stdin_waits if out.from_stdin else None
            answers = tagger.tag(batches, parts_written(out.form), waits)
            # Closed here, because the traceback of an error would keep the generator alive.
            with (
                _lost_at(out, progress),
                closing(answers),
                _open(out, classifier, reading.text_column) as write,
            ):
                for answer in answers:
                    write(answer)
                    progress.add([tagged for _, tagged in answer])
    report_reading(reading)
    if as_json:
        import json

        click.echo(json.dumps({"output": output, "texts": progress.texts, **reading_json(reading)}))
    return 0


def _process_count(processes: int | None, inputs: "Sequence[Input]") -> int:
    """Return the number of processes: one for a named pipe, which is tagged as it is read."""
    from windowclf.system.shared_work import process_count
    from windowclf.system.streams import is_url

    if processes is None and not all(
        given.path == "-" or is_url(given.path) or Path(given.path).is_file() for given in inputs
    ):
        return 1
    return process_count(processes)


@contextmanager
def _lost_at(out: "Output", progress: "TaggingProgress") -> "Iterator[None]":
    """Add the state of the output to the error if a process is lost."""
    try:
        yield
    except WorkerError as lost:
        there = f"{out.path}: not written"
        if out.path == "-":
            there = f"stdout: ends after {progress.texts:,} texts"
        raise WorkerError(f"{there}: {lost}") from None


def _read(
    inputs: "Sequence[Input]", options: ReadOptions, progress: "TaggingProgress"
) -> "Iterator[list[Document]]":
    from windowclf.documents.opening import read_documents

    for source in inputs:
        yield from read_documents(source.path, source.form, options, progress.watch(source))


def _refuse_reading_options(options: dict[str, Any]) -> None:
    """Raise an error for reading options that a job does not have."""
    for name in READING:
        if name not in ("text_column", "text_unit") and options.get(name) is not None:
            raise UsageError(
                f"{option_name(name)} does not apply to jobs: leave out either it or --engine"
            )


def _scheme(classifier: "WindowClassifier") -> Scheme:
    return Scheme.PLAIN if classifier.model.scheme is Scheme.PLAIN else Scheme.IOB2


def _check_columns(classifier: "WindowClassifier") -> None:
    """Report labels that column files spell differently; raise an error if they cannot."""
    columns = ColumnTags()
    columns.write(classifier.tags, _scheme(classifier))
    for line in columns.notes():
        note(line)


class _Stdout:
    """Writes UTF-8 to stdout in the encoding of the terminal."""

    def write(self, data: bytes) -> None:
        sys.stdout.write(data.decode())


@contextmanager
def _open(
    out: "Output", classifier: "WindowClassifier", text_column: str
) -> "Iterator[Callable[[Answer[Document]], None]]":
    """Open an output; yield a function that writes an answer to it."""
    from windowclf.documents.formats import text
    from windowclf.reports.terminal.tagged import in_colour
    from windowclf.system.streams import is_url, open_output
    from windowclf.tagging.texts import documents_of

    stdout = out.path == "-"
    name = "stdout" if stdout else out.path
    if not stdout and not is_url(out.path):
        Path(out.path).parent.mkdir(parents=True, exist_ok=True)
    options = WriteOptions(text_column, _scheme(classifier))
    with open_output(out.path) as file:
        if stdout and out.form.name == "text":
            mark = in_colour(classifier.labels) if stdout_has_colour() else text.in_brackets
            writer: Writer = text.Writer(cast(BinaryIO, _Stdout()), options, mark)
        else:
            writer = out.form.writer(file, options)

        def write(answer: "Answer[Document]") -> None:
            with error_context(name):
                writer.write(documents_of(answer, out.form))
            if stdout:
                sys.stdout.flush()

        yield write
        with error_context(name):
            writer.close()
