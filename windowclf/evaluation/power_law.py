"""The law of a learning curve: ``F1(n) = a - b n^-c`` after training on ``n`` sentences.

``a`` is the limit for ever more sentences; ``b`` is the distance from it for few sentences, and
``c`` is the speed at which the distance falls. The fit has ``a ≤ 1`` and ``b, c ≥ 0``, so the curve
never falls with more sentences, and each doubling gains less than the one before.

Sources: Cortes, Jackel, Solla, Vapnik and Denker, "Learning Curves: Asymptotic Values and Rate of
Convergence", NIPS 1993, which has the law; Hestness et al., "Deep Learning Scaling is Predictable,
Empirically", arXiv:1712.00409, 2017, which finds it in many tasks; Viering and Loog, "The Shape of
Learning Curves: A Review", IEEE TPAMI 2023, on where it fails.
"""

from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import FloatArray

_SLOWEST, _FASTEST = 0.01, 4.0  # range of the exponents c
_TRIED, _ROUNDS = 48, 3  # exponents per round; each round searches around the best of the last


class PowerLaws(NamedTuple):
    """Parameters of one or many laws, as arrays of the same shape.

    Attributes
    ----------
    a, b, c : float array, shape (S,)
    """

    a: FloatArray
    b: FloatArray
    c: FloatArray

    def at(self, sentences: float) -> FloatArray:
        """Compute the F1 for a number of sentences, at least 0."""
        found: FloatArray = np.maximum(self.a - self.b * sentences**-self.c, 0.0)
        return found


def fit_laws(sentences: FloatArray, f1: FloatArray, weights: FloatArray) -> PowerLaws:
    """Fit laws by weighted least squares.

    For a fixed exponent, ``a`` and ``b`` solve a linear problem; the exponent is found on a grid
    that is refined. The fit therefore does not depend on a starting point, and many curves are
    fitted together.

    Parameters
    ----------
    sentences : float array, shape (K,)
        Sizes of the curves.
    f1 : float array, shape (S, K)
        One curve per row.
    weights : float array, shape (K,)
        Weights of the squared errors.
    """
    # Sizes are relative to the largest one, so that b is the distance there for any exponent.
    ratio = sentences / sentences[-1]
    low = np.full(len(f1), _SLOWEST)
    high = np.full(len(f1), _FASTEST)
    steps = np.linspace(0, 1, _TRIED)
    rows = np.arange(len(f1))
    for _ in range(_ROUNDS):
        tried = low[:, None] * (high / low)[:, None] ** steps
        a, b, error = _solve(ratio, f1, weights, tried)
        best = np.argmin(error, axis=1)
        found = a[rows, best], b[rows, best], tried[rows, best]
        low = tried[rows, np.maximum(best - 1, 0)]
        high = tried[rows, np.minimum(best + 1, _TRIED - 1)]
    level, distance, exponent = found
    return PowerLaws(level, distance * sentences[-1] ** exponent, exponent)


def _solve(
    ratio: FloatArray, f1: FloatArray, weights: FloatArray, exponents: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Compute ``a``, ``b`` and the squared error for each curve and each of its exponents.

    Returns
    -------
    a, b, error : float array, shape (S, G)
    """
    share = weights / weights.sum()
    x = ratio ** -exponents[:, :, None]  # (S, G, K)
    mean_x, mean_y = x @ share, (f1 @ share)[:, None]
    centred_x, centred_y = x - mean_x[:, :, None], f1[:, None, :] - mean_y[:, :, None]
    variance = (centred_x**2) @ share
    b = np.maximum(-((centred_x * centred_y) @ share) / np.maximum(variance, 1e-30), 0.0)
    a = mean_y + b * mean_x
    # Where a would exceed 1, it is set to 1, and b is computed for that.
    bound = np.maximum((x * (1 - f1[:, None, :])) @ share / ((x**2) @ share), 0.0)
    b = np.where(a > 1, bound, b)
    a = np.minimum(a, 1.0)
    error = (f1[:, None, :] - a[:, :, None] + b[:, :, None] * x) ** 2 @ share
    return a, b, error
