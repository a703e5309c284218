"""Scores near the end of what float32 can hold, and the two ways to sum their exponentials.

pytest turns every warning of NumPy, such as an overflow, into a failure.
"""

import brute_force
import numpy as np
import pytest
from crf_cases import ends_of_the_range, extreme, make_case, normal

from windowclf.nn import crf, crf_losses
from windowclf.nn.crf import Transitions, marginals, path_scores, transition_counts
from windowclf.nn.crf_losses import log_likelihood_loss, max_margin_loss
from windowclf.nn.viterbi import viterbi


def small(rng, shape):
    return rng.integers(-3, 4, shape)


def extreme_tags(rng, shape):
    """Large scores of tags, small ones of transitions; the scores of tags are drawn first."""
    return (extreme if shape[0] > 4 else small)(rng, shape)


def extreme_transitions(rng, shape):
    return (small if shape[0] > 4 else extreme)(rng, shape)


EXTREMES = [extreme, ends_of_the_range, extreme_tags, extreme_transitions]
extremes = pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            make_case(draw, K, lengths, np.float32, seed), id=f"{draw.__name__}-K{K}-{seed}"
        )
        for draw in EXTREMES
        for K, lengths in [(1, [5, 1]), (2, [1, 6, 3]), (4, [4, 1, 4])]
        for seed in range(5)
    ],
)


@extremes
def test_extreme_scores_have_the_same_best_path_score(case):
    path = viterbi(case.s, case.lengths, case.transitions)
    found = path_scores(case.s, path, case.lengths, case.transitions)
    best = [max(brute_force.all_scores(s, case.transitions).values()) for s in case.sentences()]
    assert found.tolist() == best


@extremes
def test_extreme_scores_have_the_same_max_margin(case):
    loss, ds, dtransitions = max_margin_loss(*case.arguments())
    size = len(case.lengths)
    expected, _, _ = brute_force.batch_mean(
        brute_force.max_margin, case.sentences(), case.golds(), case.transitions
    )
    assert loss == pytest.approx(expected, rel=1e-6)
    # Of paths that are equally bad any one will do: the gradient must belong to one of them.
    ds[np.arange(len(case.gold)), case.gold] += np.float32(1 / size)
    worst = [tuple(tags.argmax(axis=1).tolist()) for tags in case.cut(ds)]
    for s, gold, path in zip(case.sentences(), case.golds(), worst, strict=True):
        scores = brute_force.augmented_scores(s, gold, case.transitions)
        assert scores[path] == max(scores.values())
    found = transition_counts(np.concatenate(worst), case.lengths, case.transitions)
    right = transition_counts(case.gold, case.lengths, case.transitions)
    for grad, plus, minus in zip(dtransitions, found, right, strict=True):
        np.testing.assert_allclose(grad, (plus - minus) / size, rtol=1e-6)


@extremes
def test_extreme_scores_have_finite_sums_over_paths(case):
    p = marginals(case.s, case.lengths, case.transitions)
    expected = [brute_force.marginals(s, case.transitions) for s in case.sentences()]
    loss, ds, dtransitions = log_likelihood_loss(*case.arguments())
    right = brute_force.batch_mean(
        brute_force.log_likelihood, case.sentences(), case.golds(), case.transitions
    )
    assert np.isfinite(p).all()
    assert all(np.isfinite(gradient).all() for gradient in (ds, *dtransitions))
    # float32 has 0.004 of room at 60,000, so exp of a difference is right to a few hundredths
    np.testing.assert_allclose(p, np.concatenate(expected), atol=0.05)
    assert loss == pytest.approx(right[0], rel=1e-6, abs=0.05)
    np.testing.assert_allclose(ds, right[1], atol=0.05)
    for grad, exact in zip(dtransitions, right[2], strict=True):
        np.testing.assert_allclose(grad, exact, atol=0.05 * len(case.s))
    for s, tags in zip(case.sentences(), case.cut(p), strict=True):
        first, *rest = sorted(brute_force.all_scores(s, case.transitions).values(), reverse=True)
        if not rest or first - rest[0] > 50:  # one path has all of the probability
            best = brute_force.counts(brute_force.best_path(s, case.transitions), s.shape[1])[0]
            np.testing.assert_allclose(tags, best, atol=1e-6)


# Between the usual scores and the extreme ones: products of exponentials that leave the range of
# float32 only in part.


@pytest.mark.parametrize("scale", [10, 30, 60, 100])
@pytest.mark.parametrize("seed", range(10))
def test_scores_where_float32_begins_to_fail(seed, scale):
    case = make_case(
        lambda rng, shape: rng.uniform(-scale, scale, shape), 4, [4, 2], np.float32, seed
    )
    expected = brute_force.batch_mean(
        brute_force.log_likelihood, case.sentences(), case.golds(), case.transitions
    )
    loss, ds, dtransitions = log_likelihood_loss(*case.arguments())
    assert loss == pytest.approx(expected[0], rel=1e-5, abs=1e-3)
    for grad, right in zip((ds, *dtransitions), (expected[1], *expected[2]), strict=True):
        np.testing.assert_allclose(grad, right, atol=1e-3)


@pytest.mark.parametrize(
    ("lead", "low", "high"), [(104, -60, 60), (104, -46, 79), (95, -20, 79), (60, -60, 60)]
)
def test_the_best_path_may_begin_with_a_tag_that_looks_hopeless(lead, low, high):
    # exp(-104) is 0 in float32; but it is the paths through tag 1 that have the probability.
    s = np.array([[0, -lead], [0, 0]], dtype=np.float32)
    A = np.array([[low, low], [high, high]], dtype=np.float32)
    transitions = Transitions(A, np.zeros(2, np.float32), np.zeros(2, np.float32))
    gold = np.array([0, 0])
    expected = brute_force.log_likelihood(s, (0, 0), transitions)
    loss, ds, dtransitions = log_likelihood_loss(s, gold, np.array([2]), transitions)
    assert loss == pytest.approx(expected[0], rel=1e-4, abs=1e-4)
    np.testing.assert_allclose(ds, expected[1], atol=1e-4)
    np.testing.assert_allclose(dtransitions.transition, expected[2].transition, atol=1e-4)


@pytest.mark.parametrize("offset", [0, 100, 1e4])
def test_long_sentences_in_float32(offset):
    # What float32 rounds away grows with the scores of a path, 120 tokens of them.
    case = make_case(normal(1), 4, [100, 20], np.float32, seed=0)
    s = case.s + np.float32(offset)
    exact = (
        s.astype(np.float64),
        case.gold,
        case.lengths,
        Transitions(*(part.astype(np.float64) for part in case.transitions)),
    )
    loss, ds, dtransitions = log_likelihood_loss(*exact)
    near = log_likelihood_loss(s, case.gold, case.lengths, case.transitions)
    assert near[0] == pytest.approx(loss, rel=1e-3)
    np.testing.assert_allclose(near[1], ds, atol=1e-2)
    for grad, right in zip(near[2], dtransitions, strict=True):
        np.testing.assert_allclose(grad, right, atol=5e-2)


# The fast path and the safe path


def test_log_sum_exp_fast_and_safe(monkeypatch):
    rng = np.random.default_rng(0)
    x, A = rng.normal(scale=5, size=(50, 4)), rng.normal(scale=5, size=(4, 3))
    expected = np.log(np.exp(x[:, :, None] + A).sum(axis=1))
    fast = crf._log_sum_exp(A)(x)
    monkeypatch.setattr(crf, "_TINY", np.inf)  # no sum is large enough for the fast path
    safe = crf._log_sum_exp(A)(x)
    np.testing.assert_allclose(fast, expected, rtol=1e-12)
    np.testing.assert_allclose(safe, expected, rtol=1e-12)
    assert not np.array_equal(fast, safe)  # they are two


@pytest.mark.parametrize("n", [1, 1024, 2500])  # it goes by 1,024 rows
def test_expected_transitions(n):
    rng = np.random.default_rng(0)
    a, b, A = (rng.normal(scale=3, size=shape) for shape in [(n, 4), (n, 4), (4, 4)])
    sums = np.exp(a[:, :, None] + A + b[:, None, :])
    z = np.log(sums.sum(axis=(1, 2)))[:, None]
    expected = (sums / np.exp(z)[:, None]).sum(axis=0)
    found = crf_losses._expected_transitions(a, b, z, A, np.ones((n, 1)))
    np.testing.assert_allclose(found, expected, rtol=1e-10)
