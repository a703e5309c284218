"""The window layer ``z = Wx + b``, with each distinct word projected only once.

``x_t = [e_{t-c}; …; e_{t+c}]``, so ``W x_t = Σ_k W_k e_{t+k}``: the product ``W_k e`` is needed
once for each distinct word of a batch, not once for each token that stands beside it.
"""

from collections.abc import Callable, Iterable

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray, Run, scatter_add
from windowclf.nn.parameter import Parameter


def window_layer(
    W: Parameter, b: Parameter, e: FloatArray, windows: IntArray, run: Run = map
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
    run : callable
        Calls a function with each half of the slots, as `map` does, or with both at the same time.

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
    middle = slots // 2 + 1
    halves = [half for half in (range(middle), range(middle, slots)) if half]

    def project(half: range) -> FloatArray:
        # Slot after slot, so that the rows which are gathered stay in the processor's cache.
        z: FloatArray = (e @ W.value[:, half[0]]).take(columns[half[0]], axis=0, mode="clip")
        buffer = np.empty_like(z)
        for k in half[1:]:
            z += (e @ W.value[:, k]).take(columns[k], axis=0, out=buffer, mode="clip")
        return z

    def backward(delta: FloatArray) -> FloatArray:
        dW = np.empty_like(W.value)

        def collect(half: range) -> FloatArray:
            de = np.zeros_like(e)
            for k in half:
                # Sum δ for each distinct word first: then two products do the rest.
                summed = scatter_add(columns[k], delta, n)
                dW[:, k] = e.T @ summed
                de += summed @ W.value[:, k].T
            return de

        de: FloatArray = _add_up(run(collect, halves))
        W.add_grad(dW)
        b.add_grad(delta.sum(axis=0))
        return de

    z = _add_up(run(project, halves))
    z += b.value
    return z, backward


def _add_up(terms: Iterable[FloatArray]) -> FloatArray:
    """Add the further arrays to the first, in place."""
    first, *others = terms
    for term in others:
        first += term
    return first
