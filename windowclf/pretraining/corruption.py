"""Corrupted windows: the real ones with another word in the centre."""

from collections.abc import Sequence

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray


class Corruption:
    """Draws the words that take the place of a window's centre.

    Parameters
    ----------
    counts : sequence of int
        How often each word stands in the text; at least two words.
    first : int
        The row of the first of them in the lookup table, the others follow.
    power : float
        A word is drawn in proportion to ``count ** power``: 0 draws all words alike, 1 as they
        stand in the text.
    """

    def __init__(self, counts: Sequence[int], first: int, power: float) -> None:
        shares: FloatArray = np.asarray(counts, dtype=np.float64) ** power
        self._ends = np.cumsum(shares / shares.sum())
        self._first = first

    def __call__(self, windows: IntArray, rng: np.random.Generator) -> IntArray:
        """Replace the centre of each window by another word.

        Parameters
        ----------
        windows : int array, shape (N, 2c+1)
        rng : numpy.random.Generator

        Returns
        -------
        int array, shape (N, 2c+1)
        """
        corrupt = windows.copy()
        centre = windows.shape[1] // 2
        same = np.arange(len(windows))
        while len(same):
            drawn = np.searchsorted(self._ends, rng.random(len(same)), side="right")
            corrupt[same, centre] = self._first + np.minimum(drawn, len(self._ends) - 1)
            same = same[corrupt[same, centre] == windows[same, centre]]
        return corrupt
