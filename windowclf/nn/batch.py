"""What a network reads at once."""

from dataclasses import dataclass

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.context import Mentions


@dataclass(frozen=True, slots=True)
class Batch:
    """Sentences as arrays: the distinct words they hold, and where each stands.

    Parameters
    ----------
    features : int array, shape (n, F)
        Feature ids of the ``n`` distinct words; row 0 is the padding past a sentence's ends.
    windows : int array, shape (N + E, 2c+1)
        For each of the ``N`` tokens, the rows of `features` in its window; then ``E`` windows of
        other places, which are read for `mentions` alone.
    lengths : int array, shape (B,)
        Tokens in each of the ``B`` sentences; they add up to ``N``.
    gold : int array, shape (N,), or float array, shape (N, K), optional
        The right tag of each token, or a teacher's scores of its tags.
    mentions : Mentions, optional
        The windows of words that come again in their document.
    """

    features: IntArray
    windows: IntArray
    lengths: IntArray
    gold: IntArray | FloatArray | None = None
    mentions: Mentions | None = None

    def tags(self) -> IntArray | FloatArray:
        """Return `gold`.

        Raises
        ------
        ValueError
            If the batch has none.
        """
        if self.gold is None:
            raise ValueError("the batch has no gold tags to learn from")
        return self.gold


def window_rows(words: IntArray, lengths: IntArray, width: int, padding: int = 0) -> IntArray:
    """Lay out the window of each token.

    Parameters
    ----------
    words : int array, shape (N,)
        The word of each token, sentence after sentence.
    lengths : int array, shape (B,)
        Tokens in each sentence.
    width : int
        ``2c + 1``.
    padding : int
        The word that stands past the ends of a sentence.

    Returns
    -------
    int array, shape (N, width)
    """
    side = width // 2
    # One run of `side` paddings before each sentence and one after the last serves both neighbours.
    position = np.arange(len(words)) + side * (1 + np.repeat(np.arange(len(lengths)), lengths))
    padded = np.full(len(words) + side * (len(lengths) + 1), padding, dtype=words.dtype)
    padded[position] = words
    rows: IntArray = padded[position[:, None] + np.arange(-side, side + 1)]
    return rows
