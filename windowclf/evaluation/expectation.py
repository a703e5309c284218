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

# Provisional: set by hand after 15 trainings on 50 or 100 sentences of seven corpora, and their dev
# texts. To be chosen so that the F1 on a dev text lies in the interval 19 times in 20.
LEARNING = 0.2
"""The odds ``F1 / (1 - F1)`` rise as this power of the number of training sentences."""
OTHER_TEXT = 1.0
"""The variance of what another text has of its own, as a multiple of that of the sentences."""
BETWEEN_TRAININGS = 0.03
"""The standard deviation of what no sample of the text tells: of seeds, and of kinds of text."""


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


def expect(counts: IntArray, share: float) -> Expectation:
    """Estimate the F1 on new text of a model that learned from all sentences.

    Where the held-out sentences have ``F``, new text has about ``F'`` with
    ``F' / (1 - F') = F / (1 - F) · share^-LEARNING``, since the folds' networks have read less. Its
    variance is ``(1 + OTHER_TEXT) · v + BETWEEN_TRAININGS²``, where ``v`` is that of ``F`` over
    bootstrap samples of the units.

    Parameters
    ----------
    counts : int array, shape (n, 3)
        Correct, predicted and gold spans of each unit that was held out.
    share : float
        Of the training sentences, those that each fold's network learned from.
    """
    F = float(f1(counts.sum(axis=0)))
    value = F / (F + (1 - F) * share**LEARNING)
    variance = float(np.var(resampled_f1(counts, SAMPLES)))
    half = NORMAL * float(np.sqrt((1 + OTHER_TEXT) * variance + BETWEEN_TRAININGS**2))
    return Expectation(value, max(value - half, 0.0), min(value + half, 1.0))


def by_unit(counts: IntArray, units: IntArray) -> IntArray:
    """Add the counts of sentences up, shape (S, ...), by the unit that each belongs to."""
    distinct, which = np.unique(units, return_inverse=True)
    found = np.zeros((len(distinct), *counts.shape[1:]), dtype=counts.dtype)
    np.add.at(found, which, counts)
    return found
