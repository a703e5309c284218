"""Activations ``a = f(z)``, each with its slope written as a function of ``a``."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import FloatArray


class Activation(NamedTuple):
    """A non-linear function and its derivative.

    Attributes
    ----------
    f : callable
        ``a = f(z)``, element by element; may write over its argument.
    slope : callable
        ``f'(z)``, given ``a``.
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
