"""Windows of a text in batches, each with a corrupted one beside it."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.lexicon.lexicon import FIRST, PADDING, UNKNOWN, Lexicon
from windowclf.pretraining import windows as windows_module
from windowclf.pretraining.windows import POWER, WindowBatches, regroup, windows

LEXICON = Lexicon({"word": ["a", "b", "c"]}, cased=False)
SENTENCES = st.lists(st.lists(st.sampled_from("abcxy"), min_size=1, max_size=6), max_size=12)


def slow_windows(sentences, width):
    """Each window spelt out."""
    rows = {"a": FIRST, "b": FIRST + 1, "c": FIRST + 2}
    side = width // 2
    found = []
    for sentence in sentences:
        padded = [PADDING] * side + [rows.get(w, UNKNOWN) for w in sentence] + [PADDING] * side
        cut = [padded[i : i + width] for i in range(len(sentence))]
        found += [window for window in cut if window[side] != UNKNOWN]
    return found


def epoch(pieces, size):
    batches = WindowBatches(lambda: pieces, [1, 1], size)
    return [batch for [batch] in batches.epoch(np.random.default_rng(0))]


@given(SENTENCES, st.sampled_from([3, 5]), st.integers(1, 14))
def test_windows_in_blocks_are_the_windows(sentences, width, block):
    pieces = windows(iter(sentences), LEXICON, width, block)
    assert list(chain.from_iterable(p.tolist() for p in pieces)) == slow_windows(sentences, width)


@given(SENTENCES, st.integers(1, 14), st.integers(1, 9), st.integers(1, 30))
def test_batches_do_not_depend_on_the_blocks(sentences, block, size, pool):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows_module, "SHUFFLED_WINDOWS", pool)
        streamed, in_memory = (
            [batch.tolist() for batch in epoch(windows(iter(sentences), LEXICON, 3, pieces), size)]
            for pieces in (block, len(sentences) + 1)
        )
    assert streamed == in_memory
    assert all(len(batch) == size for batch in streamed[:-1])
    whole = list(chain.from_iterable(streamed))
    assert sorted(whole) == sorted(slow_windows(sentences, 3))


def test_windows_are_mixed_within_a_pool_only(monkeypatch):
    monkeypatch.setattr(windows_module, "SHUFFLED_WINDOWS", 100)
    mixed = np.concatenate(epoch([np.arange(1000)[:, None]], 10))[:, 0]
    assert (mixed // 100 == np.arange(1000) // 100).all()
    assert (mixed != np.arange(1000)).mean() > 0.9


@given(st.lists(st.integers(0, 9), max_size=9), st.integers(1, 12))
def test_regroup(lengths, size):
    rows = np.arange(sum(lengths))
    cut = list(regroup(np.split(rows, np.cumsum(lengths)[:-1]) if lengths else [], size))
    assert [row for piece in cut for row in piece.tolist()] == rows.tolist()
    assert all(len(piece) == size for piece in cut[:-1])
    assert all(0 < len(piece) <= size for piece in cut)


# Corrupted windows


def corrupt(counts, real, seed=0):
    batches = WindowBatches(list, counts, 10)
    batch = batches.part(real, np.random.default_rng(seed))
    found = batch.features[batch.windows, 0]
    assert found[: len(real)].tolist() == real.tolist()
    assert batch.gold.tolist() == [1] * len(real) + [0] * len(real)
    return found[len(real) :]


def some_windows(words, n=2000, width=5):
    return np.random.default_rng(1).integers(FIRST, FIRST + words, (n, width))


@pytest.mark.parametrize("words", [2, 3, 50])
def test_only_the_centre_differs_and_it_always_does(words):
    real = some_windows(words)
    kept = real.copy()
    corrupted = corrupt(range(words, 0, -1), real)
    for window, other in zip(real.tolist(), corrupted.tolist(), strict=True):
        assert window[:2] + window[3:] == other[:2] + other[3:]
        assert window[2] != other[2]
        assert FIRST <= other[2] < FIRST + words
    assert (real == kept).all()


def test_words_are_drawn_by_their_counts():
    counts = [1000, 100, 10, 1]
    centre = FIRST + 3  # so that words 0 to 2 are drawn, in proportion to counts ** POWER
    drawn = corrupt(counts, np.full((60_000, 3), centre))[:, 1] - FIRST
    shares = np.array(counts[:3], dtype=float) ** POWER
    found = np.bincount(drawn, minlength=4) / len(drawn)
    assert found[:3] == pytest.approx(shares / shares.sum(), abs=0.01)
    assert found[3] == 0


def test_the_generator_decides():
    real = some_windows(50)
    counts = range(50, 0, -1)
    assert (corrupt(counts, real) == corrupt(counts, real)).all()
    assert (corrupt(counts, real) != corrupt(counts, real, seed=1)).any()
