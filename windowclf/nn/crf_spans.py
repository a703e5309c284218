"""Probabilities of stretches of a path: how sure the sentence level is of an entity.

With the scores fixed, the tags of a sentence are a Markov chain, so what lies before and after a
stretch is summed over once for all stretches, by forward–backward (Culotta and McCallum 2004).
"""

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.crf import PackedLayout, Transitions, backward, forward, shifted


def span_probabilities(
    s: FloatArray,
    path: IntArray,
    lengths: IntArray,
    transitions: Transitions,
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
    transitions : Transitions
        All of them finite.
    first, last : int array, shape (M,)
        The first and the last token of each span, both of one sentence; spans may overlap.

    Returns
    -------
    float array, shape (M,)
    """
    if not len(first):
        return np.empty(0, dtype=s.dtype)
    s = shifted(s)
    ends = np.cumsum(lengths)
    sentence = np.searchsorted(ends, first, side="right")
    # α is needed up to the last span that begins in a sentence, β from the first one on.
    ahead, behind = np.zeros_like(ends), np.zeros_like(ends)
    np.maximum.at(ahead, sentence, first - (ends - lengths)[sentence] + 1)
    np.maximum.at(behind, sentence, ends[sentence] - first)
    layout, tokens, place = _stretches(ends - lengths, ahead)
    alpha = forward(s.take(tokens, axis=0), layout, transitions)[0][place[first]].astype(np.float64)
    layout, tokens, place = _stretches(ends - behind, behind)
    beta = backward(s.take(tokens, axis=0), layout, transitions)

    # Differences of sums from the first token of the batch on; float64 keeps them exact. The
    # transition from one sentence to the next is in both sums or in neither.
    passed = s[np.arange(len(path)), path].astype(np.float64)
    passed[1:] += transitions.transition[path[:-1], path[1:]]
    np.cumsum(passed, out=passed)

    # α_t + β_t sum up to log Z at each token; taken at the span itself, float32 rounds less away.
    log_z = np.logaddexp.reduce(alpha + beta[place[first]], axis=1)
    log_p = alpha[np.arange(len(first)), path[first]] + beta[place[last], path[last]] - log_z
    log_p += passed[last] - passed[first]
    p: FloatArray = np.exp(np.minimum(log_p, 0)).astype(s.dtype)
    return p


def _stretches(begin: IntArray, lengths: IntArray) -> tuple[PackedLayout, IntArray, IntArray]:
    """Lay out a stretch of each sentence; list its tokens in that order, and the place of each.

    A token of the batch outside of the stretches has no meaningful place.
    """
    layout = PackedLayout.of(lengths)
    shift = np.repeat(begin - (np.cumsum(lengths) - lengths), lengths)
    tokens = layout.order + shift[layout.order]
    place = np.empty(int(tokens.max()) + 1, dtype=np.intp)
    place[tokens] = np.arange(len(tokens))
    return layout, tokens, place
