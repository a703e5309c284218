"""Losses of single tokens, with their gradients with respect to the scores.

Each is a mean over the batch, ``E_in = (1/N) Σ e_n`` (Finding the gradient of E_in, Lecture 20),
and each gradient is the gradient of that mean.
"""

from collections.abc import Callable

import numpy as np

from windowclf.nn.arrays import BoolArray, FloatArray, IntArray, row_max
from windowclf.nn.layers import logistic

TokenLoss = Callable[[FloatArray, IntArray], tuple[float, FloatArray]]


def softmax(s: FloatArray) -> FloatArray:
    """Turn scores into probabilities along the last axis, ``exp(s_k) / Σ exp(s_j)``."""
    p: FloatArray = np.exp(s - s.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    return p


def softmax_loss(s: FloatArray, y: IntArray) -> tuple[float, FloatArray]:
    """Compute ``J = -log softmax(s)_y`` and ``∂J/∂s = softmax(s) - 1_y``.

    Parameters
    ----------
    s : float array, shape (N, K)
        Scores.
    y : int array, shape (N,)
        The right classes.

    Returns
    -------
    loss : float
        The mean of ``J`` over the batch.
    ds : float array, shape (N, K)
        The gradient of the loss.
    """
    n = np.arange(len(y))
    below = s - row_max(s)
    ds = np.exp(below)
    total = ds.sum(axis=1, keepdims=True)
    ds /= total
    # from the logarithm: finite where softmax(s)_y rounds to zero
    loss = float(np.mean(np.log(total[:, 0]) - below[n, y]))
    ds[n, y] -= 1
    ds /= len(y)
    return loss, ds


def partial_softmax_loss(s: FloatArray, allowed: BoolArray) -> tuple[float, FloatArray]:
    """Compute ``J = -log Σ_{k allowed} softmax(s)_k``: any allowed class may be right.

    ``∂J/∂s = softmax(s) - q``, where ``q`` is the softmax over the allowed classes
    (Jin and Ghahramani 2002).

    Parameters
    ----------
    s : float array, shape (N, K)
        Scores.
    allowed : bool array, shape (N, K)
        Which classes may be right, at least one in each row. Returns are as for `softmax_loss`.
    """
    agreeing = np.where(allowed, s, -np.inf)
    top, top_agreeing = row_max(s), row_max(agreeing)
    p, q = np.exp(s - top), np.exp(agreeing - top_agreeing)
    total, total_agreeing = (x.sum(axis=1, keepdims=True) for x in (p, q))
    # from the logarithms: finite even if the probability of all allowed classes rounds to zero
    loss = float(np.mean(top - top_agreeing + np.log(total) - np.log(total_agreeing)))
    return loss, (p / total - q / total_agreeing) / s.dtype.type(len(s))


def distillation_loss(s: FloatArray, teacher_scores: FloatArray) -> tuple[float, FloatArray]:
    """Compute ``J = -Σ_k q_k log softmax(s)_k`` with a teacher's ``q``, the softmax of its scores.

    ``∂J/∂s = softmax(s) - q`` (Hinton, Vinyals and Dean 2015).

    Parameters
    ----------
    s, teacher_scores : float array, shape (N, K)
        The scores of the network and of its teacher. Returns are as for `softmax_loss`.
    """
    q = softmax(teacher_scores)
    top = row_max(s)
    log_p = s - top - np.log(np.exp(s - top).sum(axis=1, keepdims=True))
    loss = float(-np.mean(np.sum(q * log_p, axis=1)))
    return loss, (np.exp(log_p) - q) / s.dtype.type(len(s))


def max_margin_loss(s: FloatArray, y: IntArray) -> tuple[float, FloatArray]:
    """Compute ``J = max(0, 1 + max_{k≠y} s_k - s_y)`` (Crammer and Singer 2001).

    Where ``J > 0``, ``∂J/∂s`` is +1 at the best wrong class and -1 at ``y``.
    Parameters and returns are as for `softmax_loss`.
    """
    wrong = s.copy()
    wrong[np.arange(len(y)), y] = -np.inf
    return _hinge(s, wrong, y)


def partial_max_margin_loss(s: FloatArray, allowed: BoolArray) -> tuple[float, FloatArray]:
    """Compute ``J = max(0, 1 + max_{k not allowed} s_k - max_{k allowed} s_k)``.

    This is `max_margin_loss` with the best allowed class as the right one, where the other allowed
    classes do not count as wrong (Cour, Sapp and Taskar 2011). Parameters and returns are as for
    `partial_softmax_loss`.
    """
    y = np.where(allowed, s, -np.inf).argmax(axis=1)
    return _hinge(s, np.where(allowed, -np.inf, s), y)


def _hinge(s: FloatArray, wrong: FloatArray, y: IntArray) -> tuple[float, FloatArray]:
    """Compare the best wrong score with the score of `y`; in `wrong`, right ones are -inf."""
    n = np.arange(len(y))
    best = wrong.argmax(axis=1)
    margins = 1 + wrong[n, best] - s[n, y]
    active = (margins > 0).astype(s.dtype) / len(y)
    ds = np.zeros_like(s)
    ds[n, best] = active
    ds[n, y] = -active
    return float(np.mean(np.maximum(margins, 0))), ds


def squared_error_loss(s: FloatArray, y: IntArray) -> tuple[float, FloatArray]:
    """Compute ``J = ½ Σ_k (t_k - o_k)²`` with logistic outputs ``o = g(s)`` (Tiwari 2023).

    ``∂J/∂s = (o - t) ⊙ o ⊙ (1 - o)``, where ``t`` is one-hot. "Learning Deep Neural Networks with
    Backpropagation" leaves out the ½, so its gradient is twice this. Parameters and returns are as
    for `softmax_loss`.
    """
    n = np.arange(len(y))
    o = logistic(s)
    difference = o.copy()
    difference[n, y] -= 1  # shape: (N, K), o - t
    loss = float(0.5 * np.sum(difference * difference) / len(y))
    return loss, difference * o * (1 - o) / len(y)


def ranking_loss(s: FloatArray, s_corrupt: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Compute ``J = max(0, 1 - s + s̃)`` for windows and their corruptions (Goyal 2017).

    Where ``J > 0``, ``∂J/∂s = -1`` and ``∂J/∂s̃ = +1``.

    Parameters
    ----------
    s, s_corrupt : float array, shape (N,) or (N, 1)
        Scores of the real windows, and of the corrupted ones.

    Returns
    -------
    loss : float
        The mean of ``J`` over the pairs.
    ds, ds_corrupt : float array
        The gradients of the loss, with the shapes of the scores.
    """
    margins = 1 - s + s_corrupt
    active = (margins > 0).astype(s.dtype) / len(s)
    return float(np.mean(np.maximum(margins, 0))), -active, active


TOKEN_LOSSES: dict[str, TokenLoss] = {
    "softmax": softmax_loss,
    "max-margin": max_margin_loss,
    "squared-error": squared_error_loss,
}
PARTIAL_LOSSES: dict[str, Callable[[FloatArray, BoolArray], tuple[float, FloatArray]]] = {
    "softmax": partial_softmax_loss,
    "max-margin": partial_max_margin_loss,
}
"""Losses for partially annotated text."""
