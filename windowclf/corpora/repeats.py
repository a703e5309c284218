"""Repeated sentences of a text, with the same labels or with different ones."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from windowclf.documents.sentence import Sentence

_SHORTEST = 3
"""Fewest tokens of a compared sentence: a shorter one may be a single, ambiguous name."""

Keys = NDArray[np.int64]


class Repeats(NamedTuple):
    """The repeated sentences of a text; short sentences are ignored.

    Attributes
    ----------
    contradictions : list of tuple of int
        For each sentence with different labels, the indices of its first two occurrences that
        differ, sorted by the second index.
    copies : int
        Number of sentences that occur earlier with the same labels.
    sentences : int
        Number of sentences that are long enough to compare.
    """

    contradictions: list[tuple[int, int]]
    copies: int
    sentences: int


def sentence_keys(sentences: Sequence[Sentence]) -> Keys:
    """Hash the tokens of sentences, for comparison within this process.

    With a million sentences, different ones collide in one of thirty million runs (64 bits).
    """
    keys = (hash("\0".join(sentence.tokens)) for sentence in sentences)
    return np.fromiter(keys, np.int64, len(sentences))


def find_repeats(
    sentences: Sequence[Sentence], keys: Keys, comparable: NDArray[np.bool_]
) -> Repeats:
    """Find sentences that occur more than once.

    Parameters
    ----------
    keys : int array, shape (S,)
        Hashes of the sentences, see `sentence_keys`.
    comparable : bool array, shape (S,)
        Whether to compare each sentence.
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
    """Yield the indices, in order, of each key that occurs more than once."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    borders = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    starts, ends = np.append(0, borders), np.append(borders, len(keys))
    several = ends - starts > 1
    for start, end in zip(starts[several], ends[several], strict=True):
        yield order[start:end]
