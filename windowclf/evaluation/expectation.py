"""Estimate of a model's F1 on new text, from cross-validation.

The counts of all folds are added up, and F1 is computed once, because a mean over the F1 of small
folds would depend on how they happen to be cut.

Source: Forman and Scholz, "Apples-to-Apples in Cross-Validation Studies", SIGKDD Explorations 2010.
"""

from typing import NamedTuple

import numpy as np

from windowclf.evaluation.bootstrap import SIGNIFICANT, difference, f1, holm, resampled_f1
from windowclf.nn.arrays import IntArray

SAMPLES = 2_000
NORMAL = 1.96
"""Number of standard deviations on each side that cover 95 % of a normal distribution."""

# Chosen by maximum likelihood on 42 trainings on 50 to 200 random sentences of twelve corpora, and
# the F1 on their dev texts; see docs/explanation/few-labels.md.
OF_SAMPLE = 1.5
"""Factor of the variance of F1 over samples of the held-out sentences: 1 for these sentences, and
0.5 for the other text, which has more sentences."""
OF_KIND = 0.07
"""Standard deviation, at an F1 of 0.5, from causes that no sample of the text shows: a different
kind of text, and the randomness of training."""


class Expectation(NamedTuple):
    """An expected F1, from 0 to 1, and its 95 % interval."""

    f1: float
    low: float
    high: float


def choose_epoch(counts: IntArray) -> int:
    """Choose the epoch at which a training stops.

    The learning rate falls to zero, so the last epoch is about the best, and the best of many
    epochs is partly best by chance. An earlier epoch is therefore chosen only if its F1 is
    significantly higher than the F1 of the last one, by a paired bootstrap test over the units with
    Holm's correction for the number of epochs. Of several such epochs the best is chosen.

    Parameters
    ----------
    counts : int array, shape (n, E, 3)
        Numbers of correct, predicted and gold spans of each unit, after each of ``E`` epochs.

    Returns
    -------
    int
        Index of the epoch.
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
    """Estimate the F1 on new text of a model that was trained on all sentences.

    The estimate is the F1 ``F`` on the held-out sentences. The effect of training on more sentences
    than the networks of the folds was too small to measure. The variance is
    ``OF_SAMPLE · v + OF_KIND² · 4 F (1 - F)``, where ``v`` is the variance of ``F`` over bootstrap
    samples of the units. The second term falls towards 0 and 1 like the variance of a proportion,
    but stays constant beyond 0.1 and 0.9: networks of the folds that find nothing do not imply that
    the model will find nothing.

    Parameters
    ----------
    counts : int array, shape (n, 3)
        Numbers of correct, predicted and gold spans of each held-out unit.
    """
    F = float(f1(counts.sum(axis=0)))
    sampled = float(np.var(resampled_f1(counts, SAMPLES)))
    inner = min(max(F, 0.1), 0.9)
    half = NORMAL * float(np.sqrt(OF_SAMPLE * sampled + OF_KIND**2 * 4 * inner * (1 - inner)))
    return Expectation(F, max(F - half, 0.0), min(F + half, 1.0))


def by_unit(counts: IntArray, units: IntArray) -> IntArray:
    """Sum the counts of sentences, shape (S, ...), by the unit that each belongs to."""
    distinct, which = np.unique(units, return_inverse=True)
    found = np.zeros((len(distinct), *counts.shape[1:]), dtype=counts.dtype)
    np.add.at(found, which, counts)
    return found
