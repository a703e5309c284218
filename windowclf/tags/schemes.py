"""Tags of tokens and the spans that they spell: IOB2, its relatives, and plain labels.

A tag is ``O``, or a prefix, a hyphen and a label: ``B-PER``. The schemes differ only in the
prefix of each token of a span, so each scheme is a row of one table. Spans are read by the
rules of conlleval, the scorer of CoNLL-2003, which accept any sequence of prefixes: a span
also begins where the label changes. `recognition` reads tags in other forms, such as ``PER_B``.
"""

import enum
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from windowclf.errors import DataError, UsageError, quoted

OUTSIDE = "O"  # the tag of a token outside of spans


class Scheme(enum.StrEnum):
    """A way of writing spans as tags.

    ``IO`` has one prefix, so it joins neighbours with the same label. ``PLAIN`` has no prefixes:
    each token has a label of its own, such as a part of speech.
    """

    IOB1 = "iob1"
    IOB2 = "iob2"
    IOBES = "iobes"
    BILOU = "bilou"
    BMES = "bmes"
    BMEWO = "bmewo"
    IO = "io"
    PLAIN = "plain"

    @classmethod
    def _missing_(cls, value: object) -> "Scheme | None":
        """Find a scheme by an alternative name."""
        return _ALIASES.get(value.lower()) if isinstance(value, str) else None

    @property
    def prefixes(self) -> str:
        """The first letters of its tags."""
        used = {*_RULES[self].apart, *_RULES[self].touching}
        return "".join(letter for letter in _PREFIXES if f"{letter}-" in used)


_ALIASES = {scheme.value: scheme for scheme in Scheme} | {
    "bio": Scheme.IOB2,
    "bioes": Scheme.IOBES,
    "biluo": Scheme.BILOU,
    "bmeow": Scheme.BMEWO,
}


class Span(NamedTuple):
    """The tokens ``start`` to ``end - 1`` of a sentence, and their label."""

    start: int
    end: int
    label: str


class LegalTransitions(NamedTuple):
    """Which of ``K`` tags may begin a sentence, follow one another, and end it.

    ``transition[i, j]`` is true where tag ``j`` may follow tag ``i``.
    """

    start: NDArray[np.bool_]  # (K,)
    transition: NDArray[np.bool_]  # (K, K)
    end: NDArray[np.bool_]  # (K,)


class _Rules(NamedTuple):
    apart: tuple[str, str, str, str]  # prefixes of a span's only, first, inner and last token
    touching: tuple[str, str, str, str]  # the same, right after a span with the same label
    opens: str  # prefixes that may follow O, another label or the start of the sentence
    closes: str  # prefixes that O, another label or the end of the sentence may follow
    follows: Mapping[str, str]  # prefix → prefixes that may follow it under the same label


_ALL_I = ("I-", "I-", "I-", "I-")
_B_FIRST = ("B-", "B-", "I-", "I-")
_BARE = ("", "", "", "")
_BI = {"B": "BI", "I": "BI"}


def _four(first: str, inner: str, last: str, only: str) -> _Rules:
    """Make the rules of a scheme that marks both ends of a span."""
    prefixes = (f"{only}-", f"{first}-", f"{inner}-", f"{last}-")
    opens, closes, goes_on = first + only, last + only, inner + last
    follows = {first: goes_on, inner: goes_on, last: opens, only: opens}
    return _Rules(prefixes, prefixes, opens=opens, closes=closes, follows=follows)


_BEGINS, _ENDS = "BSUW", "ELSUW"  # prefixes of a first and of a last token, in any scheme
_PREFIXES = "BIMELSUW"

_RULES = {
    Scheme.IOB1: _Rules(_ALL_I, _B_FIRST, opens="I", closes="BI", follows=_BI),
    Scheme.IOB2: _Rules(_B_FIRST, _B_FIRST, opens="B", closes="BI", follows=_BI),
    Scheme.IOBES: _four(*"BIES"),
    Scheme.BILOU: _four(*"BILU"),
    Scheme.BMES: _four(*"BMES"),
    Scheme.BMEWO: _four(*"BMEW"),
    Scheme.IO: _Rules(_ALL_I, _ALL_I, opens="I", closes="I", follows={"I": "I"}),
    Scheme.PLAIN: _Rules(_BARE, _BARE, opens="S", closes="S", follows={"S": "S"}),
}


def spans(tags: Sequence[str], scheme: Scheme) -> list[Span]:
    """Read the spans of one sentence by conlleval's rules, ill-formed tags included.

    Parameters
    ----------
    tags : sequence of str
    scheme : Scheme
        With ``PLAIN``, every token whose label is not ``O`` is a span.

    Raises
    ------
    DataError
        For a tag that is neither ``O`` nor a prefix with a label.
    """
    found = []
    start, before, label = 0, OUTSIDE, ""
    for i, tag in enumerate([*tags, OUTSIDE]):  # the last O ends a span that is still open
        prefix, next_label = _split(tag, scheme)
        if next_label != label or prefix in _BEGINS or before in _ENDS:
            if label:
                found.append(Span(start, i, label))
            start = i
        before, label = prefix, next_label
    return found


def encode(spans: Iterable[Span], length: int, scheme: Scheme) -> list[str]:
    """Spell spans as the tags of one sentence.

    Parameters
    ----------
    spans : iterable of Span
        In any order.
    length : int
        Number of tokens of the sentence.

    Raises
    ------
    DataError
        If a span is empty, extends beyond the sentence or overlaps another.
    """
    rules = _RULES[scheme]
    tags = [OUTSIDE] * length
    before = Span(0, 0, "")
    for span in sorted(spans):
        start, end, label = span
        if not before.end <= start < end <= length:
            raise DataError(
                f"span {start}:{end} {quoted(label)} does not fit a sentence of {length} tokens "
                f"after span {before.start}:{before.end}: spans need a token and must not overlap"
            )
        touches = start == before.end and label == before.label
        only, first, inner, last = rules.touching if touches else rules.apart
        rest = end - start - 2
        prefixes = [only] if rest < 0 else [first, *[inner] * rest, last]
        tags[start:end] = [prefix + label for prefix in prefixes]
        before = span
    return tags


def convert(tags: Sequence[str], source: Scheme, target: Scheme) -> list[str]:
    """Convert the tags of one sentence to another scheme; the result is always well-formed.

    Parameters
    ----------
    tags : sequence of str
    source, target : Scheme
        The scheme of `tags` and the scheme of the result.

    Raises
    ------
    UsageError
        If one scheme is ``PLAIN`` and the other is not: plain labels do not show where spans begin.
    DataError
        For a tag that is neither ``O`` nor a prefix with a label.
    """
    if (source is Scheme.PLAIN) != (target is Scheme.PLAIN):
        raise UsageError(
            f"cannot convert {source} tags to {target}: plain labels do not show where spans "
            f"begin; use the same scheme for both"
        )
    return encode(spans(tags, source), len(tags), target)


def legal_transitions(tags: Sequence[str], scheme: Scheme) -> LegalTransitions:
    """Compute which sequences of `tags` a decoder may return.

    A sequence is legal if the scheme spells its spans in exactly this way.

    Parameters
    ----------
    tags : sequence of str
        ``K`` distinct tags.
    scheme : Scheme
        The scheme of `tags`; a tag that it never uses has no legal transition.

    Raises
    ------
    DataError
        For a tag that is neither ``O`` nor a prefix with a label.
    """
    rules = _RULES[scheme]
    pairs = [_split(tag, scheme) for tag in tags]
    start = np.array([prefix in OUTSIDE + rules.opens for prefix, _ in pairs], dtype=bool)
    end = np.array([prefix in OUTSIDE + rules.closes for prefix, _ in pairs], dtype=bool)
    transition = np.outer(end, start)
    of_label: dict[str, list[int]] = {}  # avoids testing all pairs of perhaps ten thousand tags
    for i, (_, label) in enumerate(pairs):
        of_label.setdefault(label, []).append(i)
    of_label.pop("", None)
    for i, j in chain.from_iterable(product(same, same) for same in of_label.values()):
        transition[i, j] = pairs[j][0] in rules.follows.get(pairs[i][0], "")
    return LegalTransitions(start, transition, end)


def breaks_rules(before: str, tag: str, scheme: Scheme) -> bool:
    """Whether the rules of a scheme forbid a tag after another.

    Parameters
    ----------
    before, tag : str
        The two tags; "O" also stands for the start and the end of a sentence.
    """
    rules = _RULES[scheme]
    (old, old_label), (new, label) = _split(before, scheme), _split(tag, scheme)
    if label and label == old_label:
        return new not in rules.follows.get(old, "")
    return old not in OUTSIDE + rules.closes or new not in OUTSIDE + rules.opens


def _split(tag: str, scheme: Scheme) -> tuple[str, str]:
    """Split a tag into prefix and label; a plain label counts as a span of its own, ``S``."""
    if tag == OUTSIDE:
        return OUTSIDE, ""
    if scheme is Scheme.PLAIN:
        return "S", tag
    prefix, _, label = tag.partition("-")
    if len(prefix) != 1 or prefix not in _PREFIXES or not label:
        raise DataError(
            f"tag {quoted(tag)} belongs to no known scheme: expected O, or B-, I- or another "
            "prefix with a label"
        )
    return prefix, label
