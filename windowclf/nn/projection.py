"""Scores for tagging: each word is projected once, and a window is a sum of kept rows.

``z_t = Σ_k W_k e_{t+k} + b + W_s mean_i e_i`` needs of a word nothing but its rows
``W_k e`` and ``W_s e``. Where these are kept, a window costs one addition of rows for each slot,
whatever the number of features. The scores are those of `Network.forward`, to rounding.
"""

from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray, gather_add
from windowclf.nn.context import Mentions, mean_of_others
from windowclf.nn.layers import lookup, window_rows
from windowclf.nn.network import Network

BLOCK = 512
"""Tokens whose windows are summed at once: 300 floats of each stay in the processor's cache."""
WORDS = 16
"""Words that are projected at once, side by side in the processor's vectors. The last bits of a
matrix product depend on its shape and on the place of a row in it, but not on the place of a column
among these: so a word's rows are the same, whatever words it is projected with."""


class Projection:
    """A trained network, taken apart into rows of words and what comes after their sum.

    Parameters
    ----------
    network : Network
        Its values are copied here: after further training, make a new projection.

    Attributes
    ----------
    slots : int
        Rows of a word, ``S``: one for each place in the window, the centre's with ``b``, and one
        for the mean of the sentence if the network has that.
    hidden : int
        Floats of a row, ``H``.
    """

    def __init__(self, network: Network) -> None:
        W, b = network.weights[0].value, network.biases[0].value
        d, self.window, self.hidden = W.shape
        of_mean = network.sentence_weight
        blocks = [W.reshape(d, -1)] if of_mean is None else [W.reshape(d, -1), of_mean.value]
        self.slots = self.window + (of_mean is not None)
        self._tables = list(network.tables.values())
        self._W = np.concatenate(blocks, axis=1)  # shape: (d, S * H)
        self._b = b
        self._gate = None if network.document_weight is None else network.document_weight.value
        self._f = network.activation.f
        self._layers = [
            (weight.value, bias.value)
            for weight, bias in zip(network.weights[1:], network.biases[1:], strict=True)
        ]

    def project(self, features: IntArray, rows: FloatArray) -> None:
        """Make the rows of words.

        Parameters
        ----------
        features : int array, shape (n, F)
        rows : float array, shape (n * S, H)
            Is written to: the rows of the first word, then those of the next.
        """
        e, _ = lookup(self._tables, features)
        d, columns = self._W.shape
        of_words = rows.reshape(len(e), columns)
        block = np.zeros((WORDS, d), dtype=e.dtype)
        projected = np.empty((columns, WORDS), dtype=e.dtype)
        for start in range(0, len(e), WORDS):
            words = e[start : start + WORDS]
            block[: len(words)] = words
            np.matmul(self._W.T, block.T, out=projected)
            of_words[start : start + WORDS] = projected.T[: len(words)]
        rows[self.window // 2 :: self.slots] += self._b

    def empty(self, words: int) -> FloatArray:
        """Make room for the rows of so many words."""
        return np.empty((words * self.slots, self.hidden), dtype=self._W.dtype)

    def scores(
        self,
        rows: "WordRows",
        places: IntArray,
        lengths: IntArray,
        mentions: Mentions | None = None,
    ) -> FloatArray:
        """Score the windows of sentences.

        Parameters
        ----------
        places : int array, shape (N,)
            The place of each token's word.
        lengths : int array, shape (B,)
            Tokens in each sentence; they add up to ``N``.
        mentions : Mentions, optional
            The windows of names that come again in their document.

        Returns
        -------
        s : float array, shape (N, K)
        """
        windows = window_rows(places, lengths, self.window, rows.padding)
        windows = np.ascontiguousarray(windows.T)  # shape: (2c+1, N)
        named: IntArray = np.empty(0, dtype=np.intp)
        if mentions is not None and self._gate is not None and len(mentions.windows):
            context = self._context(rows, windows, mentions, self._gate)
            order = np.argsort(mentions.windows)
            named = mentions.windows[order]
        means = None
        if self.slots > self.window:
            lengths = lengths[lengths > 0]
            means = rows.sum_groups(places, self.window, lengths)
            means /= lengths[:, None].astype(means.dtype)
            sentence = np.repeat(np.arange(len(lengths)), lengths)
        U, b = self._layers[-1]
        s = np.empty((len(places), len(b)), dtype=U.dtype)
        memory = self.empty(-(-2 * BLOCK // self.slots))
        for start in range(0, len(places), BLOCK):
            block = slice(start, start + BLOCK)
            z, buffer = memory[: 2 * len(places[block])].reshape(2, -1, self.hidden)
            rows.sum(windows[:, block], z, buffer)
            here = slice(*np.searchsorted(named, (start, start + BLOCK)))
            if here.start < here.stop:
                z[named[here] - start] += context.take(order[here], axis=0)
            if means is not None:
                z += np.take(means, sentence[block], axis=0, out=buffer, mode="clip")
            for weight, bias in self._layers[:-1]:
                z = self._f(z) @ weight
                z += bias
            np.matmul(self._f(z), U, out=s[block])
        s += b
        return s

    def _context(
        self, rows: "WordRows", windows: IntArray, mentions: Mentions, gate: FloatArray
    ) -> FloatArray:
        """Compute what the other mentions add to ``z`` of each; see `document_context`."""
        places = windows[:, mentions.windows]
        blocks = range(0, places.shape[1], BLOCK)
        z = np.empty((places.shape[1], self.hidden), dtype=gate.dtype)
        buffer = np.empty_like(z[:BLOCK])
        for start in blocks:
            block = z[start : start + BLOCK]
            rows.sum(places[:, start : start + BLOCK], block, buffer[: len(block)])
        context = mean_of_others(z, mentions.sizes)
        context *= gate
        return context


class WordRows(NamedTuple):
    """Rows of words: those that are kept, and those of words for which there was no room.

    The place of a word is where its rows begin in `kept`, or, if it is negative, the complement
    of where they begin in `own`.

    Attributes
    ----------
    kept : float array, shape (m, H)
        The first word's rows are zero.
    own : float array, shape (m', H)
    padding : int
        The place of what stands past the ends of a sentence.
    """

    kept: FloatArray
    own: FloatArray
    padding: int

    def sum(self, places: IntArray, z: FloatArray, buffer: FloatArray) -> None:
        """Sum rows ``0, 1, …`` of the words at ``places[0], places[1], …``.

        Parameters
        ----------
        places : int array, shape (k, n)
        z, buffer : float array, shape (n, H)
            Are written to: the sum, and what is added.
        """
        # A place in `own` is cut off at the first word, and adds a row of zeros here.
        take = self.kept.take
        take(places[0], axis=0, out=z, mode="clip")
        for slot, row in enumerate(places[1:], 1):
            z += take(row + slot, axis=0, out=buffer, mode="clip")
        if len(self.own):
            # In the same order as the others, so that the sum has the same bits.
            tokens = np.flatnonzero((places < 0).any(axis=0))
            z[tokens] = 0
            for slot, row in enumerate(places[:, tokens]):
                z[tokens] += self._rows(row, slot)

    def sum_groups(self, places: IntArray, slot: int, sizes: IntArray) -> FloatArray:
        """Sum one row of each word over groups of neighbours.

        Parameters
        ----------
        places : int array, shape (n,)
        slot : int
            Which of a word's rows.
        sizes : int array, shape (g,)
            Words in each group, at least one; they add up to ``n``.

        Returns
        -------
        float array, shape (g, H)
        """
        sums = gather_add(self.kept, np.maximum(places, 0) + slot, sizes)
        if len(self.own):
            group = np.repeat(np.arange(len(sizes)), sizes)
            groups = np.unique(group[places < 0])
            rows = self._rows(places[np.isin(group, groups)], slot)
            sums[groups] = gather_add(rows, np.arange(len(rows)), sizes[groups])
        return sums

    def _rows(self, places: IntArray, slot: int) -> FloatArray:
        """Copy one row of each word."""
        rows = self.kept.take(np.maximum(places, 0) + slot, axis=0)
        rows[places < 0] = self.own[~places[places < 0] + slot]
        return rows
