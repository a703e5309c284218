"""Viterbi that skips the tokens whose tag is certain.

A token is certain if every best path has the tag ``o`` there, whatever the tags of other tokens.
The stretches between certain tokens can then be decoded separately, each with the transitions from
``o`` and to ``o`` at its borders; together they form a best path. The pruning is exact.
"""

import numpy as np

from windowclf.nn.arrays import BoolArray, FloatArray, IntArray
from windowclf.nn.crf import Transitions
from windowclf.nn.open_tokens import OpenTokens
from windowclf.nn.viterbi import viterbi

_FEW = 64  # up to this many tokens, decoding is faster than the search for certain tokens
_DEPTH = 4  # tags in a row that may be changed to repair a path; more find few further tokens


def best_paths(
    s: FloatArray, lengths: IntArray, transitions: Transitions, scored: OpenTokens | None = None
) -> IntArray:
    """Find the path of each sentence with the highest score; see `viterbi`.

    Parameters
    ----------
    scored : OpenTokens, optional
        The tokens that `s` has scores for; by default all.

    Returns
    -------
    int array, shape (N,)
    """
    n = int(lengths.sum())
    if scored is None and n <= _FEW:
        return viterbi(s, lengths, transitions)
    if scored is not None and not len(s):
        return np.full(n, scored.tag, dtype=np.int32)
    tag, certain = certain_tokens(s, transitions, None if scored is None else scored.tag)
    left = np.flatnonzero(~certain)
    tokens = left if scored is None else scored.tokens[left]
    path = np.full(n, tag, dtype=np.int32)
    if not len(tokens):
        return path
    certain = np.ones(n, dtype=bool)
    certain[tokens] = False
    begins = np.zeros(n + 1, dtype=bool)  # whether a sentence begins at the token
    begins[0] = begins[np.cumsum(lengths)] = True
    first = np.flatnonzero(~certain & (begins[:-1] | np.concatenate([[True], certain[:-1]])))
    last = np.flatnonzero(~certain & (begins[1:] | np.concatenate([certain[1:], [True]])))
    A = transitions.transition
    start = np.where(begins[first, None], transitions.start, A[tag])
    end = np.where(begins[last + 1, None], transitions.end, A[:, tag])
    path[tokens] = viterbi(s.take(left, axis=0), last - first + 1, Transitions(A, start, end))
    return path


def certain_tokens(
    s: FloatArray, transitions: Transitions, outside: int | None = None
) -> tuple[int, BoolArray]:
    """Find the tokens that have the most common tag ``o`` on every best path.

    Suppose a path has another tag at a token. Put ``o`` there, and repair the path on both sides so
    that the transitions are allowed. The score rises by the lead of ``o`` over the other tags of
    the token, and falls by the cost of the repair, which `_repair_costs` bounds. Where the lead
    exceeds this bound, every best path has ``o``.

    Parameters
    ----------
    s : float array, shape (N, K)
        Scores of neighbouring tokens; any tokens left out between them must certainly have ``o``.
    outside : int, optional
        ``o``; by default the tag with the highest mean score.

    Returns
    -------
    tag : int
        ``o``, which in span schemes is the tag of tokens outside of spans.
    certain : bool array, shape (N,)
    """
    A, start, end = transitions
    rows = np.ascontiguousarray(s.T)
    able = np.isfinite(A.diagonal()) & np.isfinite(start) & np.isfinite(end)
    o = outside
    if o is None:
        o = int(np.where(able, rows.mean(axis=1), -np.inf).argmax())
    if not able[o]:
        return o, np.zeros(len(s), dtype=bool)
    lead = rows[o] - np.delete(rows, o, axis=0).max(axis=0, initial=-np.inf)
    cost = _repair_costs(rows, transitions, o, 1) + _repair_costs(
        rows, Transitions(A.T, end, start), o, -1
    )
    largest = max(float(np.abs(x[np.isfinite(x)]).max()) for x in transitions)
    largest += max(float(rows.max()), -float(rows.min()))
    rounding = 64 * float(np.finfo(s.dtype).eps) * largest
    return o, lead > cost + rounding


def _repair_costs(s: FloatArray, transitions: Transitions, o: int, direction: int) -> FloatArray:
    """Bound the cost of repairing a path before each token so that the token may have ``o``.

    A previous tag that ``o`` may follow remains; only the transition from it changes. Any other tag
    is replaced by its substitute or by ``o``, whichever is cheaper; the latter repairs the path
    further back. `s` has the shape (K, N). With `direction` -1 the path after each token is
    repaired, and the transitions must be reversed as well.
    """
    A, start, _ = transitions
    from_each = A.max(axis=1)  # the best transition
    closed = np.isfinite(A[:, o])
    remaining = float((from_each[closed] - A[closed, o]).max())
    least = max(remaining, float(start.max() - start[o]))
    cost = np.full(s.shape[1], least, dtype=s.dtype)
    open_ = np.flatnonzero(~closed & np.isfinite(from_each))
    if not len(open_):
        return cost
    substitutes, loss = _substitutes(transitions, o, open_)
    loss += from_each[open_]
    by_substitute = (s[open_] - s[substitutes] + loss[:, None]).max(axis=0)[::direction]
    by_o = (s[open_].max(axis=0) - s[o] + (from_each[open_].max() - A[o, o]))[::direction]
    repaired = np.maximum(by_substitute, least)
    for _ in range(_DEPTH):
        cheaper = np.minimum(by_substitute[1:], by_o[1:] + repaired[:-1])
        repaired[1:] = np.maximum(cheaper, least)
    cost[1:] = repaired[:-1]
    return cost[::direction]


def _substitutes(transitions: Transitions, o: int, tags: IntArray) -> tuple[IntArray, FloatArray]:
    """Find for each tag a substitute that may follow the same tags and that ``o`` may follow.

    In IOBES, ``E-PER`` is the substitute for ``I-PER``. The second result is the cost of each: the
    largest difference between the transitions to the tag and those to its substitute and on to
    ``o``; infinite for a tag without a substitute.
    """
    A = transitions.transition
    others = np.flatnonzero(np.isfinite(A[:, o]))
    into = np.vstack([A, transitions.start])
    with np.errstate(invalid="ignore"):  # NaN if both are forbidden, which `fmax` ignores
        differences = into[:, tags, None] - into[:, None, others]
    loss: FloatArray = np.fmax.reduce(differences, axis=0, initial=-np.inf) - A[others, o]
    # `o` is tried anyway, so any other substitute is preferred.
    chosen = np.where((others == o) & np.isfinite(loss), np.finfo(A.dtype).max, loss).argmin(axis=1)
    return others[chosen], loss[np.arange(len(tags)), chosen]
