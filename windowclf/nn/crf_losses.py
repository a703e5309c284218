"""Losses of whole sentences, with their gradients with respect to scores and transitions.

Each loss is a mean over the sentences of a batch.
"""

import numpy as np

from windowclf.nn.arrays import BoolArray, FloatArray, IntArray, row_max
from windowclf.nn.crf import (
    PackedLayout,
    Transitions,
    backward,
    forward,
    normalised,
    path_scores,
    shifted,
    transition_counts,
)
from windowclf.nn.path_sums import sum_paths
from windowclf.nn.viterbi import viterbi
from windowclf.nn.viterbi_pruning import best_paths


def log_likelihood_loss(
    s: FloatArray, gold: IntArray, lengths: IntArray, transitions: Transitions
) -> tuple[float, FloatArray, Transitions]:
    """Compute ``J = log Σ_path exp(score(path)) - score(gold path)``, the mean over sentences.

    ``∂J/∂s_t[k] = P(y_t = k) - 1[gold_t = k]``. Likewise, the gradient of the transitions is their
    expected counts minus their gold counts. Forward–backward computes both (Collobert et al. 2011).

    Parameters
    ----------
    s : float array, shape (N, K)
    gold : int array, shape (N,)
    lengths : int array, shape (B,)

    Returns
    -------
    loss : float
    ds : float array, shape (N, K)
    dtransitions : Transitions
        The gradients of the loss with respect to the transitions.
    """
    p, expected, log_z = expectations(s, lengths, transitions)
    gold_score = path_scores(shifted(s), gold, lengths, transitions)
    loss = float(np.mean(log_z - gold_score))
    counts = transition_counts(gold, lengths, transitions)
    size = len(lengths)
    ds = p
    ds[np.arange(len(gold)), gold] -= 1
    ds /= size
    return loss, ds, Transitions(*((a - b) / size for a, b in zip(expected, counts, strict=True)))


def partial_log_likelihood_loss(
    s: FloatArray, allowed: BoolArray, lengths: IntArray, transitions: Transitions
) -> tuple[float, FloatArray, Transitions]:
    """Compute ``J = log Σ_path exp(score(path)) - log Σ_allowed path exp(score(path))``.

    A path is allowed if all of its tags are allowed, so that it agrees with the annotation. ``J``
    is the mean over sentences. Its gradients are the expectations under the softmax over all paths
    minus the expectations under the softmax over the allowed paths (Tsuboi et al. 2008).

    Parameters
    ----------
    s : float array, shape (N, K)
    allowed : bool array, shape (N, K)
        Which tags are allowed, at least one per token. All else is as in `log_likelihood_loss`.
    """
    n, size = len(s), len(lengths)
    agreeing = np.where(allowed, s, -np.inf)
    # Both sums run together: a step of the recursions takes little longer for twice the sentences.
    p, difference, log_z = expectations(
        np.concatenate([s, agreeing]),
        np.concatenate([lengths, lengths]),
        transitions,
        np.repeat(np.array([1, -1], s.dtype), size),
    )
    loss = float(np.mean(log_z[:size] - log_z[size:]))
    loss += float(np.sum(row_max(s) - row_max(agreeing))) / size  # `log_z` leaves this part out
    return loss, (p[:n] - p[n:]) / size, Transitions(*(part / size for part in difference))


def distillation_loss(
    s: FloatArray,
    teacher_scores: FloatArray,
    lengths: IntArray,
    transitions: Transitions,
    teacher_transitions: Transitions,
) -> tuple[float, FloatArray, Transitions]:
    """Compute the cross-entropy of the teacher's softmax over paths and the network's.

    ``J = log Σ_path exp(score(path)) - E_teacher[score(path)]``, the mean over sentences. It is
    `log_likelihood_loss` with the teacher's expected counts in place of the gold counts (Hinton,
    Vinyals and Dean 2015, for sequences); if the teacher allows one path only, both are equal.

    Parameters
    ----------
    s, teacher_scores : float array, shape (N, K)
        The scores of the network and of its teacher. All else is as in `log_likelihood_loss`.
    """
    p, own, log_z = expectations(s, lengths, transitions)
    q, teacher, _ = expectations(teacher_scores, lengths, teacher_transitions)
    score = float(np.sum(q * shifted(s)))
    score += sum(float(np.sum(a * b)) for a, b in zip(teacher, transitions, strict=True))
    size = len(lengths)
    loss = (float(np.sum(log_z)) - score) / size
    dtransitions = Transitions(*((a - b) / size for a, b in zip(own, teacher, strict=True)))
    return loss, (p - q) / size, dtransitions


def expectations(
    s: FloatArray,
    lengths: IntArray,
    transitions: Transitions,
    weights: FloatArray | None = None,
) -> tuple[FloatArray, Transitions, FloatArray]:
    """Compute expectations under the softmax over paths, by forward–backward.

    Parameters
    ----------
    s : float array, shape (N, K)
        Scores. Minus infinity forbids a tag; each token needs at least one finite score.
    lengths : int array, shape (B,)
        Tokens in each sentence, at least 1.
    weights : float array, shape (B,), optional
        Weight of each sentence in the sums over sentences; 1 by default.

    Returns
    -------
    p : float array, shape (N, K)
        ``P(y_t = k)``.
    transitions : Transitions
        The expected count of each transition, summed over the sentences.
    log_z : float array, shape (B,)
        ``log Σ_path exp(score)``, after each token's highest score is subtracted.
    """
    s = shifted(s)
    layout = PackedLayout.of(lengths)
    sums = sum_paths(s, layout, transitions)
    if sums is None:
        return _expectations_in_logarithms(s, layout, transitions, weights)
    starts = np.cumsum(lengths) - lengths
    p = sums.before * sums.gamma
    total = p.sum(axis=1, keepdims=True)  # sum over a sentence's paths, in the token's own scale
    p /= total
    weight = np.repeat(np.ones(len(lengths)) if weights is None else weights, lengths)[:, None]
    # α_{t-1}[i] exp(A[i, j]) γ_t[j], summed over all tokens but the first ones
    following = sums.gamma * (weight / total)
    following[starts] = 0
    inside = (sums.alpha[:-1].T @ following[1:]) * np.exp(transitions.transition)
    ends = ((weight[tokens] * p[tokens]).sum(axis=0) for tokens in (starts, starts + lengths - 1))
    expected = Transitions(*(part.astype(s.dtype) for part in (inside, *ends)))
    return p.astype(s.dtype), expected, sums.log_z.astype(s.dtype)


def _expectations_in_logarithms(
    s: FloatArray, layout: PackedLayout, transitions: Transitions, weights: FloatArray | None
) -> tuple[FloatArray, Transitions, FloatArray]:
    """Compute `expectations` in the log domain, for scores too far apart for `sum_paths`."""
    packed = s[layout.order]
    alpha, log_z = forward(packed, layout, transitions)
    beta = backward(packed, layout, transitions)
    p = normalised(alpha + beta)
    weight = np.ones_like(log_z) if weights is None else weights[layout.sentences]
    inside = np.zeros_like(transitions.transition)
    blocks = list(layout.blocks())
    if blocks:
        before = np.concatenate([np.arange(b.start, b.stop) for b, _ in blocks])
        after = np.concatenate([np.arange(b.start, b.stop) for _, b in blocks])
        # log Z and the weight of the sentence in each row of a block
        z, w = (
            np.concatenate([x[: b.stop - b.start] for _, b in blocks])[:, None]
            for x in (log_z, weight)
        )
        inside = _expected_transitions(
            alpha[before], packed[after] + beta[after], z, transitions.transition, w
        )
    first = slice(0, layout.first[1])
    ends = ((weight[:, None] * p[tokens]).sum(axis=0) for tokens in (first, layout.last))
    expected = Transitions(inside, *ends)
    of_tokens, of_sentences = np.empty_like(s), np.empty_like(log_z)
    of_tokens[layout.order] = p
    of_sentences[layout.sentences] = log_z
    return of_tokens, expected, of_sentences


def _expected_transitions(
    a: FloatArray, b: FloatArray, z: FloatArray, A: FloatArray, w: FloatArray
) -> FloatArray:
    """Sum ``w[n] exp(a[n, i] + A[i, j] + b[n, j] - z[n])`` over ``n``, shape (K, K)."""
    total = np.zeros_like(A)
    for start in range(0, len(a), 1024):  # in parts, to bound the memory of `sums`
        part = slice(start, start + 1024)
        sums = a[part, :, None] + A + (b[part] - z[part])[:, None, :]  # shape: (n, K, K)
        p = normalised(sums.reshape(len(sums), -1))
        total += (w[part] * p).sum(axis=0).reshape(A.shape)
    return total


def max_margin_loss(
    s: FloatArray, gold: IntArray, lengths: IntArray, transitions: Transitions
) -> tuple[float, FloatArray, Transitions]:
    """Compute ``J = max_path (score + Hamming distance to gold) - score(gold)``.

    The loss is the mean over sentences. Viterbi finds the best path after one is added to the score
    of every wrong tag; the gradient is +1 along that path and -1 along the gold path (Taskar et al.
    2004). Parameters and returns are as for `log_likelihood_loss`.
    """
    n = np.arange(len(gold))
    augmented = s + 1
    augmented[n, gold] = s[n, gold]
    return _margin(s, augmented, gold, lengths, transitions)


def partial_max_margin_loss(
    s: FloatArray, allowed: BoolArray, lengths: IntArray, transitions: Transitions
) -> tuple[float, FloatArray, Transitions]:
    """Compute ``J = max_path (score + cost) - max_allowed path score``.

    The cost is one for each tag that is not allowed. This is `max_margin_loss` with the best
    allowed path as gold (Yu and Joachims 2009), where the other allowed paths cost nothing.
    Parameters and returns are as for `partial_log_likelihood_loss`.
    """
    gold = viterbi(np.where(allowed, s, -np.inf), lengths, transitions)
    return _margin(s, s + ~allowed, gold, lengths, transitions)


def _margin(
    s: FloatArray,
    augmented: FloatArray,
    gold: IntArray,
    lengths: IntArray,
    transitions: Transitions,
) -> tuple[float, FloatArray, Transitions]:
    """Compare the best path under the augmented scores with the gold path."""
    n, size = np.arange(len(gold)), len(lengths)
    best = best_paths(augmented, lengths, transitions)
    worst = path_scores(augmented, best, lengths, transitions)
    loss = float(np.mean(worst - path_scores(s, gold, lengths, transitions)))
    ds = np.zeros_like(s)
    ds[n, best] += 1
    ds[n, gold] -= 1
    ds /= size
    found, right = (transition_counts(path, lengths, transitions) for path in (best, gold))
    dtransitions = Transitions(*((a - b) / size for a, b in zip(found, right, strict=True)))
    return loss, ds, dtransitions
