"""Sums over paths as probabilities, against the same sums as logarithms."""

import numpy as np
import pytest
from crf_cases import make_case, normal

from windowclf.nn import crf, path_sums
from windowclf.nn.crf import PackedLayout
from windowclf.nn.crf_losses import expectations
from windowclf.nn.path_sums import sum_paths

LENGTHS = [1, 70, 3, 12, 1]


def forbid_some(s, rng):
    """Forbid tags, but not all of a token."""
    masked = np.where(rng.random(s.shape) < 0.5, -np.inf, s)
    masked[np.arange(len(s)), s.argmax(axis=1)] = s.max(axis=1)
    return masked


@pytest.mark.parametrize("forbidden", [False, True])
@pytest.mark.parametrize("spread", [700.0, 100.0, 60.0])  # scaled never, now and then, each step
def test_expectations_with_and_without_logarithms(monkeypatch, spread, forbidden):
    case = make_case(normal(2.0), 5, LENGTHS, np.float64, seed=3)
    s = forbid_some(case.s, np.random.default_rng(0)) if forbidden else case.s
    weights = np.random.default_rng(1).normal(size=len(LENGTHS))
    arguments = s, case.lengths, case.transitions, weights
    monkeypatch.setattr(path_sums, "_RANGE", spread)
    assert sum_paths(crf.shifted(s), PackedLayout.of(case.lengths), case.transitions)
    p, transitions, log_z = expectations(*arguments)
    monkeypatch.setattr(path_sums, "_RANGE", 0.0)
    safe_p, safe_transitions, safe_log_z = expectations(*arguments)
    np.testing.assert_allclose(p, safe_p, atol=1e-12)
    np.testing.assert_allclose(log_z, safe_log_z, rtol=1e-12)
    for found, safe in zip(transitions, safe_transitions, strict=True):
        np.testing.assert_allclose(found, safe, atol=1e-11)
    assert not np.array_equal(p, safe_p)  # they are two


def test_the_sums_are_those_of_the_recursions():
    case = make_case(normal(1.0), 4, LENGTHS, np.float64, seed=1)
    s, layout = crf.shifted(case.s), PackedLayout.of(case.lengths)
    alpha, log_z = crf.forward(s[layout.order], layout, case.transitions)
    beta = crf.backward(s[layout.order], layout, case.transitions)
    sums = sum_paths(s, layout, case.transitions)
    # A multiple for each token: the logarithms differ by the same number in each row.
    for found, expected in ((sums.alpha, alpha), (sums.gamma, beta + s[layout.order])):
        apart = np.log(found[layout.order]) - expected
        np.testing.assert_allclose(apart, apart[:, :1].repeat(4, axis=1), atol=1e-10)
    np.testing.assert_allclose(sums.log_z[layout.sentences], log_z, rtol=1e-12)
    A, _, end = case.transitions
    inside = np.setdiff1d(np.arange(len(s)), np.cumsum([0, *LENGTHS])[:-1])
    np.testing.assert_allclose(sums.alpha[inside - 1] @ np.exp(A), sums.before[inside], rtol=1e-12)
    last = np.cumsum(LENGTHS) - 1
    apart = np.log(sums.gamma[last]) - (s[last] + end)
    np.testing.assert_allclose(apart, apart[:, :1].repeat(4, axis=1), atol=1e-10)


@pytest.mark.parametrize("worst", [-690.0, -1e4, np.nan])
@pytest.mark.parametrize("part", ["s", "A", "start", "end"])
def test_scores_too_far_apart_are_left_to_the_logarithms(part, worst):
    case = make_case(normal(1.0), 4, LENGTHS, np.float64, seed=1)
    s, (A, start, end) = crf.shifted(case.s), case.transitions
    {"s": s, "A": A, "start": start, "end": end}[part].reshape(-1)[0] = worst
    assert sum_paths(s, PackedLayout.of(case.lengths), case.transitions) is None


def test_the_bound_on_the_range_holds():
    """At the largest spread that is taken without logarithms nothing is lost."""
    K, lengths = 3, np.array([40])
    taken = 0
    for scale in (1, 10, 30, 50, 80, 100, 150):
        case = make_case(
            lambda rng, shape, a=scale: rng.choice([-a, a], shape), K, lengths, "f8", 5
        )
        s = crf.shifted(case.s.astype(np.float64))
        sums = sum_paths(s, PackedLayout.of(lengths), case.transitions)
        if sums is None:
            continue
        taken += 1
        product = sums.before * sums.gamma
        assert np.isfinite(product).all()
        assert (product > np.finfo(np.float64).tiny).all()
    assert 2 <= taken < 7
