"""CSV: a document a row, with its text in a column; the spans are added as a column of JSON."""

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import msgspec

from windowclf.documents.document import Document
from windowclf.documents.formats.registry import WriteOptions, batches
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, join_names, quoted
from windowclf.text.lines import Lines, line_chunks

_SPANS = "entities"


def read(file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
    """Read the rows of a file with a header; all their cells are fields.

    Raises
    ------
    DataError
        For a file without a header or without the column of the text, and for a row that is
        not well-formed or not as long as the header, after those before it.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # of all readers; a text may be any length
    lines = Lines(line_chunks(file, name, keep_ends=True))
    rows = _rows(lines, name)
    columns = next(rows, None)
    if columns is None:
        raise DataError(f"{name}: empty; expected a row with the names of the columns")
    if options.text_column not in columns:
        raise DataError(
            f"{name}:1: no column {options.text_column!r} for the text; there are "
            f"{_names(columns)}; name one with --text-column"
        )
    if len(set(columns)) < len(columns):
        raise DataError(f"{name}:1: two columns of one name in {_names(columns)}; rename one")
    yield from batches(_documents(rows, columns, lines, name, options.text_column), lines)


def _documents(
    rows: Iterable[list[str]], columns: list[str], lines: Lines, name: str, text_column: str
) -> Iterator[Document]:
    for cells in rows:
        if len(cells) != len(columns):
            raise DataError(
                f"{name}:{lines.number}: {len(cells)} cells, but the header has {len(columns)}; "
                "expected as many, with quotes around a cell that holds a comma"
            )
        fields = dict(zip(columns, cells, strict=True))
        yield Document(fields[text_column], fields=fields)


def _rows(lines: Lines, name: str) -> Iterator[list[str]]:
    try:
        yield from filter(None, csv.reader(lines, strict=True))
    except csv.Error as error:
        raise DataError(f"{name}:{lines.number}: not well-formed CSV: {error}") from error


class Writer:
    """Writes a row a document: its fields, its text, and its spans as JSON in ``entities``."""

    def __init__(self, file: BinaryIO, options: WriteOptions) -> None:
        self._file, self._text = file, options.text_column
        self._columns: list[str] = []

    def write(self, documents: Sequence[Document]) -> None:
        """Write documents after those before.

        Raises
        ------
        DataError
            If one has other fields than the first.
        """
        lines = io.StringIO()
        writer = csv.writer(lines)
        for document in documents:
            record = {**document.fields, self._text: document.text}
            record[_SPANS] = document.spans or []
            if not self._columns:
                self._columns = list(record)
                writer.writerow(self._columns)
            if record.keys() != set(self._columns):
                other, first = map(_names, (record, self._columns))
                raise DataError(
                    f"document {document.text[:40]!r} has the columns {other}, but the first has "
                    f"{first}; a CSV file has the same for all: write JSONL"
                )
            writer.writerow([_cell(record[column]) for column in self._columns])
        self._file.write(lines.getvalue().encode())

    def close(self) -> None:
        """Write nothing more."""


def _names(columns: Iterable[str]) -> str:
    return join_names([*map(quoted, columns)])


def _cell(value: Any) -> str:
    """Write what is no string as JSON, and nothing for null."""
    if isinstance(value, msgspec.Raw) and bytes(value).startswith(b'"'):
        value = msgspec.json.decode(value)
    if isinstance(value, str):
        return value
    cell = msgspec.json.encode(value, enc_hook=str).decode()
    return "" if cell == "null" else cell


def is_table(head: str, options: ReadOptions) -> bool:
    """Stub."""
    first = head.partition("\n")[0]
    return "\t" in first and options.text_column in first.split("\t")
