from itertools import product

import numpy as np
import pytest
from paired import paired_bootstrap
from scipy.stats import binom

from windowclf.evaluation.bootstrap import (
    SIGNIFICANT,
    difference,
    f1,
    holm,
    resampled_f1,
)
from windowclf.tags.counts import Counts


def random_counts(rng, units, chance):
    """Spans of a system that finds each of the gold ones with a chance; shape (units, 3)."""
    gold = rng.integers(0, 6, size=units)
    correct = rng.binomial(gold, chance)
    return np.stack([correct, correct + rng.binomial(2, 1 - chance, size=units), gold], axis=1)


def slow_f1(counts, drawn):
    correct, predicted, gold = (sum(int(counts[unit][i]) for unit in drawn) for i in range(3))
    return Counts(gold, predicted, correct).f1


def test_f1_is_that_of_the_counts():
    rows = np.array([[3, 5, 4], [0, 0, 0], [0, 2, 0], [7, 7, 7]])
    assert f1(rows).tolist() == [Counts(g, p, c).f1 for c, p, g in rows.tolist()]


def test_samples_are_drawn_with_replacement_and_alike_for_all_systems(monkeypatch):
    rng = np.random.default_rng(5)
    counts = np.stack([random_counts(rng, 7, 0.6), random_counts(rng, 7, 0.8)], axis=1)
    drawn = np.random.default_rng(3).integers(7, size=(40, 7))
    expected = [[slow_f1(counts[:, system], sample) for system in (0, 1)] for sample in drawn]
    np.testing.assert_allclose(resampled_f1(counts, 40, seed=3), expected, rtol=1e-12)
    assert len({*drawn[0].tolist()}) < 7
    # In blocks of a few samples too, the last of them smaller.
    monkeypatch.setattr("windowclf.evaluation.bootstrap._BLOCK", 7 * 16)
    generator = np.random.default_rng(3)
    drawn = np.concatenate([generator.integers(7, size=(n, 7)) for n in (16, 16, 8)])
    expected = [[slow_f1(counts[:, system], sample) for system in (0, 1)] for sample in drawn]
    np.testing.assert_allclose(resampled_f1(counts, 40, seed=3), expected, rtol=1e-12)


def test_against_all_samples_there_are():
    """Four units have 4⁴ samples, which can be listed: the bootstrap approaches their results."""
    first = np.array([[1, 3, 3], [2, 2, 2], [0, 1, 2], [2, 4, 3]])
    second = np.array([[2, 3, 3], [1, 2, 2], [1, 1, 2], [3, 3, 3]])
    given = slow_f1(second, range(4)) - slow_f1(first, range(4))
    every = [slow_f1(second, s) - slow_f1(first, s) for s in product(range(4), repeat=4)]
    p = np.mean([abs(one - given) >= abs(given) - 1e-12 for one in every])
    found = paired_bootstrap(first, second, samples=50_000)
    assert found.f1 == pytest.approx(given)
    assert found.p == pytest.approx(p, abs=0.01)
    assert 0.02 < p < 0.5
    # The samples are few and their differences lie apart: a percentile is one of them or beside.
    for percentile, border in ((2.5, found.low), (97.5, found.high)):
        near = np.percentile(every, [percentile - 0.5, percentile + 0.5])
        assert near[0] - 1e-12 <= border <= near[1] + 1e-12


def test_p_and_interval_by_hand():
    found = difference(0.1, np.array([0.05, 0.1, 0.15, 0.2, -0.01, 0.08, 0.1, 0.12, 0.3]))
    # As far from 0.1 as 0.1 is from 0: 0.2, -0.01 and 0.3; and the text itself.
    assert found.p == pytest.approx(4 / 10)
    assert found.low == pytest.approx(-0.01 + 0.2 * 0.06)
    assert found.high == pytest.approx(0.2 + 0.8 * 0.1)


def test_differences_that_are_equal_but_for_rounding_are_equal():
    given = 1.1 - 1.0
    assert 0.2 - given < given
    assert difference(given, np.array([0.2])).p == 1


def test_the_same_system_twice():
    counts = random_counts(np.random.default_rng(1), 50, 0.7)
    found = paired_bootstrap(counts, counts, samples=500)
    assert (found.f1, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_one_that_is_better_everywhere():
    gold = np.full(60, 5)
    worse, better = (np.stack([found, gold, gold], axis=1) for found in (gold - 2, gold - 1))
    found = paired_bootstrap(worse, better, samples=999)
    assert found.f1 == pytest.approx(0.2)
    assert found.low == found.high == pytest.approx(0.2)
    assert found.p == 1 / 1000
    back = paired_bootstrap(better, worse, samples=999)
    assert (back.f1, back.p) == (pytest.approx(-0.2), found.p)


def test_the_same_seed_gives_the_same():
    rng = np.random.default_rng(2)
    pair = random_counts(rng, 80, 0.7), random_counts(rng, 80, 0.72)
    found = [paired_bootstrap(*pair, samples=300, seed=seed) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


def test_a_text_of_nothing():
    found = paired_bootstrap(np.zeros((0, 3), int), np.zeros((0, 3), int), samples=10)
    assert (found.f1, found.p) == (0, 1)
    found = paired_bootstrap(np.zeros((4, 3), int), np.zeros((4, 3), int), samples=10)
    assert (found.f1, found.p) == (0, 1)


def simulated_p(trials, gain):
    """p of pairs of systems on the same text, the outputs of each unit exchanged by a coin."""
    rng = np.random.default_rng(7)
    found = []
    for trial in range(trials):
        units = 150
        gold = rng.integers(1, 6, size=units)
        hard = rng.uniform(0.3, 1.0, size=units)
        pair = []
        for better in (0.0, gain):
            correct = rng.binomial(gold, np.minimum(hard + better, 1.0))
            predicted = correct + rng.binomial(2, 0.3, size=units)
            pair.append(np.stack([correct, predicted, gold], axis=1))
        counts = np.stack(pair)
        if not gain:
            exchanged = rng.random(units) < 0.5
            counts[:, exchanged] = counts[::-1, exchanged]
        found.append(paired_bootstrap(*counts, samples=400, seed=trial).p)
    return np.array(found)


def test_one_in_twenty_is_called_significant_by_chance():
    trials = 600
    called = np.count_nonzero(simulated_p(trials, gain=0.0) < SIGNIFICANT)
    # Were the level right, the count would lie outside of these once in 10,000 seeds.
    low, high = binom.ppf([0.00005, 0.99995], trials, SIGNIFICANT)
    assert low <= called <= high


def test_a_difference_that_is_there_is_found():
    assert np.mean(simulated_p(50, gain=0.12) < SIGNIFICANT) > 0.9


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.5]) == [1, 1]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []
