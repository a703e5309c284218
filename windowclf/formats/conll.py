"""CoNLL column files: a token and its labels a line, a blank line after each sentence."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TextIO

from windowclf.errors import DataError, UsageError
from windowclf.text.lines import read_lines
from windowclf.text.sentence import Sentence

_DOCUMENT = "-DOCSTART-"
_KEY_VALUE = re.compile(r"# *\S+ = ")  # a comment of CoNLL-U, such as "# sent_id = 3"
_UNWRITABLE = re.compile(r"[ \t\r\n]")


def read_conll(
    path: str | Path, *, tokens_column: int = 0, tags_column: int = -1
) -> Iterator[Sentence]:
    """Read the sentences of a column file.

    Columns are separated by tabs if the line holds one, else by spaces. A mark
    (``-DOCSTART-``) begins a document. Comments are skipped. A comment begins with ``#`` and a
    space, and either has not the tabs or the number of columns of the first row, or begins
    a sentence in the manner ``# key = value``. Any other ``#`` is a token, and so is what
    looks like a mark or a comment but has a space before it.

    Parameters
    ----------
    path : str or Path
        UTF-8 text, gzipped if the name ends in ``.gz``.
    tokens_column, tags_column : int, optional
        Where the tokens and the tags stand, from 0; from the end if negative.

    Yields
    ------
    Sentence
        Without tags if the first row has one column.

    Raises
    ------
    DataError
        If the file cannot be read, holds no sentence, or has a row that lacks columns.
    UsageError
        If the file has no such column.
    """
    lines = read_lines(path)
    head = []  # the lines up to the first row, which tells the number of columns
    width, tabbed = 0, False
    for number, line in lines:
        head.append((number, line))
        if not (_is_blank(line) or _is_document(line) or _may_be_comment(line)):
            width, tabbed = len(_columns(line)), "\t" in line
            break
    if not width:
        raise DataError(f"{path}: no sentence; expected a token and its tag a line")
    first = len(head)
    labelled = _check_columns(path, tokens_column, tags_column, width)

    tokens: list[str] = []
    tags: list[str] = []
    document: int | None = None
    for number, line in chain(head, lines):
        if _is_blank(line) or _is_document(line):
            if tokens:
                yield Sentence(tokens, tags if labelled else None, document)
                tokens, tags = [], []
            if _is_document(line):
                document = (document or 0) + 1
            continue
        columns = _columns(line)
        if _may_be_comment(line) and (
            (len(columns), "\t" in line) != (width, tabbed)
            or (not tokens and _KEY_VALUE.match(line))
        ):
            continue
        if len(columns) < width:
            raise DataError(
                f"{path}:{number}: {_count(len(columns))}, but line {first} has {width}: a row "
                "needs them all, and a sentence a blank line after it"
            )
        token, tag = columns[tokens_column], columns[tags_column]
        if not (token and tag) or "\r" in line:
            what = "an empty column" if not (token and tag) else "a carriage return in the line"
            raise DataError(f"{path}:{number}: {what}; expected a token and its tag")
        tokens.append(token)
        tags.append(tag)
    if tokens:
        yield Sentence(tokens, tags if labelled else None, document)


def write_conll(sentences: Iterable[Sentence], file: TextIO) -> None:
    """Write sentences as lines of token, tab and tag; of the token alone without tags.

    A mark is written where a document begins. A token that `read_conll` would take for a mark
    or a comment has a space before it.

    Parameters
    ----------
    sentences : iterable of Sentence
    file : text file
        UTF-8, opened without translation of line breaks (``newline=""``).

    Raises
    ------
    DataError
        For a token or a tag that is empty or holds a space, a tab or a line break.
    """
    document: int | None = None
    marked = False  # then a sentence that stands alone needs a mark of its own
    for sentence in sentences:
        if sentence.document != document or (marked and sentence.document is None):
            file.write(f"{_DOCUMENT}\n\n")
            marked = True
        document = sentence.document
        columns = [sentence.tokens] if sentence.tags is None else [sentence.tokens, sentence.tags]
        for row in zip(*columns, strict=True):
            for cell in row:
                if not cell or _UNWRITABLE.search(cell):
                    raise DataError(
                        f"{cell!r} does not fit a column file, where spaces and line breaks "
                        "separate; replace them first"
                    )
            line = "\t".join(row)
            mark = _is_document(line) or _may_be_comment(line) or line.startswith("\ufeff")
            file.write(f" {line}\n" if mark else f"{line}\n")
        file.write("\n")


def _is_blank(line: str) -> bool:
    return not line.strip(" \t\r")


def _is_document(line: str) -> bool:
    return line.startswith(_DOCUMENT) and line[len(_DOCUMENT) :][:1] in ("", " ", "\t")


def _may_be_comment(line: str) -> bool:
    return line == "#" or line.startswith("# ")


def _columns(line: str) -> list[str]:
    if "\t" in line:
        return [cell.strip(" ") for cell in line.rstrip(" \t").split("\t")]
    # Not split(): a no-break space is part of a token.
    return [cell for cell in line.split(" ") if cell]


def _check_columns(path: str | Path, tokens_column: int, tags_column: int, width: int) -> bool:
    """Tell whether the columns asked for include tags."""
    for column in (tokens_column, tags_column):
        if not -width <= column < width:
            raise UsageError(
                f"{path}: no column {column}: its rows have {_count(width)}, "
                "counted from 0, or from the end by -1"
            )
    if tokens_column % width != tags_column % width:
        return True
    if width > 1:
        raise UsageError(
            f"{path}: column {tokens_column} cannot be both token and tag of its {_count(width)}"
        )
    return False


def _count(columns: int) -> str:
    return "1 column" if columns == 1 else f"{columns} columns"
