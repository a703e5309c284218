"""Scores of some tokens give what scores of all give where the tag of the others is certain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.nn.crf import Transitions
from windowclf.nn.objective import RankingObjective, SentenceObjective, TokenObjective
from windowclf.nn.open_tokens import OpenTokens
from windowclf.tags.schemes import Scheme, legal_transitions

LABELS = ["B-PER", "O", "I-PER", "E-PER", "S-PER"]
OUTSIDE = LABELS.index("O")
CERTAIN = 1e4
"""So far behind are all other tags of a settled token."""


def make_objective(kind, rng):
    legal = legal_transitions(LABELS, Scheme.IOBES)
    start, transition, end = (np.where(each, 0, -np.inf) for each in legal)
    penalties = Transitions(transition, start, end)
    K = len(LABELS)
    if kind == "token":
        return TokenObjective("softmax")
    if kind == "token, constrained":
        return TokenObjective("softmax", penalties)
    learned = Transitions(rng.normal(size=(K, K)), rng.normal(size=K), rng.normal(size=K))
    return SentenceObjective("softmax", learned, penalties if "constrained" in kind else None)


@pytest.mark.parametrize(
    "kind", ["token", "token, constrained", "sentence", "sentence, constrained"]
)
@given(
    st.lists(st.lists(st.booleans(), max_size=9), min_size=1, max_size=30).filter(any),
    st.integers(0, 2**32 - 1),
)
def test_tags_and_probabilities_of_spans(kind, opened, seed):
    rng = np.random.default_rng(seed)
    objective = make_objective(kind, rng)
    lengths = np.array([len(sentence) for sentence in opened])
    is_open = np.array([token for sentence in opened for token in sentence])
    s = rng.normal(scale=3, size=(len(is_open), len(LABELS)))
    s[~is_open] = -CERTAIN
    s[~is_open, OUTSIDE] = 0
    scored = OpenTokens(np.flatnonzero(is_open), OUTSIDE)
    path = objective.decode(s, lengths)
    np.testing.assert_array_equal(objective.decode(s[is_open], lengths, scored), path)

    ends = np.cumsum(lengths)
    sentence = np.repeat(np.arange(len(lengths)), lengths)
    spans = [
        (first, last)
        for first in scored.tokens.tolist()
        for last in range(first, min(first + 3, ends[sentence[first]]))
        if is_open[first : last + 1].all()
    ]
    if not spans:
        return
    first, last = np.array(spans).T
    found = objective.span_probabilities(s[is_open], path, lengths, first, last, scored)
    expected = objective.span_probabilities(s, path, lengths, first, last)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)


def test_the_runs_of_neighbours_in_a_sentence():
    lengths = np.array([4, 0, 2, 3])
    runs = OpenTokens(np.array([0, 1, 3, 4, 5, 7]), OUTSIDE).runs(lengths)
    assert runs.lengths.tolist() == [2, 1, 2, 1]
    assert runs.after.tolist() == [False, True, False, True]
    assert runs.before.tolist() == [True, False, False, True]


def test_a_ranking_settles_tokens_too():
    s = np.array([[2.0], [-1.0]])
    path = RankingObjective().decode(s, np.array([2, 2]), OpenTokens(np.array([1, 2]), 0))
    assert path.tolist() == [0, 1, 0, 0]


def test_nothing_is_open():
    none = OpenTokens(np.empty(0, np.intp), OUTSIDE)
    objective = make_objective("sentence, constrained", np.random.default_rng(0))
    path = objective.decode(np.empty((0, len(LABELS))), np.array([2, 1]), none)
    assert path.tolist() == [OUTSIDE] * 3
    nowhere = np.empty(0, np.intp)
    p = objective.span_probabilities(
        np.empty((0, len(LABELS))), path, np.array([2, 1]), nowhere, nowhere, none
    )
    assert not len(p)
