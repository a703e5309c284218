"""The law of a learning curve: ``F1(n) = a - b n^-c`` after training on ``n`` sentences.

``a`` is what ever more sentences would come to, ``b`` and ``c`` say how far below it few of them
are, and how fast the distance falls. It is fitted with ``a ≤ 1`` and ``b, c ≥ 0``, so that more
sentences never make the curve fall, and each doubling brings less than the one before.

Sources: Cortes, Jackel, Solla, Vapnik and Denker, "Learning Curves: Asymptotic Values and Rate of
Convergence", NIPS 1993, which has the law; Hestness et al., "Deep Learning Scaling is Predictable,
Empirically", arXiv:1712.00409, 2017, which finds it in many tasks; Viering and Loog, "The Shape of
Learning Curves: A Review", IEEE TPAMI 2023, on where it fails.
"""

from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import FloatArray

_SLOWEST, _FASTEST = 0.01, 4.0  # the exponents c that are tried
_TRIED, _ROUNDS = 48, 3  # exponents in a round, each round between the neighbours of the best


class PowerLaws(NamedTuple):
    """One law or many: arrays of the same shape.

    Attributes
    ----------
    a, b, c : float array, shape (S,)
    """

    a: FloatArray
    b: FloatArray
    c: FloatArray

    def at(self, sentences: float) -> FloatArray:
        """Compute the F1 after so many sentences, at least 0."""
        found: FloatArray = np.maximum(self.a - self.b * sentences**-self.c, 0.0)
        return found


def fit_laws(sentences: FloatArray, f1: FloatArray, weights: FloatArray) -> PowerLaws:
    """Fit laws by weighted least squares.

    For an exponent, ``a`` and ``b`` are the solution of a linear problem; the exponent is searched
    for on a grid that gets finer. So the fit has no start to depend on, and many curves are fitted
    at once.

    Parameters
    ----------
    sentences : float array, shape (K,)
    f1 : float array, shape (S, K)
        Curves, each a row.
    weights : float array, shape (K,)
        Of the squared errors.
    """
    # Relative to the largest size, so that b is the distance there, whatever the exponent.
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
    """Find ``a`` and ``b`` for each curve and each of its exponents, and the squared error.

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
    # Where a would be above 1 it is 1, and b follows.
    bound = np.maximum((x * (1 - f1[:, None, :])) @ share / ((x**2) @ share), 0.0)
    b = np.where(a > 1, bound, b)
    a = np.minimum(a, 1.0)
    error = (f1[:, None, :] - a[:, :, None] + b[:, :, None] * x) ** 2 @ share
    return a, b, error
