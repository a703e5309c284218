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
    slots, n = W.value.shape[1], len(e)
    columns = np.ascontiguousarray(windows.T)  # shape: (S, N)
    # Slot after slot, so that the rows which are gathered stay in the processor's cache.
    z = (e @ W.value[:, 0]).take(columns[0], axis=0, mode="clip")
    buffer = np.empty_like(z)
    for k in range(1, slots):
        z += (e @ W.value[:, k]).take(columns[k], axis=0, out=buffer, mode="clip")
    z += b.value

    def backward(delta: FloatArray) -> FloatArray:
        dW, de = np.empty_like(W.value), np.zeros_like(e)
        for k in range(slots):
            # Sum δ for each distinct word first: then two products do the rest.
            summed = scatter_add(columns[k], delta, n)
            dW[:, k] = e.T @ summed
            de += summed @ W.value[:, k].T
        W.add_grad(dW)
        b.add_grad(delta.sum(axis=0))
        return de

    return z, backward
