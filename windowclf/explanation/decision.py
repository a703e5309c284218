"""The decision: the tag on the best path, and how much worse the best path with another one is."""

from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import FloatArray
from windowclf.nn.crf import Transitions


class Decision(NamedTuple):
    """A tag and the one that was next.

    Attributes
    ----------
    tag, runner_up : int
        The same if the model has no other tag.
    margin : float
        By how much the best path is better than the best one with the runner-up; infinite if
        no other is allowed.
    """

    tag: int
    runner_up: int
    margin: float


def max_marginals(s: FloatArray, transitions: Transitions | None, token: int) -> FloatArray:
    """Score the best path through each tag of one token.

    ``m[k] = v[k] + w[k]``: ``v`` is the best path of the tokens up to it that ends with ``k``, as
    Viterbi has it, and ``w`` the best one of those after it; all tags at once.

    Parameters
    ----------
    s : float array, shape (n, K)
        Of the tokens of one sentence.
    transitions : Transitions or None

    Returns
    -------
    float array, shape (K,)
        Minus infinity where no path is allowed. The largest is the score of the best path; without
        transitions that of its tag alone, for the other tokens are as they are.
    """
    if transitions is None:
        alone: FloatArray = s[token]
        return alone
    A, start, end = transitions
    v = s[0] + start
    for row in s[1 : token + 1]:
        v = (v[:, None] + A).max(axis=0) + row
    w = end
    for row in s[:token:-1]:
        w = (A + (row + w)).max(axis=1)
    best: FloatArray = v + w
    return best


def decide(tag: int, s: FloatArray, best: FloatArray) -> Decision:
    """Find the runner-up.

    Parameters
    ----------
    tag : int
        On the model's best path.
    s : float array, shape (K,)
        Scores of the token; they choose among tags that are equally good, or not allowed.
    best : float array, shape (K,)
        See `max_marginals`.
    """
    order = [int(k) for k in np.lexsort((-s, -best)) if k != tag]
    if not order:
        return Decision(tag, tag, np.inf)
    # Decoding rounds to float32, where two paths may be equal that are not quite.
    return Decision(tag, order[0], max(float(best[tag] - best[order[0]]), 0.0))
