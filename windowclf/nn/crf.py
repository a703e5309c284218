"""The sentence level: scores of whole tag paths, and sums over all paths.

A path ``y_1 … y_n`` has the score ``start[y_1] + Σ s_t[y_t] + Σ A[y_{t-1}, y_t] + end[y_n]``
(Collobert et al. 2011; with the softmax over paths, a linear-chain conditional random field).

The recursions run over all sentences of a batch at once. Tokens are laid out step by step, the
longest sentence first, so that step ``t`` of all sentences with a token there is one block.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray, row_max

_TINY = 1e-30  # far above the smallest float32, 1e-38: terms that underflow are negligible


class Transitions(NamedTuple):
    """Scores of the transitions between tags.

    Attributes
    ----------
    transition : float array, shape (K, K)
        ``A[i, j]`` is the score of tag ``j`` after tag ``i``.
    start, end : float array, shape (K,)
        Score of each tag as the first, or the last, of a sentence.
    """

    transition: FloatArray
    start: FloatArray
    end: FloatArray


@dataclass(frozen=True, slots=True)
class PackedLayout:
    """Tokens of a batch laid out step by step.

    Parameters
    ----------
    order : int array, shape (N,)
        Indices of the tokens, step by step; within a step the longest sentence comes first.
    first : list of int
        Index in `order` at which each step begins; last, ``N``.
    sentences : int array, shape (B,)
        Indices of the sentences, the longest first.
    last : int array, shape (B,)
        Index in `order` of the last token of each of `sentences`.
    """

    order: IntArray
    first: list[int]
    sentences: IntArray
    last: IntArray

    @classmethod
    def of(cls, lengths: IntArray) -> "PackedLayout":
        """Lay out sentences of these lengths, shape (B,); empty sentences are left out."""
        sentences = np.argsort(-lengths, kind="stable")[: np.count_nonzero(lengths)]
        falling = lengths[sentences]
        steps = np.arange(int(falling[0]))[:, None]
        is_running = steps < falling  # shape: (steps, sentences)
        begin = (np.cumsum(lengths) - lengths)[sentences]
        first = [0, *np.cumsum(is_running.sum(axis=1)).tolist()]
        order = (begin + steps)[is_running]
        last = np.array(first)[falling - 1] + np.arange(len(sentences))
        return cls(order, first, sentences, last)

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        """Yield for each step after the first the preceding tokens and its own tokens."""
        for before, begin, end in zip(self.first, self.first[1:], self.first[2:], strict=False):
            yield slice(before, before + end - begin), slice(begin, end)


def _log_sum_exp(A: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Compute ``log Σ_i exp(x[n, i] + A[i, j])``, shape (n, K), for the ``x`` of each step.

    Where scores are so far apart that a product of exponentials underflows, the sum is computed in
    the log domain.
    """
    exp_A = np.exp(A)
    largest = max(1.0, float(exp_A.max()))
    least = _TINY * largest if largest < 1 / _TINY else np.inf

    def compute(x: FloatArray) -> FloatArray:
        top = row_max(x)
        total = np.exp(x - top) @ exp_A
        if total.min(initial=1.0) > least:
            result: FloatArray = np.log(total) + top
            return result
        sums = x[:, :, None] + A  # shape: (n, K, K)
        top = sums.max(axis=1)
        safe: FloatArray = top + np.log(np.exp(sums - top[:, None]).sum(axis=1))
        return safe

    return compute


def forward(
    s: FloatArray, layout: PackedLayout, transitions: Transitions
) -> tuple[FloatArray, FloatArray]:
    """Sum over the paths that lead to each tag.

    ``α_t[j] = s_t[j] + log Σ_i exp(α_{t-1}[i] + A[i, j])``.

    Parameters
    ----------
    s : float array, shape (N, K)
        Scores, in the order of `layout`.

    Returns
    -------
    alpha : float array, shape (N, K)
        The sums, in the order of `layout`.
    log_z : float array, shape (B,)
        ``log Σ_path exp(score)`` of each of ``layout.sentences``.
    """
    alpha = s.copy()
    alpha[: layout.first[1]] += transitions.start
    with np.errstate(over="ignore", invalid="ignore"):  # `_log_sum_exp` handles both
        sum_over = _log_sum_exp(transitions.transition)
        for before, block in layout.blocks():
            alpha[block] += sum_over(alpha[before])
        log_z = _log_sum_exp(transitions.end[:, None])(alpha[layout.last])[:, 0]
    return alpha, log_z


def backward(s: FloatArray, layout: PackedLayout, transitions: Transitions) -> FloatArray:
    """Sum over the paths that follow each tag.

    ``β_t[i] = log Σ_j exp(A[i, j] + s_{t+1}[j] + β_{t+1}[j])``, and ``end`` at the last token.

    Returns
    -------
    beta : float array, shape (N, K)
        The sums, in the order of `layout`.
    """
    beta = np.empty_like(s)
    beta[layout.last] = transitions.end
    with np.errstate(over="ignore", invalid="ignore"):
        sum_over = _log_sum_exp(transitions.transition.T)
        for before, block in reversed(list(layout.blocks())):
            beta[before] = sum_over(s[block] + beta[block])
    return beta


def marginals(s: FloatArray, lengths: IntArray, transitions: Transitions) -> FloatArray:
    """Compute ``P(y_t = k)`` under the softmax over paths.

    Parameters
    ----------
    s : float array, shape (N, K)
    lengths : int array, shape (B,)

    Returns
    -------
    float array, shape (N, K)
    """
    if not len(s):
        return np.empty_like(s)
    layout = PackedLayout.of(lengths)
    packed = shifted(s)[layout.order]
    alpha, _ = forward(packed, layout, transitions)
    p = np.empty_like(s)
    p[layout.order] = normalised(alpha + backward(packed, layout, transitions))
    return p


def shifted(s: FloatArray) -> FloatArray:
    """Subtract each token's highest score: probabilities are the same, and long sums stay exact."""
    below: FloatArray = s - row_max(s)
    return below


def normalised(log_p: FloatArray) -> FloatArray:
    """Exponentiate rows and normalise each to sum to one."""
    p: FloatArray = np.exp(log_p - row_max(log_p))
    p /= p.sum(axis=1, keepdims=True)
    return p


def path_scores(
    s: FloatArray, path: IntArray, lengths: IntArray, transitions: Transitions
) -> FloatArray:
    """Score one path for each sentence, shape (B,)."""
    ends = np.cumsum(lengths)
    starts = ends - lengths
    each = s[np.arange(len(path)), path]
    inside = _inside(len(path), starts)
    each[inside] += transitions.transition[path[inside - 1], path[inside]]
    each[starts] += transitions.start[path[starts]]
    each[ends - 1] += transitions.end[path[ends - 1]]
    scores: FloatArray = np.add.reduceat(each, starts)
    return scores


def transition_counts(path: IntArray, lengths: IntArray, transitions: Transitions) -> Transitions:
    """Count the transitions of the paths of a batch, in arrays shaped like `transitions`."""
    K = len(transitions.start)
    ends = np.cumsum(lengths)
    inside = _inside(len(path), ends - lengths)
    pairs = path[inside - 1].astype(np.int64) * K + path[inside]
    dtype = transitions.start.dtype
    return Transitions(
        np.bincount(pairs, minlength=K * K).reshape(K, K).astype(dtype),
        np.bincount(path[ends - lengths], minlength=K).astype(dtype),
        np.bincount(path[ends - 1], minlength=K).astype(dtype),
    )


def _inside(n: int, starts: IntArray) -> IntArray:
    """List the tokens that are not the first of their sentence."""
    follows = np.ones(n, dtype=bool)
    follows[starts] = False
    return np.flatnonzero(follows)
