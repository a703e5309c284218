"""F1 against the number of training sentences, and what twice as many would bring.

The interval of the forecast has three parts. F1 differs from training to training: the curve is
drawn anew many times about its points, by the spread of the repeats. How fast the curve flattens is
uncertain: half of these curves are fitted at all sizes, half at the last three alone. And the law
may not hold: it is also fitted without the last size, and without the last two, and half of the
error with which it then predicts the next size is taken for its error at twice the sentences.

Sources: those of `windowclf.evaluation.power_law`; Smyth, "Linear Models and Empirical Bayes
Methods", 2004, for variances of few repeats, which borrow from each other; Efron and Tibshirani,
"An Introduction to the Bootstrap", 1993, chapter 6, for the parametric bootstrap.
"""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import msgspec
import numpy as np

from windowclf.evaluation.power_law import PowerLaws, fit_laws
from windowclf.nn.arrays import FloatArray

FEWEST_SIZES = 3
"""The fewest sizes that determine a law."""
LEAST_F1 = 0.05
"""Trainings that come to less have hardly begun to learn, and tell nothing of what follows."""
LITTLE = 0.02
"""A gain that is certainly less than this is called little: two points of F1."""
_SAMPLES = 1_000
_BORROWED = 4  # degrees of freedom of the variance that all sizes share, beside those of each
_LEAST_DEVIATION = 0.002  # of F1; repeats that agree by chance do not make a point certain
_LONE_DEVIATION = 0.02  # of F1, at the least, where there is one repeat
_LAW_DEVIATION = 0.01  # of the law at the largest size; twice that at half of it, and so on
_LESSER = 0.5  # a doubling brings less than the one before, and the law misses it by less


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """What one training came to.

    Parameters
    ----------
    repeat : int
        Counted from 1.
    sentences, tokens, spans : int
        What it was trained on; spans are those that have a label.
    f1 : float
        From 0 to 1.
    """

    repeat: int
    sentences: int
    tokens: int
    spans: int
    f1: float


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """All trainings on as many sentences.

    Parameters
    ----------
    sentences : int
    tokens, spans : int
        Means over the repeats.
    f1 : list of float
        Of each repeat, from 0 to 1.
    mean : float
    low, high : float, optional
        The 95 % interval of the mean by Student's t; None if there is one repeat. The variance is
        that of the size, moderated by the mean variance of all sizes.
    """

    sentences: int
    tokens: int
    spans: int
    f1: list[float]
    mean: float
    low: float | None = None
    high: float | None = None


class Law(msgspec.Struct, frozen=True, kw_only=True):
    """The law that fits the points best: ``F1(n) = a - b n^-c``."""

    a: float
    b: float
    c: float

    def at(self, sentences: float) -> float:
        """Compute the F1 after so many sentences, at least 0."""
        found: float = max(self.a - self.b * sentences**-self.c, 0.0)
        return found


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What twice the sentences would bring, by the law.

    Parameters
    ----------
    sentences : int
    f1, low, high : float
        The mean F1 of trainings on as many, on the same text, and its 95 % interval.
    gain, gain_low, gain_high : float
        By how much it is above the F1 of the law at the largest size of the curve.
    """

    sentences: int
    f1: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float

    @property
    def is_certain(self) -> bool:
        """Whether the gain is larger than its uncertainty."""
        return self.gain_low > 0

    @property
    def is_little(self) -> bool:
        """Whether the gain is less than `LITTLE`, even at the end of its interval."""
        return self.gain_high < LITTLE


class LearningCurve(msgspec.Struct, frozen=True, kw_only=True):
    """F1 against the number of training sentences.

    Parameters
    ----------
    scored_on : {"test", "dev", "held out"}
        The text on which F1 was measured.
    points : list of CurvePoint
        By size, the smallest first.
    law : Law, optional
        None with fewer than `FEWEST_SIZES` sizes, or less than `LEAST_F1` at the largest one, and
        then there is no forecast.
    forecast : Forecast, optional
    """

    scored_on: str
    points: list[CurvePoint]
    law: Law | None = None
    forecast: Forecast | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the curve as plain dictionaries, F1 from 0 to 1."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


def make_curve(trained: Iterable[Trained], scored_on: str) -> LearningCurve:
    """Make a curve of trainings, each size of which has as many repeats, and a forecast from it.

    Parameters
    ----------
    trained : iterable of Trained
        In any order.
    scored_on : {"test", "dev", "held out"}
    """

    def size(one: Trained) -> int:
        return one.sentences

    groups = [list(group) for _, group in groupby(sorted(trained, key=size), key=size)]
    f1 = np.array([[one.f1 for one in sorted(g, key=lambda one: one.repeat)] for g in groups])
    margin = _margins(f1)
    points = []
    for row, group, around in zip(f1, groups, margin.tolist(), strict=True):
        mean, repeated = float(row.mean()), len(group) > 1
        points.append(
            CurvePoint(
                sentences=group[0].sentences,
                tokens=round(sum(one.tokens for one in group) / len(group)),
                spans=round(sum(one.spans for one in group) / len(group)),
                f1=row.tolist(),
                mean=mean,
                low=max(mean - around, 0.0) if repeated else None,
                high=min(mean + around, 1.0) if repeated else None,
            )
        )
    if len(points) < FEWEST_SIZES or points[-1].mean < LEAST_F1:
        return LearningCurve(scored_on=scored_on, points=points)
    sizes = np.array([point.sentences for point in points], dtype=np.float64)
    law, forecast = forecast_double(sizes, f1)
    return LearningCurve(scored_on=scored_on, points=points, law=law, forecast=forecast)


def forecast_double(sentences: FloatArray, f1: FloatArray) -> tuple[Law, Forecast]:
    """Fit the law of a curve, and forecast F1 for twice its largest size.

    Parameters
    ----------
    sentences : float array, shape (K,)
        Sizes in ascending order, at least `FEWEST_SIZES` of them.
    f1 : float array, shape (K, R)
        Of each repeat.
    """
    last = float(sentences[-1])
    double = 2 * last
    mean = f1.mean(axis=1)
    errors = _errors(sentences, f1)
    fitted = _fit(sentences, mean[None], errors)
    law = Law(a=float(fitted.a[0]), b=float(fitted.b[0]), c=float(fitted.c[0]))
    rng = np.random.default_rng(0)
    ends, gains = [], []
    for first in {0, len(sentences) - FEWEST_SIZES}:
        own = slice(first, None)
        drawn = mean[own] + errors[own] * rng.standard_normal((_SAMPLES, len(mean[own])))
        laws = _fit(sentences[own], drawn, errors[own])
        ends.append(laws.at(double))
        gains.append(laws.at(double) - laws.at(last))
    end, gain = np.concatenate(ends), np.concatenate(gains)
    missed = _law_error(sentences, mean, errors) * rng.standard_normal(len(end))
    low, high = np.clip(np.percentile(end + missed, [2.5, 97.5]), 0.0, 1.0)
    gain_low, gain_high = np.percentile(gain + missed, [2.5, 97.5])
    at_double = law.at(double)
    forecast = Forecast(
        sentences=int(double),
        f1=at_double,
        low=float(min(low, at_double)),
        high=float(max(high, at_double)),
        gain=at_double - law.at(last),
        gain_low=float(gain_low),
        gain_high=float(gain_high),
    )
    return law, forecast


def _fit(sentences: FloatArray, curves: FloatArray, errors: FloatArray) -> PowerLaws:
    """Fit laws; the further a size is from the largest one, the less the law is held to it."""
    distance = _LAW_DEVIATION * sentences[-1] / sentences
    return fit_laws(sentences, curves, 1 / (errors**2 + distance**2))


def _law_error(sentences: FloatArray, mean: FloatArray, errors: FloatArray) -> float:
    """Estimate by how much the law misses a point at twice its largest size."""
    if len(mean) == FEWEST_SIZES:
        # Nothing is left to test the law on: it may be wrong by half of the last step.
        return float(_LESSER * abs(mean[-1] - mean[-2]))
    missed = []
    for there in range(max(FEWEST_SIZES, len(mean) - 2), len(mean)):
        laws = _fit(sentences[:there], mean[None, :there], errors[:there])
        # An error grows with the distance: that of a double size is wanted.
        doublings = np.log2(sentences[there] / sentences[there - 1])
        missed.append((mean[there] - laws.at(sentences[there])[0]) / max(doublings, 0.5))
    return _LESSER * float(np.sqrt(np.mean(np.square(missed))))


def _moderated(f1: FloatArray) -> tuple[FloatArray, int]:
    """Estimate the variance of each size's repeats; return its degrees of freedom, too.

    All repeats of the largest size may have the same sentences, and few repeats may agree by
    chance: so each variance is drawn toward the mean one.
    """
    own = f1.shape[1] - 1
    variance = f1.var(axis=1, ddof=1)
    moderated = (own * variance + _BORROWED * variance.mean()) / (own + _BORROWED)
    return np.maximum(moderated, _LEAST_DEVIATION**2), own + _BORROWED


def _margins(f1: FloatArray) -> FloatArray:
    """Compute half of the 95 % interval of each size's mean; 0 if there is one repeat."""
    from scipy.stats import t

    repeats = f1.shape[1]
    if repeats == 1:
        return np.zeros(len(f1))
    variance, freedom = _moderated(f1)
    margins: FloatArray = t.ppf(0.975, freedom) * np.sqrt(variance / repeats)
    return margins


def _errors(sentences: FloatArray, f1: FloatArray) -> FloatArray:
    """Estimate the standard error of each size's mean.

    Of one repeat nothing is known but how far the points lie from a law.
    """
    repeats = f1.shape[1]
    if repeats > 1:
        variance, freedom = _moderated(f1)
        # A normal distribution with the tails of Student's t at 95 %.
        errors: FloatArray = np.sqrt(variance / repeats * freedom / (freedom - 2))
        return errors
    laws = fit_laws(sentences, f1.T, np.ones(len(f1)))
    residuals = f1[:, 0] - np.array([laws.at(size)[0] for size in sentences])
    spread = np.sqrt(np.sum(residuals**2) / max(len(f1) - FEWEST_SIZES, 1))
    return np.full(len(f1), max(float(spread), _LONE_DEVIATION))
