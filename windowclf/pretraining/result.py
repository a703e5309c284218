"""The result of pretraining: the vectors, before and after, and a record of each epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from windowclf.errors import UsageError, VectorsError
from windowclf.nn.arrays import FloatArray
from windowclf.system.files import write_whole

if TYPE_CHECKING:
    from gensim.models import KeyedVectors


class PretrainEpoch(msgspec.Struct, frozen=True, kw_only=True):
    """The record of one epoch.

    Parameters
    ----------
    epoch : int
        Number of the epoch, from 1.
    loss : float
        Mean loss of the windows.
    seconds : float
        Time of training, without the held-out text.
    tokens_per_second : float
        Number of windows trained per second.
    held_out : float, optional
        Share of the held-out windows that outrank their corrupted replicas.
    """

    epoch: int
    loss: float
    seconds: float
    tokens_per_second: float
    held_out: float | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Pretrained:
    """Word vectors learned from text.

    Parameters
    ----------
    words : list of str
        The words, the most frequent first.
    counts : list of int
        Number of occurrences of each word in the text.
    first, last : float array, shape (len(words), d)
        Vectors of the words before and after training.
    epochs : list of PretrainEpoch
        Records of all epochs.
    held_out_first : float, optional
        Share of the held-out windows that outranked their corrupted replicas before training.
    """

    words: list[str]
    counts: list[int]
    first: FloatArray
    last: FloatArray
    epochs: list[PretrainEpoch]
    held_out_first: float | None = None

    def __repr__(self) -> str:
        words, dimensions = self.last.shape
        return f"Pretrained({words:,} words, {dimensions} dimensions, {len(self.epochs)} epochs)"

    @property
    def vectors(self) -> "KeyedVectors":
        """The vectors for `WindowClassifier.fit`, with gensim's attribute "count"."""
        keyed = _keyed(self.words, self.last)
        for word, count in zip(self.words, self.counts, strict=True):
            keyed.set_vecattr(word, "count", count)
        return keyed

    def save(self, path: str | Path) -> None:
        """Write the vectors as word2vec text, completely or not at all; the folder must exist.

        Raises
        ------
        VectorsError
            If the file cannot be written.
        """
        vectors = self.vectors
        try:
            write_whole(Path(path), lambda file: vectors.save_word2vec_format(str(file)))
        except OSError as error:
            raise VectorsError(f"{path}: cannot be written: {error.strerror or error}") from error

    def neighbours(
        self, words: Sequence[str], count: int = 5
    ) -> dict[str, tuple[list[str], list[str]]]:
        """List the nearest words of each word by cosine, before and after training.

        Raises
        ------
        UsageError
            If a word has no vector.
        """
        keyed = [_keyed(self.words, rows) for rows in (self.first, self.last)]
        for word in words:
            if word not in keyed[0]:
                raise UsageError(
                    f"{word!r} has no vector: expected a word that occurs often enough, in lower "
                    "case, with digits written as 0"
                )
        before, after = (
            [[near for near, _ in k.most_similar(word, topn=count)] for word in words]
            for k in keyed
        )
        return dict(zip(words, zip(before, after, strict=True), strict=True))


def middle_words(words: Sequence[str], count: int = 10) -> list[str]:
    """Choose words of middle frequency, between a hundredth and a tenth of the list.

    The list begins with the most frequent word. The chosen words consist of three letters or more,
    as names and content words do.
    """
    start = min(len(words) // 100, 1000)
    middle = [word for word in words[start : 10 * start] if len(word) > 2 and word.isalpha()]
    middle = middle or list(words)
    places = np.linspace(0, len(middle) - 1, min(count, len(middle)))
    return [middle[int(place)] for place in places]


def _keyed(words: Sequence[str], rows: FloatArray) -> "KeyedVectors":
    from gensim.models import KeyedVectors

    keyed = KeyedVectors(vector_size=rows.shape[1])
    keyed.add_vectors(list(words), rows)
    return keyed
