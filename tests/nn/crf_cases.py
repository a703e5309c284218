"""Batches of sentences with random scores."""

from dataclasses import dataclass

import numpy as np
import pytest

from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.crf import Transitions


@dataclass(frozen=True, eq=False)
class Case:
    """A batch of sentences with random scores."""

    s: FloatArray
    gold: IntArray
    lengths: IntArray
    transitions: Transitions

    def cut(self, rows):
        """Cut what belongs to the tokens of a batch into sentences."""
        return np.split(rows, np.cumsum(self.lengths)[:-1])

    def sentences(self):
        return self.cut(self.s)

    def golds(self):
        return [tuple(gold.tolist()) for gold in self.cut(self.gold)]

    def reordered(self, order):
        """The same sentences, one after another as `order` has them."""
        parts = [np.concatenate([self.cut(x)[i] for i in order]) for x in (self.s, self.gold)]
        return Case(*parts, self.lengths[list(order)], self.transitions)

    def arguments(self):
        return self.s, self.gold, self.lengths, self.transitions


def make_case(draw, K, lengths, dtype, seed):
    """Fill all arrays by ``draw(rng, shape)``."""
    rng = np.random.default_rng(seed)
    n = sum(lengths)
    shapes = [(n, K), (K, K), (K,), (K,)]
    s, *transitions = (draw(rng, shape).astype(dtype) for shape in shapes)
    return Case(s, rng.integers(0, K, n), np.array(lengths), Transitions(*transitions))


def normal(scale):
    return lambda rng, shape: rng.normal(scale=scale, size=shape)


# Whole numbers, whose sums are exact in float32: the best path of float64 is the one of float32.


def extreme(rng, shape):
    return rng.integers(-10_000, 10_001, shape)


def ends_of_the_range(rng, shape):
    """Mostly ties: many paths have the same score, or nearly."""
    return rng.choice([-1e4, 0, 1e4], shape) + rng.integers(-3, 4, shape)


def assert_close(found, expected, scale=1.0):
    """To 14 or so digits, or 6, of numbers about as large as `scale`."""
    digits = 1e-12 if found.dtype == np.float64 else 1e-5
    np.testing.assert_allclose(found, expected, rtol=digits, atol=digits * scale)


def assert_same_loss(found, expected, dtype, scale=10.0):
    loss, ds, dtransitions = found
    digits = 1e-12 if dtype == np.float64 else 1e-5
    assert loss == pytest.approx(expected[0], rel=digits, abs=digits * scale)
    assert isinstance(loss, float)
    assert_close(ds, expected[1], scale)
    for name, grad, right in zip(Transitions._fields, dtransitions, expected[2], strict=True):
        assert grad.shape == right.shape, name
        assert_close(grad, right, scale)
    assert {x.dtype for x in (ds, *dtransitions)} == {np.dtype(dtype)}
