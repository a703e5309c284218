"""Fast sums over all paths, as scaled probabilities instead of logarithms.

The recursions are the same as in `windowclf.nn.crf`, but need no logarithm and exponential at each
step, and one product serves both directions. The loss of 16 sentences takes 0.34 ms instead of
0.98. The range of the scores shows beforehand whether the sums fit into float64; if they might not,
the caller falls back on the logarithms of `windowclf.nn.crf`.
"""

import math
from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import FloatArray
from windowclf.nn.crf import PackedLayout, Transitions

_RANGE = 700.0  # exp(700) and exp(-700) are normal numbers of float64


class PathSums(NamedTuple):
    """Sums over the paths to each tag and from each tag on, in the order of the tokens.

    Each row is a multiple of the corresponding row of `windowclf.nn.crf.forward` or `backward`; the
    factor differs between the three arrays. ``alpha[t-1] @ exp(A) == before[t]``.

    Attributes
    ----------
    before : float64 array, shape (N, K)
        Sums over the paths that lead to each tag, without the score of the tag itself.
    alpha : float64 array, shape (N, K)
        The same sums with that score.
    gamma : float64 array, shape (N, K)
        Sums over the paths that begin with each tag, with its score.
    log_z : float64 array, shape (B,)
        ``log Σ_path exp(score)``.
    """

    before: FloatArray
    alpha: FloatArray
    gamma: FloatArray
    log_z: FloatArray


def sum_paths(s: FloatArray, layout: PackedLayout, transitions: Transitions) -> PathSums | None:
    """Sum over the paths to each tag and from each tag on; None if float64 might not suffice.

    Parameters
    ----------
    s : float array, shape (N, K)
        Scores minus each token's highest; minus infinity forbids a tag.
    layout : PackedLayout
        Layout of the sentences, none of them empty.
    transitions : Transitions
    """
    most = _steps_in_range(s, transitions)
    if most < 1:
        return None
    A, start, end = (part.astype(np.float64) for part in transitions)
    K, first, order = len(start), layout.first, layout.order
    # Each sentence is also read backwards, as one more sentence: its α is γ.
    running = np.diff(first)
    rank = np.arange(len(s)) - np.repeat(first[:-1], running)
    ends = order[layout.last]
    reverse = (ends + order[: len(ends)])[rank] - order
    exp_s = np.exp(s, dtype=np.float64)
    scores = np.concatenate([exp_s[order], exp_s[reverse]], axis=1)
    both = np.zeros((2 * K, 2 * K))
    both[:K, :K], both[K:, K:] = np.exp(A), np.exp(A.T)
    before, sums = np.empty_like(scores), np.empty_like(scores)
    before[: first[1]] = np.exp(np.concatenate([start, end]))
    np.multiply(before[: first[1]], scores[: first[1]], out=sums[: first[1]])
    log_z = np.zeros(len(ends))
    for step, (previous, block) in enumerate(layout.blocks(), 1):
        if step % most == 0:
            log_z[: running[step]] += _rescale(sums[previous], K)
        np.matmul(sums[previous], both, out=before[block])
        np.multiply(before[block], scores[block], out=sums[block])

    log_z += np.log((before[layout.last, :K] * exp_s[ends] * np.exp(end)).sum(axis=1))
    empty = np.empty(s.shape), np.empty(s.shape), np.empty(s.shape)
    found = PathSums(*empty, np.empty_like(log_z))
    found.before[order], found.alpha[order] = before[:, :K], sums[:, :K]
    found.gamma[reverse] = sums[:, K:]
    found.log_z[layout.sentences] = log_z
    return found


def _steps_in_range(s: FloatArray, transitions: Transitions) -> float:
    """Compute after how many steps the sums must be rescaled so that products keep all digits.

    With ``|A|``, start and end at most ``r``, and the best score of each token zero, the largest
    sum of a step is ``exp(-r)`` to ``K exp(r)`` times the largest of the step before, and the
    smallest one that is not forbidden is at least ``exp(min s - 2r) / K`` times the largest.
    """
    highest = float(np.max([np.abs(part).max() for part in transitions]))  # NaN if any is NaN
    lowest = float(s.min(initial=0.0))
    if lowest == -math.inf:
        lowest = float(s.min(initial=0.0, where=s > -np.inf))
    log_k = math.log(len(transitions.start))
    # Each product has two sums; `not <=` is also true of NaN.
    room = _RANGE / 2 - (2 * highest + log_k - lowest)
    if not room >= highest + log_k:
        return 0
    return min(room // (highest + log_k), 2**31) if highest + log_k else 2**31


def _rescale(sums: FloatArray, K: int) -> FloatArray:
    """Divide the sums of both directions by their largest; return its logarithm for α."""
    largest = sums.reshape(len(sums), 2, K).max(axis=2)
    sums /= np.repeat(largest, K, axis=1)
    log: FloatArray = np.log(largest[:, 0])
    return log
