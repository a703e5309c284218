import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import FEATURES, make_batch, make_network, numeric_gradient
from windowclf.nn.activations import ACTIVATIONS
from windowclf.nn.arrays import scatter_add
from windowclf.nn.batch import Batch
from windowclf.nn.dense import dense_layer
from windowclf.nn.dropout import dropout
from windowclf.nn.initializers import INITIALIZERS
from windowclf.nn.lookup import lookup
from windowclf.nn.network import Network
from windowclf.nn.parameter import Parameter, TableParameter

FORMULAS = {
    "logistic": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": math.tanh,
    "hard-tanh": lambda z: max(-1.0, min(1.0, z)),
    "relu": lambda z: max(0.0, z),
}


@settings(deadline=None)
@given(st.integers(0, 8), st.integers(1, 3), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_scatter_add_against_add_at(n, k, rows, seed):
    rng = np.random.default_rng(seed)
    indices, values = rng.integers(0, rows, (n, k)), rng.normal(size=(n, 2))
    expected = np.zeros((rows, 2))
    for column in indices.T:
        np.add.at(expected, column, values)
    np.testing.assert_allclose(scatter_add(indices, values, rows), expected, atol=1e-12)
    if k == 1:
        np.testing.assert_allclose(scatter_add(indices[:, 0], values, rows), expected, atol=1e-12)


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
    np.testing.assert_allclose(y[kept], 3 / (1 - rate))
    np.testing.assert_allclose(backward(np.full_like(x, 2.0)), kept * (2 / (1 - rate)))
    assert (x == 3).all()


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


@pytest.mark.parametrize(
    ("name", "variance", "limit"),
    [
        ("glorot", 2 / (300 + 200), math.sqrt(6 / (300 + 200))),
        ("he", 2 / 300, np.inf),
        ("gaussian", 0.1 / 300, np.inf),
        ("uniform", 0.1**2 / 12, 0.05),
    ],
)
def test_initializers(name, variance, limit):
    draw = INITIALIZERS[name]
    values = draw(np.random.default_rng(3), (300, 200))
    assert values.shape == (300, 200)
    assert abs(values.mean()) < 5 * math.sqrt(variance / values.size)
    assert values.var() == pytest.approx(variance, rel=0.03)
    assert np.abs(values).max() <= limit
    if limit < np.inf:
        assert np.abs(values).max() > 0.99 * limit
    np.testing.assert_array_equal(values, draw(np.random.default_rng(3), (300, 200)))
    assert not np.array_equal(values, draw(np.random.default_rng(4), (300, 200)))


def test_every_initializer_is_tested():
    assert set(INITIALIZERS) == {"glorot", "he", "gaussian", "uniform"}
    assert set(ACTIVATIONS) == set(FORMULAS)


def test_a_float32_network_computes_in_float32():
    exact = make_network(hidden=(5, 3), dropout=0.3)
    network = Network(
        {name: table.value.astype(np.float32) for name, table in exact.tables.items()},
        [weight.value.astype(np.float32) for weight in exact.weights],
        [bias.value.astype(np.float32) for bias in exact.biases],
        activation="logistic",
        input_dropout=0.3,
        hidden_dropout=0.3,
    )
    s, backward = network.forward(make_batch(), np.random.default_rng(0))
    backward(np.ones_like(s))
    assert s.dtype == np.float32
    assert {p.grad.dtype for p in network.parameters().values()} == {np.dtype(np.float32)}


def test_the_norms_of_the_sensitivities_go_from_the_first_layer_to_the_scores():
    network = make_network(hidden=(5, 3))
    token = make_batch().windows[:1]
    s, backward = network.forward(Batch(FEATURES, token, np.array([1])))
    norms = backward(np.ones_like(s))
    # of a single token, δ is the gradient of the bias
    assert norms == pytest.approx([np.linalg.norm(bias.grad) for bias in network.biases])
    assert len(set(norms)) == 3
