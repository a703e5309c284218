from functools import cache

import brute_force
import numpy as np
import pytest
from crf_cases import assert_close, assert_same_loss, make_case, normal

from windowclf.nn.crf import (
    PackedLayout,
    Transitions,
    forward,
    marginals,
    path_scores,
    transition_counts,
)
from windowclf.nn.crf_losses import log_likelihood_loss, max_margin_loss
from windowclf.nn.viterbi import viterbi

SHAPES = [
    (1, [3, 1]),
    (2, [1]),
    (2, [6]),
    (2, [1, 1, 1]),
    (2, [2, 7, 1, 7, 4]),
    (4, [1, 3]),
    (4, [5, 5]),
    (4, [2, 4, 1, 3, 1]),
]
CASES = {
    f"{dtype}-K{K}-{','.join(map(str, lengths))}-scale{scale}": (normal(scale), K, lengths, dtype)
    for dtype in ("float64", "float32")
    for K, lengths in SHAPES
    for scale in (0.3, 3)
}


@cache
def named(name):
    return make_case(*CASES[name], seed=sum(map(ord, name)))


@pytest.fixture(params=CASES)
def case(request):
    return named(request.param)


LOSSES = {
    "softmax": (log_likelihood_loss, brute_force.log_likelihood),
    "max-margin": (max_margin_loss, brute_force.max_margin),
}


def test_viterbi_finds_the_best_of_all_paths(case):
    path = viterbi(case.s, case.lengths, case.transitions)
    assert path.shape == (len(case.s),)
    expected = [brute_force.best_path(s, case.transitions) for s in case.sentences()]
    assert [tuple(tags.tolist()) for tags in case.cut(path)] == expected


def test_path_scores(case):
    expected = [
        brute_force.path_score(s, gold, case.transitions)
        for s, gold in zip(case.sentences(), case.golds(), strict=True)
    ]
    found = path_scores(case.s, case.gold, case.lengths, case.transitions)
    assert found.dtype == case.s.dtype
    assert_close(found, expected, scale=10)


def test_transition_counts(case):
    K = case.s.shape[1]
    of_each = [brute_force.counts(gold, K)[1] for gold in case.golds()]
    found = transition_counts(case.gold, case.lengths, case.transitions)
    for array, parts in zip(found, zip(*of_each, strict=True), strict=True):
        assert array.dtype == case.s.dtype
        np.testing.assert_array_equal(array, sum(parts))


def test_forward_sums_over_all_paths(case):
    layout = PackedLayout.of(case.lengths)
    _, log_z = forward(case.s[layout.order], layout, case.transitions)
    expected = [brute_force.log_z(s, case.transitions) for s in case.sentences()]
    assert_close(log_z, np.array(expected)[layout.sentences], scale=10)


def test_marginals(case):
    found = marginals(case.s, case.lengths, case.transitions)
    expected = [brute_force.marginals(s, case.transitions) for s in case.sentences()]
    assert_close(found, np.concatenate(expected), scale=10)
    assert_close(found.sum(axis=1), np.ones(len(found)))


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_and_all_their_gradients(loss, case):
    fast, slow = LOSSES[loss]
    expected = brute_force.batch_mean(slow, case.sentences(), case.golds(), case.transitions)
    assert_same_loss(fast(*case.arguments()), expected, case.s.dtype)


def test_max_margin_is_zero_where_gold_leads_every_path_by_its_distance():
    s = np.array([[0.0, 5, 0], [5, 0, 0], [0, 0, 5]])
    transitions = Transitions(np.zeros((3, 3)), np.zeros(3), np.zeros(3))
    loss, ds, dtransitions = max_margin_loss(s, np.array([1, 0, 2]), np.array([2, 1]), transitions)
    assert loss == 0
    assert not any(gradient.any() for gradient in (ds, *dtransitions))


def test_a_path_that_scores_no_more_than_gold_still_costs_its_distance():
    # Every path scores 0; the worst has both tags wrong: J = 2, in the mean over (2, 1) 1.5.
    transitions = Transitions(np.zeros((2, 2)), np.zeros(2), np.zeros(2))
    loss, ds, dtransitions = max_margin_loss(
        np.zeros((3, 2)), np.array([0, 1, 0]), np.array([2, 1]), transitions
    )
    assert loss == 1.5
    assert ds.tolist() == [[-0.5, 0.5], [0.5, -0.5], [-0.5, 0.5]]
    assert dtransitions.transition.tolist() == [[0, -0.5], [0.5, 0]]
    assert dtransitions.start.tolist() == [-1, 1]
    assert dtransitions.end.tolist() == [0, 0]


def test_nothing_that_is_given_is_changed(case):
    arrays = [case.s, case.gold, case.lengths, *case.transitions]
    before = [array.copy() for array in arrays]
    for fast, _ in LOSSES.values():
        fast(*case.arguments())
    marginals(case.s, case.lengths, case.transitions)
    viterbi(case.s, case.lengths, case.transitions)
    for array, kept in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, kept)


@pytest.mark.parametrize("order", [(4, 3, 2, 1, 0), (2, 0, 3, 1, 4)])
def test_the_order_of_the_sentences_does_not_matter(order):
    case = make_case(normal(2), 4, [3, 9, 1, 9, 5], np.float64, seed=7)
    other = case.reordered(order)
    back = np.argsort(order)
    for function in (viterbi, marginals):
        found = function(case.s, case.lengths, case.transitions)
        again = np.concatenate(
            [other.cut(function(other.s, other.lengths, other.transitions))[i] for i in back]
        )
        np.testing.assert_allclose(again, found, rtol=1e-12)
    for fast, _ in LOSSES.values():
        loss, ds, dtransitions = fast(*case.arguments())
        ds = np.concatenate([case.cut(ds)[i] for i in order])
        assert_same_loss(fast(*other.arguments()), (loss, ds, dtransitions), np.float64)


def test_a_batch_is_the_mean_of_its_sentences():
    case = make_case(normal(2), 4, [12, 1, 30, 4], np.float64, seed=3)  # too long to enumerate
    for fast, _ in LOSSES.values():
        single = [
            fast(s, np.array(gold), np.array([len(s)]), case.transitions)
            for s, gold in zip(case.sentences(), case.golds(), strict=True)
        ]
        mean = (
            np.mean([loss for loss, _, _ in single]),
            np.concatenate([ds for _, ds, _ in single]) / 4,
            Transitions(
                *(sum(parts) / 4 for parts in zip(*(m for _, _, m in single), strict=True))
            ),
        )
        assert_same_loss(fast(*case.arguments()), mean, np.float64)


def test_steps_lay_the_longest_sentence_first():
    layout = PackedLayout.of(np.array([2, 3, 1]))  # tokens 0 1 | 2 3 4 | 5
    assert layout.sentences.tolist() == [1, 0, 2]
    assert layout.order.tolist() == [2, 0, 5, 3, 1, 4]
    assert layout.first == [0, 3, 5, 6]
    assert layout.order[layout.last].tolist() == [4, 1, 5]
    assert list(layout.blocks()) == [(slice(0, 2), slice(3, 5)), (slice(3, 4), slice(5, 6))]


# Forbidden transitions


@pytest.mark.parametrize("scale", [1, 1e4])
@pytest.mark.parametrize("seed", range(20))
def test_a_forbidden_transition_is_never_made(seed, scale):
    case = make_case(normal(scale), 4, [4, 1, 5], np.float32, seed)
    rng = np.random.default_rng(seed)
    for array in case.transitions:
        array[rng.random(array.shape) < 0.4] = -np.inf
    for array in case.transitions:  # tag 0 may always stand alone, so that some path is left
        array[(0,) * array.ndim] = 0
    for s, path in zip(
        case.sentences(), case.cut(viterbi(case.s, case.lengths, case.transitions)), strict=True
    ):
        best = brute_force.best_path(s, case.transitions)
        assert tuple(path.tolist()) == best
        assert np.isfinite(brute_force.path_score(s, path, case.transitions))
