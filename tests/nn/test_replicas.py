"""Twins share their values, and hand over the gradients that they collect."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks import WORDS, make_batch, make_network
from windowclf.nn.crf import Transitions
from windowclf.nn.document_context import find_mentions
from windowclf.nn.gradcheck import full_gradient
from windowclf.nn.objective import RankingObjective, SentenceObjective, TokenObjective
from windowclf.nn.parameter import Parameter, TableParameter

shares = st.floats(-2, 2).map(lambda share: round(share, 3))


@given(st.lists(st.tuples(shares, st.booleans()), min_size=1, max_size=4))
def test_a_gradient_is_the_sum_of_the_twins_shares(parts):
    first = Parameter(np.zeros((2, 3)))
    replicas = [first, *(first.replica() for _ in parts[1:])]
    expected, rng = None, np.random.default_rng(1)
    for replica, (share, has_gradient) in zip(replicas, parts, strict=True):
        assert replica.value is first.value
        assert replica.grad is None
        if has_gradient:
            grad = rng.normal(size=(2, 3))
            replica.add_grad(grad)
            expected = share * grad + (0 if expected is None else expected)
    first.reduce_gradients(replicas, [share for share, _ in parts])
    if expected is None:
        assert first.grad is None
    else:
        np.testing.assert_allclose(first.grad, expected)


@given(st.lists(st.tuples(shares, st.lists(st.integers(0, 5), max_size=6)), min_size=1, max_size=4))
def test_a_tables_gradient_has_the_rows_of_all_twins(parts):
    first = TableParameter(np.zeros((6, 2)))
    replicas = [first, *(first.replica() for _ in parts[1:])]
    expected, rng = np.zeros((6, 2)), np.random.default_rng(1)
    for replica, (share, rows) in zip(replicas, parts, strict=True):
        assert isinstance(replica, TableParameter)
        assert replica.value is first.value
        if rows:
            grad = rng.normal(size=(len(rows), 2))
            replica.add_row_grad(np.array(rows), grad)
            np.add.at(expected, rows, share * grad)
    first.reduce_gradients(replicas, [share for share, _ in parts])
    used = sorted({row for _, rows in parts for row in rows})
    assert (first.rows is None) == (first.grad is None) == (not used)
    if used:
        assert first.rows.tolist() == used
        np.testing.assert_allclose(first.grad, expected[used], atol=1e-12)


@pytest.mark.parametrize("further", [False, True])
def test_a_twin_of_a_network_has_all_of_it_but_the_gradients(further):
    network = make_network(
        hidden=(5, 4), sentence_mean=further, document_context=further, dropout=0.4
    )
    batch = replace(make_batch(), mentions=find_mentions(WORDS))
    network.forward(batch)[1](np.ones((12, 4)))
    replica = network.replica()
    assert list(replica.parameters()) == list(network.parameters())
    assert {"W_s", "g"} <= {*replica.parameters()} or not further
    before = {name: full_gradient(p) for name, p in network.parameters().items()}
    for name, parameter in network.parameters().items():
        assert replica.parameters()[name].value is parameter.value
        assert replica.parameters()[name].grad is None
    (s, _), (of_twin, backward) = (
        n.forward(batch, np.random.default_rng(3)) for n in (network, replica)
    )
    assert of_twin.tolist() == s.tolist()
    backward(np.ones_like(s))
    assert replica.parameters()["U"].grad is not None
    for name, parameter in network.parameters().items():
        assert full_gradient(parameter).tolist() == before[name].tolist()


def test_a_twin_of_an_objective_has_gradients_of_its_own():
    rng = np.random.default_rng(2)
    transitions = Transitions(rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=3))
    objective = SentenceObjective("softmax", transitions)
    replica = objective.replica()
    s, gold, lengths = rng.normal(size=(5, 3)), np.array([0, 1, 2, 2, 1]), np.array([2, 3])
    loss, ds = replica.loss(s, gold, lengths)
    assert all(parameter.grad is None for parameter in objective.parameters().values())
    assert all(parameter.grad is not None for parameter in replica.parameters().values())
    own_loss, own_ds = objective.loss(s, gold, lengths)
    assert (own_loss, own_ds.tolist()) == (loss, ds.tolist())
    for name, parameter in objective.parameters().items():
        assert replica.parameters()[name].value is parameter.value
        assert replica.parameters()[name].grad.tolist() == parameter.grad.tolist()


def test_a_twin_heeds_the_same_teacher():
    rng = np.random.default_rng(2)
    transitions = Transitions(rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=3))
    for objective in (SentenceObjective("softmax", transitions), TokenObjective("softmax")):
        objective.distil_from([transitions.transition + 1, transitions.start, transitions.end])
        s, taught, lengths = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), np.array([2, 3])
        loss, _ = objective.replica().loss(s, taught, lengths)
        assert loss == objective.loss(s, taught, lengths)[0]


@pytest.mark.parametrize("objective", [TokenObjective("max-margin"), RankingObjective()])
def test_an_objective_without_parameters_is_its_own_twin(objective):
    assert objective.replica() is objective
