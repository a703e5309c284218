"""Each layer against loops, and what its backward pass leaves."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks import numeric_gradient
from windowclf.nn.layers import ACTIVATIONS, dense_layer, dropout, lookup, window_layer, window_rows
from windowclf.nn.parameter import Parameter, TableParameter, add_row_grads

FORMULAS = {
    "logistic": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": math.tanh,
    "hard-tanh": lambda z: max(-1.0, min(1.0, z)),
    "relu": lambda z: max(0.0, z),
}
WIDTHS = st.sampled_from([1, 3, 5, 7])


def test_lookup_joins_a_row_of_each_table():
    first, second = np.arange(6.0).reshape(3, 2), 10 * np.arange(1.0, 5.0).reshape(4, 1)
    e, _ = lookup([TableParameter(first), TableParameter(second)], np.array([[2, 0], [0, 3]]))
    assert e.tolist() == [[4, 5, 10], [0, 1, 40]]


def test_lookup_adds_the_shares_of_repeated_rows():
    first, second = TableParameter(np.zeros((5, 2))), TableParameter(np.zeros((4, 1)))
    _, backward = lookup([first, second], np.array([[3, 1], [0, 1], [3, 2]]))
    backward(np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]))
    assert first.rows.tolist() == [0, 3]
    assert first.grad.tolist() == [[4, 5], [8, 10]]
    assert second.rows.tolist() == [1, 2]
    assert second.grad.tolist() == [[9], [9]]


def test_a_table_adds_up_several_backward_passes_until_it_is_cleared():
    table = TableParameter(np.zeros((6, 1)))
    table.add_row_grad(np.array([4, 1]), np.array([[1.0], [2]]))
    table.add_row_grad(np.array([5, 4]), np.array([[4.0], [8]]))
    assert table.rows.tolist() == [1, 4, 5]
    assert table.grad.tolist() == [[2], [9], [4]]
    table.clear_grad()
    assert table.rows is table.grad is None


# The window layer


def naive_windows(sentences, width, padding):
    side = width // 2
    rows = []
    for sentence in sentences:
        padded = [padding] * side + sentence + [padding] * side
        rows += [padded[t : t + width] for t in range(len(sentence))]
    return rows


def flatten(sentences):
    words = np.array([word for sentence in sentences for word in sentence], dtype=np.int64)
    return words, np.array([len(sentence) for sentence in sentences], dtype=np.int64)


@given(st.lists(st.lists(st.integers(1, 9), max_size=6), max_size=5), WIDTHS, st.integers(-1, 10))
def test_window_rows_against_a_loop(sentences, width, padding):
    rows = window_rows(*flatten(sentences), width, padding)
    assert rows.shape == (sum(map(len, sentences)), width)
    assert rows.tolist() == naive_windows(sentences, width, padding)


def test_no_window_reaches_into_the_next_sentence():
    rows = window_rows(np.array([1, 2, 3]), np.array([2, 1]), 5)
    assert rows.tolist() == [[0, 0, 1, 2, 0], [0, 1, 2, 0, 0], [0, 0, 3, 0, 0]]


class Oracle:
    """The layer as its equation has it: one x_t after the other, W of shape (H, S·d)."""

    def __init__(self, W, b, e, windows):
        d, slots, hidden = W.shape
        self.W = np.zeros((hidden, slots * d))
        for k in range(slots):
            self.W[:, k * d : (k + 1) * d] = W[:, k].T
        self.d, self.b, self.e, self.windows = d, b, e, windows
        self.x = [np.concatenate([e[row] for row in window]) for window in windows]

    def forward(self):
        return np.array([self.W @ x + self.b for x in self.x])

    def backward(self, delta):
        dW, db, de = np.zeros_like(self.W), np.zeros_like(self.b), np.zeros_like(self.e)
        for x, window, delta_t in zip(self.x, self.windows, delta, strict=True):
            dW += np.outer(delta_t, x)
            db += delta_t
            dx = self.W.T @ delta_t
            for k, row in enumerate(window):
                de[row] += dx[k * self.d : (k + 1) * self.d]
        slots = dW.reshape(len(self.b), -1, self.d)  # shape: (H, S, d)
        return slots.transpose(2, 1, 0), db, de


@given(
    st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=7), min_size=1, max_size=4),
    WIDTHS,
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(0, 2**32 - 1),
)
def test_against_an_oracle_that_builds_each_window(sentences, width, d, hidden, seed):
    rng = np.random.default_rng(seed)
    windows = window_rows(*flatten(sentences), width)
    e = rng.normal(size=(rng.integers(5, 8), d))  # words 1 to 4 and others that stand nowhere
    W, b = Parameter(rng.normal(size=(d, width, hidden))), Parameter(rng.normal(size=hidden))
    oracle = Oracle(W.value, b.value, e, windows)

    z, backward = window_layer(W, b, e, windows)
    np.testing.assert_allclose(z, oracle.forward(), rtol=0, atol=1e-12)

    delta = rng.normal(size=z.shape)
    de = backward(delta)
    for got, expected in zip((W.grad, b.grad, de), oracle.backward(delta), strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


def test_the_window_layer_hands_over_pieces_that_no_thread_changes():
    rng = np.random.default_rng(0)
    e, windows = rng.normal(size=(4, 2)), rng.integers(0, 4, (7, 3))
    delta = rng.normal(size=(7, 5))
    values = rng.normal(size=(2, 3, 5)), rng.normal(size=5)
    handed = []

    def backwards(function, *arguments):
        """Does the second piece first, as another thread might."""
        pieces = list(zip(*arguments, strict=True))
        handed.append(len(pieces))
        return [function(*piece) for piece in reversed(pieces)][::-1]

    found = []
    for run in (map, backwards):
        W, b = map(Parameter, values)
        z, backward = window_layer(W, b, e, windows, run)
        found.append([x.tobytes() for x in (z, backward(delta), W.grad, b.grad)])
    assert found[0] == found[1]
    assert handed == [2, 2, 2]


def test_a_word_that_fills_a_window_collects_every_share():
    W, b = Parameter(np.arange(1.0, 4.0).reshape(1, 3, 1)), Parameter(np.zeros(1))
    z, backward = window_layer(W, b, np.array([[2.0]]), np.array([[0, 0, 0]]))
    assert z == pytest.approx(2 * (1 + 2 + 3))
    assert backward(np.array([[1.0]])) == pytest.approx(1 + 2 + 3)


def test_two_backward_passes_add_up():
    rng = np.random.default_rng(0)
    W, b = Parameter(rng.normal(size=(2, 3, 2))), Parameter(rng.normal(size=2))
    z, backward = window_layer(W, b, rng.normal(size=(4, 2)), rng.integers(0, 4, (5, 3)))
    delta = rng.normal(size=z.shape)
    backward(delta)
    once = W.grad.copy(), b.grad.copy()
    backward(delta)
    np.testing.assert_allclose(W.grad, 2 * once[0])
    np.testing.assert_allclose(b.grad, 2 * once[1])


# Further layers


def test_dense_layer_against_loops():
    rng = np.random.default_rng(0)
    U, b = Parameter(rng.normal(size=(3, 2))), Parameter(rng.normal(size=2))
    a, ds = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    s, backward = dense_layer(U, b, a)
    da = backward(ds)
    dU = np.zeros((3, 2))
    for t in range(4):
        np.testing.assert_allclose(s[t], U.value.T @ a[t] + b.value)
        np.testing.assert_allclose(da[t], U.value @ ds[t])
        dU += np.outer(a[t], ds[t])
    np.testing.assert_allclose(U.grad, dU)
    np.testing.assert_allclose(b.grad, sum(ds))


@pytest.mark.parametrize(("rate", "rng"), [(0.5, None), (0.0, np.random.default_rng(0))])
def test_nothing_is_dropped_without_a_rate_or_a_generator(rate, rng):
    x, dy = np.ones((3, 4)), np.full((3, 4), 2.0)
    y, backward = dropout(x, rate, rng)
    assert y is x
    assert backward(dy) is dy


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_dropout_keeps_the_mean(rate):
    x = np.full((200, 200), 3.0)
    y, backward = dropout(x, rate, np.random.default_rng(1))
    kept = y != 0
    assert kept.mean() == pytest.approx(1 - rate, abs=0.01)
    np.testing.assert_allclose(y[kept], 3 / (1 - rate), rtol=1e-4)
    mask = backward(np.full_like(x, 2.0))
    np.testing.assert_allclose(mask, kept * (2 / (1 - rate)), rtol=1e-4)
    assert (x == 3).all()


@pytest.mark.parametrize("rate", [1e-9, np.nextafter(1.0, 0.0)])
@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (3, 7)])
def test_dropout_at_the_ends_of_the_range(rate, shape):
    x = np.ones(shape, np.float32)
    y, _ = dropout(x, rate, np.random.default_rng(1))
    assert y.shape == shape
    assert y.dtype == np.float32
    assert (y == (1 if rate < 0.5 else 0)).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_values(name):
    z = np.linspace(-3, 3, 41)
    expected = [FORMULAS[name](value) for value in z]
    np.testing.assert_allclose(ACTIVATIONS[name].f(z.copy()), expected, atol=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_slopes_against_finite_differences(name):
    f, slope = ACTIVATIONS[name]
    z = np.linspace(-2.9, 2.9, 40)  # no kink among them
    numeric = numeric_gradient(lambda: float(f(z.copy()).sum()), z)
    np.testing.assert_allclose(slope(f(z.copy())), numeric, atol=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_of_extreme_values_are_finite(name):
    z = np.array([-1e4, -200, 0, 200, 1e4], dtype=np.float32)
    f, slope = ACTIVATIONS[name]
    a = f(z.copy())
    assert a.dtype == slope(a).dtype == np.float32
    assert np.isfinite(a).all()
    assert np.isfinite(slope(a)).all()
    if name != "relu":
        assert slope(a)[[0, 1, 3, 4]].tolist() == [0, 0, 0, 0]


def test_every_activation_is_tested():
    assert set(ACTIVATIONS) == set(FORMULAS)


# The gradients of several tables at once


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=6),
    st.integers(0, 8),
    st.integers(0, 2**32 - 1),
)
def test_row_grads_of_several_tables_against_a_loop(widths, n, seed):
    rng = np.random.default_rng(seed)
    heights = rng.integers(1, 5, len(widths))
    shapes = list(zip(heights.tolist(), widths, strict=True))
    tables = [TableParameter(np.zeros(shape)) for shape in shapes]
    expected = [np.zeros(shape) for shape in shapes]
    used = [set() for _ in shapes]
    for _ in range(2):  # a second pass adds up
        ids = rng.integers(0, heights, (n, len(widths))).astype(np.int32)
        de = rng.normal(size=(n, sum(widths)))
        add_row_grads(tables, ids, de)
        for row, shares in zip(ids, de, strict=True):
            parts = np.split(shares, np.cumsum(widths)[:-1])
            for table, seen, i, share in zip(expected, used, row, parts, strict=True):
                table[i] += share
                seen.add(int(i))
    for table, right, seen in zip(tables, expected, used, strict=True):
        assert table.rows.tolist() == sorted(seen)
        np.testing.assert_allclose(table.grad, right[table.rows], atol=1e-12)
