"""Words with their vectors, and words packed as an array for safetensors."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from windowclf.errors import VectorsError, quoted


class WordRows(NamedTuple):
    """Words with their vectors, the most frequent word first.

    Parameters
    ----------
    words : list of str
        Distinct words.
    rows : ndarray of float32, shape (len(words), d)
        The vector of each word.
    """

    words: list[str]
    rows: NDArray[np.float32]


def pack_words(words: Sequence[str]) -> NDArray[np.uint8]:
    """Join words by newlines, as UTF-8 bytes.

    Parameters
    ----------
    words : sequence of str
        One word or more, without newlines.

    Returns
    -------
    ndarray of uint8, shape (bytes,)
    """
    return np.frombuffer("\n".join(words).encode(), dtype=np.uint8)


def unpack_words(packed: NDArray[np.uint8]) -> list[str]:
    """Split the result of `pack_words` into words.

    Parameters
    ----------
    packed : ndarray of uint8, shape (bytes,)
    """
    return packed.tobytes().decode().split("\n")


def with_unit_deviation(words: Sequence[str], rows: NDArray[Any]) -> NDArray[np.float32]:
    """Divide all vectors by their common standard deviation.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)

    Returns
    -------
    ndarray of float32, shape (n, d)

    Raises
    ------
    VectorsError
        If a vector is not finite, or its numbers are too large to be squared.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # reported as one error instead
        narrow = rows.astype(np.float32, copy=False)
        deviation = float(narrow.std())
    if not np.isfinite(deviation):
        first = int((np.abs(narrow).max(axis=1) < 1e15).argmin())
        raise VectorsError(
            f"the vector of {quoted(words[first])} is not finite, or too large: "
            "expected numbers under 1e15"
        )
    return narrow / max(deviation, 1e-12)
