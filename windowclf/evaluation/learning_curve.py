"""F1 against the number of training sentences, and a forecast for twice as many.

The interval of the forecast has three sources. F1 differs between trainings: the curve is resampled
many times about its points, by the spread of the repeats. How fast the curve flattens is uncertain:
half of these curves are fitted to all sizes, half only to the last three. And the law may not hold:
it is also fitted without the last size and without the last two, and half of its error for the next
size is taken as its error for twice the sentences.

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
"""Smallest number of sizes that determines a law."""
LEAST_F1 = 0.05
"""Trainings below this F1 have hardly begun to learn and do not allow a forecast."""
LITTLE = 0.02
"""A gain that is certainly smaller than this, two points of F1, is reported as little."""
_SAMPLES = 1_000
_BORROWED = 4  # degrees of freedom of the variance shared by all sizes, added to those of each
_LEAST_DEVIATION = 0.002  # smallest deviation of F1: repeats may agree by chance
_LONE_DEVIATION = 0.02  # smallest deviation of F1 with a single repeat
_LAW_DEVIATION = 0.01  # deviation from the law at the largest size; twice that at half of it, etc.
_LESSER = 0.5  # a doubling gains less than the one before, and the law's error is smaller, too


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one training.

    Parameters
    ----------
    repeat : int
        Number of the repeat, from 1.
    sentences, tokens, spans : int
        Size of the training text, with the number of labelled spans.
    f1 : float
        F1 from 0 to 1.
    """

    repeat: int
    sentences: int
    tokens: int
    spans: int
    f1: float


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """All trainings with the same number of sentences.

    Parameters
    ----------
    sentences : int
        Number of training sentences.
    tokens, spans : int
        Means over the repeats.
    f1 : list of float
        F1 of each repeat, from 0 to 1.
    mean : float
        Mean of `f1`.
    low, high : float, optional
        The 95 % interval of the mean by Student's t; None with a single repeat. The variance of
        each size is moderated by the mean variance of all sizes.
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
        """Compute the F1 for a number of sentences, at least 0."""
        found: float = max(self.a - self.b * sentences**-self.c, 0.0)
        return found


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """The forecast of the law for twice the sentences.

    Parameters
    ----------
    sentences : int
        Number of sentences of the forecast.
    f1, low, high : float
        Mean F1 on the same text of trainings with this number of sentences, and its 95 % interval.
    gain, gain_low, gain_high : float
        Difference to the law's F1 at the largest size of the curve, and its 95 % interval.
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
        """Whether the gain is less than `LITTLE`, even at the upper end of its interval."""
        return self.gain_high < LITTLE


class LearningCurve(msgspec.Struct, frozen=True, kw_only=True):
    """F1 against the number of training sentences.

    Parameters
    ----------
    scored_on : {"test", "dev", "held out"}
        The text on which F1 was measured.
    points : list of CurvePoint
        Points in order of size.
    law : Law, optional
        The fitted law; None with fewer than `FEWEST_SIZES` sizes, or if the F1 at the largest one
        is below `LEAST_F1`.
    forecast : Forecast, optional
        The forecast; None without a law.
    """

    scored_on: str
    points: list[CurvePoint]
    law: Law | None = None
    forecast: Forecast | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the curve as plain dictionaries, with F1 from 0 to 1."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


def make_curve(trained: Iterable[Trained], scored_on: str) -> LearningCurve:
    """Make a curve and its forecast from trainings.

    Parameters
    ----------
    trained : iterable of Trained
        Trainings in any order, with the same number of repeats for each size.
    scored_on : {"test", "dev", "held out"}
        The text on which F1 was measured.
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
        F1 of each repeat.
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
    """Fit laws; a size has less weight the further it is from the largest one."""
    distance = _LAW_DEVIATION * sentences[-1] / sentences
    return fit_laws(sentences, curves, 1 / (errors**2 + distance**2))


def _law_error(sentences: FloatArray, mean: FloatArray, errors: FloatArray) -> float:
    """Estimate the error of the law at twice its largest size."""
    if len(mean) == FEWEST_SIZES:
        # No size is left to test the law, so its error may be half of the last step.
        return float(_LESSER * abs(mean[-1] - mean[-2]))
    missed = []
    for there in range(max(FEWEST_SIZES, len(mean) - 2), len(mean)):
        laws = _fit(sentences[:there], mean[None, :there], errors[:there])
        # The error grows with the distance; scale it to that of a double size.
        doublings = np.log2(sentences[there] / sentences[there - 1])
        missed.append((mean[there] - laws.at(sentences[there])[0]) / max(doublings, 0.5))
    return _LESSER * float(np.sqrt(np.mean(np.square(missed))))


def _moderated(f1: FloatArray) -> tuple[FloatArray, int]:
    """Estimate the variance of each size's repeats; return its degrees of freedom, too.

    Each variance is shrunk towards the mean variance, because few repeats may agree by chance, and
    all repeats of the largest size may have the same sentences.
    """
    own = f1.shape[1] - 1
    variance = f1.var(axis=1, ddof=1)
    moderated = (own * variance + _BORROWED * variance.mean()) / (own + _BORROWED)
    return np.maximum(moderated, _LEAST_DEVIATION**2), own + _BORROWED


def _margins(f1: FloatArray) -> FloatArray:
    """Compute half of the 95 % interval of each size's mean; 0 with a single repeat."""
    from scipy.stats import t

    repeats = f1.shape[1]
    if repeats == 1:
        return np.zeros(len(f1))
    variance, freedom = _moderated(f1)
    margins: FloatArray = t.ppf(0.975, freedom) * np.sqrt(variance / repeats)
    return margins


def _errors(sentences: FloatArray, f1: FloatArray) -> FloatArray:
    """Estimate the standard error of each size's mean.

    With a single repeat, only the distance of the points from a law is known.
    """
    repeats = f1.shape[1]
    if repeats > 1:
        variance, freedom = _moderated(f1)
        # The normal distribution with the variance of Student's t.
        errors: FloatArray = np.sqrt(variance / repeats * freedom / (freedom - 2))
        return errors
    laws = fit_laws(sentences, f1.T, np.ones(len(f1)))
    residuals = f1[:, 0] - np.array([laws.at(size)[0] for size in sentences])
    spread = np.sqrt(np.sum(residuals**2) / max(len(f1) - FEWEST_SIZES, 1))
    return np.full(len(f1), max(float(spread), _LONE_DEVIATION))
