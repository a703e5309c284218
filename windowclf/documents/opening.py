"""Opening files as documents; the format is detected from the name and the content."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from windowclf.documents.document import Document
from windowclf.documents.formats.registry import FORMATS, Format, format_of
from windowclf.documents.reading import ReadOptions
from windowclf.system.streams import is_url, open_input

_HEAD_BYTES = 1 << 16
_JSON = re.compile(r"""\s*(\{\s*"|\{['}]|\["|\[\s*(\[\s*"|\{\s*"))""")
"""Starts of JSON records; a column file may also begin with the token "[" or "{"."""


def detect_format(path: str | Path, options: ReadOptions) -> Format:
    """Detect the format of a file.

    Tables, column files and JSON often have each other's extensions, so for these the start of the
    file decides.

    Parameters
    ----------
    path : str or Path
        A file that can be read twice, and so not "-".
    options : ReadOptions
        With ``labels=False``, a file with an unknown extension is plain text.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    from windowclf.documents.formats.table_recognition import is_table, is_tagged

    form = format_of(path)
    if form is None or form.name == "text":
        if not options.labels:
            _report_columns(path, options)
            return FORMATS["text"]
        if form and Path(path).with_suffix(".ann").is_file():
            return FORMATS["brat"]
    elif form.name not in ("conll", "csv"):
        return form
    if not is_url(path) and not Path(path).is_file():  # a pipe can be read only once
        return form or FORMATS["conll"]
    head = _head(path, options)
    if _JSON.match(head):
        return FORMATS["jsonl"]
    if form and form.name == "csv":
        return FORMATS["conll"] if is_tagged(head, options) else form
    return FORMATS["csv"] if is_table(head, options) else FORMATS["conll"]


def _head(path: str | Path, options: ReadOptions) -> str:
    with open_input(path) as file:
        return file.read(_HEAD_BYTES).decode(options.encoding, "replace").lstrip("\ufeff")


def _report_columns(path: str | Path, options: ReadOptions) -> None:
    """Report a file that is read as plain text although its lines look like tokens with tags."""
    from windowclf.documents.formats.table_recognition import is_tagged

    if Path(path).is_file() and is_tagged(_head(path, options), options):
        what = "files read as plain text whose lines look like rows of a column file"
        cure = "to read tokens and tags, use `input_form` conll or a name that ends in .conll"
        options.report.add(what, f"{path}; {cure}")


def read_documents(
    path: str,
    form: Format,
    options: ReadOptions,
    watch: Callable[[int], object] | None = None,
) -> Iterator[list[Document]]:
    """Read the documents of a file in batches, as soon as they arrive.

    Parameters
    ----------
    path : str
        A file, a URL, or "-" for stdin; files that end in .gz or .zst are decompressed.
    watch : callable, optional
        See `open_input`.

    Raises
    ------
    DataError
        If the file or a record cannot be read, after the documents before it.
    """
    name = "stdin" if path == "-" else path
    with open_input(path, watch) as file:
        if form.name == "parquet" and not file.seekable():  # Parquet is read from its end
            file = io.BytesIO(file.read())
        yield from form.read(file, name, options)
