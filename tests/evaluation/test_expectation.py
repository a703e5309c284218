"""The epoch at which a training stops, and the F1 to expect of it."""

import numpy as np

from windowclf.evaluation.bootstrap import f1
from windowclf.evaluation.expectation import (
    NORMAL,
    OF_KIND,
    by_unit,
    choose_epoch,
    expect,
)


def units(rng, n, recall, mean=2.0):
    """Counts of sentences whose names are found with a probability that differs among them."""
    gold = rng.poisson(mean, n)
    correct = rng.binomial(gold, np.clip(rng.normal(recall, 0.2, n), 0, 1))
    return np.stack([correct, correct + rng.poisson(0.3, n), gold], axis=1)


def test_the_last_epoch_is_chosen_unless_an_earlier_one_is_better_by_more_than_chance():
    rng = np.random.default_rng(3)
    good = units(rng, 200, 0.8)
    worse = good.copy()
    worse[:2, 0] -= np.minimum(good[:2, 0], 1)  # less by two of 300
    bad = units(rng, 200, 0.4)
    assert choose_epoch(np.stack([bad, good, good], axis=1)) == 2
    assert choose_epoch(np.stack([bad, good, worse], axis=1)) == 2
    assert choose_epoch(np.stack([bad, good, bad], axis=1)) == 1
    assert choose_epoch(np.stack([worse, good, bad], axis=1)) == 1
    assert choose_epoch(good[:, None]) == 0
    assert choose_epoch(np.zeros((0, 3, 3), int)) == 2


def test_the_best_of_many_equal_epochs_is_left_to_chance():
    chosen = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        chosen.append(choose_epoch(np.stack([units(rng, 60, 0.6) for _ in range(10)], axis=1)))
    assert chosen.count(9) >= 18


def test_the_interval_holds_the_f1_of_another_text_as_often_as_it_says():
    """Each trial draws sentences to hold out, another network, and a smaller text to measure it on.

    So the other text varies more than the held-out sentences, as texts of other documents do.
    """
    inside, above = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        found = expect(units(rng, 100, 0.6))
        recall = 0.6 + rng.normal(0, OF_KIND)  # the text is of another kind
        real = float(f1(units(rng, 50, recall).sum(axis=0)))
        inside.append(found.low <= real <= found.high)
        above.append(found.f1 > real)
    assert 0.87 <= np.mean(inside) < 1
    assert 0.3 <= np.mean(above) <= 0.7


def test_more_sentences_give_a_narrower_interval_and_none_is_narrower_than_kinds_of_text_differ():
    rng = np.random.default_rng(1)
    few, many = (expect(units(rng, n, 0.6)) for n in (20, 2000))
    assert few.high - few.low > 1.3 * (many.high - many.low)
    assert many.high - many.low > 2 * NORMAL * OF_KIND * 0.9


def test_an_f1_of_none_or_all_is_not_certain():
    none, every = (expect(np.tile(counts, (9, 1))) for counts in ([0, 3, 5], [5, 5, 5]))
    assert none[:2] == (0, 0)
    assert 0.05 < none.high < 0.15
    assert (every.f1, every.high) == (1, 1)
    assert 0.85 < every.low < 0.95


def test_counts_of_a_unit_are_added_up():
    counts = np.arange(12).reshape(4, 3)
    assert by_unit(counts, np.array([5, 2, 5, 5])).tolist() == [[3, 4, 5], [15, 18, 21]]
