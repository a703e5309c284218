"""The original lines of a document in a column file, for writing them with new tags."""

import re
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from windowclf.documents.formats.conll_columns import SKIPPED_ID, Columns
from windowclf.documents.formats.conll_head import GLOBAL_COLUMNS, KEY_VALUE, split_row
from windowclf.documents.formats.conll_lines import DOCUMENT, Block, plain_rows
from windowclf.documents.formats.conll_notation import (
    brackets_of,
    is_prefixed,
    joined,
    spread,
    value_of,
    with_value,
)
from windowclf.errors import DataError, quoted
from windowclf.tags.schemes import OUTSIDE, Scheme, spans

_UNWRITABLE = re.compile(r"[ \t\r\n]")
_FILLER = "_"
_LIKE_ROW = re.compile(r"^(#[^\t]*)\t([^\t]*[^\t ][\t ]*)$")  # a comment that may look like a row


class ColumnLayout(msgspec.Struct, frozen=True):
    """The lines of a document, which are written unchanged except for the tags.

    Parameters
    ----------
    columns : Columns
        The roles of its columns.
    words : list of list of str
        The tokens of its rows.
    text : str
        Its text, from the rows and comments.
    lines : list of list of str
        The lines of each sentence, with the marks and comments before it.
    rows : list of list of int
        Indices of the token rows in `lines`.
    marked : bool
        Whether `lines` begin with the mark of a document.
    """

    columns: Columns
    words: list[list[str]]
    text: str
    lines: list[list[str]]
    rows: list[list[int]]
    marked: bool

    @property
    def others(self) -> int:
        """Number of columns with neither words nor tags."""
        return self.columns.others

    def width_of(self, labelled: bool) -> int:
        """Count the columns of a written row, with or without tags."""
        return self.columns.width + (labelled and not self.columns.replaced)


def layout_of(
    blocks: Sequence[Block], columns: Columns | None, words: list[list[str]], text: str
) -> ColumnLayout | None:
    """Return the layout of a document; None if it has only words and tags."""
    if columns is None or not words or all(block.lines is None for block in blocks):
        return None
    lines, rows = [], []
    for block in blocks:
        if block.lines is None:
            lines.append(plain_rows(block.tokens, block.tags))
            rows.append([*range(len(block.tokens))])
        elif block.tokens or not lines:
            lines.append(block.lines)
            rows.append(block.rows)
        else:  # lines after the last sentence
            lines[-1] = [*lines[-1], "", *block.lines]
    marked = any(is_mark(line, columns) for line in lines[0][: rows[0][0] if rows[0] else None])
    return ColumnLayout(columns, words, text, lines, rows, marked)


def is_mark(line: str, columns: Columns) -> bool:
    """Whether a line before a row begins a document."""
    if columns.index is not None and re.match(r"#\s*newdoc\b", line):
        return True
    return line.startswith((DOCUMENT, "#begin document"))


def write_lines(
    layout: ColumnLayout, tags: list[list[str]] | None, scheme: Scheme, record: str | None
) -> str:
    """Write a document in its original layout with new tags.

    Parameters
    ----------
    tags : list of list of str, optional
        The new tags. None: the rows are written unchanged.
    record : str, optional
        A comment to write before the first row.

    Raises
    ------
    DataError
        If a tag does not fit a column.
    """
    columns = layout.columns
    written = []
    for number, (lines, rows) in enumerate(zip(layout.lines, layout.rows, strict=True)):
        cells = None if tags is None else tags[number]
        if columns.has_more and cells is not None:
            found = _retagged(lines, rows, cells, columns, scheme)
        elif columns.has_more:
            found = [*lines]
        else:
            found = [*lines]
            if cells is not None:
                widened = _widened(lines, rows, cells, columns)
                found = [_LIKE_ROW.sub(r"\1 \2", line) for line in widened]
            for row, line in zip(rows, plain_rows(layout.words[number], cells), strict=True):
                found[row] = line
        if record is not None and number == 0:
            found.insert(rows[0] if rows else 0, record)
        if found[0].startswith(
            "\ufeff"
        ):  # part of a token, but at the start it would be a byte-order mark
            found[0] = f" {found[0]}"
        written.append("\n".join(found).rstrip("\n") + "\n\n")
    return "".join(written)


def _retagged(
    lines: list[str], rows: list[int], tags: list[str], columns: Columns, scheme: Scheme
) -> list[str]:
    """Return the lines of a sentence with new tags."""
    _check(tags, columns)
    if columns.notation == "brackets":
        tags = brackets_of(spans(tags, scheme), len(tags))
    found = _widened(lines, rows, tags, columns)
    explicit, implied = _write_ranges(found, rows, tags, columns)
    for place, (row, tag) in enumerate(zip(rows, tags, strict=True)):
        if place in implied:
            continue
        line = _with_tag(lines[row], tag, columns, always=place in explicit)
        if line.startswith("#") and not (
            columns.is_row(line, begins=place == 0) if columns.replaced else is_prefixed(tag)
        ):
            line = f" {line}"
        found[row] = line
    return found


def _check(tags: Sequence[str], columns: Columns) -> None:
    marks = {"misc": "|", "brackets": "()*", "tags": columns.delimiter or ""}[columns.notation]
    for tag in set(tags):
        if not tag or _UNWRITABLE.search(tag) or any(mark in tag for mark in marks):
            raise unwritable(tag)


def unwritable(cell: str) -> DataError:
    """Make the error for a token or a tag that cannot be written in a column."""
    return DataError(
        f"{quoted(cell)} does not fit a column file, where spaces and line breaks are separators; "
        "replace them, or write JSONL"
    )


def _write_ranges(
    lines: list[str], rows: Sequence[int], tags: Sequence[str], columns: Columns
) -> tuple[set[int], set[int]]:
    """Write new tags in rows for several words, if such a row had a tag.

    Returns
    -------
    explicit, implied : set of int
        The words of these rows whose own tags must be written, including O; and the words whose
        tags follow from the row.
    """
    explicit: set[int] = set()
    implied: set[int] = set()
    if columns.notation != "misc" or len(lines) == len(rows):
        return explicit, implied
    key = _key(columns)
    for number, line in enumerate(lines):
        cells = line.split("\t")
        match = SKIPPED_ID.fullmatch(cells[0])
        if (
            match is None
            or "-" not in cells[0]
            or len(cells) != columns.width
            or not value_of(cells[-1], key)
        ):
            continue
        start = sum(row < number for row in rows)
        found = tags[start : start + int(match[2]) - int(match[1]) + 1]
        if not found:
            continue
        words = range(start, start + len(found))
        cells[-1] = with_value(cells[-1], key, joined(found), always=True)
        lines[number] = "\t".join(cells)
        own = any(value_of(lines[rows[word]].rpartition("\t")[2], key) for word in words)
        is_told = not own and [*found] == spread(joined(found), len(found))
        (implied if is_told else explicit).update(words)
    return explicit, implied


def _key(columns: Columns) -> str:
    """Return the key for tags in MISC; a file with mentions rather than names needs a new one."""
    return "NER" if columns.key in (None, "Entity", "entity") else str(columns.key)


def _with_tag(line: str, tag: str, columns: Columns, *, always: bool) -> str:
    if not columns.replaced or columns.tags is None:
        return _appended(line, tag, columns)
    place = columns.tags
    delimiter = columns.delimiter or ("\t" if "\t" in line else " ")
    pieces = re.split("( +)", line) if delimiter == " " else line.split(delimiter)
    if delimiter == " ":
        place = 2 * place + 2 * line.startswith(" ")  # the spaces are pieces as well
    if columns.notation == "misc":
        key = _key(columns)
        always = always or key != (columns.key or key)
        tag = with_value(pieces[place], key, tag, always=always)
    pieces[place] = tag
    return "".join(pieces) if delimiter == " " else delimiter.join(pieces)


def _appended(line: str, tag: str, columns: Columns) -> str:
    delimiter = columns.delimiter or ("\t" if "\t" in line or columns.width == 1 else " ")
    if delimiter == " ":
        return f"{line.rstrip(' ')} {tag}"
    cells = line.split(delimiter)
    while len(cells) > columns.width:
        cells.pop()
    return delimiter.join([*cells, tag])


def _widened(lines: list[str], rows: list[int], tags: Sequence[str], columns: Columns) -> list[str]:
    """Add a cell to other lines that look like rows, if a column of tags is added."""
    if columns.replaced:
        return [*lines]
    first = rows[0] if rows else len(lines)
    read_as = replace(
        columns,
        width=columns.width + 1,
        tags=columns.width,
        tabbed=columns.tabbed or columns.width == 1,
        inventory=frozenset(tags),
    )
    return [
        _widened_line(line, columns, read_as, begins=place < first)
        for place, line in enumerate(lines)
    ]


def _widened_line(line: str, columns: Columns, read_as: Columns, *, begins: bool) -> str:
    if GLOBAL_COLUMNS.fullmatch(line):
        return f"{line} NER"
    if line.startswith("#"):
        is_named = begins and KEY_VALUE.match(line)
        is_like_row = not is_named and read_as.is_row(line, begins=begins)
        return f"{line}{columns.delimiter or chr(9)}." if is_like_row else line
    if line.startswith(DOCUMENT) and len(line) > len(DOCUMENT):
        return _appended(line, OUTSIDE, columns)
    if columns.header is not None or columns.index is not None:
        cells = split_row(line, columns.delimiter)
        if len(cells) == columns.width:
            number = cells[columns.index or 0]
            return _appended(line, _FILLER if SKIPPED_ID.fullmatch(number) else "ner", columns)
    return line
