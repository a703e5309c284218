"""The F1 to expect of a model on new text, by what networks said of sentences kept from them.

The counts of all folds are added up, and F1 computed once: a mean of the F1 of small folds would
depend on how they happen to be cut.

Source: Forman and Scholz, "Apples-to-Apples in Cross-Validation Studies", SIGKDD Explorations 2010.
"""

from typing import NamedTuple

import numpy as np

from windowclf.evaluation.bootstrap import SIGNIFICANT, difference, f1, holm, resampled_f1
from windowclf.nn.arrays import IntArray

SAMPLES = 2_000
NORMAL = 1.96
"""Standard deviations on each side that hold 95 % of a normal distribution."""

# Chosen by maximum likelihood on 42 trainings on 50 to 200 random sentences of twelve corpora, and
# the F1 on their dev texts; see docs/explanation/few-labels.md.
OF_SAMPLE = 1.5
"""The variance of F1 over samples of the held-out sentences counts so often: once for them, and
half for the other text, which has more."""
OF_KIND = 0.07
"""The standard deviation, at an F1 of 0.5, of what no sample of the text shows: that the other
text is of another kind, and what is drawn at random in training."""


class Expectation(NamedTuple):
    """An expected F1, from 0 to 1, and its 95 % interval."""

    f1: float
    low: float
    high: float


def choose_epoch(counts: IntArray) -> int:
    """Choose the epoch at which a training stops.

    The rate falls to zero, so that the last epoch is about the best, and the best of many is
    partly so by chance. So an earlier one is chosen only if its F1 is higher than that of the last
    one by more than chance: if a paired bootstrap test over the units, corrected for the number of
    epochs as Holm does, finds it significant. Of several such epochs the best is chosen.

    Parameters
    ----------
    counts : int array, shape (n, E, 3)
        Correct, predicted and gold spans of each unit, after each of ``E`` epochs.

    Returns
    -------
    int
        Its place among them.
    """
    found = f1(counts.sum(axis=0))
    last = len(found) - 1
    gains = found[:-1] - found[-1]
    if not (gains > 0).any():
        return last
    resampled = resampled_f1(counts, SAMPLES)
    p = holm([
        difference(float(gain), resampled[:, e] - resampled[:, -1]).p
        for e, gain in enumerate(gains)
    ])  # fmt: skip
    better = [e for e, gain in enumerate(gains) if gain > 0 and p[e] < SIGNIFICANT]
    return max(better, key=lambda e: found[e], default=last)


def expect(counts: IntArray) -> Expectation:
    """Estimate the F1 on new text of a model that learned from all sentences.

    It is the F1 ``F`` on the held-out sentences. That the model has read more of them than the
    networks of the folds was less than could be measured. Its variance is
    ``OF_SAMPLE · v + OF_KIND² · 4 F (1 - F)``, where ``v`` is that of ``F`` over bootstrap samples
    of the units; the second part falls towards 0 and 1, as that of a share does, but no further
    than at 0.1 and 0.9: that the networks of the folds find nothing does not mean that nothing will
    be found.

    Parameters
    ----------
    counts : int array, shape (n, 3)
        Correct, predicted and gold spans of each unit that was held out.
    """
    F = float(f1(counts.sum(axis=0)))
    sampled = float(np.var(resampled_f1(counts, SAMPLES)))
    inner = min(max(F, 0.1), 0.9)
    half = NORMAL * float(np.sqrt(OF_SAMPLE * sampled + OF_KIND**2 * 4 * inner * (1 - inner)))
    return Expectation(F, max(F - half, 0.0), min(F + half, 1.0))


def by_unit(counts: IntArray, units: IntArray) -> IntArray:
    """Add the counts of sentences up, shape (S, ...), by the unit that each belongs to."""
    distinct, which = np.unique(units, return_inverse=True)
    found = np.zeros((len(distinct), *counts.shape[1:]), dtype=counts.dtype)
    np.add.at(found, which, counts)
    return found
