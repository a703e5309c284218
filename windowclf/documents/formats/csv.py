"""Tables with a header and any delimiter: CSV, TSV and others.

A row is a text with or without labels, the tokens of a sentence, or one token, which is detected
from the first rows.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, BinaryIO, NamedTuple

import msgspec

from windowclf.documents.document import Document, tags_of
from windowclf.documents.formats.jsonl import record
from windowclf.documents.formats.registry import WriteOptions, batches
from windowclf.documents.formats.table_columns import (
    names_of,
    no_column,
    text_column,
    token_columns,
)
from windowclf.documents.formats.table_records import (
    TableLayout,
    given_tags,
    holds_lists,
    is_of_tokens,
    read_lists,
    read_texts,
)
from windowclf.documents.formats.table_rows import Table, read_head, read_rows
from windowclf.documents.formats.token_rows import TokenRows, read_tokens
from windowclf.documents.reading import ReadOptions, open_lines
from windowclf.errors import DataError, error_context
from windowclf.text.lines import Lines

_SPANS = "entities"


def read(file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
    """Read the rows of a file with a header.

    The cells of a row with a text or a list of tokens become fields. The cells of a table with one
    token per row are kept in the layout of the document.

    Raises
    ------
    DataError
        If the file has no header or no column of texts or tokens, or a row cannot be read and the
        options do not skip it. The rows before it are yielded first.
    """
    lines = Lines(open_lines(file, name, options, keep_ends=True), options.failed)
    yield from batches(_documents(lines, name, options), lines)


def _documents(lines: Lines, name: str, options: ReadOptions) -> Iterator[Document | None]:
    table = read_head(lines, name, options)
    found = token_columns(table.columns, options)
    text = text_column(table.columns, options)
    with error_context(table.where):
        given_tags(table, options)
    rows = read_rows(lines, table, name, options)
    if found is not None and is_of_tokens(table, found, options):
        read_sentences = read_lists if holds_lists(table, found) else read_tokens
        return read_sentences(rows, table, found, name, options)
    if text is None:
        text = _sentence_column(table, name, options)
    if text is None or options.tokens_column is not None:
        raise no_column(table.where, table.columns, options)
    return read_texts(rows, table, text, name, options)


def _sentence_column(table: Table, name: str, options: ReadOptions) -> int | None:
    """Find a column of texts with the name "sentence", in any letter case."""
    names = [column.lower() for column in table.columns]
    if options.text_column != ReadOptions().text_column or "sentence" not in names:
        return None
    found = names.index("sentence")
    if not any(" " in row[found].strip() for row in table.sample):
        return None
    what = "tables read whose texts are in the column 'sentence'"
    options.report.add(what, f"{name}: {names_of(table.columns)}")
    return found


class _Rows(NamedTuple):
    """The rows of a document as they are written."""

    columns: list[str]
    rows: list[list[str]]
    blank: bool = False


class Writer:
    """Writes each document as a row: its fields, its text, and its spans as JSON in ``entities``.

    Documents from a table with a sentence or a token per row are written in the same layout, with
    new tags.
    """

    def __init__(self, file: BinaryIO, options: WriteOptions) -> None:
        self._file, self._options = file, options
        self._columns: list[str] = []
        self._delimiter = ","

    def write(self, documents: Sequence[Document]) -> None:
        """Append documents.

        Raises
        ------
        DataError
            If a document has other columns than the first one.
        """
        lines = io.StringIO()
        for document in documents:
            found = self._rows(document)
            if not self._columns:
                self._columns = found.columns
                self._delimiter = self._options.delimiter or _delimiter(document) or ","
                # A fully quoted header shows readers of tab-separated files that quotes are syntax.
                names = csv.writer(
                    lines,
                    delimiter=self._delimiter,
                    quoting=csv.QUOTE_ALL if self._delimiter == "\t" else csv.QUOTE_MINIMAL,
                )
                names.writerow(self._columns)
            writer = csv.writer(lines, delimiter=self._delimiter)
            if found.columns != self._columns:
                found = self._in_order(document, found)
            writer.writerows(found.rows)
            if found.blank:
                writer.writerow([])
        self._file.write(lines.getvalue().encode())

    def close(self) -> None:
        """Do nothing: the format has no end."""

    def _rows(self, document: Document) -> _Rows:
        layout = document.layout
        if isinstance(layout, TokenRows):
            return _token_rows(document, layout, self._options)
        if isinstance(layout, TableLayout) and layout.tokens in document.fields:
            cells = _with_tags(document, layout, self._options)
        else:
            options = self._options
            if isinstance(layout, TableLayout) and layout.text and layout.text in document.fields:
                options = replace(options, text_column=layout.text)
            cells = record(document, options)
            if "tags" not in cells or document.spans is None:
                cells.setdefault(_SPANS, None)
        return _Rows([*cells], [[*map(_cell, cells.values())]])

    def _in_order(self, document: Document, found: _Rows) -> _Rows:
        """Sort cells in the column order of the first document."""
        if {*found.columns} != {*self._columns}:
            other, first = map(names_of, (found.columns, self._columns))
            raise DataError(
                f"document {document.text[:40]!r} has the columns {other}, but the first has "
                f"{first}; a CSV file has the same columns for all documents: write JSONL"
            )
        places = [found.columns.index(column) for column in self._columns]
        return found._replace(rows=[[row[place] for place in places] for row in found.rows])


def _delimiter(document: Document) -> str | None:
    layout = document.layout
    return layout.delimiter if isinstance(layout, TableLayout | TokenRows) else None


def _token_rows(document: Document, layout: TokenRows, options: WriteOptions) -> _Rows:
    tags = tags_of(document, options.scheme)
    if tags is None:
        return _Rows(layout.columns, layout.rows, layout.blank)
    columns, place = layout.columns, layout.tags
    if place is None:
        columns, place = [*columns, "tag"], len(columns)
    rows = [
        [*row[:place], tag, *row[place + 1 :]]
        for row, tag in zip(layout.rows, chain.from_iterable(tags), strict=True)
    ]
    return _Rows(columns, rows, layout.blank)


def _with_tags(document: Document, layout: TableLayout, options: WriteOptions) -> dict[str, Any]:
    tags = tags_of(document, options.scheme)
    cells: dict[str, Any] = dict(document.fields)
    if tags is not None:
        flat = [*chain.from_iterable(tags)]
        cells[layout.tags or "tags"] = layout.separator.join(flat) if layout.separator else flat
    return cells


def _cell(value: Any) -> str:
    """Write strings as they are, null as an empty cell, and other values as JSON."""
    if isinstance(value, msgspec.Raw) and bytes(value).startswith(b'"'):
        value = msgspec.json.decode(value)
    if isinstance(value, str):
        return value
    cell = msgspec.json.encode(value, enc_hook=str).decode()
    return "" if cell == "null" else cell
