"""A map of the words of entities: their vectors in the plane of the largest variance."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from windowclf.documents.sentence import Sentence
from windowclf.lexicon.lexicon import FIRST
from windowclf.model.model import Model
from windowclf.nn.arrays import FloatArray
from windowclf.tags.schemes import OUTSIDE, Scheme


class WordMap(NamedTuple):
    """Words of entities as points, the most frequent first.

    Attributes
    ----------
    labels : list of str
        The most frequent label of each word.
    counts : list of int
        Number of occurrences of each word in entities of the training text.
    points : float array, shape (n, 2)
        The coordinates of each word.
    explained : float
        The share of the variance of the vectors in this plane, from 0 to 1.
    """

    words: list[str]
    labels: list[str]
    counts: list[int]
    points: FloatArray
    explained: float


def word_map(
    model: Model,
    sentences: Sequence[Sentence],
    gold: Sequence[Sequence[str]],
    *,
    fewest: int = 2,
    words: int = 800,
    labels: int = 12,
) -> WordMap | None:
    """Project the vectors of entity words onto their first two principal components.

    The map is None for fewer than three words.

    Parameters
    ----------
    sentences : sequence of Sentence
        The training text.
    gold : sequence of sequences of str
        Its tags, from `Model.gold_tags`.
    fewest : int
        Smallest number of occurrences of a word in entities, which must also be at least half of
        all its occurrences.
    words, labels : int
        Largest number of words and of labels; the most frequent ones are used.
    """
    counts = _count_words(model, sentences, gold)
    frequent = Counter[str]()
    for of_word in counts.values():
        frequent.update({label: n for label, n in of_word.items() if label != OUTSIDE})
    shown = {label for label, _ in frequent.most_common(labels)}
    found = []
    for row, of_word in counts.items():
        inside = of_word.total() - of_word[OUTSIDE]
        label, _ = max(of_word.items(), key=lambda item: (item[0] != OUTSIDE, item[1]))
        if row >= FIRST and inside >= max(fewest, of_word[OUTSIDE]) and label in shown:
            found.append((-inside, row, label))
    found = sorted(found)[:words]
    if len(found) < 3:  # two points are always on a line
        return None
    rows = np.array([row for _, row, _ in found])
    points, explained = principal_components(model.network.tables["word"].take(rows))
    return WordMap(
        [model.lexicon.values["word"][row - FIRST] for row in rows.tolist()],
        [label for _, _, label in found],
        [-count for count, _, _ in found],
        points,
        explained,
    )


def principal_components(
    vectors: npt.NDArray[np.floating], components: int = 2
) -> tuple[FloatArray, float]:
    """Project vectors onto their directions of largest variance.

    Parameters
    ----------
    vectors : float array, shape (n, d)
        The vectors, one per row.

    Returns
    -------
    float array, shape (n, components)
        The coordinates. The sign of a component is such that its largest number is positive; a
        component beyond the rank of the vectors is 0.
    float
        The share of the variance in these components.
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(vectors), components))
    n = min(components, len(s))
    points[:, :n] = u[:, :n] * s[:n]
    largest = points[np.abs(points).argmax(axis=0), np.arange(components)]
    variance = s**2
    return points * np.where(largest < 0, -1.0, 1.0), float(
        variance[:n].sum() / max(variance.sum(), np.finfo(np.float64).tiny)
    )


def _count_words(
    model: Model, sentences: Sequence[Sentence], gold: Sequence[Sequence[str]]
) -> Mapping[int, Counter[str]]:
    """Count the labels of each word, by its row of the word table."""
    pairs = Counter(
        chain.from_iterable(
            zip(sentence.tokens, tags, strict=True)
            for sentence, tags in zip(sentences, gold, strict=True)
        )
    )
    marks = [[""] * len(pairs) for _ in model.lexicon.gazetteers]  # not used for the word table
    rows = model.lexicon.ids([token for token, _ in pairs], marks)[:, 0].tolist()
    counts: dict[int, Counter[str]] = {}
    for row, ((_, tag), number) in zip(rows, pairs.items(), strict=True):
        label = tag if model.scheme is Scheme.PLAIN or tag == OUTSIDE else tag[2:]
        counts.setdefault(row, Counter())[label] += number
    return counts
