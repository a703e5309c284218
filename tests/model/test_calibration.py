import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.model.calibration import (
    Calibration,
    expected_calibration_error,
    fit_calibration,
    reliability,
)

judgement = st.tuples(st.floats(0, 1), st.booleans())
judged = st.lists(judgement, max_size=50)
calibrations = st.builds(Calibration, st.floats(0.01, 20), st.floats(-20, 20))


def arrays(pairs, dtype=np.float64):
    p, correct = zip(*pairs, strict=True) if pairs else ((), ())
    return np.array(p, dtype=dtype), np.array(correct, dtype=bool)


def drawn(slope, intercept, size, seed):
    """Probabilities, most of them high, that are right as often as the calibration says."""
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-rng.normal(2, 2, size)))
    return p, rng.random(size) < Calibration(slope, intercept)(p)


def log_likelihood(calibration, p, correct):
    """The log-likelihood of Platt's targets."""
    positive, negative = int(correct.sum()), int((~correct).sum())
    target = np.where(correct, (positive + 1) / (positive + 2), 1 / (negative + 2))
    logit = np.log(p / (1 - p))
    z = calibration.slope * logit + calibration.intercept
    return float(np.sum(target * z - np.logaddexp(0, z)))


# Reliability and its error


def test_reliability_by_hand():
    p = np.array([0.0, 0.1, 0.3, 0.5, 0.5, 0.9, 1.0])
    correct = np.array([0, 1, 0, 1, 0, 1, 1], dtype=bool)
    found = reliability(p, correct, bins=5)
    assert found.counts.tolist() == [2, 1, 2, 0, 2]
    np.testing.assert_allclose(found.confidence, [0.05, 0.3, 0.5, 0, 0.95])
    np.testing.assert_allclose(found.accuracy, [0.5, 0, 0.5, 0, 1])
    expected = (2 * 0.45 + 1 * 0.3 + 2 * 0 + 2 * 0.05) / 7
    assert expected_calibration_error(p, correct, bins=5) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("confidence", "place"),
    [(0, 0), (0.1, 0), (0.100001, 1), (0.3, 2), (0.5, 4), (0.7, 6), (0.71, 7), (0.9, 8), (1, 9)],
)
def test_a_bin_holds_its_upper_edge(confidence, place):
    counts = reliability(np.array([confidence], dtype=float), np.array([True])).counts
    assert np.flatnonzero(counts).tolist() == [place]


@pytest.mark.parametrize(
    ("p", "correct", "expected"),
    [
        ([], [], 0.0),
        ([1.0, 1.0, 0.0], [1, 1, 0], 0.0),
        ([1.0, 0.0], [0, 1], 1.0),
        ([0.75] * 4, [1, 1, 1, 0], 0.0),
        ([0.8] * 4, [1, 1, 0, 0], 0.3),
        ([0.2, 0.8], [1, 1], 0.5),
        ([0.81, 0.89], [1, 0], 0.35),  # one bin: 0.85 against 1/2
    ],
)
def test_expected_calibration_error_by_hand(p, correct, expected):
    error = expected_calibration_error(np.array(p, dtype=np.float32), np.array(correct, dtype=bool))
    assert error == pytest.approx(expected)
    assert isinstance(error, float)


@given(judged, st.integers(1, 20))
def test_reliability_counts_everything(pairs, bins):
    p, correct = arrays(pairs)
    counts, confidence, accuracy = reliability(p, correct, bins)
    assert counts.shape == confidence.shape == accuracy.shape == (bins,)
    assert counts.sum() == len(p)
    assert counts @ confidence == pytest.approx(p.sum())
    assert counts @ accuracy == pytest.approx(correct.sum())
    for b in np.flatnonzero(counts):
        assert b / bins - 1e-9 <= confidence[b] <= (b + 1) / bins + 1e-9
    assert 0 <= expected_calibration_error(p, correct, bins) <= 1 + 1e-9


# Calibration


def test_without_slope_and_intercept_nothing_changes():
    for dtype in (np.float32, np.float64):
        p = np.array([0, 1e-9, 0.3, 1 - 1e-7, 1], dtype=dtype)
        same = Calibration()(p)
        np.testing.assert_array_equal(same, p)
        assert same.dtype == dtype


def test_calibrated_by_hand():
    # odds 3 become 3² · 2 = 18, odds 1 become 2, odds 1/3 become 2/9
    found = Calibration(2.0, math.log(2))(np.array([[0.75, 0.5, 0.25]]))
    np.testing.assert_allclose(found, [[18 / 19, 2 / 3, 2 / 11]])


def test_calibrated_at_both_ends():
    # 0 and 1 count as odds of 1e-6 and of 1e6
    p = np.array([0, 1e-9, 1, 1 - 1e-9])
    found = Calibration(0.5)(p)
    np.testing.assert_allclose(found, [1e-3, 1e-3, 1 - 1e-3, 1 - 1e-3], rtol=2e-3, atol=2e-6)
    for dtype in (np.float32, np.float64):
        extreme = Calibration(1e3, -5.0)(np.array([0, 0.5, 1], dtype=dtype))
        np.testing.assert_allclose(extreme, [0, 1 / (1 + math.exp(5)), 1], atol=1e-12)


def test_float32_near_one_costs_no_digits():
    p = np.nextafter(np.ones(1, np.float32), np.float32(0))
    p = np.concatenate([p, 1 - np.geomspace(1e-6, 1e-3, 20, dtype=np.float32)])
    calibration = Calibration(0.7, -0.2)
    np.testing.assert_allclose(calibration(p), calibration(p.astype(np.float64)), rtol=1e-12)


@given(calibrations, st.lists(st.floats(0, 1), max_size=20))
def test_probabilities_stay_probabilities_in_their_order(calibration, p):
    found = calibration(np.sort(np.array(p)))
    assert found.shape == (len(p),)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= 0).all()


def test_a_calibration_survives_json():
    calibration = Calibration(0.8, -1.5)
    assert msgspec.json.decode(msgspec.json.encode(calibration), type=Calibration) == calibration
    for wrong in (b'{"slope": 0}', b'{"slope": -1}', b'{"slop": 1}', b'{"intercept": null}'):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(wrong, type=Calibration)


# Fitting


@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (0.5, 0.3), (2, -1), (0.2, 2), (1.3, -4)])
def test_what_the_data_were_drawn_from_is_found(slope, intercept):
    found = fit_calibration(*drawn(slope, intercept, 200_000, seed=5))
    assert found.slope == pytest.approx(slope, abs=0.03)
    assert found.intercept == pytest.approx(intercept, abs=0.06)


@pytest.mark.parametrize(("slope", "intercept"), [(0.4, 0), (2.5, 0), (1, -2)])
def test_calibrated_confidences_of_other_data_are_right(slope, intercept):
    p, correct = drawn(slope, intercept, 20_000, seed=1)
    assert expected_calibration_error(p, correct) > 0.04
    calibration = fit_calibration(*drawn(slope, intercept, 5_000, seed=2))
    assert expected_calibration_error(calibration(p), correct) < 0.015


@pytest.mark.parametrize("seed", range(5))
def test_no_other_calibration_is_likelier(seed):
    rng = np.random.default_rng(seed)
    p, correct = drawn(rng.uniform(0.2, 3), rng.normal(), 300, seed)
    best = fit_calibration(p, correct)
    top = log_likelihood(best, p, correct)
    for slope, intercept in rng.normal(scale=1e-3, size=(50, 2)):
        other = Calibration(best.slope + slope, best.intercept + intercept)
        assert log_likelihood(other, p, correct) < top


def test_where_whole_newton_steps_run_away_halved_ones_arrive():
    logits, counts, right = [12.345, -0.753, -0.003, -3.887], [9, 1, 1205, 1], [1, 0, 1, 0]
    p = 1 / (1 + np.exp(-np.repeat(logits, counts)))
    found = fit_calibration(p, np.repeat(right, counts).astype(bool))
    assert (found.slope, found.intercept) == pytest.approx((2.19120904, 6.61598932), rel=1e-4)


@pytest.mark.parametrize("high", [0.6, 0.5 + 1e-6, 1.0])
def test_a_threshold_that_parts_right_from_wrong(high):
    p = np.repeat([high, 1 - high], 100)
    correct = p > 0.5
    found = fit_calibration(p, correct)
    assert np.isfinite([found.slope, found.intercept]).all()
    # as sure as Platt's targets: 101 of 102
    np.testing.assert_allclose(found(p), np.where(correct, 101 / 102, 1 / 102), rtol=1e-3)


@pytest.mark.parametrize("one", [0.0, 0.5, 0.99])
def test_one_probability_for_all_becomes_the_share_that_is_right(one):
    p, correct = np.full(400, one), np.arange(400) % 4 > 0
    found = fit_calibration(p, correct)
    assert found.slope > 0
    np.testing.assert_allclose(found(p), 0.75, atol=0.005)


def test_where_the_surer_are_the_more_often_wrong_the_order_stays():
    p, correct = drawn(1, 0, 2000, seed=0)
    found = fit_calibration(p, ~correct)
    assert found.slope == 0.05
    share = np.mean(~correct)
    assert np.mean(found(p)) == pytest.approx(share, abs=0.005)
    tops = [
        log_likelihood(Calibration(0.05, found.intercept + by), p, ~correct)
        for by in (-1e-3, 0, 1e-3)
    ]
    assert tops[1] == max(tops)


@pytest.mark.parametrize("size", [0, 1, 49])
def test_too_few_change_nothing(size):
    p, correct = np.full(size, 0.9), np.arange(size) % 2 == 0
    assert fit_calibration(p, correct) == Calibration()


@pytest.mark.parametrize("kind", [True, False])
def test_all_of_one_kind_change_nothing(kind):
    p = np.linspace(0.2, 1, 500)
    assert fit_calibration(p, np.full(500, kind)) == Calibration()


def test_from_fifty_on_something_is_learnt():
    p, correct = np.full(50, 0.9), np.arange(50) % 2 == 0
    assert fit_calibration(p, correct) != Calibration()


@given(st.lists(judgement, min_size=50, max_size=70), st.sampled_from([np.float32, np.float64]))
def test_whatever_comes_the_fit_is_a_calibration(pairs, dtype):
    p, correct = arrays(pairs, dtype)
    found = fit_calibration(p, correct)
    assert found.slope > 0
    assert math.isfinite(found.slope)
    assert math.isfinite(found.intercept)
    assert type(found.slope) is type(found.intercept) is float
    corrected = found(p)
    assert ((corrected >= 0) & (corrected <= 1)).all()
