"""Words with a vector each, and the words as an array that safetensors can hold."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


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

    Returns
    -------
    list of str
    """
    return packed.tobytes().decode().split("\n")
