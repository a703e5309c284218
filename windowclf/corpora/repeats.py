"""Sentences that a text has more than once: with the same labels, and with different ones."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from windowclf.documents.sentence import Sentence

_SHORTEST = 3
"""Tokens: a shorter sentence may be a name alone, which may well have two meanings."""

Keys = NDArray[np.int64]


class Repeats(NamedTuple):
    """What a text has more than once, of its sentences that are not too short.

    Attributes
    ----------
    contradictions : list of tuple of int
        For each sentence that is there with different labels, the places of the first two that
        differ, from 0; that whose second place comes first is the first.
    copies : int
        Sentences that are there before, with the same labels.
    sentences : int
        How many there are that are not too short.
    """

    contradictions: list[tuple[int, int]]
    copies: int
    sentences: int


def sentence_keys(sentences: Sequence[Sentence]) -> Keys:
    """Hash the tokens of sentences, for comparison in this process alone.

    Of a million sentences, two that differ have the same 64 bits once in thirty million runs.
    """
    keys = (hash("\0".join(sentence.tokens)) for sentence in sentences)
    return np.fromiter(keys, np.int64, len(sentences))


def find_repeats(
    sentences: Sequence[Sentence], keys: Keys, comparable: NDArray[np.bool_]
) -> Repeats:
    """Find sentences that are there more than once.

    Parameters
    ----------
    keys : int array, shape (S,)
        Those of the sentences, see `sentence_keys`.
    comparable : bool array, shape (S,)
        Whether a sentence is looked at.
    """
    lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
    chosen = np.flatnonzero(comparable & (lengths >= _SHORTEST))
    contradictions = []
    copies = 0
    for group in _groups(keys[chosen]):
        first: dict[tuple[str, ...], int] = {}
        for number in chosen[group].tolist():
            first.setdefault(tuple(sentences[number].tags or ()), number)
        copies += len(group) - len(first)
        if len(first) > 1:
            one, other, *_ = first.values()
            contradictions.append((one, other))
    contradictions.sort(key=lambda pair: pair[1])
    return Repeats(contradictions, copies, len(chosen))


def _groups(keys: Keys) -> Iterator[NDArray[np.intp]]:
    """Yield the places, in order, of each key that is there more than once."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    borders = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    starts, ends = np.append(0, borders), np.append(borders, len(keys))
    several = ends - starts > 1
    for start, end in zip(starts[several], ends[several], strict=True):
        yield order[start:end]
