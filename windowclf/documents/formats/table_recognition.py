"""Detection of tables with a header, as opposed to column files and plain text."""

import re
from collections.abc import Sequence

from windowclf.documents.formats.table_columns import BESIDE_TOKENS, TOKENS, simple, text_column
from windowclf.documents.formats.table_rows import DELIMITERS, EXCEL_SEP, parse_head
from windowclf.documents.reading import ReadOptions

_FEW = 5  # lines
_TAG = re.compile(r"O|[BILUESM][-_]\S+")
_NUMBER = re.compile(r"[-+]?[\d.,]+")
_WORD = re.compile(r"[A-Za-z_]\w*")
_TITLE = re.compile(r"[^\W\d][\w #/()%-]{0,39}")


def is_table(head: str, options: ReadOptions) -> bool:
    """Return whether a file is a table with a header, rather than a column file or a text.

    Parameters
    ----------
    head : str
        The first lines of the file; the last one may be incomplete.
    """
    lines = head.removeprefix("\ufeff").removesuffix("\n").split("\n")
    if lines and EXCEL_SEP.fullmatch(lines[0]):
        return True
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None or lines[first].startswith("-DOCSTART-"):
        return False
    given = [options.delimiter] if options.delimiter else [*DELIMITERS]
    return any(_is_table(lines[first:], delimiter, options) for delimiter in given)


def is_tagged(head: str, options: ReadOptions) -> bool:
    """Return whether each of the first lines of a file ends with a tag, and none is a header.

    Parameters
    ----------
    head : str
        The first lines of the file; the last one may be incomplete.
    """
    lines = [line.strip("\r ") for line in head.split("\n")]
    rows = [line for line in lines[:-1] if line and not line.startswith("-DOCSTART-")][:_FEW]
    given = [options.delimiter] if options.delimiter else [*DELIMITERS, " "]
    for delimiter in given:
        cells = [[cell.strip(' "') for cell in row.split(delimiter)] for row in rows]
        if len(rows) > 1 and len({len(row) for row in cells}) == 1 and len(cells[0]) > 1:
            tags = [row[-1] for row in cells]
            if all(map(_TAG.fullmatch, tags)) and all(row[0] for row in cells):
                return True
    return False


def _is_table(lines: Sequence[str], delimiter: str, options: ReadOptions) -> bool:
    rows = parse_head(lines, delimiter)
    if not rows:
        return False
    header, *body = [[cell.strip() for cell in row] for row in rows]
    width = len(header)
    if width < 2 or any(map(_TAG.fullmatch, header)):
        return False
    alike = sum(len(row) == width for row in body)
    if _has_known(header, options):
        # A few lines of prose may have the same number of commas by chance, but not many.
        return 2 * alike >= len(body) if delimiter == "\t" else 0 < 0.9 * len(body) <= alike
    if (
        not alike
        or alike < len(body)
        or len({*header}) < width
        or any(map(_NUMBER.fullmatch, header))
    ):
        return False
    for cells in zip(*body, strict=True):
        if all(map(_TAG.fullmatch, cells)) and any("-" in cell for cell in cells):
            return all(map(_TITLE.fullmatch, header))
    if any(not line.strip() for line in lines):
        return False
    if width > 2 and all(map(_WORD.fullmatch, header)):
        return delimiter != "\t" or any(" " in cell for row in body for cell in row)
    named = _WORD if width == 2 else _TITLE
    return (
        delimiter == "\t"
        and all(map(named.fullmatch, header))
        and any(" " in cell for row in body for cell in row)
    )


def _has_known(header: Sequence[str], options: ReadOptions) -> bool:
    """Return whether a header has the column of the options, or columns of tokens and tags."""
    if options.tokens_column is not None and options.tokens_column in header:
        return True
    if not options.text_column.lstrip("-").isdigit() and (text_column(header, options) is not None):
        return True
    names = {*map(simple, header)}
    # "Token" alone may be the first word of a column file.
    return (
        not names.isdisjoint(TOKENS)
        and not names.isdisjoint(BESIDE_TOKENS)
        and all(map(_TITLE.fullmatch, filter(None, header)))
    )
