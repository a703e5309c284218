"""The oracle of the sentence level: every path of a sentence, listed and scored on its own.

Plain Python floats, no recursion over the tokens and no batch: slow, and plainly right. A sentence
has ``K`` to the power of ``n`` paths, so keep it short.
"""

import math
from itertools import pairwise, product

import numpy as np

from windowclf.nn.crf import Transitions


def path_score(s, path, transitions):
    """``start[y_1] + Σ s_t[y_t] + Σ A[y_{t-1}, y_t] + end[y_n]``."""
    score = float(transitions.start[path[0]]) + float(transitions.end[path[-1]])
    for t, tag in enumerate(path):
        score += float(s[t, tag])
    for before, tag in pairwise(path):
        score += float(transitions.transition[before, tag])
    return score


def all_scores(s, transitions):
    """The score of every path there is."""
    n, K = s.shape
    return {path: path_score(s, path, transitions) for path in product(range(K), repeat=n)}


def best_path(s, transitions):
    scores = all_scores(s, transitions)
    return max(scores, key=scores.get)


def log_z(s, transitions):
    """``log Σ_path exp(score)``."""
    return log_sum(all_scores(s, transitions).values())


def log_sum(scores):
    top = max(scores)
    return top + math.log(math.fsum(math.exp(score - top) for score in scores))


def probabilities(s, transitions):
    """The softmax over paths: ``exp(score - log Z)`` of each."""
    return shares(all_scores(s, transitions))


def shares(scores):
    total = log_sum(scores.values())
    return {path: math.exp(score - total) for path, score in scores.items()}


def counts(path, K):
    """What a path is made of: its tags, shape (n, K), and its transitions.

    A score is ``Σ counts ⊙ parameters``, so these are also the derivatives of `path_score`.
    """
    tags = np.zeros((len(path), K))
    transitions = Transitions(np.zeros((K, K)), np.zeros(K), np.zeros(K))
    for t, tag in enumerate(path):
        tags[t, tag] += 1
    for before, tag in pairwise(path):
        transitions.transition[before, tag] += 1
    transitions.start[path[0]] += 1
    transitions.end[path[-1]] += 1
    return tags, transitions


def expected_counts(weights, K):
    """``Σ_path weight · counts(path)``."""
    n = len(next(iter(weights)))
    tags = np.zeros((n, K))
    transitions = Transitions(np.zeros((K, K)), np.zeros(K), np.zeros(K))
    for path, weight in weights.items():
        of_path, path_transitions = counts(path, K)
        tags += weight * of_path
        for total, part in zip(transitions, path_transitions, strict=True):
            total += weight * part
    return tags, transitions


def marginals(s, transitions):
    """``P(y_t = k)``: the probability of all paths that have tag ``k`` at ``t``."""
    return expected_counts(probabilities(s, transitions), s.shape[1])[0]


def augmented_scores(s, gold, transitions):
    """Each path's score plus its Hamming distance to the gold path."""
    return {
        path: score + sum(tag != right for tag, right in zip(path, gold, strict=True))
        for path, score in all_scores(s, transitions).items()
    }


def log_likelihood(s, gold, transitions):
    """``J = log Z - score(gold)``; its gradients are the expected counts less the gold ones."""
    loss = log_z(s, transitions) - path_score(s, gold, transitions)
    return loss, *_less(probabilities(s, transitions), {gold: 1.0}, s.shape[1])


def max_margin(s, gold, transitions):
    """``J = max_path (score + distance) - score(gold)``; its gradients follow the worst path."""
    scores = augmented_scores(s, gold, transitions)
    worst = max(scores, key=scores.get)
    loss = scores[worst] - path_score(s, gold, transitions)
    return loss, *_less({worst: 1.0}, {gold: 1.0}, s.shape[1])


def allowed_scores(s, allowed, transitions):
    """The score of every path that has tags of `allowed` alone."""
    return {
        path: score
        for path, score in all_scores(s, transitions).items()
        if cost(path, allowed) == 0
    }


def cost(path, allowed):
    """How many tags of a path are not allowed."""
    return sum(not row[tag] for tag, row in zip(path, allowed, strict=True))


def partial_log_likelihood(s, allowed, transitions):
    """``J = log Σ_path exp(score) - log Σ_allowed path exp(score)``."""
    right = allowed_scores(s, allowed, transitions)
    loss = log_z(s, transitions) - log_sum(right.values())
    return loss, *_less(probabilities(s, transitions), shares(right), s.shape[1])


def partial_max_margin(s, allowed, transitions):
    """``J = max_path (score + cost) - max_allowed path score``."""
    scores = {
        path: score + cost(path, allowed) for path, score in all_scores(s, transitions).items()
    }
    right = allowed_scores(s, allowed, transitions)
    worst, best = max(scores, key=scores.get), max(right, key=right.get)
    return scores[worst] - right[best], *_less({worst: 1.0}, {best: 1.0}, s.shape[1])


def _less(weights, others, K):
    """The expected counts of some paths less those of others."""
    tags, transitions = expected_counts(weights, K)
    other_tags, other_transitions = expected_counts(others, K)
    return tags - other_tags, Transitions(
        *(a - b for a, b in zip(transitions, other_transitions, strict=True))
    )


def batch_mean(loss, sentences, golds, transitions):
    """The mean of a loss over the sentences of a batch, and the gradients of that mean."""
    found = [loss(s, gold, transitions) for s, gold in zip(sentences, golds, strict=True)]
    size = len(found)
    value = sum(J for J, _, _ in found) / size
    ds = np.concatenate([tags for _, tags, _ in found]) / size
    dtransitions = Transitions(
        *(sum(parts) / size for parts in zip(*(m for _, _, m in found), strict=True))
    )
    return value, ds, dtransitions
