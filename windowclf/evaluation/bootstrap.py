"""Whether a difference of F1 is more than chance: a paired bootstrap test.

Both systems have tagged the same units, documents or sentences. A bootstrap sample draws as many
units as there are, with replacement, the same ones for both systems. How the difference of their F1
varies over the samples tells how far it depends on the units that happen to be in the corpus; it
says nothing of what another seed of training would have given.

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
"""A p under this is called significant."""
_BLOCK = 2**22  # drawn units at a time: some 30 MB


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """By how much one system is better than another; negative where it is worse.

    Parameters
    ----------
    f1 : float
        The difference of F1 on the text itself, from -1 to 1.
    low, high : float
        Its 95 % interval: the percentiles 2.5 and 97.5 of the differences of the samples.
    p : float
        How often chance alone would give a difference at least as large, in either direction.
    """

    f1: float
    low: float
    high: float
    p: float


def f1(counts: IntArray | FloatArray) -> FloatArray:
    """Compute ``F1 = 2 correct / (predicted + gold)``, 0 where there is neither.

    Parameters
    ----------
    counts : array, shape (..., 3)
        Correct, predicted and gold spans.
    """
    either = counts[..., 1] + counts[..., 2]
    found: FloatArray = np.zeros(either.shape)
    np.divide(2.0 * counts[..., 0], either, out=found, where=either > 0)
    return found


def resampled_f1(counts: IntArray, samples: int = SAMPLES, seed: int = 1) -> FloatArray:
    """Compute F1 on bootstrap samples of the units, shape (samples, ...).

    A sample is a weight for each unit, how often it was drawn. Its counts are the product of the
    weights, multinomial with ``n`` draws of equal chance, and the counts of the units.

    Parameters
    ----------
    counts : int array, shape (n, ..., 3)
        Correct, predicted and gold spans of each unit, of as many systems and labels as there are.
    seed : int
        The same one draws the same units.
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
    """Judge the difference of two systems by what it came to on the samples.

    If the systems were equally good, the differences of the samples would lie about 0 as they now
    lie about the one that was found, so
    ``p = (1 + #{b : |d_b - d| ≥ |d|}) / (B + 1)``, which the text itself counts as a sample of.

    Parameters
    ----------
    given : float
        ``d``, on the text itself.
    resampled : float array, shape (B,)
        ``d_b``, on the samples.
    """
    low, high = np.percentile(resampled, [2.5, 97.5])
    # Differences that are equal on paper are often not equal to the last bit.
    as_large = np.abs(resampled - given) >= abs(given) - 1e-12
    p = (1 + int(np.count_nonzero(as_large))) / (len(resampled) + 1)
    return Difference(f1=given, low=float(low), high=float(high), p=p)


def holm(p: Sequence[float]) -> list[float]:
    """Correct the p of several tests, so that one in 20 *families* finds a difference by chance.

    The smallest of ``m`` is multiplied by ``m``, the next by ``m - 1`` and so on, and none gets
    smaller than one before it.
    """
    order = np.argsort(p, kind="stable")
    raised = np.asarray(p, dtype=np.float64)[order] * np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return [float(value) for value in corrected]
