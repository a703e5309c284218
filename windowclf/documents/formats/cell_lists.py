"""Lists in the cells of a table: as JSON, as printed by Python or NumPy, or separated."""

import ast
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec

from windowclf.errors import DataError, quoted

_LONGEST = 1 << 20  # characters; Python's parser takes some hundred times the memory

# Only the output of repr(), so that Python's parser never sees or warns about anything else.
_STRING = r"""'(?:[^'\\]|\\[\\'"nrtxuU])*'|"(?:[^"\\]|\\[\\'"nrtxuU])*\""""
_ATOM = r"(?:None|True|False|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])"
_PARTS = re.compile(rf"({_STRING})|(\s+)|([\[\](){{}},:]|(?<!\w){_ATOM})")
_NUMBERS = re.compile(r"\[[-\d\s]*\]")
_TAG = re.compile(r"O|[BILUESM][-_].+", re.DOTALL)


def is_list(cell: str) -> bool:
    """Return whether a cell looks like a printed list or object."""
    return cell[:1] in ("[", "{") and cell.rstrip()[-1:] in ("]", "}")


def decode_list(cell: str) -> Any:
    """Decode a list or an object in JSON, Python's form, or NumPy's form without commas.

    Raises
    ------
    DataError
        If the cell is anything else, or a list that NumPy has shortened with an ellipsis.
    """
    try:
        return msgspec.json.decode(cell)
    except (msgspec.DecodeError, RecursionError):
        pass
    if len(cell) <= _LONGEST:
        if _NUMBERS.fullmatch(cell):
            try:
                return [int(number) for number in cell[1:-1].split()]
            except ValueError:  # a minus between numbers
                raise _no_list(cell) from None
        parts = _parts(cell)
        if parts is not None:
            try:
                return _python(cell, parts)
            except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
                pass
    raise _no_list(cell)


def split_tags(cell: str) -> list[str]:
    """Split tags that are separated by spaces, or by commas without a space."""
    parts = cell.split()
    return parts[0].split(",") if len(parts) == 1 else parts


def are_tags(parts: Sequence[str]) -> bool:
    """Return whether words look like tags of any scheme with prefixes."""
    return bool(parts) and all(map(_TAG.fullmatch, parts))


def split_text(text: str, count: int) -> list[str]:
    """Split a text at its spaces into a number of words.

    Raises
    ------
    DataError
        If the text has a different number of words.
    """
    words = text.split()
    if len(words) != count:
        # A word may contain a no-break space.
        plain = [word for word in text.split(" ") if word.strip()]
        if len(plain) == count:
            return plain
        raise DataError(
            f"{len(words)} words but {count} tags; expected tokens separated by spaces, and a tag "
            "for each token"
        )
    return words


def _parts(cell: str) -> list[tuple[str, str, str]] | None:
    """Split a cell into strings, spaces and the rest; None if it contains anything else."""
    found, end = [], 0
    for match in _PARTS.finditer(cell):
        if match.start() != end:
            return None
        found.append((match[1] or "", match[2] or "", match[3] or ""))
        end = match.end()
    return found if end == len(cell) else None


def _python(cell: str, parts: list[tuple[str, str, str]]) -> Any:
    told = [(string, other) for string, space, other in parts if not space]
    # Python would concatenate two strings without a comma between them.
    if any(one[0] and two[0] for one, two in pairwise(told)):
        (_, first), *strings, (_, last) = told
        if (first, last) != ("[", "]") or any(other for _, other in strings):
            raise ValueError
        return [ast.literal_eval(string) for string, _ in strings]
    return ast.literal_eval(cell.strip())


def _no_list(cell: str) -> DataError:
    return DataError(f"{quoted(cell)} is not a list; expected one of JSON or of Python")
