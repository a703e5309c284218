"""The best path of tags, by the recursion of Viterbi (1967)."""

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.crf import PackedLayout, Transitions


def viterbi(s: FloatArray, lengths: IntArray, transitions: Transitions) -> IntArray:
    """Find the path of each sentence with the highest score.

    ``v_t[j] = s_t[j] + max_i (v_{t-1}[i] + A[i, j])``, then trace back the best ``i``.

    Parameters
    ----------
    s : float array, shape (N, K)
    lengths : int array, shape (B,)
    transitions : Transitions
        Minus infinity forbids a transition. The start and end scores may have shape (B, K), with
        one row per sentence.

    Returns
    -------
    int array, shape (N,)
    """
    path = np.empty(len(s), dtype=np.int32)
    if not len(s):
        return path
    layout = PackedLayout.of(lengths)
    A = transitions.transition
    start, end = (
        np.broadcast_to(scores, (len(lengths), len(A))).take(layout.sentences, axis=0)
        for scores in (transitions.start, transitions.end)
    )
    v = s.take(layout.order, axis=0)
    first = slice(0, layout.first[1])
    v[first] += start
    best = np.ascontiguousarray(v[first].T)  # (K, n): fast because the long axis is the last
    blocks = list(layout.blocks())
    for _, block in blocks:
        running = block.stop - block.start
        best = (best[:, None, :running] + A[:, :, None]).max(axis=0)
        best += v[block].T
        v[block] = best.T
    tags = np.empty(len(s), dtype=np.int32)  # in the order of the layout, as `v` is
    tags[layout.last] = (v.take(layout.last, axis=0) + end).argmax(axis=1)
    into = np.ascontiguousarray(A.T)
    for before, block in reversed(blocks):  # only the path's own j needs its best i
        tags[before] = (into.take(tags[block], axis=0) + v[before]).argmax(axis=1)
    path[layout.order] = tags
    return path
