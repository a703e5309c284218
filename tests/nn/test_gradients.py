"""The numerical check of every backward pass, and proof that it would see a wrong one."""

import numpy as np
import pytest

from networks import FEATURES, LENGTHS, WORDS, loss_and_gradients, make_batch, make_network
from windowclf.nn import layers as layers_module
from windowclf.nn import network as network_module
from windowclf.nn import parameter as parameter_module
from windowclf.nn.gradcheck import TOLERANCE, GradientCheck, check_gradients, full_gradient
from windowclf.nn.layers import ACTIVATIONS, Activation
from windowclf.nn.losses import TOKEN_LOSSES
from windowclf.nn.parameter import Parameter, TableParameter

EVERY = {"L_word", "L_shape", "W1", "b1", "U", "b_u"}
TABLES = {"L_word", "L_shape"}
BELOW_U = EVERY - {"U", "b_u"}


def check(network, loss="softmax", batch=None, **settings):
    run = loss_and_gradients(network, loss, batch or make_batch())
    rng = np.random.default_rng(0)
    settings = {"samples": 10_000} | settings  # all elements
    return list(check_gradients(run, network.parameters(), rng, **settings))


def failed(checks):
    return {found.name for found in checks if not found.passed}


@pytest.mark.parametrize(("hidden", "dropout"), [((5,), 0.0), ((5, 3), 0.3)])
@pytest.mark.parametrize(
    ("loss", "activation"),
    # A loss reads no activation, and a slope no loss: each is checked, not each with each.
    sorted({(loss, "tanh") for loss in TOKEN_LOSSES} | {("softmax", f) for f in ACTIVATIONS}),
)
def test_every_gradient_is_right(loss, activation, hidden, dropout):
    network = make_network(hidden=hidden, activation=activation, dropout=dropout)
    checks = check(network, loss)
    assert [found.name for found in checks] == list(network.parameters())
    assert TOLERANCE == 1e-6
    for found in checks:
        assert found.error < 1e-6, found
        assert found.checked == np.prod(found.shape)


@pytest.mark.parametrize("width", [1, 5, 7])
def test_every_window_width(width):
    assert not failed(check(make_network(width=width), batch=make_batch(width)))


def test_the_batch_holds_what_is_easily_got_wrong():
    windows = make_batch().windows
    assert any((window == 1).sum() > 1 for window in windows)  # a word twice in a window
    assert (windows == 1).any(axis=1).sum() > 5  # a word in many windows
    assert len(set(FEATURES[1:, 0])) < len(FEATURES[1:, 0])  # two words with one vector
    assert 1 in LENGTHS
    assert set(WORDS) == set(range(1, len(FEATURES)))


# Planted faults. With four of everything, a transposed product has the right shape.


def backward_of(name, wrong):
    """Plant: the backward pass of a layer becomes ``wrong(backward, gradient, *arguments)``."""

    def plant(monkeypatch):
        right = getattr(network_module, name)

        def layer(*arguments):
            out, backward = right(*arguments)
            return out, lambda gradient: wrong(backward, gradient, *arguments)

        monkeypatch.setattr(network_module, name, layer)

    return plant


def gradient_of(name, argument, change):
    """Plant: the gradient that a layer leaves in one of its parameters is changed."""

    def wrong(backward, gradient, *arguments):
        out = backward(gradient)
        parameter = arguments[argument]
        parameter.grad = change(parameter.grad)
        return out

    return backward_of(name, wrong)


def loss_with(change):
    """Plant: the gradient of the softmax loss becomes ``change(ds)``."""

    def plant(monkeypatch):
        right = TOKEN_LOSSES["softmax"]

        def loss(s, y):
            value, ds = right(s, y)
            return value, change(ds)

        monkeypatch.setitem(TOKEN_LOSSES, "softmax", loss)

    return plant


def slope(wrong):
    def plant(monkeypatch):
        monkeypatch.setitem(ACTIVATIONS, "tanh", Activation(ACTIVATIONS["tanh"].f, wrong))

    return plant


def lost_shares(module):
    """Plant: ``table[ids] += d``, which adds only the last of the shares of a repeated row."""

    def scatter(indices, values, rows):
        table = np.zeros((rows, values.shape[1]))
        for column in indices.reshape(len(indices), -1).T:
            table[column] += values
        return table

    return lambda monkeypatch: monkeypatch.setattr(module, "scatter_add", scatter)


def scaled(gradient):
    return 1.001 * gradient


def result(change):
    return lambda backward, gradient, *_: change(backward(gradient))


FAULTS = {
    "loss: scaled": (loss_with(scaled), EVERY),
    "loss: sign": (loss_with(np.negative), EVERY),
    "loss: sum, not mean": (loss_with(lambda ds: ds * len(ds)), EVERY),
    "dense: U scaled": (gradient_of("dense_layer", 0, scaled), {"U"}),
    "dense: U transposed": (gradient_of("dense_layer", 0, np.transpose), {"U"}),
    "dense: b sign": (gradient_of("dense_layer", 1, np.negative), {"b_u"}),
    "dense: b missing": (gradient_of("dense_layer", 1, lambda _: None), {"b_u"}),
    "dense: into a scaled": (backward_of("dense_layer", result(scaled)), BELOW_U),
    "dense: into a transposed": (
        backward_of("dense_layer", lambda back, ds, U, *_: 0 * back(ds) + ds @ U.value),
        BELOW_U,
    ),
    "slope: missing": (slope(np.ones_like), BELOW_U),
    "slope: of a, not of z": (slope(lambda a: 1 - np.tanh(a) ** 2), BELOW_U),
    "slope: scaled": (slope(lambda a: scaled(1 - a * a)), BELOW_U),
    "window: W scaled": (gradient_of("window_layer", 0, scaled), {"W1"}),
    "window: W transposed": (gradient_of("window_layer", 0, np.transpose), {"W1"}),
    "window: W slots reversed": (gradient_of("window_layer", 0, lambda g: g[:, ::-1]), {"W1"}),
    "window: b sign": (gradient_of("window_layer", 1, np.negative), {"b1"}),
    "window: into e scaled": (backward_of("window_layer", result(scaled)), TABLES),
    "window: into e sign": (backward_of("window_layer", result(np.negative)), TABLES),
    "window: shares of a word lost": (lost_shares(layers_module), TABLES | {"W1"}),
    "dropout: no mask on the way back": (
        backward_of("dropout", lambda _back, dy, *_: dy),
        BELOW_U,
    ),
    "dropout: scaled": (backward_of("dropout", result(scaled)), BELOW_U),
    "lookup: scaled": (backward_of("lookup", lambda back, de, *_: back(scaled(de))), TABLES),
    "lookup: sign": (backward_of("lookup", lambda back, de, *_: back(-de)), TABLES),
    "lookup: columns shifted": (
        backward_of("lookup", lambda back, de, *_: back(np.roll(de, 1, axis=1))),
        TABLES,
    ),
    "lookup: shares of a row lost": (lost_shares(parameter_module), TABLES),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_check_sees_a_planted_fault(fault, monkeypatch):
    plant, expected = FAULTS[fault]
    plant(monkeypatch)
    assert failed(check(make_network(hidden=(4,), dropout=0.3), steps=[1e-4])) == expected


def test_without_a_fault_the_same_network_passes():
    assert not failed(check(make_network(hidden=(4,), dropout=0.3), steps=[1e-4]))


@pytest.mark.parametrize("loss", TOKEN_LOSSES)
def test_the_check_sees_a_fault_in_every_loss(loss, monkeypatch):
    right = TOKEN_LOSSES[loss]
    monkeypatch.setitem(TOKEN_LOSSES, loss, lambda s, y: (right(s, y)[0], scaled(right(s, y)[1])))
    assert failed(check(make_network(), loss)) == EVERY


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_check_sees_a_fault_in_every_slope(activation, monkeypatch):
    f, right = ACTIVATIONS[activation]
    monkeypatch.setitem(ACTIVATIONS, activation, Activation(f, lambda a: scaled(right(a))))
    assert failed(check(make_network(activation=activation))) == BELOW_U


def test_the_check_leaves_everything_as_it_was():
    network = make_network()
    before = {name: p.value.copy() for name, p in network.parameters().items()}
    check(network)
    for name, parameter in network.parameters().items():
        np.testing.assert_array_equal(parameter.value, before[name])
        assert parameter.grad is None


def test_elements_with_a_gradient_are_checked_first():
    parameter = TableParameter(np.ones((1000, 1)))

    def run():
        parameter.add_row_grad(np.array([7, 70]), np.array([[2.0], [1.0]]))  # 70 is wrong
        return float(parameter.value[7, 0] ** 2)

    (found,) = check_gradients(run, {"L": parameter}, np.random.default_rng(0), samples=20)
    assert 2 < found.checked <= 20  # some that should have none, too
    assert found.error == pytest.approx(1)
    assert not found.passed


def test_a_kink_within_the_first_step_is_no_fault():
    parameter = Parameter(np.array([5e-5]))

    def run():
        parameter.add_grad(np.sign(parameter.value))
        return float(abs(parameter.value[0]))

    rng = np.random.default_rng(0)
    (long,) = check_gradients(run, {"w": parameter}, rng, steps=(1e-3,))
    (both,) = check_gradients(run, {"w": parameter}, rng, steps=(1e-3, 1e-5))
    assert (long.passed, both.passed) == (False, True)


def test_a_gradient_that_is_no_number_fails():
    parameter = Parameter(np.array([1.0, 2.0]))

    def run():
        parameter.add_grad(np.array([1.0, np.nan]))
        return float(parameter.value.sum())

    (found,) = check_gradients(run, {"w": parameter}, np.random.default_rng(0))
    assert not found.passed
    assert not GradientCheck("w", (1,), 1, np.nan).passed


def test_full_gradient_has_the_shape_of_the_parameter():
    table = TableParameter(np.ones((3, 2)))
    assert full_gradient(table).tolist() == [[0, 0], [0, 0], [0, 0]]
    table.add_row_grad(np.array([2, 2]), np.array([[1.0, 2], [3, 4]]))
    assert full_gradient(table).tolist() == [[0, 0], [0, 0], [4, 6]]
