"""Losses of partially annotated text: all that agrees with what is annotated may be right."""

import math

import brute_force
import numpy as np
import pytest
from crf_cases import assert_same_loss, ends_of_the_range, extreme, make_case, normal
from hypothesis import given
from hypothesis import strategies as st

from networks import numeric_gradient
from windowclf.nn import losses as losses_module
from windowclf.nn.crf import Transitions
from windowclf.nn.crf_losses import (
    log_likelihood_loss,
    max_margin_loss,
    partial_log_likelihood_loss,
    partial_max_margin_loss,
)
from windowclf.nn.losses import PARTIAL_LOSSES, TOKEN_LOSSES
from windowclf.nn.objective import SentenceObjective, TokenObjective

PATH_LOSSES = {
    "softmax": (
        log_likelihood_loss,
        partial_log_likelihood_loss,
        brute_force.partial_log_likelihood,
    ),
    "max-margin": (max_margin_loss, partial_max_margin_loss, brute_force.partial_max_margin),
}
SHAPES = [(1, [3, 1]), (2, [2, 6, 1, 6, 4]), (4, [1]), (4, [2, 4, 1, 3, 1])]
every_loss = pytest.mark.parametrize("loss", PARTIAL_LOSSES)


def masks(shape, seed, share=0.4):
    """Random masks with a tag in each row, in some rows just one and in some all."""
    rng = np.random.default_rng(seed)
    allowed = rng.random(shape) < rng.choice([0, share, 1], (shape[0], 1))
    allowed[np.arange(shape[0]), rng.integers(0, shape[1], shape[0])] = True
    return allowed


def one_hot(tags, K):
    return np.eye(K, dtype=bool)[tags]


def brute_force_mean(loss, case, allowed):
    masks = case.cut(allowed)
    return brute_force.batch_mean(PATH_LOSSES[loss][2], case.sentences(), masks, case.transitions)


# Paths


@every_loss
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("scale", [0.3, 3])
@pytest.mark.parametrize(("K", "lengths"), SHAPES)
def test_losses_of_paths_and_all_their_gradients(loss, dtype, scale, K, lengths):
    for seed in range(3):
        case = make_case(normal(scale), K, lengths, dtype, seed)
        allowed = masks(case.s.shape, seed)
        found = PATH_LOSSES[loss][1](case.s, allowed, case.lengths, case.transitions)
        assert_same_loss(found, brute_force_mean(loss, case, allowed), dtype)


@st.composite
def partial_cases(draw):
    K = draw(st.integers(1, 3))
    lengths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    scale = draw(st.sampled_from([0.1, 1, 10, 100]))
    case = make_case(normal(scale), K, lengths, np.float64, draw(st.integers(0, 2**32 - 1)))
    rows = st.lists(st.booleans(), min_size=K, max_size=K).filter(any)
    size = sum(lengths)
    return case, np.array(draw(st.lists(rows, min_size=size, max_size=size)))


@every_loss
@given(partial_cases())
def test_any_masks_of_paths(loss, drawn):
    case, allowed = drawn
    found = PATH_LOSSES[loss][1](case.s, allowed, case.lengths, case.transitions)
    assert_same_loss(found, brute_force_mean(loss, case, allowed), "float64", scale=1000)
    assert found[0] >= -1e-9
    # What else is allowed can only be right, too.
    more = allowed | (case.s > 0)
    loss_of_more = PATH_LOSSES[loss][1](case.s, more, case.lengths, case.transitions)[0]
    assert loss_of_more <= found[0] + 1e-9


@pytest.mark.parametrize("draw", [extreme, ends_of_the_range])
@pytest.mark.parametrize(("K", "lengths"), [(2, [1, 6, 3]), (4, [4, 1, 4])])
def test_extreme_scores_of_paths(draw, K, lengths):
    for seed in range(5):
        case = make_case(draw, K, lengths, np.float32, seed)
        allowed = masks(case.s.shape, seed)
        for loss, (_, fast, _) in PATH_LOSSES.items():
            found, ds, dtransitions = fast(case.s, allowed, case.lengths, case.transitions)
            expected = brute_force_mean(loss, case, allowed)
            assert found == pytest.approx(expected[0], rel=1e-6, abs=0.05)
            assert all(np.isfinite(gradient).all() for gradient in (ds, *dtransitions))
            if loss == "softmax":  # of max-margin any of the best paths will do
                # float32 has 0.004 of room at 60,000
                np.testing.assert_allclose(ds, expected[1], atol=0.05)
                for grad, exact in zip(dtransitions, expected[2], strict=True):
                    np.testing.assert_allclose(grad, exact, atol=0.05 * len(case.s))


def test_a_long_sentence_of_large_scores_loses_no_digits():
    rng = np.random.default_rng(0)
    K, lengths = 9, np.array([3000, 5])
    s = rng.normal(loc=1000, size=(lengths.sum(), K)).astype(np.float32)
    transitions = Transitions(
        *(rng.normal(size=shape).astype(np.float32) for shape in ((K, K), K, K))
    )
    double = Transitions(*(part.astype(np.float64) for part in transitions))
    allowed = masks(s.shape, 0)
    found = partial_log_likelihood_loss(s, allowed, lengths, transitions)
    exact = partial_log_likelihood_loss(s.astype(np.float64), allowed, lengths, double)
    assert found[0] == pytest.approx(exact[0], rel=3e-6)
    np.testing.assert_allclose(found[1], exact[1], atol=5e-4)


# Tokens


def softmax_formula(s, allowed):
    total = sum(math.exp(score) for score in s)
    return -math.log(
        sum(math.exp(score) for score, ok in zip(s, allowed, strict=True) if ok) / total
    )


def max_margin_formula(s, allowed):
    right = max(score for score, ok in zip(s, allowed, strict=True) if ok)
    wrong = [score for score, ok in zip(s, allowed, strict=True) if not ok]
    return max(0.0, 1 + max(wrong) - right) if wrong else 0.0


FORMULAS = {"softmax": softmax_formula, "max-margin": max_margin_formula}


@every_loss
@given(partial_cases())
def test_losses_of_tokens(loss, drawn):
    case, allowed = drawn
    s = np.clip(case.s, -20, 20)
    found, ds = PARTIAL_LOSSES[loss](s, allowed)
    each = [FORMULAS[loss](*rows) for rows in zip(s.tolist(), allowed, strict=True)]
    assert found == pytest.approx(sum(each) / len(each), rel=1e-9, abs=1e-9)
    assert ds.sum() == pytest.approx(0, abs=1e-12)


@every_loss
def test_gradients_of_tokens_against_finite_differences(loss):
    s = np.random.default_rng(0).normal(scale=2, size=(40, 5))
    allowed = masks(s.shape, 1)
    _, ds = PARTIAL_LOSSES[loss](s, allowed)
    numeric = numeric_gradient(lambda: PARTIAL_LOSSES[loss](s, allowed)[0], s)
    assert np.count_nonzero(ds) > 10
    np.testing.assert_allclose(ds, numeric, atol=1e-9)


@every_loss
def test_extreme_scores_of_tokens(loss):
    s = np.array([[1e4, -1e4, -1e4], [-1e4, -1e4, 1e4]], dtype=np.float32)
    wrong, ds = PARTIAL_LOSSES[loss](s, np.array([[0, 1, 1], [1, 1, 0]], dtype=bool))
    assert wrong == pytest.approx(2e4, rel=1e-4)
    assert ds.dtype == np.float32
    assert np.isfinite(ds).all()
    right, ds = PARTIAL_LOSSES[loss](s, np.array([[1, 1, 0], [0, 1, 1]], dtype=bool))
    assert (right, np.abs(ds).max()) == (0, 0)


@every_loss
def test_other_tags_that_are_allowed_are_not_pushed_down(loss):
    s = np.array([[2.0, 1.5, 1.25]])
    _, ds = PARTIAL_LOSSES[loss](s, np.array([[True, True, False]]))
    assert ds[0, 1] <= 0 < ds[0, 2]


# Objectives


def objectives(loss, K, dtype):
    rng = np.random.default_rng(0)
    shapes = ((K, K), K, K)
    transitions = Transitions(*(rng.normal(size=shape).astype(dtype) for shape in shapes))
    return [TokenObjective(loss), SentenceObjective(loss, transitions)]


def results(objective, *arguments):
    for parameter in objective.parameters().values():
        parameter.clear_grad()
    loss, ds = objective.loss(*arguments)
    return [loss, ds, *(parameter.grad for parameter in objective.parameters().values())]


@every_loss
def test_a_sole_tag_of_each_token_is_as_good_as_gold(loss):
    case = make_case(normal(1), 4, [3, 1, 5, 5], "float64", 2)
    ordinary, of_paths = PATH_LOSSES[loss][:2]
    allowed = one_hot(case.gold, 4)
    found = of_paths(case.s, allowed, case.lengths, case.transitions)
    assert_same_loss(found, ordinary(*case.arguments()), "float64")
    found, ds = PARTIAL_LOSSES[loss](case.s, allowed)
    expected = TOKEN_LOSSES[loss](case.s, case.gold)
    assert found == pytest.approx(expected[0])
    np.testing.assert_allclose(ds, expected[1], atol=1e-15)


@every_loss
def test_a_batch_of_sole_tags_takes_the_cheaper_loss(loss, monkeypatch):
    monkeypatch.delitem(losses_module.PARTIAL_LOSSES, loss)
    case = make_case(normal(1), 4, [3, 1, 5, 5], "float32", 2)
    for objective in objectives(loss, 4, np.float32):
        objective.compute_partial = None
        expected = results(objective, case.s, case.gold, case.lengths)
        found = results(objective, case.s, one_hot(case.gold, 4), case.lengths)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a, b)


@every_loss
def test_where_every_tag_is_allowed_there_is_nothing_to_learn(loss):
    case = make_case(normal(3), 4, [3, 1, 5], "float64", 2)
    for objective in objectives(loss, 4, np.float64):
        everything = np.ones_like(case.s, dtype=bool)
        for result in results(objective, case.s, everything, case.lengths):
            np.testing.assert_allclose(result, 0, atol=1e-12)


@every_loss
def test_objectives_learn_from_masks(loss):
    case = make_case(normal(1), 4, [3, 1, 5], "float64", 2)
    allowed = masks(case.s.shape, 3)
    of_tokens, of_paths = objectives(loss, 4, np.float64)
    found, ds = results(of_tokens, case.s, allowed, case.lengths)
    expected = PARTIAL_LOSSES[loss](case.s, allowed)
    assert found == expected[0]
    np.testing.assert_array_equal(ds, expected[1])
    transitions = Transitions(*(p.value for p in of_paths.parameters().values()))
    loss_of_paths, ds, grads = PATH_LOSSES[loss][1](case.s, allowed, case.lengths, transitions)
    for a, b in zip(
        results(of_paths, case.s, allowed, case.lengths), [loss_of_paths, ds, *grads], strict=True
    ):
        np.testing.assert_array_equal(a, b)
