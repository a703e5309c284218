import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windowclf.nn.batch import window_rows
from windowclf.nn.parameter import Parameter
from windowclf.nn.window import window_layer

WIDTHS = st.sampled_from([1, 3, 5, 7])


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


@settings(deadline=None)
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
