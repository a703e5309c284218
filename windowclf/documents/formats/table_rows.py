"""Reading a table: its delimiter, its header, and the cells of each row."""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from windowclf.documents.formats.table_columns import has_wanted, names_of
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, one_line
from windowclf.text.lines import LONGEST_LINE, Lines

DELIMITERS = ",;\t|"
# A first line that sets the delimiter for Excel.
EXCEL_SEP = re.compile(r'"?sep=([^"\r\n])"?\r?\n?', re.IGNORECASE)
_HEAD_LINES = 100
_HEAD_CHARACTERS = 1 << 16


class Table(NamedTuple):
    """The head of a table.

    Attributes
    ----------
    where : str
        The file and the line of the header.
    columns : list of str
        Unique names of the columns.
    sample : list of list of str
        The first rows that have arrived, without blank ones.
    blanks : bool
        Whether there are blank rows between them.
    literal : bool
        Whether a quotation mark may be part of the text, because many writers of tab-separated
        files do not quote. A fully quoted header shows that quotation marks are syntax.
    """

    where: str
    delimiter: str
    columns: list[str]
    sample: list[list[str]]
    blanks: bool
    literal: bool


class Row(NamedTuple):
    """A row and the line in which it begins.

    Attributes
    ----------
    cells : list of str or None
        As many cells as in the header; empty for a blank line; None for a row that is left out.
    """

    number: int
    cells: list[str] | None


def read_head(lines: Lines, name: str, options: ReadOptions) -> Table:
    """Read the header, and sample the rows after it without consuming them.

    Raises
    ------
    DataError
        If the file has no header, or two columns have the same name.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))  # a global limit
    head = _take_head(lines)
    given = EXCEL_SEP.fullmatch(head[0]) if head else None
    if given:
        head = head[1:]
    start = next((i for i, line in enumerate(head) if line.strip()), None)
    if start is None:
        raise DataError(f"{name}: empty; expected a row with the names of the columns")
    head = head[start:]
    delimiter = options.delimiter or (given and given[1]) or _sniff(head, options)
    lines.give_back(head)
    table = Table(name, delimiter, [], [], blanks=False, literal=False)
    rows = read_rows(lines, table, name, ReadOptions())
    header = next(rows)
    where = f"{name}:{header.number}"
    columns = _named(header.cells or [])
    if len({*columns}) < len(columns):
        raise DataError(
            f"{where}: two columns with the same name in {names_of(columns)}; rename one"
        )
    literal = delimiter == "\t" and not all(map(_is_quoted, head[0].strip("\r\n").split("\t")))
    return Table(
        where,
        delimiter,
        columns,
        [row for row in parse_head(head, delimiter)[1:] if len(row) == len(columns)],
        any(not line.strip(f"{delimiter} \t\r\n") for line in head[1:-1]),
        literal,
    )


def read_rows(lines: Lines, table: Table, name: str, options: ReadOptions) -> Iterator[Row]:
    """Read rows, with any number of cells if the columns are not known yet.

    Raises
    ------
    DataError
        If a row has another number of cells or an unclosed quotation mark, and the options do not
        skip it.
    """
    for line in lines:
        number = lines.number
        where = f"{name}:{number}"
        try:
            if '"' in line:
                cells = _quoted(line, lines, table, where, options)
            else:
                cells = _split(line, table.delimiter)
            yield Row(number, _fitting(cells, table, where, options))
        except _RowError as error:
            options.failed(DataError(f"{where}: {error}"), "rows")
            yield Row(number, None)


class _RowError(Exception):
    """A fault of a row."""


def _take_head(lines: Lines) -> list[str]:
    """Take the first lines: two that are not blank, and more if they have already arrived."""
    head: list[str] = []
    filled = characters = 0
    for line in lines:
        head.append(line)
        characters += len(line)
        filled += bool(line.strip())
        full = len(head) >= _HEAD_LINES or characters >= _HEAD_CHARACTERS
        if full or (filled > 1 and lines.waits):
            break
    return head


def _sniff(head: Sequence[str], options: ReadOptions) -> str:
    """Choose the delimiter that yields a usable header and rows of the same width."""
    best, most = ",", (False, 0.0, 1)
    for delimiter in DELIMITERS:
        rows = parse_head(head, delimiter)
        if not rows or len(rows[0]) < 2:
            continue
        columns = [cell.strip() for cell in rows[0]]
        alike = sum(len(row) == len(columns) for row in rows) / len(rows)
        rank = has_wanted(columns, options), alike, len(columns)
        if rank > most:
            best, most = delimiter, rank
    return best


def parse_head(head: Sequence[str], delimiter: str) -> list[list[str]]:
    """Read the rows of a head up to a malformed one, without the last, perhaps incomplete one."""
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows.extend(filter(None, csv.reader(islice(head, _HEAD_LINES), delimiter=delimiter)))
    return rows[:-1] if len(rows) > 2 else rows


def _named(cells: Sequence[str]) -> list[str]:
    """Name all columns: the first unnamed one "", the later ones by their number."""
    names = [cell.strip() for cell in cells]
    first = names.index("") if "" in names else -1
    return [name or (f"column {i}" if i > first else "") for i, name in enumerate(names)]


def _split(line: str, delimiter: str) -> list[str]:
    line = line.removesuffix("\n").removesuffix("\r")
    if "\r" in line:
        raise _RowError(
            "malformed CSV: a carriage return outside quotation marks; expected lines that end in "
            "a line feed"
        )
    return line.split(delimiter) if line else []


def _quoted(line: str, lines: Lines, table: Table, where: str, options: ReadOptions) -> list[str]:
    """Read a row with quotation marks, including its further lines."""
    taken = [line]

    def feed() -> Iterator[str]:
        yield line
        for more in lines:
            taken.append(more)
            yield more

    if table.literal and (cells := _literal(line, lines, len(table.columns))):
        options.report.add("rows read whose quotation marks are part of the text", where)
        return cells
    try:
        return next(csv.reader(feed(), delimiter=table.delimiter, strict=True))
    except csv.Error as error:
        lines.give_back(taken[1:])
        what = one_line(error)
        if "end of data" in what:
            what = "a quotation mark is opened in this row and never closed"
        elif "expected after" in what:
            what = "a closing quotation mark is followed by more of its cell"
        if len(taken) > 1 and "never" not in what:
            what += f", {len(taken) - 1:,} lines after the row begins"
        raise _RowError(
            f"malformed CSV: {what}; expected quotation marks around a whole cell, and "
            "those inside it doubled"
        ) from None


def _literal(line: str, lines: Lines, width: int) -> list[str] | None:
    """Read a row of tab-separated values in which quotation marks are part of the text.

    None if the row is valid with quoting.
    """
    cells = _split(line, "\t")
    if width < 2 or len(cells) != width:
        return None
    try:
        read = next(csv.reader([line], delimiter="\t", strict=True))
    except csv.Error as error:
        if "end of data" not in str(error):
            return cells
    else:
        return cells if len(read) != width else None
    if _opens(cells[-1]):
        # A quoted last cell may continue in the next line if that is not a row or closes the quote.
        following = next(lines, None)
        if following is None:
            return cells
        lines.give_back([following])
        rest = following.partition('"')[2]
        ends = '"' in following and rest[:1] in ("\t", "\r", "\n", "")
        return None if ends or following.count("\t") != width - 1 else cells
    return cells


def _opens(cell: str) -> bool:
    return cell.startswith('"')


def _is_quoted(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == cell[-1] == '"'


def _fitting(cells: list[str], table: Table, where: str, options: ReadOptions) -> list[str]:
    """Check the number of cells against the header, and drop empty cells after the last column."""
    width = len(table.columns)
    if not width or len(cells) == width:
        return cells
    if len(cells) < 2 and not "".join(cells).strip():
        return []
    if len(cells) > width > 1 and not any(cells[width:]):
        options.report.add("rows read without the empty cells after the last column", where)
        return cells[:width]
    sign = {"\t": "a tab", ",": "a comma"}.get(table.delimiter, repr(table.delimiter))
    raise _RowError(
        f"{len(cells):,} cells, but the header has {width:,}; expected as many, with quotes "
        f"around a cell that holds {sign}, or another `delimiter`"
    )
