"""Probabilities of stretches of a path: how sure the sentence level is of an entity.

Given the scores, the tags of a sentence are a Markov chain, so what lies before and after a
stretch is summed over once for all stretches, by forward–backward (Culotta and McCallum 2004).
"""

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.chain import Moves, Steps, backward, forward, shifted


def span_probabilities(
    s: FloatArray,
    path: IntArray,
    lengths: IntArray,
    moves: Moves,
    first: IntArray,
    last: IntArray,
) -> FloatArray:
    """Compute the probability that all tags of a span are those of a path.

    Under the softmax over paths, for a span from token ``a`` to token ``b``,
    ``log P = α_a[y_a] + Σ_{a<t≤b} (A[y_{t-1}, y_t] + s_t[y_t]) + β_b[y_b] - log Z``.

    Parameters
    ----------
    s : float array, shape (N, K)
    path : int array, shape (N,)
        The tags ``y``.
    lengths : int array, shape (B,)
    moves : Moves
        All of them finite.
    first, last : int array, shape (M,)
        The first and the last token of each span, both of one sentence; spans may overlap.

    Returns
    -------
    float array, shape (M,)
    """
    if not len(first):
        return np.empty(0, dtype=s.dtype)
    steps = Steps.of(lengths)
    s = shifted(s)
    packed = s[steps.order]
    place = np.empty(len(s), dtype=np.intp)  # where each token stands in `steps.order`
    place[steps.order] = np.arange(len(s))
    alpha = forward(packed, steps, moves)[0][place[first]].astype(np.float64)
    beta = backward(packed, steps, moves)

    # Differences of sums from the first token of the batch on; float64 keeps them exact. A move
    # from one sentence to the next is in both sums or in none.
    passed = s[np.arange(len(path)), path].astype(np.float64)
    passed[1:] += moves.transition[path[:-1], path[1:]]
    np.cumsum(passed, out=passed)

    # α_t + β_t sum up to log Z at each token; taken at the span itself, float32 rounds less away.
    log_z = np.logaddexp.reduce(alpha + beta[place[first]], axis=1)
    log_p = alpha[np.arange(len(first)), path[first]] + beta[place[last], path[last]] - log_z
    log_p += passed[last] - passed[first]
    p: FloatArray = np.exp(np.minimum(log_p, 0)).astype(s.dtype)
    return p
