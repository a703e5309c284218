"""The window layer ``z = Wx + b``, with each distinct word projected only once.

``x_t = [e_{t-c}; …; e_{t+c}]``, so ``W x_t = Σ_k W_k e_{t+k}``: the product ``W_k e`` is needed
once for each distinct word of a batch, not once for each token that stands beside it.
"""

from collections.abc import Callable

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray, scatter_add
from windowclf.nn.parameter import Parameter


def window_layer(
    W: Parameter, b: Parameter, e: FloatArray, windows: IntArray
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Project the windows: ``z_t = Σ_k W_k e[windows[t, k]] + b``.

    Parameters
    ----------
    W : Parameter, shape (d, S, H)
        ``W[:, k, :]`` is the transpose of the block of ``W`` that slot ``k`` meets;
        ``S = 2c + 1`` slots.
    b : Parameter, shape (H,)
    e : float array, shape (n, d)
        The vectors of the distinct words.
    windows : int array, shape (N, S)
        The rows of `e` that stand in each window.

    Returns
    -------
    z : float array, shape (N, H)
    backward : callable
        Takes ``δ = ∂J/∂z``, shape (N, H); adds ``∂J/∂W = δ xᵀ`` and ``∂J/∂b = δ``, summed over
        the windows; returns ``∂J/∂e``, where slot ``k`` of ``∂J/∂x = Wᵀ δ`` is added to the word
        that stood there, so a word that stands in many windows collects every share.
    """
    d, slots, hidden = W.value.shape
    n = len(e)
    flat_W = W.value.reshape(d, slots * hidden)
    # projected[i * S + k] = W_k e_i, with b for the centre             shape: (n * S, H)
    projected = (e @ flat_W).reshape(n * slots, hidden)
    projected[slots // 2 :: slots] += b.value
    rows = windows * slots + np.arange(slots, dtype=windows.dtype)  # shape: (N, S)
    z = np.take(projected, rows[:, 0], axis=0, mode="clip")
    buffer = np.empty_like(z)
    for k in range(1, slots):
        z += np.take(projected, rows[:, k], axis=0, out=buffer, mode="clip")

    def backward(delta: FloatArray) -> FloatArray:
        # Sum δ for each distinct word and slot first: then two products do the rest.
        summed = scatter_add(rows, delta, n * slots).reshape(n, slots * hidden)
        W.add_grad((e.T @ summed).reshape(d, slots, hidden))
        b.add_grad(delta.sum(axis=0))
        de: FloatArray = summed @ flat_W.T
        return de

    return z, backward
