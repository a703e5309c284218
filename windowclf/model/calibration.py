"""Calibration: of the spans with a confidence of 0.8, eight in ten should be right.

It is measured by the expected calibration error (Naeini et al. 2015; Guo et al. 2017) and improved
by Platt scaling (1999), fitted with the corrections of Lin, Lin and Weng (2007).
"""

from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

_FloatArray = NDArray[np.floating[Any]]
_BoolArray = NDArray[np.bool_]

_EDGE = 1e-6  # probabilities are clipped this far from 0 and 1, so that they have a logit
_FEWEST = 50  # fewer entities do not determine a slope
_LOWEST_SLOPE = 0.05
_LARGEST = 1e100  # small enough that no correction overflows


class Reliability(NamedTuple):
    """Accuracy of confidences in bins of equal width, from 0 to 1.

    Attributes
    ----------
    counts : int array, shape (bins,)
        Number of confidences in each bin.
    confidence, accuracy : float array, shape (bins,)
        Mean confidence and fraction correct; 0 in an empty bin.
    """

    counts: NDArray[np.intp]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def reliability(confidence: _FloatArray, correct: _BoolArray, bins: int = 10) -> Reliability:
    """Sort confidences into bins, as for a reliability diagram.

    Parameters
    ----------
    confidence : float array, shape (M,)
        Confidences from 0 to 1.
    correct : bool array, shape (M,)
        Whether each prediction is right.
    bins : int
        Number of bins ``n``. Bin ``b`` contains the confidences above ``(b-1)/n`` and up to
        ``b/n``; the first bin also contains 0.
    """
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    place = np.searchsorted(edges, confidence, side="left")
    counts = np.bincount(place, minlength=bins)
    some = np.maximum(counts, 1)
    return Reliability(
        counts,
        np.bincount(place, confidence, minlength=bins) / some,
        np.bincount(place, correct, minlength=bins) / some,
    )


def expected_calibration_error(
    confidence: _FloatArray, correct: _BoolArray, bins: int = 10
) -> float:
    """Compute ``Σ_b n_b/M |accuracy_b - confidence_b|`` over the bins of `reliability`.

    Parameters
    ----------
    confidence : float array, shape (M,)
    correct : bool array, shape (M,)

    Returns
    -------
    float
        The error, from 0 (best) to 1; 0 without any confidences.
    """
    found = reliability(confidence, correct, bins)
    gaps = np.abs(found.accuracy - found.confidence)
    return float(found.counts @ gaps / max(len(confidence), 1))


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Corrects probabilities: ``g(slope · logit(p) + intercept)`` with the logistic ``g``.

    Parameters
    ----------
    slope : float
        Slope above 0, so that the order of probabilities does not change.
    """

    slope: Annotated[float, Meta(gt=0.0, le=_LARGEST)] = 1.0
    intercept: Annotated[float, Meta(ge=-_LARGEST, le=_LARGEST)] = 0.0

    def __call__(self, p: _FloatArray) -> _FloatArray:
        """Correct probabilities, an array of any shape; slope 1 and intercept 0 change nothing."""
        if self == Calibration():
            return p
        corrected: _FloatArray = np.exp(-np.logaddexp(0, -self.slope * _logit(p) - self.intercept))
        return corrected


def fit_calibration(p: _FloatArray, correct: _BoolArray) -> Calibration:
    """Find the slope and the intercept with maximum likelihood.

    The targets are Platt's, ``(N₊+1)/(N₊+2)`` and ``1/(N₋+2)`` in place of 1 and 0, so the best
    slope is finite even if a threshold separates right from wrong.

    Parameters
    ----------
    p : float array, shape (M,)
        Probabilities on data that the model was not trained on.
    correct : bool array, shape (M,)
        Whether each prediction is right.

    Returns
    -------
    Calibration
        The identity if there are fewer than 50 probabilities, or all are right or all wrong. If
        the best slope is below 0.05 (higher probabilities are not right more often), the slope is
        0.05 with the best intercept for it, which gives nearly the same number for all.
    """
    positive = int(np.count_nonzero(correct))
    negative = len(correct) - positive
    if positive + negative < _FEWEST or not positive or not negative:
        return Calibration()
    target = np.where(correct, (positive + 1) / (positive + 2), 1 / (negative + 2))
    x = _logit(p)
    one = np.ones_like(x)
    slope, intercept = _logistic_regression(np.stack([x, one], axis=1), target, np.zeros_like(x))
    if slope < _LOWEST_SLOPE:  # the likelihood is concave, so the bound is the best allowed slope
        slope = _LOWEST_SLOPE
        (intercept,) = _logistic_regression(one[:, None], target, slope * x)
    return Calibration(float(slope), float(intercept))


def _logit(p: _FloatArray) -> NDArray[np.float64]:
    p = np.clip(p.astype(np.float64), _EDGE, 1 - _EDGE)
    logit: NDArray[np.float64] = np.log(p) - np.log1p(-p)
    return logit


def _logistic_regression(
    X: NDArray[np.float64], target: NDArray[np.float64], offset: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Minimise ``J``, the mean of ``log(1 + exp z) - target · z`` with ``z = X w + offset``.

    Newton's method starts from ``w = 0``; X has the shape (M, d). A step that gains too little is
    halved, because far from the optimum a full step may overshoot.
    """

    def loss(w: NDArray[np.float64]) -> float:
        z = X @ w + offset
        return float(np.mean(np.logaddexp(0, z) - target * z))

    w = np.zeros(X.shape[1])
    J = loss(w)
    for _ in range(100):  # usually ten are enough
        g = np.exp(-np.logaddexp(0, -(X @ w + offset)))
        gradient = X.T @ (g - target) / len(X)
        # The ridge is needed if columns are multiples of one another: all probabilities are equal.
        hessian = (X.T * (g * (1 - g))) @ X / len(X) + 1e-12 * np.eye(len(w))
        step = -np.linalg.solve(hessian, gradient)
        gain = float(-gradient @ step)  # twice the expected gain of a full step
        if gain < 1e-10:
            return w + step
        while (J_next := loss(w + step)) > J - 1e-4 * gain and gain > 1e-14:
            step, gain = step / 2, gain / 2
        w, J = w + step, J_next
    return w
