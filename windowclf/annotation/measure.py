"""The F1 of a round's model on the set-aside passages, and a forecast for more sentences.

The set-aside passages are drawn at random, and no model in the loop is trained on them. Therefore
the F1 on them is what to expect on the rest of the text.
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec
import numpy as np

from windowclf.annotation.entries import Round
from windowclf.documents.sentence import Sentence
from windowclf.evaluation.bootstrap import f1 as f1_of
from windowclf.evaluation.comparison import resampling_units
from windowclf.evaluation.evaluate import SpanCounts, count_spans
from windowclf.evaluation.expectation import by_unit, expect
from windowclf.evaluation.learning_curve import LearningCurve, Trained, make_curve
from windowclf.reports.wording import forecast_in_words
from windowclf.tagging.tagger import Tagger
from windowclf.tags.counts import Counts
from windowclf.tags.schemes import Scheme, spans

FEWEST_NAMES = 10
"""Minimum number of gold names for which an F1 is reported; with fewer it would be a guess."""
FURTHER = (2, 4, 4)
"""Correct, predicted and gold names of one document that is added for the interval alone: a model
that found none of ten names may still find others. Agresti and Coull add two successes and two
failures to a proportion ("Approximate Is Better than 'Exact'", The American Statistician 1998)."""
STEP = 1.4
"""Minimum ratio between consecutive sizes of a learning curve, because rounds of similar sizes
differ by chance more than by what was learned."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The F1 of a model on the set-aside passages.

    Parameters
    ----------
    sentences : int
        Number of sentences that were scored.
    labels : dict of str to Counts
        The counts of each label.
    f1, low, high : float
        F1 and its 95 % interval, from 0 to 1.
    """

    sentences: int
    labels: dict[str, Counts]
    f1: float
    low: float
    high: float

    @property
    def total(self) -> Counts:
        """The counts of all labels together."""
        found = self.labels.values()
        return Counts(
            gold=sum(each.gold for each in found),
            predicted=sum(each.predicted for each in found),
            correct=sum(each.correct for each in found),
        )


def count(
    tagger: Tagger, sentences: Sequence[Sentence], lacks: Sequence[Collection[str]]
) -> tuple[list[str], SpanCounts]:
    """Compare the predictions of a model with the labels, see `count_spans`.

    Parameters
    ----------
    sentences : sequence of Sentence
        Sentences with IOB2 tags.
    lacks : sequence of collections of str
        The labels that each sentence does not annotate.

    Returns
    -------
    labels : list of str
        The order of the labels in the counts.
    counts : SpanCounts
    """
    gold = [{*spans(sentence.tags or (), Scheme.IOB2)} for sentence in sentences]
    labels = sorted({span.label for found in gold for span in found} | {*tagger.finder.labels})
    return labels, count_spans(tagger, sentences, gold, labels, lacks)


def measure(
    sentences: Sequence[Sentence], labels: Sequence[str], found: SpanCounts
) -> Measured | None:
    """Measure the F1 of what `count` found; None if there are too few names for that."""
    by_label = found.counts.sum(axis=0)
    if by_label[:, 2].sum() < FEWEST_NAMES:
        return None
    units, _ = resampling_units(sentences)
    which = np.repeat(np.arange(len(units)), [unit.stop - unit.start for unit in units])
    counts = by_unit(found.counts.sum(axis=1), which)
    f1 = float(f1_of(counts.sum(axis=0)))
    expected = expect(np.concatenate([counts, [FURTHER]]))
    return Measured(
        sentences=len(sentences),
        labels={
            label: Counts(gold=gold, predicted=predicted, correct=correct)
            for label, (correct, predicted, gold) in zip(labels, by_label.tolist(), strict=True)
        },
        f1=f1,
        low=min(expected.low, f1),
        high=max(expected.high, f1),
    )


def learning_curve(rounds: Iterable[Round]) -> LearningCurve | None:
    """Draw the F1 of rounds against the sentences that they learned from.

    Parameters
    ----------
    rounds : iterable of Round
        All rounds, in order. The curve has the last measured one, and before it those whose
        sentences are fewer by at least the factor `STEP`.
    """
    kept: list[Round] = []
    for point in reversed([each for each in rounds if each.f1 is not None]):
        if not kept or point.sentences * STEP <= kept[-1].sentences:
            kept.append(point)
    if not kept:
        return None
    trained = [
        Trained(
            repeat=1,
            sentences=point.sentences,
            tokens=point.tokens,
            spans=point.names,
            f1=point.f1 or 0.0,
        )
        for point in kept
    ]
    return make_curve(trained, "held out")


def advice(rounds: Iterable[Round]) -> str | None:
    """Describe what twice the sentences would bring; None if there is no forecast yet."""
    curve = learning_curve(rounds)
    return forecast_in_words(curve) if curve and curve.forecast else None
