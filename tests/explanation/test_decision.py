"""Runner-up and margin, against every path of a short sentence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explanation.kinds import DOCUMENT, KINDS, of_random_weights
from nn.brute_force import all_scores
from nn.crf_cases import make_case, normal
from windowclf.explanation.decision import decide, max_marginals
from windowclf.nn.crf import Transitions


def by_hand(s, transitions, token):
    best = [-np.inf] * s.shape[1]
    for path, score in all_scores(s, transitions).items():
        best[path[token]] = max(best[path[token]], score)
    return best


@given(
    n=st.integers(1, 5),
    K=st.integers(1, 4),
    forbidden=st.floats(0, 0.7),
    seed=st.integers(0, 2**32),
)
def test_max_marginals_against_every_path(n, K, forbidden, seed):
    case = make_case(normal(2), K, [n], np.float64, seed)
    rng = np.random.default_rng(seed)
    transitions = Transitions(
        *(np.where(rng.random(x.shape) < forbidden, -np.inf, x) for x in case.transitions)
    )
    for token in range(n):
        found = max_marginals(case.s, transitions, token)
        np.testing.assert_allclose(found, by_hand(case.s, transitions, token), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "ranking" not in kind])
def test_the_best_path_goes_through_the_best_tags(kind):
    model = of_random_weights(**KINDS[kind]).model
    K = len(model.labels)
    transitions = model.objective.decoding_transitions()
    assert (transitions is None) == (kind in {"word", "max-margin", "squared-error", "mean"})
    for seed, words in enumerate(DOCUMENT):
        if words:
            s = np.random.default_rng(seed).normal(size=(len(words), K))
            path = model.objective.decode(s, np.array([len(words)]))
            best = [max_marginals(s, transitions, t) for t in range(len(words))]
            assert path.tolist() == np.argmax(best, axis=1).tolist()


def test_without_transitions_the_margin_is_the_difference_of_two_scores():
    s = np.array([[1.0, 5.0, 2.0], [4.0, 0.0, 3.5]])
    for transitions in (None, Transitions(np.zeros((3, 3)), np.zeros(3), np.zeros(3))):
        assert decide(1, s[0], max_marginals(s, transitions, 0)) == (1, 2, 3.0)
        assert decide(0, s[1], max_marginals(s, transitions, 1)) == (0, 2, 0.5)


def test_a_tag_that_is_alone_has_no_other():
    assert decide(0, np.array([2.0]), np.array([2.0])) == (0, 0, np.inf)
    # None is allowed: the better score of the two.
    best = np.array([-np.inf, 3.0, -np.inf])
    assert decide(1, np.array([1.0, 0.0, 2.0]), best) == (1, 2, np.inf)


def test_rounding_makes_no_margin_negative():
    best = np.array([3.0, 3.0 + 1e-9])
    assert decide(0, best, best) == (0, 1, 0.0)
