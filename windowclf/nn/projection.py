"""Scores for tagging: each word is projected once, and a window is a sum of kept rows.

``z_t = Σ_k W_k e_{t+k} + b + W_s mean_i e_i`` needs of a word nothing but its rows
``W_k e`` and ``W_s e``. Where these are kept, a window costs one addition of rows for each slot,
whatever the number of features.

The rows are integers of 16 bits that count a small `unit` of each hidden unit: they are added in
less than half of the time of floats, take half of the memory, and their sum is exact in any order.
The scores are those of `Network.forward`, but for the rounding to whole units.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.context import Mentions, mean_of_others
from windowclf.nn.layers import Padded, lookup
from windowclf.nn.network import Network
from windowclf.nn.parameter import TableParameter

Rows = npt.NDArray[np.int16]

BLOCK = 150_000
"""Numbers of the windows that are summed at once: they stay in the processor's cache."""
WORDS = 16
"""Words that are projected at once, side by side in the processor's vectors. The last bits of a
matrix product depend on its shape and on the place of a row in it, but not on the place of a column
among these: so a word's rows are the same, whatever words it is projected with."""
MANY_WORDS = 128
"""Words that are projected at once, in half of the time, where that gives the same bits."""
LARGEST = 32_000
"""What the sum of a window's rows reaches at the most: int16 ends a little further."""
FEW_SENTENCES = 8
"""Sentences that are so long that they are not gone through side by side."""
NARROW = 32
"""Rows so narrow, such as those of the first pass, are summed sentence by sentence."""
STEPS = 4
"""Rows of a sentence that are added before their sum needs more than 16 bits."""
SAMPLE = 128
SPREAD = 16.0
"""Rows are cut at so many times the root mean square of `SAMPLE` made-up words. Real words come to
a half of that: the features of a made-up word do not go together."""


class Windows(NamedTuple):
    """Rows of the words in some windows.

    Attributes
    ----------
    tokens : int array, shape (n,)
        The token in the centre of each window, in order, counted over all sentences.
    rows : int array, shape (2c+1, n)
        The row of each slot.
    """

    tokens: IntArray
    rows: IntArray


class RowProduct:
    """Makes rows of integers out of the vectors of words: ``W_k e`` in units.

    Parameters
    ----------
    tables : sequence of TableParameter
    W : float array, shape (d, S, H)
    b : float array, shape (H,)
        Is a part of the rows of the centre.
    shares : float array, shape (S, H)
        How often the row of a slot counts in a sum.
    window : int
        ``2c + 1``; the last of the ``S`` slots may be one of the whole sentence.

    Attributes
    ----------
    unit : float32 array, shape (H,)
        What 1 stands for in each hidden unit.
    """

    def __init__(
        self,
        tables: Sequence[TableParameter],
        W: FloatArray,
        b: FloatArray,
        shares: FloatArray,
        window: int,
    ) -> None:
        d, self.slots, self.hidden = W.shape
        self._tables = tables
        centre = window // 2
        ids = _made_up_words([table.shape[0] for table in tables])
        e = np.concatenate([table.peek(of) for table, of in zip(tables, ids.T, strict=True)], 1)
        e = e[np.isfinite(e).all(axis=1)]  # a row that is not is reported when a word has it
        made_up = e.astype(np.float64) @ W.reshape(d, -1).astype(np.float64)
        squares = (made_up * made_up).sum(axis=0) / max(len(e), 1)
        limits = SPREAD * np.sqrt(squares).reshape(self.slots, -1)
        limits[centre] += np.abs(b)
        total = (limits * shares).sum(axis=0)
        least = max(float(np.abs(W).max()) / 2**20, float(np.finfo(np.float32).tiny))
        unit = np.maximum(total / LARGEST, least)
        if self.slots > window:
            unit = np.maximum(unit, limits[window] * STEPS / LARGEST)
        self.unit = unit.astype(np.float32)
        # One matrix, of which a slot has some columns.
        self._W = (W / self.unit).astype(W.dtype).reshape(d, -1)
        self._b = np.zeros(limits.shape, np.float32)
        self._b[centre] = b / self.unit
        self._b = self._b.reshape(-1)
        self._limits = np.floor(limits / self.unit).astype(np.float32).reshape(-1)
        self._made_up = np.resize(e, (MANY_WORDS, d))
        self._same_bits: dict[int, bool] = {}

    def vectors(self, features: IntArray) -> FloatArray:
        """Join the vectors ``e`` of words, shape (n, d)."""
        return lookup(self._tables, features)[0]

    def project(self, e: FloatArray, slots: range, rows: Rows) -> None:
        """Make the rows of words for some slots.

        Parameters
        ----------
        e : float array, shape (n, d)
        slots : range
            Of ``k`` neighbours.
        rows : int16 array, shape (n, k H)
            Is written to.

        Raises
        ------
        FloatingPointError
            If a number is not finite.
        """
        columns = slice(slots.start * self.hidden, slots.stop * self.hidden)
        W, b, limit = self._W[:, columns], self._b[columns], self._limits[columns]
        size = MANY_WORDS if len(e) > WORDS and self._has_same_bits(W) else WORDS
        for start in range(0, len(e), size):
            words = e[start : start + size]
            projected = _product(words, W)
            projected += b
            highest, lowest = projected.max(axis=0), projected.min(axis=0)
            if not ((highest <= limit).all() and (lowest >= -limit).all()):
                if not (np.isfinite(highest).all() and np.isfinite(lowest).all()):
                    raise FloatingPointError
                np.clip(projected, -limit, limit, out=projected)
            np.rint(projected, out=projected)
            rows[start : start + size] = projected

    def _has_same_bits(self, W: FloatArray) -> bool:
        """Measure whether products of many words have the bits of those of a few.

        That depends on the kernels which the linear algebra library has for the processor, and
        which it takes for a matrix of this shape. It is measured once for each shape.
        """
        known = self._same_bits.get(W.shape[1])
        if known is None:
            e = self._made_up
            few = [_product(e[i : i + WORDS], W) for i in range(0, MANY_WORDS, WORDS)]
            expected = np.concatenate(few)
            known = self._same_bits[W.shape[1]] = all(
                np.array_equal(_product(e[:n], W), expected[:n])
                for n in range(2 * WORDS, MANY_WORDS + 1, WORDS)
            )
        return known


def _product(words: FloatArray, W: FloatArray) -> FloatArray:
    """Multiply words, shape (n, d), by ``W``, as if a multiple of `WORDS` had come."""
    n = len(words)
    if n % WORDS:
        padding = np.zeros((-n % WORDS, words.shape[1]), words.dtype)
        words = np.concatenate([words, padding])
    product: FloatArray = np.matmul(W.T, words.T).T if n <= WORDS else np.matmul(words, W)
    return product[:n]


def _made_up_words(sizes: Sequence[int]) -> IntArray:
    """Combine rows of all tables, spread evenly over each, shape (SAMPLE, F)."""
    steps = np.arange(1, SAMPLE + 1)[:, None] * np.sqrt(np.arange(2, len(sizes) + 2) + 0.5)
    ids: IntArray = (steps % 1 * np.array(sizes)).astype(np.intp)
    return ids


class Projection:
    """A trained network, taken apart into rows of words and what comes after their sum.

    Parameters
    ----------
    network : Network
        Its values are copied here: after further training, make a new projection.

    Attributes
    ----------
    product : RowProduct
        Makes rows of words: one for each place in the window, the centre's with ``b``, and one
        for the mean of the sentence if the network has that.
    window : int
        ``2c + 1``.
    """

    def __init__(self, network: Network) -> None:
        W, b = network.weights[0].value, network.biases[0].value
        self.window = W.shape[1]
        of_mean, gate = network.sentence_weight, network.document_weight
        self._gate = None if gate is None else gate.value
        shares = np.ones((self.window, len(b)))
        if self._gate is not None:
            shares += np.abs(self._gate)
        if of_mean is not None:
            W = np.concatenate([W, of_mean.value[:, None]], axis=1)
            shares = np.concatenate([shares, np.ones((1, len(b)))])
        self.product = RowProduct(list(network.tables.values()), W, b, shares, self.window)
        self._f = network.activation.f
        self._layers = [
            (weight.value, bias.value)
            for weight, bias in zip(network.weights[1:], network.biases[1:], strict=True)
        ]

    @property
    def has_mean(self) -> bool:
        """Whether windows have a slot for the mean of their sentence."""
        return bool(self.product.slots > self.window)

    @property
    def _windows_at_once(self) -> int:
        size: int = max(BLOCK // self.product.hidden, 1)
        return size

    def all_rows(self, padded: Padded, words: IntArray) -> tuple[Windows, IntArray]:
        """Find the rows of all tokens where those of a word lie side by side.

        Returns
        -------
        windows : Windows
        means : int array, shape (N,)
            See `scores`.
        """
        slots = self.product.slots
        at = padded.words * slots
        rows = np.stack([at[padded.position + slot] + slot for slot in range(self.window)])
        return Windows(np.arange(len(words)), rows), words * slots + self.window

    def scores(
        self,
        pool: Rows,
        windows: Windows,
        lengths: IntArray,
        means: IntArray | None = None,
        mentions: Mentions | None = None,
    ) -> FloatArray:
        """Score windows.

        Parameters
        ----------
        pool : int16 array, shape (m, H)
            Rows of words.
        windows : Windows
            Of ``n`` tokens.
        lengths : int array, shape (B,)
            Tokens in each sentence.
        means : int array, shape (N,), optional
            Each token's row for the mean of its sentence; -1 in sentences of no window.
        mentions : Mentions, optional
            Names that come again in their document, by their places among the windows.

        Returns
        -------
        s : float array, shape (n, K)
        """
        U, b = self._layers[-1]
        s = np.empty((len(windows.tokens), len(b)), dtype=U.dtype)
        size = self._windows_at_once
        z = np.empty((min(size, len(s)), self.product.hidden), dtype=np.int16)
        buffer = np.empty_like(z)
        floats = np.empty(z.shape, dtype=np.float32)
        if means is not None:
            sentence = np.repeat(np.arange(len(lengths)), lengths)[windows.tokens]
            of_sentences = _mean_rows(pool, means, lengths)
        named: IntArray = np.empty(0, dtype=np.intp)
        if mentions is not None and self._gate is not None and len(mentions.windows):
            order = np.argsort(mentions.windows)
            named = mentions.windows[order]
            rows = windows.rows[:, mentions.windows]
            context = self._context(pool, rows, mentions, self._gate)[order]
        for start in range(0, len(s), size):
            block = slice(start, start + size)
            rows = windows.rows[:, block]
            n = rows.shape[1]
            _sum_rows(pool, rows, z[:n], buffer[:n])
            here = slice(*np.searchsorted(named, (start, start + size)))
            if here.start < here.stop:
                z[named[here] - start] += context[here]
            if means is not None:
                z[:n] += of_sentences.take(sentence[block], axis=0, out=buffer[:n], mode="clip")
            a: FloatArray = floats[:n]
            a[...] = z[:n]  # at once with the product it would take twice as long
            a *= self.product.unit
            for weight, bias in self._layers[:-1]:
                a = self._f(a) @ weight
                a += bias
            np.matmul(self._f(a), U, out=s[block])
        s += b
        return s

    def _context(self, pool: Rows, rows: IntArray, mentions: Mentions, gate: FloatArray) -> Rows:
        """Compute what the other mentions add to ``z`` of each; see `document_context`."""
        z = np.empty((rows.shape[1], self.product.hidden), dtype=np.int16)
        size = self._windows_at_once
        buffer = np.empty_like(z[:size])
        for start in range(0, len(z), size):
            block = z[start : start + size]
            _sum_rows(pool, rows[:, start : start + size], block, buffer[: len(block)])
        context = mean_of_others(z.astype(np.float32), mentions.sizes)
        context *= gate
        return np.rint(context, out=context).astype(np.int16)


def _sum_rows(pool: Rows, rows: IntArray, z: Rows, buffer: Rows) -> None:
    """Sum rows of the pool over the first axis of `rows`, into `z`."""
    pool.take(rows[0], axis=0, out=z, mode="clip")
    for slot in rows[1:]:
        z += pool.take(slot, axis=0, out=buffer, mode="clip")


def _mean_rows(pool: Rows, rows: IntArray, lengths: IntArray) -> Rows:
    """Take the mean of the rows of each sentence, shape (B, H); that of negative rows is zero.

    The sentences are gone through side by side, the longest first, a token of each at a time.
    """
    begins = np.cumsum(lengths) - lengths
    order = np.argsort(-lengths, kind="stable")
    order = order[: np.count_nonzero(lengths)]
    order = order[rows[begins[order]] >= 0]
    means = np.zeros((len(lengths), pool.shape[1]), dtype=np.int16)
    if not len(order):
        return means
    if pool.shape[1] <= NARROW:
        whole = np.flatnonzero(lengths)
        taken = pool.take(rows, axis=0, mode="clip")
        sums = np.add.reduceat(taken, begins[whole], axis=0, dtype=np.int32)
        sums[rows[begins[whole]] < 0] = 0
        means[whole] = np.rint(sums / lengths[whole, None].astype(np.float32))
        return means
    falling, begins = lengths[order], begins[order]
    running = np.searchsorted(-falling, -np.arange(int(falling[0])), side="left").tolist()
    total = np.zeros((len(order), pool.shape[1]), dtype=np.int32)
    part = np.empty((len(order), pool.shape[1]), dtype=np.int16)
    buffer = np.empty_like(part)
    for start in range(0, len(running), STEPS):
        most = running[start]
        if most <= FEW_SENTENCES:  # the rest of each by itself
            for i, (begin, length) in enumerate(zip(begins[:most], falling[:most], strict=True)):
                rest = pool.take(rows[begin + start : begin + length], axis=0)
                total[i] += rest.sum(axis=0, dtype=np.int32)
            break
        pool.take(rows[begins[:most] + start], axis=0, out=part[:most], mode="clip")
        for step, n in enumerate(running[start + 1 : start + STEPS], start + 1):
            of_step = rows[begins[:n] + step]
            part[:n] += pool.take(of_step, axis=0, out=buffer[:n], mode="clip")
        total[:most] += part[:most]
    mean = total.astype(np.float32)
    mean /= falling[:, None].astype(np.float32)
    means[order] = np.rint(mean, out=mean)
    return means
