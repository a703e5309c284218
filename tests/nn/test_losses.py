import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks import numeric_gradient
from windowclf.nn.losses import TOKEN_LOSSES, softmax


def softmax_formula(s, y):
    return -math.log(math.exp(s[y]) / sum(math.exp(score) for score in s))


def max_margin_formula(s, y):
    return max(0.0, 1 + max(score for k, score in enumerate(s) if k != y) - s[y])


def squared_error_formula(s, y):
    outputs = [1 / (1 + math.exp(-score)) for score in s]
    return 0.5 * sum(((k == y) - o) ** 2 for k, o in enumerate(outputs))


FORMULAS = {
    "softmax": softmax_formula,
    "max-margin": max_margin_formula,
    "squared-error": squared_error_formula,
}

scores = st.floats(-20, 20)


@st.composite
def scored_tokens(draw):
    classes = draw(st.integers(2, 5))
    row = st.lists(scores, min_size=classes, max_size=classes)
    tokens = draw(st.lists(st.tuples(row, st.integers(0, classes - 1)), min_size=1, max_size=5))
    return np.array([s for s, _ in tokens]), np.array([y for _, y in tokens])


def test_every_loss_has_a_formula():
    assert set(TOKEN_LOSSES) == set(FORMULAS)


@pytest.mark.parametrize("name", TOKEN_LOSSES)
@given(scored_tokens())
def test_the_value_is_the_mean_of_the_formula(name, tokens):
    s, y = tokens
    before = s.copy()
    loss, ds = TOKEN_LOSSES[name](s, y)
    each = [FORMULAS[name](row, gold) for row, gold in zip(s.tolist(), y, strict=True)]
    assert loss == pytest.approx(sum(each) / len(each), rel=1e-9, abs=1e-9)
    assert ds.shape == s.shape
    np.testing.assert_array_equal(s, before)


@pytest.mark.parametrize("name", TOKEN_LOSSES)
@pytest.mark.parametrize("classes", [2, 5])
def test_the_gradient_against_finite_differences(name, classes):
    rng = np.random.default_rng(classes)
    s, y = rng.normal(scale=2, size=(20, classes)), rng.integers(0, classes, 20)
    _, ds = TOKEN_LOSSES[name](s, y)
    numeric = numeric_gradient(lambda: TOKEN_LOSSES[name](s, y)[0], s)
    assert np.count_nonzero(ds) > 10
    np.testing.assert_allclose(ds, numeric, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "expected"), [("softmax", 2e4), ("max-margin", 2e4 + 1), ("squared-error", 1)]
)
def test_extreme_scores(name, expected):
    s = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype=np.float32)
    wrong, ds = TOKEN_LOSSES[name](s, np.array([1, 0]))
    assert wrong == pytest.approx(expected)
    assert np.isfinite(ds).all()
    assert ds.dtype == np.float32
    right, ds = TOKEN_LOSSES[name](s, np.array([0, 1]))
    assert right == 0
    assert not ds.any()


@given(st.lists(st.sampled_from([-1e4, -1.0, 0.0, 1.0, 1e4]), min_size=2, max_size=6))
def test_softmax_of_any_scores_sums_to_one(row):
    p = softmax(np.array([row], dtype=np.float32))
    assert p.sum() == pytest.approx(1)
    assert p.argmax() == np.argmax(row)


def test_of_two_equally_bad_classes_one_is_pushed_down():
    loss, ds = TOKEN_LOSSES["max-margin"](np.array([[2.0, 0.5, 2.0, 1.0]]), np.array([1]))
    assert loss == 2.5
    assert sorted(ds[0]) == [-1, 0, 0, 1]
    assert ds[0, 1] == -1
    assert ds[0, 0] + ds[0, 2] == 1


def test_a_gold_class_that_ties_with_the_best_is_pushed_apart():
    loss, ds = TOKEN_LOSSES["max-margin"](np.array([[3.0, 3.0, 0.0]]), np.array([1]))
    assert loss == 1
    assert ds.tolist() == [[1, -1, 0]]


def test_a_margin_of_exactly_one_has_no_gradient():
    loss, ds = TOKEN_LOSSES["max-margin"](np.array([[3.0, 4.0, 0.0]]), np.array([1]))
    assert loss == 0
    assert not ds.any()
