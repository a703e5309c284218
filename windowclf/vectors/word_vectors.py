"""Words with a vector each, and the words as an array that safetensors can hold."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from windowclf.errors import VectorsError, quoted


class WordRows(NamedTuple):
    """Words, most frequent first, and their vectors.

    Parameters
    ----------
    words : list of str
        No word twice.
    rows : ndarray of float32, shape (len(words), d)
    """

    words: list[str]
    rows: NDArray[np.float32]


def pack_words(words: Sequence[str]) -> NDArray[np.uint8]:
    """Join words by newlines, as UTF-8 bytes.

    Parameters
    ----------
    words : sequence of str
        At least one; none holds a newline.

    Returns
    -------
    ndarray of uint8, shape (bytes,)
    """
    return np.frombuffer("\n".join(words).encode(), dtype=np.uint8)


def unpack_words(packed: NDArray[np.uint8]) -> list[str]:
    """Split what `pack_words` joined.

    Parameters
    ----------
    packed : ndarray of uint8, shape (bytes,)
    """
    return packed.tobytes().decode().split("\n")


def with_unit_deviation(words: Sequence[str], rows: NDArray[Any]) -> NDArray[np.float32]:
    """Divide vectors by their standard deviation, one number for all.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)

    Returns
    -------
    ndarray of float32, shape (n, d)

    Raises
    ------
    VectorsError
        If a vector is not finite, or too large for the square of its numbers.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # told in one line instead
        narrow = rows.astype(np.float32, copy=False)
        deviation = float(narrow.std())
    if not np.isfinite(deviation):
        first = int((np.abs(narrow).max(axis=1) < 1e15).argmin())
        raise VectorsError(
            f"the vector of {quoted(words[first])} is not finite, or too large: "
            "expected numbers under 1e15"
        )
    return narrow / max(deviation, 1e-12)
