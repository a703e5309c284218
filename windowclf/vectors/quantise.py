"""Quantisation of matrix rows to 8-bit integers with a scale per row, a quarter of float32."""

import numpy as np
from numpy.typing import NDArray

from windowclf.errors import VectorsError

_LARGEST = 127  # -128 is not used, so the codes are symmetric about zero


def quantise(rows: NDArray[np.floating]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round each row to 255 evenly spaced levels between ± its largest absolute value.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)
        Finite values.

    Returns
    -------
    codes : ndarray of int8, shape (n, d)
        The codes, in C order.
    scales : ndarray of float32, shape (n,)
        Scales, such that ``codes * scales[:, None]`` is within half a scale of `rows`.

    Raises
    ------
    VectorsError
        If a value is not finite.
    """
    if not np.isfinite(rows).all():
        raise VectorsError("cannot quantise rows with values that are not finite")
    scales = (np.abs(rows).max(axis=1, initial=0.0) / _LARGEST).astype(np.float32)
    divisors = np.where(scales == 0, np.float32(1), scales)  # rows of zeros have the scale 0
    codes = np.rint(rows / divisors[:, None]).clip(-_LARGEST, _LARGEST)
    return np.ascontiguousarray(codes, dtype=np.int8), scales


def dequantise(codes: NDArray[np.int8], scales: NDArray[np.float32]) -> NDArray[np.float32]:
    """Decode the result of `quantise`.

    Parameters
    ----------
    codes : ndarray of int8, shape (n, d)
    scales : ndarray of float32, shape (n,)

    Returns
    -------
    ndarray of float32, shape (n, d)
    """
    return np.multiply(codes, scales[:, None], dtype=np.float32)
