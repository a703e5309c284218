import numpy as np
import pytest

from windowclf.pretraining.corruption import Corruption

FIRST = 2


def corrupt(counts, windows, power=0.75, seed=0):
    return Corruption(counts, FIRST, power)(windows, np.random.default_rng(seed))


def some_windows(words, n=2000, width=5):
    return np.random.default_rng(1).integers(FIRST, FIRST + words, (n, width))


@pytest.mark.parametrize("words", [2, 3, 50])
@pytest.mark.parametrize("power", [0.0, 0.75, 1.0])
def test_only_the_centre_differs_and_it_always_does(words, power):
    windows = some_windows(words)
    kept = windows.copy()
    corrupted = corrupt(range(words, 0, -1), windows, power)
    for real, other in zip(windows.tolist(), corrupted.tolist(), strict=True):
        assert real[:2] + real[3:] == other[:2] + other[3:]
        assert real[2] != other[2]
        assert FIRST <= other[2] < FIRST + words
    assert (windows == kept).all()


@pytest.mark.parametrize("power", [0.0, 0.75, 1.0])
def test_words_are_drawn_by_their_counts(power):
    counts = [1000, 100, 10, 1]
    centre = FIRST + 3  # so that words 0 to 2 are drawn, in proportion to counts ** power
    drawn = corrupt(counts, np.full((60_000, 3), centre), power)[:, 1] - FIRST
    shares = np.array(counts[:3], dtype=float) ** power
    found = np.bincount(drawn, minlength=4) / len(drawn)
    assert found[:3] == pytest.approx(shares / shares.sum(), abs=0.01)
    assert found[3] == 0


def test_the_generator_decides():
    windows = some_windows(50)
    counts = range(50, 0, -1)
    assert (corrupt(counts, windows) == corrupt(counts, windows)).all()
    assert (corrupt(counts, windows) != corrupt(counts, windows, seed=1)).any()
