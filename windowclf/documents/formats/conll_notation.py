"""Notations of tags in column files: plain tags, brackets, or ``key=tag`` in MISC."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from windowclf.errors import DataError, quoted
from windowclf.tags.schemes import OUTSIDE, Scheme, Span, encode

MISC_KEYS = ("NER", "ner", "Ner", "NE", "ne", "name", "NamedEntity", "Entity", "entity")
"""Keys of tags in the last column of CoNLL-U (MISC), the most likely first."""

_FEW = 3  # cells; in so few none may be wrong
_PREFIXED = re.compile(r"[BIESLUMW][-_:].+|.+[-_][BIESLUMW]|[BIESLUMW]", re.DOTALL)
_TAG = re.compile(r"O|[BIESLUMW]-\S+")
_BARE = re.compile(r"[^\W\d_][\w.$&/+-]*")  # a label without a prefix, such as PER or person
_BRACKETS = re.compile(r"(?:\([^()*\s]+)*\*?\)*")
_OPENED = re.compile(r"\(([^()*\s]+)")
_PHRASE = re.compile(  # labels of parses and predicates, never of entities
    r"(?:TOP|ROOT|S1?|SINV|SBARQ?|SQ|FRAG|NP|VP|PP|ADJP|ADVP|CONJP|INTJ|LST|NAC|NX|PRN|PRT|QP|RRC"
    r"|UCP|WH\w+|X|META|EMBED|EDITED|V|B-V|(?:[RC]-)?A(?:RG)?[\dAM][\w-]*)(?:[-=].*)?"
)
_CHUNK = re.compile(
    r"(?:NP|VP|PP|ADJP|ADVP|SBAR|CONJP|INTJ|LST|PRT|UCP|NC|VC|PC|NX|VX|PX|ADJC|ADVC)(?:[-=].*)?",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"\([^()]*\)?|[^()]*\)")  # one bracket of CorefUD


class TagCells(NamedTuple):
    """The appearance of the cells of a column.

    Parameters
    ----------
    prefixed, bare, outside, bracketed : bool
        Whether the cells are tags with prefixes; labels without prefixes and O; only O; brackets.
    chunks : bool
        Whether their labels are those of phrases.
    labels : frozenset of str
        The labels of the tags, without prefixes.
    """

    prefixed: bool
    bare: bool
    outside: bool
    bracketed: bool
    chunks: bool
    labels: frozenset[str]


def is_prefixed(tag: str) -> bool:
    """Whether a cell is O, or a tag with a prefix in any of the usual spellings."""
    return tag == OUTSIDE or _PREFIXED.fullmatch(tag) is not None


def is_label(tag: str) -> bool:
    """Whether a cell may be a label without a prefix."""
    return _BARE.fullmatch(tag) is not None


def is_blank_cell(cell: str) -> bool:
    """Whether a cell marks an empty value: ``_``, ``-`` or ``-X-``."""
    return cell in ("_", "-", "-X-", "*", "")


def look_at(cells: Sequence[str]) -> TagCells:
    """Describe a column by its cells in the first rows, allowing for a few wrong ones."""
    counts = Counter(cells)
    allowed = max(1, len(cells) // 10) if len(cells) > _FEW else 0
    enough = len(cells) - allowed
    prefixed = {cell for cell in counts if cell != OUTSIDE and is_prefixed(cell)}
    outside = counts[OUTSIDE]
    labels = frozenset(map(_label, prefixed))
    is_bare = outside > 0 and sum(counts[c] for c in counts if is_label(c)) >= enough
    return TagCells(
        prefixed=bool(prefixed) and outside + sum(counts[c] for c in prefixed) >= enough,
        bare=is_bare and 2 * outside >= len(cells),
        outside=bool(cells) and outside == len(cells),
        bracketed=_are_brackets(counts),
        chunks=bool(labels) and all(_CHUNK.fullmatch(label) for label in labels),
        labels=labels or frozenset(counts) - {OUTSIDE},
    )


def _label(tag: str) -> str:
    if len(tag) > 1 and tag[1] in "-_:":
        return tag[2:]
    return tag[:-2]


def _are_brackets(counts: Counter[str]) -> bool:
    if not any("*" in cell or cell.startswith("(") for cell in counts):
        return False
    if not all(_BRACKETS.fullmatch(cell) for cell in counts):
        return False
    labels = {label for cell in counts for label in _OPENED.findall(cell)}
    return not any(_PHRASE.fullmatch(label) for label in labels)


def tags_of_brackets(cells: Sequence[str]) -> tuple[list[str], int]:
    """Read ``(PERSON*``, ``*`` and ``*)`` as tags.

    Returns
    -------
    tags : list of str
        IOB2 tags of the outermost brackets.
    inner : int
        Number of nested brackets, which are left out.

    Raises
    ------
    DataError
        If brackets do not match.
    """
    found: list[Span] = []
    opened: list[tuple[int, str]] = []
    inner = 0
    for place, cell in enumerate(cells):
        if cell in ("*", "-", "_"):
            continue
        if not _BRACKETS.fullmatch(cell):
            raise DataError(f"{quoted(cell)}: expected brackets such as (PERSON*, * and *)")
        opened += [(place, label) for label in _OPENED.findall(cell)]
        for _ in range(cell.count(")")):
            if not opened:
                raise DataError(f"{quoted(cell)} closes a bracket that nothing opens")
            start, label = opened.pop()
            if opened:
                inner += 1
            else:
                found.append(Span(start, place + 1, label))
    if opened:
        raise DataError(f"the bracket of {quoted(opened[0][1])} is not closed in its sentence")
    return encode(found, len(cells), Scheme.IOB2), inner


def brackets_of(spans: Iterable[Span], length: int) -> list[str]:
    """Write spans as brackets, in a cell for each of `length` words."""
    cells = ["*"] * length
    for start, end, label in spans:
        cells[start] = f"({label}*"
        cells[end - 1] += ")"
    return [cell.replace("*)", ")") if cell[0] == "(" else cell for cell in cells]


def tags_of_mentions(cells: Sequence[str], field: int | None) -> tuple[list[str], int]:
    """Read CorefUD's ``(e1-person-1``, which ``e1)`` closes, as tags.

    Parameters
    ----------
    field : int, optional
        Number of the part between hyphens that is the type. None: the first part that is not an
        identifier.

    Returns
    -------
    tags : list of str
        IOB2 tags of the outermost mentions, which end with their sentence.
    inner : int
        Number of nested mentions, which are left out.
    """
    found: list[Span] = []
    outer: tuple[int, str, str] | None = None  # start, identifier and label
    inner = 0
    for place, cell in enumerate(cells):
        for mark in _ENTITY.findall(cell):
            parts = mark.strip("()").split("-")
            closes = mark.endswith(")")
            if mark.startswith("("):
                if outer is not None or (found and found[-1].end > place):
                    inner += 1
                elif closes:
                    found.append(Span(place, place + 1, _type(parts, field)))
                else:
                    outer = place, parts[0], _type(parts, field)
            elif outer is not None and parts[0] == outer[1]:
                found.append(Span(outer[0], place + 1, outer[2]))
                outer = None
    if outer is not None:
        found.append(Span(outer[0], len(cells), outer[2]))
    return encode(found, len(cells), Scheme.IOB2), inner


def _type(parts: list[str], field: int | None) -> str:
    if field is not None and field < len(parts) and parts[field]:
        return parts[field]
    named = [part for part in parts if part.isalpha()]
    return named[0] if named else "mention"


def value_of(cell: str, key: str) -> str:
    """Return the value of a key in a cell of ``key=value|key=value``; empty if it is missing."""
    place = cell.find(f"{key}=")
    while place > 0 and cell[place - 1] not in "| ":
        place = cell.find(f"{key}=", place + 1)
    if place < 0:
        return ""
    value = cell[place + len(key) + 1 :].partition("|")[0].partition(" ")[0]
    return "" if value == "_" else value


def with_value(cell: str, key: str, value: str, *, always: bool) -> str:
    """Set the value of a key in a cell; a missing key is added for O only if `always`."""
    parts = re.split(r"([| ])", cell)
    if any(part.startswith(f"{key}=") for part in parts):
        return "".join(f"{key}={value}" if p.startswith(f"{key}=") else p for p in parts)
    if value == OUTSIDE and not always:
        return cell
    return f"{key}={value}" if cell in ("_", "") else f"{cell}|{key}={value}"


def key_of(cells: Sequence[str]) -> str | None:
    """Find the key of the tags in the cells of a MISC column."""
    for key in MISC_KEYS:
        values = [value for cell in cells if (value := value_of(cell, key))]
        if not values:
            continue
        seen = look_at(values)
        if seen.prefixed or seen.outside or seen.bare or is_mention(values[0]):
            return key
        if key in ("NER", "ner", "NE") and all(map(is_label, values)):
            return key
    return other_key_of(cells)


def other_key_of(cells: Iterable[str]) -> str | None:
    """Find any other key in MISC whose values are all tags, and not only O."""
    values: dict[str, set[str]] = {}
    for cell in cells:
        for key, equals, value in (pair.partition("=") for pair in cell.split("|")):
            if equals:
                values.setdefault(key, set()).add(value)
    for key, found in values.items():
        if found - {OUTSIDE} and all(_TAG.fullmatch(value) for value in found):
            return key
    return None


def is_mention(value: str) -> bool:
    """Whether a value has the brackets of CorefUD."""
    return value.startswith("(") or value.endswith(")")


def spread(tag: str, count: int) -> list[str]:
    """Extend the tag of a multi-word token to its `count` words."""
    prefix, rest = tag[:1], tag[1:]
    if count < 2 or rest[:1] not in ("-", "_") or prefix not in "BIESLU":
        return [tag] * count
    last = {"S": "E", "U": "L", "E": "E", "L": "L"}.get(prefix, "I")
    first = "B" if prefix in "BSU" else "I"
    return [first + rest, *["I" + rest] * (count - 2), last + rest]


def joined(tags: Sequence[str]) -> str:
    """Return the tag of a multi-word token that `spread` turns into `tags`, if there is one."""
    ends = {"BE": "S", "BL": "U", "IE": "E", "IL": "L"}.get(tags[0][:1] + tags[-1][:1])
    return tags[0] if ends is None or len(tags) < 2 else ends + tags[0][1:]
