"""The rows of column files: which lines are tokens, marks, comments and ends of sentences."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from windowclf.errors import DataError, UsageError, quoted

DOCUMENT = "-DOCSTART-"
"""The mark that begins a document."""

RECORD = "# document = "
"""What begins the comment that tells what rows cannot hold of a document."""

_KEY_VALUE = re.compile(r"# *\S+ = ")  # a comment of CoNLL-U, such as "# sent_id = 3"
_UNWRITABLE = re.compile(r"[ \t\r\n]")


class Block(NamedTuple):
    """A sentence; without tokens, what is told of a document without words.

    Attributes
    ----------
    document : int, optional
        How many marks came before it; None before the first.
    record : tuple of int and str, optional
        The comment that tells of its document, which begins here; its line and its JSON.
    """

    tokens: list[str]
    tags: list[str] | None
    document: int | None
    record: tuple[int, str] | None


def read_rows(
    lines: Iterator[tuple[int, str]], name: str, tokens_column: int, tags_column: int
) -> Iterator[Block]:
    """Read the sentences of numbered lines; see `windowclf.documents.formats.conll.read_conll`.

    Raises
    ------
    DataError
        If they hold neither a row nor the comment of a document, or a row lacks columns.
    UsageError
        If there is no such column.
    """
    head = []  # the lines up to the first row, which tells the number of columns
    width, tabbed = 0, False
    for number, line in lines:
        head.append((number, line))
        if not (_is_blank(line) or _is_document(line) or _may_be_comment(line)):
            width, tabbed = len(_columns(line)), "\t" in line
            break
    if not width and not any(_is_record(line) for _, line in head):
        raise no_sentence(name)
    first = len(head)
    labelled = width > 0 and _check_columns(name, tokens_column, tags_column, width)

    tokens: list[str] = []
    tags: list[str] = []
    document: int | None = None
    record: tuple[int, str] | None = None
    for number, line in chain(head, lines):
        if _is_blank(line) or _is_document(line):
            if tokens or record:
                yield Block(tokens, tags if labelled else None, document, record)
                tokens, tags, record = [], [], None
            if _is_document(line):
                document = (document or 0) + 1
            continue
        columns = _columns(line)
        if _may_be_comment(line) and (
            (len(columns), "\t" in line) != (width, tabbed)
            or (not tokens and _KEY_VALUE.match(line))
        ):
            if not tokens and _is_record(line):
                record = number, line.removeprefix(RECORD)
            continue
        if len(columns) < width:
            raise DataError(
                f"{name}:{number}: {_count(len(columns))}, but line {first} has {width}: a row "
                "needs them all, and a sentence a blank line after it"
            )
        token, tag = columns[tokens_column], columns[tags_column]
        if not (token and tag) or "\r" in line:
            what = "an empty column" if not (token and tag) else "a carriage return in the line"
            raise DataError(f"{name}:{number}: {what}; expected a token and its tag")
        tokens.append(token)
        tags.append(tag)
    if tokens or record:
        yield Block(tokens, tags if labelled else None, document, record)


def write_rows(tokens: Sequence[str], tags: Sequence[str] | None) -> str:
    """Write the rows of a sentence and the empty line after it.

    Raises
    ------
    DataError
        For a token or a tag that is empty or holds a space, a tab or a line break.
    """
    lines = []
    for row in zip(*([tokens] if tags is None else [tokens, tags]), strict=True):
        for cell in row:
            if not cell or _UNWRITABLE.search(cell):
                raise DataError(
                    f"{quoted(cell)} does not fit a column file, where spaces and line breaks "
                    "separate; replace them first, or write JSONL"
                )
        line = "\t".join(row)
        mark = _is_document(line) or _may_be_comment(line) or line.startswith("\ufeff")
        lines.append(f" {line}\n" if mark else f"{line}\n")
    return "".join([*lines, "\n"])


def column_number(column: int | str | None, option: str, default: int) -> int:
    """Read the number of a column.

    Parameters
    ----------
    option : str
        Where it was given, for the message.
    default : int
        The number if it was not given.

    Raises
    ------
    UsageError
        For what is no number.
    """
    if column is None:
        return default
    try:
        return int(column)
    except ValueError:
        raise UsageError(
            f"{option} {column!r}: a column file has numbers, from 0, or from the end by -1"
        ) from None


def no_sentence(name: str) -> DataError:
    """Make the error for a file without rows."""
    return DataError(f"{name}: no sentence; expected a token and its tag a line")


def _is_record(line: str) -> bool:
    return line.startswith(f"{RECORD}{{")


def _is_blank(line: str) -> bool:
    return not line.strip(" \t\r")


def _is_document(line: str) -> bool:
    return line.startswith(DOCUMENT) and line[len(DOCUMENT) :][:1] in ("", " ", "\t")


def _may_be_comment(line: str) -> bool:
    return line == "#" or line.startswith("# ")


def _columns(line: str) -> list[str]:
    if "\t" in line:
        return [cell.strip(" ") for cell in line.rstrip(" \t").split("\t")]
    # Not split(): a no-break space is part of a token.
    return [cell for cell in line.split(" ") if cell]


def _check_columns(name: str, tokens_column: int, tags_column: int, width: int) -> bool:
    """Tell whether the columns asked for include tags."""
    for column in (tokens_column, tags_column):
        if not -width <= column < width:
            raise UsageError(
                f"{name}: no column {column}: its rows have {_count(width)}, "
                "counted from 0, or from the end by -1"
            )
    if tokens_column % width != tags_column % width:
        return True
    if width > 1:
        raise UsageError(
            f"{name}: column {tokens_column} cannot be both token and tag of its {_count(width)}"
        )
    return False


def _count(columns: int) -> str:
    return "1 column" if columns == 1 else f"{columns} columns"
