"""Viterbi without a search for the tokens whose tag is certain.

A token is certain if every best path has the tag ``o`` there, whatever tags the other tokens have.
So a best path of the stretches between the certain tokens, each scored with the transitions from
``o`` and to ``o`` at its borders, is a best path of the whole. The pruning is exact.
"""

import numpy as np

from windowclf.nn.arrays import BoolArray, FloatArray, IntArray
from windowclf.nn.crf import Transitions
from windowclf.nn.open_tokens import OpenTokens
from windowclf.nn.viterbi import viterbi

_FEW = 64  # so few tokens are decoded sooner than the certain ones among them are found
_DEPTH = 4  # tags in a row that are looked at to mend a path; more find few more certain tokens


def best_paths(
    s: FloatArray, lengths: IntArray, transitions: Transitions, scored: OpenTokens | None = None
) -> IntArray:
    """Find the path of each sentence with the highest score; see `viterbi`.

    Parameters
    ----------
    scored : OpenTokens, optional
        The tokens that `s` has the scores of, where it has not those of all.

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
    """Find the tokens that have the commonest tag ``o`` on every best path.

    If a path has another tag at a token, put ``o`` there, and mend the path on both sides so that
    ``o`` may stand there. The score rises by the lead of ``o`` over all other tags of the token,
    and falls by what mending costs, which `_mending` bounds. Where the lead is larger than that,
    no path without ``o`` is a best one.

    Parameters
    ----------
    s : float array, shape (N, K)
        Of neighbours, or of tokens between which others have the tag ``o`` for certain.
    outside : int, optional
        ``o``; by default the tag with the highest mean.

    Returns
    -------
    tag : int
        ``o``: where tags spell spans, the tag of tokens in no span.
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
    cost = _mending(rows, transitions, o, 1) + _mending(rows, Transitions(A.T, end, start), o, -1)
    largest = max(float(np.abs(x[np.isfinite(x)]).max()) for x in transitions)
    largest += max(float(rows.max()), -float(rows.min()))
    rounding = 64 * float(np.finfo(s.dtype).eps) * largest
    return o, lead > cost + rounding


def _mending(s: FloatArray, transitions: Transitions, o: int, direction: int) -> FloatArray:
    """Bound what it costs to change a path before each token so that ``o`` may stand there.

    A tag that ``o`` may follow remains, and the transition from it alone changes. Any other tag is
    replaced by its substitute, or by ``o``; then the path is mended before that, too. The cheaper
    of the two counts. `s` has the shape (K, N). With `direction` -1 it is the path after each token
    that is mended, and the transitions must be reversed as well.
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
    mended = np.maximum(by_substitute, least)
    for _ in range(_DEPTH):
        cheaper = np.minimum(by_substitute[1:], by_o[1:] + mended[:-1])
        mended[1:] = np.maximum(cheaper, least)
    cost[1:] = mended[:-1]
    return cost[::direction]


def _substitutes(transitions: Transitions, o: int, tags: IntArray) -> tuple[IntArray, FloatArray]:
    """Find for each tag a substitute: it may stand wherever the tag may, and ``o`` may follow it.

    In IOBES that is ``E-PER`` for ``I-PER``. The second result is what each costs: the largest
    difference between the transitions to the tag and those to its substitute and on to ``o``;
    infinite for a tag without a substitute.
    """
    A = transitions.transition
    others = np.flatnonzero(np.isfinite(A[:, o]))
    into = np.vstack([A, transitions.start])
    with np.errstate(invalid="ignore"):  # not a number if both are forbidden: `fmax` leaves it out
        differences = into[:, tags, None] - into[:, None, others]
    loss: FloatArray = np.fmax.reduce(differences, axis=0, initial=-np.inf) - A[others, o]
    # `o` is tried in any case, so another one is worth more.
    chosen = np.where((others == o) & np.isfinite(loss), np.finfo(A.dtype).max, loss).argmin(axis=1)
    return others[chosen], loss[np.arange(len(tags)), chosen]
