"""How good the model of a round is, by the passages that are set aside, and what more would bring.

No model of the loop learns from these passages, and they are drawn at random. So the F1 on them is
the one to expect on the rest of the text.
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
"""Names to find below which no F1 is given: it would be a guess."""
FURTHER = (2, 4, 4)
"""Correct, predicted and gold names of one more document, for the interval alone: that nothing of
ten names was found does not mean that nothing will be. Agresti and Coull add two right ones and two
wrong ones to a share ("Approximate Is Better than 'Exact'", The American Statistician 1998)."""
STEP = 1.4
"""The sizes of a learning curve differ by this factor at the least: rounds that follow one another
closely differ by chance more than by what was learned."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The F1 of a model on the passages that are set aside.

    Parameters
    ----------
    sentences : int
    labels : dict of str to Counts
        By label.
    f1, low, high : float
        From 0 to 1, with the 95 % interval.
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
    """Hold what a model finds against what was labelled, see `count_spans`.

    Parameters
    ----------
    sentences : sequence of Sentence
        With tags in IOB2.
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
        In order. Of those that were measured the last one counts, and of those before it each that
        has fewer sentences by the factor `STEP`.
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
    """Say what twice the sentences would bring; None as long as there is no forecast."""
    curve = learning_curve(rounds)
    return forecast_in_words(curve) if curve and curve.forecast else None
