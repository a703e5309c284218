"""The bundled word vectors: GloVe 6B, 100 dimensions, 8 bits per value.

``data/vectors/README.md`` describes them, and ``scripts/make-bundled-vectors`` makes them.
"""

from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from windowclf.errors import VectorsError
from windowclf.vectors.quantise import dequantise
from windowclf.vectors.word_vectors import WordRows, unpack_words


def read_bundled(path: Path, limit: int | None = None) -> WordRows:
    """Read a file of 8-bit vectors.

    Parameters
    ----------
    path : Path
        A safetensors file with ``codes`` (int8, n × d), ``scales`` (float32, n) and ``words``
        (UTF-8 bytes, joined by newlines).
    limit : int, optional
        Largest number of words to keep, from the most frequent one.

    Raises
    ------
    VectorsError
        If the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="numpy") as tensors:
            codes = tensors.get_slice("codes")[:limit]
            scales = tensors.get_tensor("scales")[:limit]
            words = unpack_words(tensors.get_tensor("words"))[:limit]
        if codes.dtype != np.int8 or codes.ndim != 2 or scales.ndim != 1:
            raise ValueError("codes or scales of another type or shape")
        if not len(words) == len(scales) == len(codes):
            raise ValueError("words, scales and codes differ in number")
        if not np.isfinite(scales).all():
            raise ValueError("a scale that is not finite")
        return WordRows(words, dequantise(codes, scales))
    except (OSError, SafetensorError, ValueError) as error:
        raise VectorsError(
            f"{path}: the bundled vectors cannot be read ({error}): install windowclf again"
        ) from error
