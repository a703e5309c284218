"""The order in which passages are labelled: the most uncertain first, similar ones far apart.

Sources: Settles and Craven, "An Analysis of Active Learning Strategies for Sequence Labeling
Tasks", EMNLP 2008, for the entropy of the tokens; Carbonell and Goldstein, "The Use of MMR,
Diversity-Based Reranking", SIGIR 1998, for the greedy choice.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.tagging.tagged_chunk import TaggedChunk

CANDIDATES = 2_000
"""Number of passages among which the next ones are chosen. A quarter of them are taken evenly from
the less uncertain ones, so that there is a choice where the most uncertain ones are all similar."""
APART = 10
"""Minimum number of other passages between two that are nearly the same."""
NEARLY_SAME = 0.75
"""Minimum cosine between the token sets of two passages that count as nearly the same."""
VARIETY = 0.5
"""Share of its uncertainty that a passage loses if it equals an earlier one."""

_DIGITS = re.compile(r"\d+")


class TokenSets(NamedTuple):
    """The distinct tokens of passages, in lower case, with each number replaced by 0.

    Attributes
    ----------
    ids : int array, shape (N,)
        Numbers of the tokens, passage by passage.
    rows : int array, shape (N,)
        The passage of each entry in `ids`.
    sizes : int array, shape (n,)
        Number of distinct tokens in each passage.
    """

    ids: IntArray
    rows: IntArray
    sizes: IntArray

    @classmethod
    def make(cls, passages: Iterable[Iterable[str]]) -> "TokenSets":
        """Make the sets of passages from their tokens."""
        numbers: dict[str, int] = {}
        found = [
            {
                numbers.setdefault(_DIGITS.sub("0", token.casefold()), len(numbers))
                for token in tokens
            }
            for tokens in passages
        ]
        sizes = np.fromiter(map(len, found), np.intp, len(found))
        ids = np.fromiter((i for each in found for i in each), np.intp, int(sizes.sum()))
        return cls(ids, np.repeat(np.arange(len(found)), sizes), sizes)

    def similar_to(self, row: int) -> FloatArray:
        """Compute the cosine of one passage with every passage, shape (n,)."""
        own = np.zeros(int(self.ids.max(initial=-1)) + 1, dtype=bool)
        own[self.ids[self.rows == row]] = True
        shared = np.bincount(self.rows[own[self.ids]], minlength=len(self.sizes))
        cosine: FloatArray = shared / np.sqrt(np.maximum(self.sizes * self.sizes[row], 1))
        return cosine


def uncertainty(chunk: TaggedChunk, owners: IntArray, passages: int) -> FloatArray:
    """Compute how uncertain a model is of the tags of each passage, shape (passages,).

    It is the entropy of the tags of its tokens, ``Σ_t H_t / √n``. This is a compromise between the
    sum, which ranks the longest passages first, and the mean, which ranks the shortest first.

    Parameters
    ----------
    owners : int array, shape (N,)
        The passage of each token of the chunk.
    passages : int
        Number of passages; those without a token in the chunk get 0.
    """
    p = chunk.probabilities
    entropy = -(p * np.log(np.maximum(p, 1e-12))).sum(axis=1)
    tokens = np.bincount(owners, minlength=passages)
    found: FloatArray = np.bincount(owners, entropy, passages) / np.sqrt(np.maximum(tokens, 1))
    return found


def candidates(unsure: FloatArray, most: int = CANDIDATES) -> IntArray:
    """Return the indices of the passages that may come next, the most uncertain first."""
    order = np.argsort(-unsure, kind="stable")
    if len(order) <= most:
        return order
    first = most - most // 4
    others = np.linspace(first, len(order) - 1, most // 4).astype(np.intp)
    return np.concatenate([order[:first], order[others]])


def choose(
    unsure: FloatArray,
    passages: Sequence[Iterable[str]],
    count: int,
    recent: Sequence[Iterable[str]] = (),
) -> list[int]:
    """Put passages in the order in which they are labelled.

    Each step takes the passage with the highest uncertainty, reduced by its similarity to earlier
    ones. A passage that is nearly the same as one of the last `APART` waits, unless all remaining
    ones would.

    Parameters
    ----------
    unsure : float array, shape (n,)
        The uncertainty of each passage.
    passages : sequence of iterable of str
        The tokens of each.
    count : int
        Maximum number of passages to take.
    recent : sequence of iterable of str
        The tokens of the passages that were labelled last, the latest at the end.

    Returns
    -------
    list of int
        Indices in `passages`.
    """
    sets = TokenSets.make([*recent, *passages])
    before = len(recent)
    closest = np.zeros(len(passages))
    waits = np.full(len(passages), -1, dtype=np.intp)  # the last turn at which each must wait
    left = np.ones(len(passages), dtype=bool)
    found: list[int] = []

    def follow(row: int, turn: int) -> None:
        similar = sets.similar_to(row)[before:]
        np.maximum(closest, similar, out=closest)
        waits[similar >= NEARLY_SAME] = turn + APART

    for row in range(before):
        follow(row, row - before)
    for turn in range(min(count, len(passages))):
        value = np.where(left, unsure * (1 - VARIETY * closest), -1.0)
        free = left & (waits < turn)
        if free.any():
            value[~free] = -1.0
        else:
            value[waits > waits[left].min()] = -1.0
        best = int(np.argmax(value))
        found.append(best)
        left[best] = False
        follow(before + best, turn)
    return found
