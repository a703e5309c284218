"""A paired bootstrap test of the difference of two F1.

Both systems have tagged the same units, which are documents or sentences. A bootstrap sample draws
as many units as there are, with replacement, and the same ones for both systems. The variation of
the difference over the samples shows how much it depends on the units that happen to be in the
corpus; it does not include the variation between seeds of training.

Sources: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 (percentile
intervals) and 16 (tests); Berg-Kirkpatrick, Burkett and Klein, "An Empirical Investigation of
Statistical Significance in NLP", EMNLP 2012; Holm, "A Simple Sequentially Rejective Multiple Test
Procedure", 1979.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray

SAMPLES = 10_000
SIGNIFICANT = 0.05
"""A p below this counts as significant."""
_BLOCK = 2**22  # number of units drawn at a time, about 30 MB


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The difference in F1 between a system and a baseline; negative if the system is worse.

    Parameters
    ----------
    f1 : float
        The difference of F1 on the text itself, from -1 to 1.
    low, high : float
        Its 95 % interval: the percentiles 2.5 and 97.5 of the differences on the samples.
    p : float
        Probability of a difference at least as large, in either direction, by chance alone.
    """

    f1: float
    low: float
    high: float
    p: float


def f1(counts: IntArray | FloatArray) -> FloatArray:
    """Compute ``F1 = 2 correct / (predicted + gold)``, or 0 without any spans.

    Parameters
    ----------
    counts : array, shape (..., 3)
        Numbers of correct, predicted and gold spans.
    """
    either = counts[..., 1] + counts[..., 2]
    found: FloatArray = np.zeros(either.shape)
    np.divide(2.0 * counts[..., 0], either, out=found, where=either > 0)
    return found


def resampled_f1(counts: IntArray, samples: int = SAMPLES, seed: int = 1) -> FloatArray:
    """Compute F1 on bootstrap samples of the units, shape (samples, ...).

    A sample gives each unit a weight, the number of times it was drawn. The weights are multinomial
    with ``n`` draws of equal probability; their product with the counts of the units is the counts
    of the sample.

    Parameters
    ----------
    counts : int array, shape (n, ..., 3)
        Numbers of correct, predicted and gold spans of each unit, for any systems and labels.
    seed : int
        The same seed draws the same units.
    """
    rng = np.random.default_rng(seed)
    n = len(counts)
    if not n:
        return np.zeros((samples, *counts.shape[1:-1]))
    flat = counts.reshape(n, -1).astype(np.float64)
    size = max(1, _BLOCK // n)
    found = []
    for begin in range(0, samples, size):
        rows = min(size, samples - begin)
        drawn = rng.integers(n, size=(rows, n)) + n * np.arange(rows)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
        found.append(f1((weights @ flat).reshape(rows, *counts.shape[1:])))
    return np.concatenate(found)


def difference(given: float, resampled: FloatArray) -> Difference:
    """Compute the interval and the p of a difference from its values on the samples.

    If the systems were equally good, the differences on the samples would vary about 0 as they now
    vary about the observed one. Therefore ``p = (1 + #{b : |d_b - d| ≥ |d|}) / (B + 1)``, which
    counts the text itself as one more sample.

    Parameters
    ----------
    given : float
        The difference ``d`` on the text itself.
    resampled : float array, shape (B,)
        The differences ``d_b`` on the samples.
    """
    low, high = np.percentile(resampled, [2.5, 97.5])
    # Differences that are mathematically equal often differ in the last bit.
    as_large = np.abs(resampled - given) >= abs(given) - 1e-12
    p = (1 + int(np.count_nonzero(as_large))) / (len(resampled) + 1)
    return Difference(f1=given, low=float(low), high=float(high), p=p)


def holm(p: Sequence[float]) -> list[float]:
    """Correct the p of several tests, so that one in 20 *families* finds a difference by chance.

    The smallest of ``m`` is multiplied by ``m``, the next by ``m - 1`` and so on; none becomes
    smaller than the one before it.
    """
    order = np.argsort(p, kind="stable")
    raised = np.asarray(p, dtype=np.float64)[order] * np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return [float(value) for value in corrected]
