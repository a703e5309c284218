"""Probabilities of spans under the softmax over tag paths, by forward–backward."""

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.crf import PackedLayout, Transitions, backward, forward, shifted
from windowclf.nn.path_sums import sum_paths


def span_probabilities(
    s: FloatArray,
    path: IntArray,
    lengths: IntArray,
    transitions: Transitions,
    first: IntArray,
    last: IntArray,
) -> FloatArray:
    """Compute the probability of each span's tags in a path.

    With the scores fixed, the tags of a sentence form a Markov chain (Culotta and McCallum 2004):
    for a span from token ``a`` to token ``b``, ``P = P(y_a) Π_{a<t≤b} P(y_t | y_{t-1})``. Let
    ``α`` be the sum over the paths up to a tag, and ``γ`` the sum over the paths from it on. Then
    ``P(y_a) ∝ α_a γ_a / exp s_a`` and ``P(y_t | y_{t-1}) ∝ exp(A[y_{t-1}, y_t]) γ_t[y_t]``.

    Parameters
    ----------
    s : float array, shape (N, K)
    path : int array, shape (N,)
        The tags ``y`` of the path.
    lengths : int array, shape (B,)
    transitions : Transitions
        Their scores, all finite.
    first, last : int array, shape (M,)
        The first and the last token of each span, in the same sentence; spans may overlap.

    Returns
    -------
    float array, shape (M,)
    """
    if not len(first):
        return np.empty(0, dtype=s.dtype)
    # Only sentences with a span are needed.
    ends = np.cumsum(lengths)
    sentences, of_span = np.unique(np.searchsorted(ends, first, side="right"), return_inverse=True)
    lengths = lengths[sentences]
    shift = ends[sentences] - np.cumsum(lengths)
    tokens = np.arange(int(lengths.sum())) + np.repeat(shift, lengths)
    first, last = first - shift[of_span], last - shift[of_span]
    y, s = path[tokens], shifted(s[tokens])

    log_alpha, log_gamma = _log_sums(s, lengths, transitions)
    log_p = _log_of_shares((log_alpha + log_gamma - s)[first], y[first])
    inside = np.zeros(len(y) + 1, dtype=np.int64)  # number of spans that the token continues
    np.add.at(inside, first + 1, 1)
    np.add.at(inside, last + 1, -1)
    steps = np.flatnonzero(np.cumsum(inside)[:-1])
    passed = np.zeros(len(y))
    A = transitions.transition.astype(np.float64)
    passed[steps] = _log_of_shares(A[y[steps - 1]] + log_gamma[steps], y[steps])
    np.cumsum(passed, out=passed)
    log_p += passed[last] - passed[first]
    p: FloatArray = np.exp(np.minimum(log_p, 0)).astype(s.dtype)
    return p


def _log_sums(
    s: FloatArray, lengths: IntArray, transitions: Transitions
) -> tuple[FloatArray, FloatArray]:
    """Sum over the paths to each tag and from it, each row up to a constant, shapes (N, K)."""
    layout = PackedLayout.of(lengths)
    sums = sum_paths(s, layout, transitions)
    if sums is not None:
        return np.log(sums.alpha), np.log(sums.gamma)
    alpha, gamma = np.empty((2, *s.shape))
    packed = s[layout.order]
    alpha[layout.order] = forward(packed, layout, transitions)[0]
    gamma[layout.order] = packed + backward(packed, layout, transitions)
    return alpha, gamma


def _log_of_shares(log_p: FloatArray, chosen: IntArray) -> FloatArray:
    """Normalise rows of log-probabilities and take one element of each, shape (n,)."""
    log_of: FloatArray = log_p[np.arange(len(chosen)), chosen] - np.logaddexp.reduce(log_p, axis=1)
    return log_of
