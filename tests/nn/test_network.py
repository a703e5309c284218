"""The whole network: its starting weights, its types, and the norms of its sensitivities."""

import math

import numpy as np
import pytest

from networks import FEATURES, make_batch, make_network
from windowclf.nn.batch import Batch
from windowclf.nn.initializers import INITIALIZERS
from windowclf.nn.network import Network


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
