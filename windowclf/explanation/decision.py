"""The decision for a tag, the runner-up, and the margin between their best paths."""

from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import FloatArray
from windowclf.nn.crf import Transitions


class Decision(NamedTuple):
    """A tag and the runner-up.

    Attributes
    ----------
    tag, runner_up : int
        Indices of both tags; equal if the model has no other tag.
    margin : float
        Score of the best path minus the score of the best path with the runner-up; infinite if no
        other tag is allowed.
    """

    tag: int
    runner_up: int
    margin: float


def max_marginals(s: FloatArray, transitions: Transitions | None, token: int) -> FloatArray:
    """Score the best path through each tag of one token.

    ``m[k] = v[k] + w[k]``, for all tags at once. ``v`` is the score of the best path that ends with
    ``k`` at the token, as in Viterbi, and ``w`` the score of the best continuation.

    Parameters
    ----------
    s : float array, shape (n, K)
        Scores of the tokens of one sentence.
    transitions : Transitions or None
        Transition scores; None if the model decodes each token by itself.

    Returns
    -------
    float array, shape (K,)
        Minus infinity where no path is allowed. The largest is the score of the best path; without
        transitions, only the score of this token.
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
        The token's tag on the model's best path.
    s : float array, shape (K,)
        Scores of the token; they break ties between tags that are equally good or not allowed.
    best : float array, shape (K,)
        See `max_marginals`.
    """
    order = [int(k) for k in np.lexsort((-s, -best)) if k != tag]
    if not order:
        return Decision(tag, tag, np.inf)
    # Decoding rounds to float32, in which two slightly different paths may be equal.
    return Decision(tag, order[0], max(float(best[tag] - best[order[0]]), 0.0))
