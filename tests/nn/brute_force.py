"""The oracle of the sentence level: every path of a sentence, listed and scored on its own.

Plain Python floats, no recursion over the tokens and no batch: slow, and plainly right. A sentence
has ``K`` to the power of ``n`` paths, so keep it short.
"""

import math
from itertools import pairwise, product

import numpy as np

from windowclf.nn.chain import Moves


def path_score(s, path, moves):
    """``start[y_1] + Σ s_t[y_t] + Σ A[y_{t-1}, y_t] + end[y_n]``."""
    score = float(moves.start[path[0]]) + float(moves.end[path[-1]])
    for t, tag in enumerate(path):
        score += float(s[t, tag])
    for before, tag in pairwise(path):
        score += float(moves.transition[before, tag])
    return score


def all_scores(s, moves):
    """The score of every path there is."""
    n, K = s.shape
    return {path: path_score(s, path, moves) for path in product(range(K), repeat=n)}


def best_path(s, moves):
    scores = all_scores(s, moves)
    return max(scores, key=scores.get)


def log_z(s, moves):
    """``log Σ_path exp(score)``."""
    scores = all_scores(s, moves).values()
    top = max(scores)
    return top + math.log(math.fsum(math.exp(score - top) for score in scores))


def probabilities(s, moves):
    """The softmax over paths: ``exp(score - log Z)`` of each."""
    total = log_z(s, moves)
    return {path: math.exp(score - total) for path, score in all_scores(s, moves).items()}


def counts(path, K):
    """What a path is made of: its tags, shape (n, K), and its moves.

    A score is ``Σ counts ⊙ parameters``, so these are also the derivatives of `path_score`.
    """
    tags = np.zeros((len(path), K))
    moves = Moves(np.zeros((K, K)), np.zeros(K), np.zeros(K))
    for t, tag in enumerate(path):
        tags[t, tag] += 1
    for before, tag in pairwise(path):
        moves.transition[before, tag] += 1
    moves.start[path[0]] += 1
    moves.end[path[-1]] += 1
    return tags, moves


def expected_counts(weights, K):
    """``Σ_path weight · counts(path)``."""
    n = len(next(iter(weights)))
    tags = np.zeros((n, K))
    moves = Moves(np.zeros((K, K)), np.zeros(K), np.zeros(K))
    for path, weight in weights.items():
        of_path, moves_of_path = counts(path, K)
        tags += weight * of_path
        for total, part in zip(moves, moves_of_path, strict=True):
            total += weight * part
    return tags, moves


def marginals(s, moves):
    """``P(y_t = k)``: the probability of all paths that have tag ``k`` at ``t``."""
    return expected_counts(probabilities(s, moves), s.shape[1])[0]


def augmented_scores(s, gold, moves):
    """Each path's score plus its Hamming distance to the gold path."""
    return {
        path: score + sum(tag != right for tag, right in zip(path, gold, strict=True))
        for path, score in all_scores(s, moves).items()
    }


def log_likelihood(s, gold, moves):
    """``J = log Z - score(gold)``; its gradients are the expected counts less the gold ones."""
    loss = log_z(s, moves) - path_score(s, gold, moves)
    return loss, *_less_gold(probabilities(s, moves), gold, s.shape[1])


def max_margin(s, gold, moves):
    """``J = max_path (score + distance) - score(gold)``; its gradients follow the worst path."""
    scores = augmented_scores(s, gold, moves)
    worst = max(scores, key=scores.get)
    loss = scores[worst] - path_score(s, gold, moves)
    return loss, *_less_gold({worst: 1.0}, gold, s.shape[1])


def _less_gold(weights, gold, K):
    (tags, moves), (gold_tags, gold_moves) = expected_counts(weights, K), counts(gold, K)
    return tags - gold_tags, Moves(*(a - b for a, b in zip(moves, gold_moves, strict=True)))


def batch_mean(loss, sentences, golds, moves):
    """The mean of a loss over the sentences of a batch, and the gradients of that mean."""
    found = [loss(s, gold, moves) for s, gold in zip(sentences, golds, strict=True)]
    size = len(found)
    value = sum(J for J, _, _ in found) / size
    ds = np.concatenate([tags for _, tags, _ in found]) / size
    dmoves = Moves(*(sum(parts) / size for parts in zip(*(m for _, _, m in found), strict=True)))
    return value, ds, dmoves
