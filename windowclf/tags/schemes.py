"""Tags of tokens and the spans that they spell: IOB1, IOB2, IOBES and plain labels.

A tag is ``O``, or a prefix, a hyphen and a label: ``B-PER``. The schemes differ only in
which prefix each token of a span is given, so each scheme is a row of one table. Spans are
read by the rules of conlleval, the scorer of CoNLL-2003, which makes sense of any sequence
of prefixes: a span also begins where its label changes.
"""

import enum
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from windowclf.errors import DataError, UsageError, quoted

OUTSIDE = "O"  # the tag of a token in no span


class Scheme(enum.StrEnum):
    """How tags spell spans.

    ``PLAIN`` has no prefixes: each token has a label of its own, such as a part of speech.
    """

    IOB1 = "iob1"
    IOB2 = "iob2"
    IOBES = "iobes"
    PLAIN = "plain"


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
    apart: tuple[str, str, str, str]  # what a span's only, first, inner and last token carry
    touching: tuple[str, str, str, str]  # the same, right after a span of the same label
    opens: str  # prefixes that may follow O, another label or the start of the sentence
    closes: str  # prefixes that O, another label or the end of the sentence may follow
    follows: Mapping[str, str]  # prefix → prefixes that may follow it under the same label


_ALL_I = ("I-", "I-", "I-", "I-")
_B_FIRST = ("B-", "B-", "I-", "I-")
_B_TO_E = ("S-", "B-", "I-", "E-")
_BARE = ("", "", "", "")
_BI = {"B": "BI", "I": "BI"}
_BIES = {"B": "IE", "I": "IE", "E": "BS", "S": "BS"}

_RULES = {
    Scheme.IOB1: _Rules(_ALL_I, _B_FIRST, opens="I", closes="BI", follows=_BI),
    Scheme.IOB2: _Rules(_B_FIRST, _B_FIRST, opens="B", closes="BI", follows=_BI),
    Scheme.IOBES: _Rules(_B_TO_E, _B_TO_E, opens="BS", closes="ES", follows=_BIES),
    Scheme.PLAIN: _Rules(_BARE, _BARE, opens="S", closes="S", follows={"S": "S"}),
}


def recognise(sequences: Iterable[Sequence[str]]) -> Scheme:
    """Detect the scheme of a corpus from its tags.

    An ``E-`` or ``S-`` anywhere means IOBES, a span that begins with ``I-`` means IOB1, and
    anything else is IOB2. Tags that break every scheme's rules still count as one of these.

    Parameters
    ----------
    sequences : iterable of sequences of str
        The tags of each sentence.

    Returns
    -------
    Scheme
        Never ``PLAIN``, which only the user can know.

    Raises
    ------
    DataError
        For a tag that is neither ``O`` nor a prefix with a label.
    """
    pairs: dict[tuple[str, str], None] = {}  # distinct, in order of first sight
    for tags in sequences:
        pairs.update(dict.fromkeys(zip([OUTSIDE, *tags], tags, strict=False)))
    transitions = [
        _split(before, Scheme.IOBES) + _split(tag, Scheme.IOBES) for before, tag in pairs
    ]
    if any(prefix in "ES" for _, _, prefix, _ in transitions):
        return Scheme.IOBES
    begins_inside = any(prefix == "I" and old != label for _, old, prefix, label in transitions)
    return Scheme.IOB1 if begins_inside else Scheme.IOB2


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
    for i, tag in enumerate([*tags, OUTSIDE]):  # the last O ends a span still open
        prefix, next_label = _split(tag, scheme)
        if next_label != label or prefix in "BS" or before in "ES":
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
        If a span is empty, leaves the sentence or overlaps another.
    """
    rules = _RULES[scheme]
    tags = [OUTSIDE] * length
    before = Span(0, 0, "")
    for span in sorted(spans):
        start, end, label = span
        if not before.end <= start < end <= length:
            raise DataError(
                f"span {start}:{end} {quoted(label)} does not fit a sentence of {length} tokens "
                f"after span {before.start}:{before.end}: spans must hold a token and not overlap"
            )
        touches = start == before.end and label == before.label
        only, first, inner, last = rules.touching if touches else rules.apart
        rest = end - start - 2
        prefixes = [only] if rest < 0 else [first, *[inner] * rest, last]
        tags[start:end] = [prefix + label for prefix in prefixes]
        before = span
    return tags


def convert(tags: Sequence[str], source: Scheme, target: Scheme) -> list[str]:
    """Spell the tags of one sentence in another scheme; ill-formed tags come out well-formed.

    Parameters
    ----------
    tags : sequence of str
    source, target : Scheme
        The scheme of `tags` and the scheme wanted.

    Raises
    ------
    UsageError
        Between ``PLAIN`` and any other scheme: plain labels do not tell where spans begin.
    DataError
        For a tag that is neither ``O`` nor a prefix with a label.
    """
    if (source is Scheme.PLAIN) != (target is Scheme.PLAIN):
        raise UsageError(
            f"cannot convert {source} tags to {target}: plain labels do not tell where spans "
            f"begin; use the same scheme for both"
        )
    return encode(spans(tags, source), len(tags), target)


def legal_transitions(tags: Sequence[str], scheme: Scheme) -> LegalTransitions:
    """List which sequences of `tags` a decoder may return.

    A sequence is legal if it is the one way in which the scheme spells its spans.

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
    of_label: dict[str, list[int]] = {}  # not all pairs: there may be ten thousand tags
    for i, (_, label) in enumerate(pairs):
        of_label.setdefault(label, []).append(i)
    of_label.pop("", None)
    for i, j in chain.from_iterable(product(same, same) for same in of_label.values()):
        transition[i, j] = pairs[j][0] in rules.follows.get(pairs[i][0], "")
    return LegalTransitions(start, transition, end)


def _split(tag: str, scheme: Scheme) -> tuple[str, str]:
    """Split a tag into prefix and label; a plain label is a span of its own, so ``S``."""
    if tag == OUTSIDE:
        return OUTSIDE, ""
    if scheme is Scheme.PLAIN:
        return "S", tag
    prefix, _, label = tag.partition("-")
    if prefix not in {"B", "I", "E", "S"} or not label:
        raise DataError(
            f"tag {quoted(tag)} belongs to no known scheme: expected O, or B-, I-, E- or S- with a "
            f"label; for labels without such prefixes, as parts of speech, use `scheme='plain'`"
        )
    return prefix, label
