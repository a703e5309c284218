"""Detection of the line ends that are borders, and of those that only wrap the text.

Blank lines, tabs and page breaks are always borders: no sentence continues past one.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Literal, get_args

from windowclf.errors import UsageError, quoted

TextUnit = Literal["auto", "line", "paragraph", "file"]
"""Accepted values of `text_unit`, see `cut`."""
TEXT_UNITS: tuple[TextUnit, ...] = get_args(TextUnit)

NARROWEST, WIDEST = 30, 120
"""Range of the widest line, in characters, of a paragraph that counts as wrapped text."""

_BORDERS = re.compile(r"[\t\n\r\x0b\f\x1c-\x1e\x85\u2028\u2029]")  # tab, and str.splitlines
_PAGE_ENDS = frozenset("\f\u2029")
_ITEM = re.compile(r"(?:[-*+•‣▪◦–—#|]|\(?(?:\d{1,3}|[A-Za-z])[.)])\s|>")
_STOPS = frozenset(".!?…。？！؟।")
_CLOSING = "\"')]}”’»"


def check_text_unit(text_unit: str) -> TextUnit:
    """Return a text unit, if it is one of `TEXT_UNITS`.

    Raises
    ------
    UsageError
        If it is another value.
    """
    if isinstance(text_unit, str):  # `in` would compare an array item by item
        for known in TEXT_UNITS:
            if text_unit == known:
                return known
    expected = f"{', '.join(TEXT_UNITS[:-1])} or {TEXT_UNITS[-1]}"
    raise UsageError(f"text_unit: expected {expected}, got {quoted(text_unit)}")


def cut(text: str, unit: str = "auto") -> list[str]:
    r"""Cut a text at its borders into stretches, each of which is then split into sentences.

    Parameters
    ----------
    unit : {"auto", "line", "paragraph", "file"}
        Besides blank lines, tabs and page breaks, every line end is a border with "line", and none
        is with "paragraph" and "file". With "auto" a line end is not a border before a lower-case
        letter, or where the text looks wrapped: the first word of the next line would have made
        the line the widest of its paragraph.

    Examples
    --------
    >>> cut("Peter Novak\nAngela Merkel"), cut("Angela\nMerkel", "paragraph")
    (['Peter Novak', 'Angela Merkel'], ['Angela\nMerkel'])
    """
    if not _BORDERS.search(text):
        return [text]
    if unit == "line":
        pieces = text.splitlines()
    else:
        pieces = _join_lines(text.splitlines(keepends=True), wrapped_only=unit == "auto")
    if "\t" not in text:
        return pieces
    return [cell for piece in pieces for cell in piece.split("\t")]


def paragraphs(lines: Iterable[str]) -> Iterator[str]:
    r"""Join lines, as they arrive, into paragraphs separated by blank lines.

    Parameters
    ----------
    lines : iterable of str
        Lines with or without their line breaks.

    Yields
    ------
    str
        The lines of a paragraph, joined by line feeds; none is blank.
    """
    found: list[str] = []
    for line in lines:
        if not line or line.isspace():
            if found:
                yield "\n".join(found)
            found = []
        else:
            found.append(line.rstrip("\r\n"))
    if found:
        yield "\n".join(found)


def _join_lines(lines: list[str], *, wrapped_only: bool) -> list[str]:
    """Join the lines of each paragraph: all of them, or only wrapped lines."""
    found: list[str] = []
    block: list[str] = []
    for line in [*lines, "\n"]:
        if not line.isspace():
            block.append(line)
            if line[-1] not in _PAGE_ENDS:
                continue
        if block:
            found += _join_wrapped(block) if wrapped_only else ["".join(block).rstrip()]
            block = []
    return found


def _join_wrapped(block: list[str]) -> list[str]:
    lines = [*map(str.strip, block)]
    if len(lines) == 1 and not block[0][0].isspace():
        return lines
    small = [line[0].islower() for line in lines]
    widest = _width_if_wrapped(block, small)
    if not widest and not any(small):  # true of most lists
        return lines
    found: list[str] = []
    begin = 0
    capital = not small[0]  # whether the current stretch begins with a capital
    for number, (line, after) in enumerate(pairwise(lines), 1):
        word = after.split(None, 1)[0]
        if _ITEM.match(after) or "\t" in line or "\t" in after:
            soft = False
        elif widest and len(block[number - 1].rstrip()) + 1 + len(word) > widest:
            soft = True
        else:
            soft = capital and small[number] and word[-1] != ":"
        if not soft:
            found.append("".join(block[begin:number]).rstrip())
            begin, capital = number, not small[number]
    return [*found, "".join(block[begin:]).rstrip()]


def _width_if_wrapped(block: list[str], small: list[bool]) -> int:
    """Return the width of the widest line of a wrapped paragraph; 0 for other paragraphs."""
    widest = max([len(line.rstrip()) for line in block if "://" not in line], default=0)
    if not NARROWEST <= widest <= WIDEST:
        return 0
    if any(small) and not small[0]:  # a sentence continues on the next line
        return widest
    if block[-1].rstrip().rstrip(_CLOSING)[-1:] not in _STOPS:
        return 0
    words = " ".join(block).split()
    return widest if 2 * sum(word[0].islower() for word in words) >= len(words) else 0
