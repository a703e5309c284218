"""Every loss and every probability at scores up to 1e30, in float32.

pytest turns every warning of NumPy, such as an overflow, into a failure.
"""

from functools import partial

import numpy as np
import pytest

from windowclf.model.calibration import Calibration, expected_calibration_error, fit_calibration
from windowclf.nn import crf_losses, losses
from windowclf.nn.crf import Transitions, path_scores
from windowclf.nn.layers import ACTIVATIONS
from windowclf.nn.objective import RankingObjective, SentenceObjective, TokenObjective
from windowclf.nn.viterbi import viterbi
from windowclf.nn.viterbi_pruning import best_paths

SCALES = [1e2, 1e4, 1e8, 1e15, 1e19, 1e25, 1e30]
LENGTHS = np.array([4, 1, 90, 3])
N, K = int(LENGTHS.sum()), 5
FIRST, LAST = np.array([0, 1, 4, 6, 95]), np.array([1, 3, 4, 94, 97])
SMALL = 1.0

scales = pytest.mark.parametrize("scale", SCALES)
seeds = pytest.mark.parametrize("seed", range(4))
sizes = pytest.mark.parametrize(
    "size", [SMALL, None], ids=["small transitions", "large transitions"]
)


def draw(rng, shape, scale):
    """Scores of all sizes up to the scale, and many that are just it."""
    sizes = rng.choice([0, 1e-3, 0.5, 1], shape, p=[0.1, 0.2, 0.2, 0.5])
    return (scale * sizes * rng.choice([-1, 1], shape)).astype(np.float32)


def draw_transitions(rng, scale):
    return Transitions(*(draw(rng, shape, scale) for shape in [(K, K), K, K]))


def assert_finite(*arrays):
    for array in arrays:
        assert np.isfinite(array).all()


def assert_probabilities(p):
    assert p.dtype == np.float32
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)


@seeds
@scales
def test_losses_of_tokens(scale, seed):
    rng = np.random.default_rng(seed)
    s, teacher, y = draw(rng, (N, K), scale), draw(rng, (N, K), scale), rng.integers(0, K, N)
    exact = s.astype(np.float64), y
    for name, compute in losses.TOKEN_LOSSES.items():
        loss, ds = compute(s, y)
        assert loss == pytest.approx(compute(*exact)[0], rel=1e-5), name
        assert np.abs(ds).max() <= 1 / N + 1e-6
        if name != "max-margin" or scale < 1e7:  # where float32 has no room for the 1 of a margin
            np.testing.assert_allclose(ds, compute(*exact)[1], atol=1e-6)
    loss, ds = losses.distillation_loss(s, teacher)
    right = losses.distillation_loss(s.astype(np.float64), teacher.astype(np.float64))
    assert loss == pytest.approx(right[0], rel=1e-5)
    np.testing.assert_allclose(ds, right[1], atol=1e-6)
    assert_finite(*losses.ranking_loss(s[:, 0], teacher[:, 0]))


@seeds
@scales
@sizes
def test_losses_of_sentences(scale, seed, size):
    rng = np.random.default_rng(seed)
    s, teacher, gold = (
        draw(rng, (N, K), scale),
        draw(rng, (N, K), scale),
        rng.integers(0, K, N),
    )
    transitions, teacher_transitions = (draw_transitions(rng, size or scale) for _ in range(2))
    distil = partial(
        crf_losses.distillation_loss,
        teacher_scores=teacher,
        teacher_transitions=teacher_transitions,
    )
    found = [
        crf_losses.log_likelihood_loss(s, gold, LENGTHS, transitions),
        crf_losses.max_margin_loss(s, gold, LENGTHS, transitions),
        distil(s=s, lengths=LENGTHS, transitions=transitions),
    ]
    most = 2 * LENGTHS.max() * (scale + 2)  # that two paths can differ by, twice over
    for loss, ds, dtransitions in found:
        assert -1e-5 * most <= loss <= 2 * most
        assert_finite(ds, *dtransitions)
        assert np.abs(ds).max() <= 1 + 1e-5
        assert max(np.abs(grad).max() for grad in dtransitions) <= N + 1e-3


@seeds
@scales
@sizes
def test_paths_and_probabilities(scale, seed, size):
    rng = np.random.default_rng(seed)
    s, transitions = draw(rng, (N, K), scale), draw_transitions(rng, size or scale)
    objectives = [
        *map(TokenObjective, losses.TOKEN_LOSSES),
        SentenceObjective("softmax", transitions),
        SentenceObjective("max-margin", transitions),
    ]
    for objective in objectives:
        path = objective.decode(s, LENGTHS)
        assert_probabilities(objective.probabilities(s, LENGTHS))
        p = objective.span_probabilities(s, path, LENGTHS, FIRST, LAST)
        assert ((p >= 0) & (p <= 1)).all()
    ranking = RankingObjective()
    assert_probabilities(ranking.probabilities(s[:, :1], LENGTHS))
    best = best_paths(s, LENGTHS, transitions)
    exact = viterbi(
        s.astype(np.float64), LENGTHS, Transitions(*(m.astype(np.float64) for m in transitions))
    )
    wide = partial(
        path_scores,
        s.astype(np.float64),
        lengths=LENGTHS,
        transitions=Transitions(*(m.astype(np.float64) for m in transitions)),
    )
    np.testing.assert_allclose(wide(path=best), wide(path=exact), atol=1e-5 * N * scale)


@scales
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(scale, name):
    f, slope = ACTIVATIONS[name]
    z = draw(np.random.default_rng(0), (N, K), scale)
    a = f(z.copy())
    assert a.dtype == np.float32
    assert_finite(a, slope(a))
    assert ((slope(a) >= 0) & (slope(a) <= 1)).all()


@scales
def test_calibration_of_extreme_probabilities(scale):
    rng = np.random.default_rng(0)
    s, transitions = draw(rng, (N, K), scale), draw_transitions(rng, scale)
    path = viterbi(s, LENGTHS, transitions)
    each = np.arange(N)
    p = SentenceObjective("softmax", transitions).span_probabilities(s, path, LENGTHS, each, each)
    right = rng.random(N) < 0.5
    calibration = fit_calibration(p, right)
    assert_finite(calibration.slope, calibration.intercept)
    for correct in (calibration, Calibration(1e4, 0), Calibration(1, -1e30), Calibration(1e30, 9)):
        corrected = correct(p)
        assert ((corrected >= 0) & (corrected <= 1)).all()
        assert_finite(expected_calibration_error(corrected, right))
