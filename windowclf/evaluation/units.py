"""A text cut into the units that a bootstrap draws, and the spans that a model finds in each."""

from collections.abc import Sequence
from itertools import groupby
from typing import Literal

import numpy as np

from windowclf.documents.sentence import Sentence
from windowclf.evaluation.metrics import Counts, Scores, score
from windowclf.model.model import Model
from windowclf.nn.arrays import IntArray
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme

FEWEST_DOCUMENTS = 20
"""Of fewer, sentences are drawn: samples of a handful of documents tell too little."""

Unit = Literal["documents", "sentences"]


def text_units(sentences: Sequence[Sentence]) -> tuple[list[slice], Unit]:
    """Cut a text into documents if there are enough of them, else into sentences."""
    alone = [slice(i, i + 1) for i in range(len(sentences))]
    numbered = [
        (sentence.document is None, i if sentence.document is None else sentence.document)
        for i, sentence in enumerate(sentences)
    ]
    lengths = [len(list(group)) for _, group in groupby(numbered)]
    if len(lengths) < FEWEST_DOCUMENTS or len(lengths) == len(sentences):
        return alone, "sentences"
    ends = np.cumsum(lengths).tolist()
    return [slice(end - n, end) for n, end in zip(lengths, ends, strict=True)], "documents"


def score_units(
    model: Model, sentences: Sequence[Sentence], scheme: Scheme, units: Sequence[slice]
) -> list[Scores]:
    """Score a model on each unit; the counts add up to those of the whole text."""
    source = Scheme.PLAIN if model.scheme is Scheme.PLAIN else scheme
    gold = [model.gold_tags(sentence.tags or (), source) for sentence in sentences]
    chunks = Tagger(model).chunks(
        [sentence.tokens for sentence in sentences], [sentence.document for sentence in sentences]
    )
    predicted = [tags for chunk in chunks for tags in chunk.own_tags()]
    return [score(gold[unit], predicted[unit], model.scheme) for unit in units]


def unit_counts(runs: Sequence[Sequence[Scores]], labels: Sequence[str]) -> IntArray:
    """Put the counts of several models into one array.

    Parameters
    ----------
    runs : sequence of lists of Scores
        Of each model, from `score_units`, ``n`` units each.
    labels : sequence of str

    Returns
    -------
    int array, shape (n, runs, 1 + labels, 3)
        Correct, predicted and gold spans: first of all labels together, then of each.
    """
    none = Counts(gold=0, predicted=0, correct=0)
    cells = [
        (counts.correct, counts.predicted, counts.gold)
        for run in runs
        for scores in run
        for counts in (scores.total, *(scores.types.get(label, none) for label in labels))
    ]
    by_run = np.array(cells, dtype=np.int64).reshape(len(runs), -1, 1 + len(labels), 3)
    return np.moveaxis(by_run, 0, 1)
