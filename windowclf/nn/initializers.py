"""Distributions of a layer's initial weights, by name."""

from collections.abc import Callable

import numpy as np

from windowclf.nn.arrays import FloatArray

Initializer = Callable[["np.random.Generator", tuple[int, int]], FloatArray]


def glorot(rng: "np.random.Generator", shape: tuple[int, int]) -> FloatArray:
    """Draw from ``U[-r, r]`` with ``r = sqrt(6 / (fan_in + fan_out))`` (Glorot and Bengio 2010).

    Parameters
    ----------
    shape : (fan_in, fan_out)

    Returns
    -------
    float64 array, shape (fan_in, fan_out)
    """
    limit = np.sqrt(6.0 / (shape[0] + shape[1]))
    return rng.uniform(-limit, limit, shape)


def he(rng: "np.random.Generator", shape: tuple[int, int]) -> FloatArray:
    """Draw from ``N(0, 2 / fan_in)`` (He et al. 2015); see `glorot`."""
    return rng.normal(0.0, np.sqrt(2.0 / shape[0]), shape)


def gaussian(rng: "np.random.Generator", shape: tuple[int, int]) -> FloatArray:
    """Draw from ``N(0, 0.1 / fan_in)`` (Back propagation, Lecture 10); see `glorot`."""
    return rng.normal(0.0, np.sqrt(0.1 / shape[0]), shape)


def uniform(rng: "np.random.Generator", shape: tuple[int, int]) -> FloatArray:
    """Draw from ``U[-0.05, 0.05]`` (Tiwari 2023, Algorithm 1); see `glorot`."""
    return rng.uniform(-0.05, 0.05, shape)


INITIALIZERS: dict[str, Initializer] = {
    "glorot": glorot,
    "he": he,
    "gaussian": gaussian,
    "uniform": uniform,
}
