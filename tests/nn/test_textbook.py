"""The network of the lecture notes: the fast network equals it, finite differences equal it."""

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks import numeric_gradient
from windowclf.nn import textbook
from windowclf.nn.batch import Batch
from windowclf.nn.gradcheck import full_gradient
from windowclf.nn.layers import window_rows
from windowclf.nn.network import Network
from windowclf.nn.objective import TokenObjective
from windowclf.nn.optimizers import SGD

NAMES = ("L", "W", "b", "U", "b_u")
SENTENCES = [[3, 3, 2, 3], [4], [5, 2, 3, 3, 6, 3, 2], [3, 2]]
WORDS = 8  # rows of L; no sentence holds rows 1 and 7
CLASSES = 4


def make_parameters(rng, words=WORDS, d=3, hidden=5, classes=CLASSES, c=2):
    shapes = (words, d), (hidden, (2 * c + 1) * d), hidden, (hidden, classes), classes
    return tuple(rng.normal(size=shape) for shape in shapes)


def loss_and_gradients(parameters, windows, y):
    x, a, s = textbook.forward(parameters, windows)
    loss, ds = textbook.softmax_loss(s, y)
    return s, loss, textbook.backward(parameters, windows, x, a, ds)


class Fast:
    """The fast network with the parameters of the textbook, and its windows of the sentences."""

    def __init__(self, parameters, sentences, y, c):
        L, W, b, U, b_u = parameters
        H, d = len(W), L.shape[1]
        slots = np.ascontiguousarray(W.reshape(H, -1, d).transpose(2, 1, 0))  # shape: (d, 2c+1, H)
        self.network = Network(
            {"word": L.copy()}, [slots, U.copy()], [b.copy(), b_u.copy()], activation="tanh"
        )
        words = np.array([word for sentence in sentences for word in sentence])
        lengths = np.array([len(sentence) for sentence in sentences])
        rows, places = np.unique(np.append(0, words), return_inverse=True)  # each word once
        windows = window_rows(places[1:], lengths, 2 * c + 1)
        self.batch = Batch(rows[:, None], windows, lengths, y)

    def loss_and_gradients(self):
        s, backward = self.network.forward(self.batch)
        loss, ds = TokenObjective("softmax").loss(s, self.batch.tags(), self.batch.lengths)
        backward(ds)
        return s, loss, self._as_textbook(full_gradient)

    def step(self, rate):
        SGD(self.network.parameters()).step(rate)
        for parameter in self.network.parameters().values():
            parameter.clear_grad()

    def values(self):
        return self._as_textbook(lambda parameter: parameter.value)

    def _as_textbook(self, array_of):
        L, W, b, U, b_u = map(array_of, self.network.parameters().values())
        return L, W.transpose(2, 1, 0).reshape(W.shape[2], -1), b, U, b_u


def assert_equal(found, expected):
    """Equal to 1e-12 of the largest number of each array."""
    for name, one, other in zip(NAMES, found, expected, strict=True):
        assert one.shape == other.shape
        error = np.abs(one - other).max()
        assert error <= 1e-12 * np.abs(other).max(), (name, error)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def y(rng):
    return rng.integers(0, CLASSES, sum(map(len, SENTENCES)))


def test_the_sentences_hold_what_is_easily_got_wrong():
    windows = textbook.window_rows(SENTENCES, 2)
    assert any((window == 3).sum() > 1 for window in windows)  # a word twice in a window
    assert (windows == 3).any(axis=1).sum() > 5  # a word in many windows
    assert any((window == 0).sum() > 1 for window in windows)  # padding on both sides
    assert (windows != 0).all(axis=1).any()  # a window without padding


def test_a_window_ends_with_its_sentence():
    windows = textbook.window_rows([[2, 3, 4], [5]], 1)
    assert windows.tolist() == [[0, 2, 3], [2, 3, 4], [3, 4, 0], [0, 5, 0]]


@pytest.mark.parametrize("c", [0, 1, 2, 3])
def test_the_fast_network_equals_the_textbook(c, rng, y):
    parameters = make_parameters(rng, c=c)
    found = loss_and_gradients(parameters, textbook.window_rows(SENTENCES, c), y)
    expected = Fast(parameters, SENTENCES, y, c).loss_and_gradients()
    np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=1e-12 * np.abs(found[0]).max())
    assert found[1] == pytest.approx(expected[1], rel=1e-12, abs=0)
    assert_equal(found[2], expected[2])


@given(
    sentences=st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=6), min_size=1, max_size=4),
    c=st.integers(0, 3),
    d=st.integers(1, 4),
    hidden=st.integers(1, 4),
    classes=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_they_are_equal_in_every_shape(sentences, c, d, hidden, classes, seed):
    rng = np.random.default_rng(seed)
    parameters = make_parameters(rng, 6, d, hidden, classes, c)
    y = rng.integers(0, classes, sum(map(len, sentences)))
    s, loss, gradients = loss_and_gradients(parameters, textbook.window_rows(sentences, c), y)
    fast = Fast(parameters, sentences, y, c).loss_and_gradients()
    # An absolute tolerance: the shares of a gradient may cancel to any small number.
    for found, expected in zip((s, loss, *gradients), (*fast[:2], *fast[2]), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_training_leaves_both_with_the_same_parameters(rng, y):
    parameters = make_parameters(rng)
    fast = Fast(parameters, SENTENCES, y, c=2)
    windows = textbook.window_rows(SENTENCES, 2)
    losses = []
    for _ in range(20):
        _, loss, gradients = loss_and_gradients(parameters, windows, y)
        textbook.sgd(parameters, gradients, rate=0.2)
        losses.append(loss)
        fast.loss_and_gradients()
        fast.step(0.2)
    assert_equal(parameters, fast.values())
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize("name", NAMES)
def test_every_gradient_equals_finite_differences(name, rng, y):
    parameters = make_parameters(rng)
    windows = textbook.window_rows(SENTENCES, 2)
    _, _, gradients = loss_and_gradients(parameters, windows, y)
    place = NAMES.index(name)
    expected = numeric_gradient(
        lambda: textbook.softmax_loss(textbook.forward(parameters, windows)[2], y)[0],
        parameters[place],
    )
    np.testing.assert_allclose(gradients[place], expected, rtol=1e-6, atol=1e-9)


def test_a_word_that_is_in_no_window_has_no_gradient(rng, y):
    windows = textbook.window_rows(SENTENCES, 2)
    _, _, (dL, *_) = loss_and_gradients(make_parameters(rng), windows, y)
    assert np.flatnonzero(dL.any(axis=1)).tolist() == [0, 2, 3, 4, 5, 6]


def test_the_loss_is_finite_where_a_probability_rounds_to_zero():
    loss, ds = textbook.softmax_loss(np.array([[0.0, 2000.0]]), np.array([0]))
    assert loss == 2000
    assert ds.tolist() == [[-1, 1]]


def test_the_textbook_fits_a_page_and_imports_numpy_alone():
    source = Path(textbook.__file__).read_text("utf-8")
    assert len(source.splitlines()) <= 80
    imports = [
        node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert [ast.unparse(node) for node in imports] == [
        "import numpy as np",
        "from numpy.typing import NDArray",
    ]
