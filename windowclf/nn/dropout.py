"""Inverted dropout."""

from collections.abc import Callable

import numpy as np

from windowclf.nn.arrays import FloatArray


def dropout(
    x: FloatArray, rate: float, rng: "np.random.Generator | None"
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Set each element to zero with probability `rate`, divide the others by ``1 - rate``.

    Parameters
    ----------
    x : float array
    rate : float
        Probability in [0, 1).
    rng : numpy.random.Generator or None
        None leaves `x` as it is, which is right whenever nothing is trained.

    Returns
    -------
    y : float array, the shape of `x`
    backward : callable
        ``∂J/∂x = mask ⊙ ∂J/∂y``.
    """
    if rng is None or rate == 0.0:
        return x, lambda dy: dy
    mask = (rng.random(x.shape, dtype=np.float32) >= rate).astype(x.dtype)
    mask /= 1 - rate
    return x * mask, lambda dy: dy * mask
