"""How probable spans are under the softmax over paths of tags, by forward–backward."""

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray, row_max
from windowclf.nn.crf import PackedLayout, Transitions, backward, forward, shifted

_WIDEST = 300.0
"""Where the sums over paths are so far apart at the most, in logarithms, they and their products
fit into float64 without logarithms."""
_CHANGE = 200.0
"""What sums may grow or shrink by, in logarithms, until they are scaled again."""


def span_probabilities(
    s: FloatArray,
    path: IntArray,
    lengths: IntArray,
    transitions: Transitions,
    first: IntArray,
    last: IntArray,
) -> FloatArray:
    """Compute the probability that all tags of a span are those of a path.

    With the scores fixed, the tags of a sentence are a Markov chain, so what lies before and after
    a span is summed over once for all spans, by forward–backward (Culotta and McCallum 2004).
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
    sums = _scaled_sums if _width(s, transitions) <= _WIDEST else _log_sums
    layout, tokens, place = _stretches(ends - lengths, ahead)
    alpha = sums(s.take(tokens, axis=0), layout, transitions, place[first])
    layout, tokens, place = _stretches(ends - behind, behind)
    rows = np.concatenate([place[first], place[last]])
    beta = sums(s.take(tokens, axis=0), layout, transitions, rows, reverse=True)

    # Differences of sums from the first token of the batch on; float64 keeps them exact. The
    # transition from one sentence to the next is in both sums or in neither.
    passed = s[np.arange(len(path)), path].astype(np.float64)
    passed[1:] += transitions.transition[path[:-1], path[1:]]
    np.cumsum(passed, out=passed)

    # α_t + β_t sum up to log Z at each token; taken at the span itself, float32 rounds less away.
    M = len(first)
    log_z = np.logaddexp.reduce(alpha + beta[:M], axis=1)
    log_p = alpha[np.arange(M), path[first]] + beta[np.arange(M, 2 * M), path[last]] - log_z
    log_p += passed[last] - passed[first]
    p: FloatArray = np.exp(np.minimum(log_p, 0)).astype(s.dtype)
    return p


def _width(s: FloatArray, transitions: Transitions) -> float:
    """Bound how far apart the sums are over the paths to two tags of a token, in logarithms."""
    # The highest score of each token is 0.
    return 2 * max(float(np.abs(scores).max()) for scores in transitions) - float(s.min())


def _log_sums(
    s: FloatArray,
    layout: PackedLayout,
    transitions: Transitions,
    rows: IntArray,
    reverse: bool = False,
) -> FloatArray:
    """Sum over the paths to each tag, or with `reverse` over those after it; see `forward`.

    Parameters
    ----------
    s : float array, shape (N, K)
        Scores in the order of `layout`, the highest of each token 0.
    rows : int array, shape (R,)
        The tokens whose sums are wanted, by their places in the layout.

    Returns
    -------
    float64 array, shape (R, K)
        Logarithms.
    """
    sums = backward(s, layout, transitions) if reverse else forward(s, layout, transitions)[0]
    return sums[rows].astype(np.float64)


def _scaled_sums(
    s: FloatArray,
    layout: PackedLayout,
    transitions: Transitions,
    rows: IntArray,
    reverse: bool = False,
) -> FloatArray:
    """Sum as `_log_sums` does, with exponentials that are scaled from time to time.

    It takes a fourth of the time. `_width` must be at most `_WIDEST`.
    """
    e = np.exp(s, dtype=np.float64)
    A, start, end = (np.exp(scores, dtype=np.float64) for scores in transitions)
    each = max(1, int(_CHANGE / (np.abs(transitions.transition).max() + np.log(len(A)) + 1)))
    sums = np.empty_like(e)
    scale = np.zeros(len(e))
    total = np.zeros(layout.first[1])  # of each sentence
    blocks = list(layout.blocks())
    if reverse:
        blocks = [(block, before) for before, block in reversed(blocks)]
        A = np.ascontiguousarray(A.T)
        sums[layout.last] = end
    else:
        np.multiply(e[: len(total)], start, out=sums[: len(total)])
    for step, (known, block) in enumerate(blocks, 1):
        here = sums[block]
        if reverse:
            np.matmul(e[known] * sums[known], A, out=here)
        else:  # NumPy would copy what it reads from and writes to
            np.multiply(sums[known] @ A, e[block], out=here)
        if not step % each:
            most = row_max(here)
            here /= most
            total[: len(here)] += np.log(most[:, 0])
        scale[block] = total[: len(here)]
    return np.log(sums[rows]) + scale[rows, None]


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
