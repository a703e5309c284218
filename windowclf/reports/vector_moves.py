"""The word vectors that training moved most, with their neighbours before and after."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from windowclf.lexicon.lexicon import FIRST
from windowclf.model.model import FirstVectors, Model
from windowclf.nn.arrays import FloatArray, IntArray

AMONG = 20_000
"""Number of words among which neighbours are searched: the most frequent ones of the vectors."""
_TINY = 1e-12  # a shorter vector has no direction


class VectorMove(NamedTuple):
    """The distance by which training moved the vector of a word.

    Attributes
    ----------
    distance : float
        ``‖last - first‖``
    share : float
        ``‖last - first‖ / ‖first‖``
    before, after : list of str
        The words with the highest cosine to it before and after the training, the highest first.
    """

    word: str
    distance: float
    share: float
    before: list[str]
    after: list[str]


class VectorMoves(NamedTuple):
    """The words whose vectors moved most.

    Attributes
    ----------
    by_distance, by_share : list of VectorMove
        The moves, sorted by the distance and by the share, the largest first.
    words : int
        Number of words whose vectors were trained.
    """

    by_distance: list[VectorMove]
    by_share: list[VectorMove]
    words: int


def vector_moves(
    model: Model, first: FirstVectors, *, count: int = 20, neighbours: int = 6
) -> VectorMoves:
    """Find the words whose vectors training moved most.

    Parameters
    ----------
    first : FirstVectors
        The vectors at the start of the same model's training.
    count : int
        Largest number of words by each measure, without words that did not move.
    neighbours : int
        Number of neighbours of each word, among the first `AMONG` words.
    """
    table = model.network.tables["word"]
    words = model.lexicon.values["word"]
    last = table.take(first.rows)
    distance = np.linalg.norm(last - first.vectors, axis=1)
    share = distance / np.maximum(np.linalg.norm(first.vectors, axis=1), _TINY)
    orders = [np.argsort(-measure, kind="stable")[:count] for measure in (distance, share)]
    chosen = np.unique(np.concatenate(orders))

    after = table.take(np.arange(FIRST, min(FIRST + AMONG, table.shape[0])))
    before = after.copy()
    inside = first.rows < FIRST + len(after)
    before[first.rows[inside] - FIRST] = first.vectors[inside]
    own = first.rows[chosen] - FIRST
    near = [
        _nearest(vectors, among, own, neighbours)
        for vectors, among in ((first.vectors[chosen], before), (last[chosen], after))
    ]
    moves = {
        place: VectorMove(
            words[row],
            float(distance[place]),
            float(share[place]),
            *([words[i] for i in found] for found in both),
        )
        for place, row, *both in zip(chosen.tolist(), own.tolist(), *near, strict=True)
    }
    furthest, widest = ([moves[i] for i in order.tolist() if distance[i]] for order in orders)
    return VectorMoves(furthest, widest, len(first.rows))


def _nearest(
    vectors: FloatArray, among: FloatArray, own: IntArray, count: int
) -> Sequence[list[int]]:
    """Return the rows of `among` with the highest cosine to each vector, except its own row."""
    cosine = _unit(vectors) @ _unit(among).T
    inside = np.flatnonzero(own < len(among))
    cosine[inside, own[inside]] = -np.inf
    count = min(count, len(among) - 1)
    nearest: list[list[int]] = np.argsort(-cosine, axis=1, kind="stable")[:, :count].tolist()
    return nearest


def _unit(vectors: FloatArray) -> FloatArray:
    unit: FloatArray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _TINY)
    return unit
