"""Layers, as functions that return their output and their backward pass.

A backward pass takes the gradient of the loss ``J`` with respect to the output. It accumulates the
gradients of the layer's own parameters and returns the gradient with respect to the input.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray, Run, gather_add, halves, scatter_add
from windowclf.nn.parameter import Parameter, TableParameter, add_row_grads


def lookup(
    tables: Sequence[TableParameter], ids: IntArray
) -> tuple[FloatArray, Callable[[FloatArray], None]]:
    """Concatenate one row of each table: ``e = [L_1[i_1]; …; L_F[i_F]]``.

    Parameters
    ----------
    tables : sequence of F TableParameter, shapes (V_f, d_f)
    ids : int array, shape (n, F)
        The row of each table, for each word.

    Returns
    -------
    e : float array, shape (n, d), d = Σ d_f
    backward : callable
        Takes ``∂J/∂e``, shape (n, d), and adds its columns to the rows they came from:
        ``∂J/∂L_f[i] = Σ over all e that used row i``.
    """
    e = np.concatenate([table.take(ids[:, i]) for i, table in enumerate(tables)], axis=1)
    return e, lambda de: add_row_grads(tables, ids, de)


class Padded(NamedTuple):
    """The words of a batch with padding between its sentences.

    Attributes
    ----------
    words : int array, shape (N + c (B + 1),)
        ``c`` paddings precede each sentence and follow the last; neighbours share them.
    position : int array, shape (N,)
        Index in `words` at which the window of each token begins.
    """

    words: IntArray
    position: IntArray

    @classmethod
    def of(cls, words: IntArray, lengths: IntArray, width: int, padding: int) -> "Padded":
        """Pad sentences for windows; see `window_rows`."""
        side = width // 2
        begins = np.arange(len(words)) + side * np.repeat(np.arange(len(lengths)), lengths)
        padded = np.full(len(words) + side * (len(lengths) + 1), padding, dtype=words.dtype)
        padded[begins + side] = words
        return cls(padded, begins)


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
        The word to use past the ends of a sentence.

    Returns
    -------
    int array, shape (N, width)
    """
    padded = Padded.of(words, lengths, width, padding)
    rows: IntArray = padded.words[padded.position[:, None] + np.arange(width)]
    return rows


def window_layer(
    W: Parameter, b: Parameter, e: FloatArray, windows: IntArray, run: Run = map
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Project the windows: ``z_t = W x_t + b = Σ_k W_k e_{t+k} + b``.

    ``x_t = [e_{t-c}; …; e_{t+c}]`` is never built: the product ``W_k e`` is computed once for each
    distinct word of a batch, not once for each window that contains it.

    Parameters
    ----------
    W : Parameter, shape (d, S, H)
        ``W[:, k, :]`` is the transpose of ``W_k``, the block of ``W`` for slot ``k`` of the
        ``S = 2c + 1`` slots.
    b : Parameter, shape (H,)
    e : float array, shape (n, d)
        The vectors of the distinct words.
    windows : int array, shape (N, S)
        The row of `e` in each slot of each window.
    run : callable
        `map`, or a function like it that runs both halves of the work at the same time.

    Returns
    -------
    z : float array, shape (N, H)
    backward : callable
        Takes ``δ = ∂J/∂z``, shape (N, H); adds ``∂J/∂W = δ xᵀ`` and ``∂J/∂b = δ``, summed over
        the windows; returns ``∂J/∂e``, where slot ``k`` of ``∂J/∂x = Wᵀ δ`` is added to the word
        in that slot, so a word that occurs in many windows accumulates all their gradients.
    """
    d, slots, H = W.value.shape
    blocks = W.value.reshape(d, slots * H)  # all W_k side by side: one product for all slots
    rows = (windows * slots + np.arange(slots)).astype(np.int32)  # rows of `projected`, per slot

    projected = np.empty((len(e), slots * H), e.dtype)

    def project(columns: slice) -> None:
        np.matmul(e, blocks[:, columns], out=projected[:, columns])

    z = np.empty((len(windows), H), e.dtype)

    def add_slots(tokens: slice) -> None:
        chosen = rows[tokens]
        sizes = np.full(len(chosen), slots)
        summed = gather_add(projected.reshape(-1, H), chosen.reshape(-1), sizes)
        np.add(summed, b.value, out=z[tokens])

    def backward(delta: FloatArray) -> FloatArray:
        # δ is summed for each distinct word and slot first; each gradient is then one product.
        summed = scatter_add(rows, delta, len(e) * slots).reshape(len(e), slots * H)
        dW: FloatArray
        de: FloatArray
        dW, de = run(np.matmul, (e.T, summed), (summed, blocks.T))
        W.add_grad(dW.reshape(W.shape))
        b.add_grad(delta.sum(axis=0))
        return de

    for work, size in ((project, slots * H), (add_slots, len(windows))):
        list(run(work, halves(size)))
    return z, backward


def dense_layer(
    U: Parameter, b: Parameter, a: FloatArray
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Compute ``s = Uᵀ a + b``.

    Parameters
    ----------
    U : Parameter, shape (H, K)
    b : Parameter, shape (K,)
    a : float array, shape (N, H)

    Returns
    -------
    s : float array, shape (N, K)
    backward : callable
        Takes ``∂J/∂s``, shape (N, K); adds ``∂J/∂U = a (∂J/∂s)ᵀ`` and ``∂J/∂b = ∂J/∂s``, summed
        over the batch; returns ``∂J/∂a = U ∂J/∂s``, shape (N, H).
    """

    def backward(ds: FloatArray) -> FloatArray:
        U.add_grad(a.T @ ds)
        b.add_grad(ds.sum(axis=0))
        da: FloatArray = ds @ U.value.T
        return da

    return a @ U.value + b.value, backward


class Activation(NamedTuple):
    """A non-linear function ``a = f(z)`` and its derivative.

    Attributes
    ----------
    f : callable
        ``a = f(z)``, elementwise; may overwrite its argument.
    slope : callable
        ``f'(z)`` as a function of ``a``.
    """

    f: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]


def logistic(z: FloatArray) -> FloatArray:
    """Compute ``1 / (1 + exp(-z))`` as ``(1 + tanh(z/2)) / 2``, which cannot overflow."""
    half = z.dtype.type(0.5)
    a: FloatArray = half * (1 + np.tanh(half * z))
    return a


ACTIVATIONS: dict[str, Activation] = {
    # f' = f (1 - f)
    "logistic": Activation(logistic, lambda a: a * (1 - a)),
    # f' = 1 - f²
    "tanh": Activation(lambda z: np.tanh(z, out=z), lambda a: 1 - a * a),
    # f' = 1 inside (-1, 1), 0 outside
    "hard-tanh": Activation(
        lambda z: np.clip(z, -1, 1, out=z), lambda a: (np.abs(a) < 1).astype(a.dtype)
    ),
    # f' = 1 where z > 0
    "relu": Activation(lambda z: np.maximum(z, 0, out=z), lambda a: (a > 0).astype(a.dtype)),
}


def dropout(
    x: FloatArray, rate: float, rng: "np.random.Generator | None"
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Set each element to zero with probability `rate`, divide the others by ``1 - rate``.

    `rate` is rounded to a multiple of 2⁻¹⁶.

    Parameters
    ----------
    x : float array
        Any shape.
    rate : float
        Probability in [0, 1).
    rng : numpy.random.Generator or None
        None returns `x` unchanged, as is right outside training.

    Returns
    -------
    y : float array, the shape of `x`
    backward : callable
        ``∂J/∂x = mask ⊙ ∂J/∂y``.
    """
    if rng is None or rate == 0.0:
        return x, lambda dy: dy
    # 16 random bits per element take a quarter of the time of a random float per element.
    dropped = min(round(rate * 2**16), 2**16 - 1)
    bits = rng.bit_generator.random_raw(-(-x.size // 4)).view(np.uint16)[: x.size]
    keep = bits.reshape(x.shape) >= dropped
    mask: FloatArray = np.multiply(keep, 2**16 / (2**16 - dropped), dtype=x.dtype)
    return x * mask, lambda dy: dy * mask
