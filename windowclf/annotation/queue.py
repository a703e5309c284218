"""The order in which passages are labelled: the most uncertain first, and no two alike.

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
"""Passages among which the next ones are chosen. A quarter of them are drawn evenly from the less
uncertain ones, so that there is a choice where the most uncertain ones are all alike."""
APART = 10
"""So many other passages lie between two that are nearly the same."""
NEARLY_SAME = 0.75
"""The cosine of their sets of tokens from which on two passages are nearly the same."""
VARIETY = 0.5
"""How much of its uncertainty a passage loses that is the same as an earlier one."""

_DIGITS = re.compile(r"\d+")


class TokenSets(NamedTuple):
    """The distinct tokens of passages, in lower case, with a 0 for each number.

    Attributes
    ----------
    ids : int array, shape (N,)
        Numbers of the tokens, of one passage after another.
    rows : int array, shape (N,)
        The passage of each.
    sizes : int array, shape (n,)
        How many each passage has.
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
        """Compute the cosine of one passage and each, shape (n,)."""
        own = np.zeros(int(self.ids.max(initial=-1)) + 1, dtype=bool)
        own[self.ids[self.rows == row]] = True
        shared = np.bincount(self.rows[own[self.ids]], minlength=len(self.sizes))
        cosine: FloatArray = shared / np.sqrt(np.maximum(self.sizes * self.sizes[row], 1))
        return cosine


def uncertainty(chunk: TaggedChunk, owners: IntArray, passages: int) -> FloatArray:
    """Compute how uncertain a model is of the tags of each passage, shape (passages,).

    It is the entropy of the tags of its tokens, ``Σ_t H_t / √n``: between their sum, by which the
    longest passages come first, and their mean, by which the shortest do.

    Parameters
    ----------
    owners : int array, shape (N,)
        The passage of each token of the chunk.
    passages : int
        How many there are; those without a token here have 0.
    """
    p = chunk.probabilities
    entropy = -(p * np.log(np.maximum(p, 1e-12))).sum(axis=1)
    tokens = np.bincount(owners, minlength=passages)
    found: FloatArray = np.bincount(owners, entropy, passages) / np.sqrt(np.maximum(tokens, 1))
    return found


def candidates(unsure: FloatArray, most: int = CANDIDATES) -> IntArray:
    """Choose the passages that may come next, by their places, the most uncertain first."""
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

    Each time the passage with the most uncertainty is taken, less what it shares with those before
    it. One that is nearly the same as one of the last `APART` waits, unless all that are left are.

    Parameters
    ----------
    unsure : float array, shape (n,)
        The uncertainty of each passage.
    passages : sequence of iterable of str
        The tokens of each.
    count : int
        How many to take, at the most.
    recent : sequence of iterable of str
        The tokens of those that were labelled last, the latest at the end.

    Returns
    -------
    list of int
        Places in `passages`.
    """
    sets = TokenSets.make([*recent, *passages])
    before = len(recent)
    closest = np.zeros(len(passages))
    waits = np.full(len(passages), -1, dtype=np.intp)  # the last turn at which each has to wait
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
