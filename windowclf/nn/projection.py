"""Scores for tagging: each word is projected once, and a window is a sum of cached rows.

``z_t = Σ_k W_k e_{t+k} + b + W_s mean_i e_i`` depends on a word only through its rows ``W_k e`` and
``W_s e``. With these cached, a window costs one row addition per slot, for any number of features.

The rows are 16-bit integers, multiples of a small `unit` of each hidden unit. Adding them takes
less than half the time of floats and half the memory, and the sum is exact in any order. Except
for this rounding, the scores are the same as from `Network.forward`.
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
"""Numbers of the windows that are summed together; they fit into the processor's cache."""
WORDS = 16
"""Number of words projected together. The last bits of a matrix product depend on its shape and on
the position of a row in it, but not on the position of a column among this many. A word's rows are
therefore the same whatever words it is projected with."""
MANY_WORDS = 128
"""Number of words projected together where that gives the same bits; it takes half the time."""
LARGEST = 32_000
"""Largest magnitude of the sum of a window's rows, a little within the range of int16."""
FEW_SENTENCES = 8
"""When at most this many long sentences remain, each is summed by itself."""
NARROW = 32
"""Rows up to this width, such as those of the first pass, are summed sentence by sentence."""
STEPS = 4
"""Number of rows of a sentence that can be added before the sum needs more than 16 bits."""
SAMPLE = 128
SPREAD = 16.0
"""Rows are clipped at this multiple of the root mean square of `SAMPLE` synthetic words. Real words
reach half of it, because the features of a synthetic word are combined at random."""


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
    """Computes the integer rows of words: ``W_k e`` in units.

    Parameters
    ----------
    tables : sequence of TableParameter
    W : float array, shape (d, S, H)
    b : float array, shape (H,)
        Bias, which is added to the rows of the centre slot.
    shares : float array, shape (S, H)
        Factor of each slot's row in a sum.
    window : int
        ``2c + 1``; the last of the ``S`` slots may be one of the whole sentence.

    Attributes
    ----------
    unit : float32 array, shape (H,)
        The value that an integer 1 stands for, in each hidden unit.
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
        ids = _synthetic_words([table.shape[0] for table in tables])
        e = np.concatenate([table.peek(of) for table, of in zip(tables, ids.T, strict=True)], 1)
        e = e[np.isfinite(e).all(axis=1)]  # rows with NaN or infinity are reported when used
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
        # One matrix; each slot has some of its columns.
        self._W = (W / self.unit).astype(W.dtype).reshape(d, -1)
        self._b = np.zeros(limits.shape, np.float32)
        self._b[centre] = b / self.unit
        self._b = self._b.reshape(-1)
        self._limits = np.floor(limits / self.unit).astype(np.float32).reshape(-1)
        self._made_up = np.resize(e, (MANY_WORDS, d))
        self._same_bits: dict[int, bool] = {}

    def vectors(self, features: IntArray) -> FloatArray:
        """Look up the concatenated vectors ``e`` of words, shape (n, d)."""
        return lookup(self._tables, features)[0]

    def project(self, e: FloatArray, slots: range, rows: Rows) -> None:
        """Compute the rows of words for some slots.

        Parameters
        ----------
        e : float array, shape (n, d)
            Vectors of the words.
        slots : range
            The ``k`` slots, which are neighbours.
        rows : int16 array, shape (n, k H)
            Output array.

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
        """Check whether products of many words have the same bits as products of few words.

        This depends on the kernels of the linear algebra library for this processor and for a
        matrix of this shape. It is measured once for each shape.
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
    """Multiply words, shape (n, d), by ``W``, padded to a multiple of `WORDS`."""
    n = len(words)
    if n % WORDS:
        padding = np.zeros((-n % WORDS, words.shape[1]), words.dtype)
        words = np.concatenate([words, padding])
    product: FloatArray = np.matmul(W.T, words.T).T if n <= WORDS else np.matmul(words, W)
    return product[:n]


def _synthetic_words(sizes: Sequence[int]) -> IntArray:
    """Combine rows of all tables, spread evenly over each, shape (SAMPLE, F)."""
    steps = np.arange(1, SAMPLE + 1)[:, None] * np.sqrt(np.arange(2, len(sizes) + 2) + 0.5)
    ids: IntArray = (steps % 1 * np.array(sizes)).astype(np.intp)
    return ids


class Projection:
    """A trained network, split into the rows of words and the layers after their sum.

    Parameters
    ----------
    network : Network
        The trained network. Its values are copied: make a new projection after further training.

    Attributes
    ----------
    product : RowProduct
        Computes the rows of a word: one for each slot of the window, the centre's with ``b``, and
        one for the mean of the sentence if the network has it.
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
        """Return the rows of all tokens, for a pool in which the rows of a word are adjacent.

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
            The windows of ``n`` tokens.
        lengths : int array, shape (B,)
            Tokens in each sentence.
        means : int array, shape (N,), optional
            Each token's row for the mean of its sentence; -1 in sentences without windows.
        mentions : Mentions, optional
            Repeated names of a document, as indices of windows.

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
            a[...] = z[:n]  # converting in the same step as the product would take twice as long
            a *= self.product.unit
            for weight, bias in self._layers[:-1]:
                a = self._f(a) @ weight
                a += bias
            np.matmul(self._f(a), U, out=s[block])
        s += b
        return s

    def _context(self, pool: Rows, rows: IntArray, mentions: Mentions, gate: FloatArray) -> Rows:
        """Compute the contribution of other mentions to each ``z``; see `document_context`."""
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
    """Compute the mean row of each sentence, shape (B, H); zero where row indices are negative.

    The sentences are processed in parallel, the longest first, one token of each at a time.
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
        if most <= FEW_SENTENCES:  # sum the rest of each sentence by itself
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
