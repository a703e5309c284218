"""Batches that are counted in tokens, and the parts that any batch falls into."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from windowclf.config.config import make_config
from windowclf.model.encoding import EncodedSentences
from windowclf.training import batches as batches_module
from windowclf.training.batches import TrainingBatches

SETTINGS = {"level": "word", "window": 3, "sentence_mean": False, "document_context": False}
TOKENS = {"batch_of": "tokens"}
WORDS = {"batch_of": "words"}
RANKING = {"loss": "ranking", "positive": "LOC"}

lengths = st.lists(st.integers(1, 9), min_size=1, max_size=40)


def make_batches(lengths, versions=1, **settings):
    """Batches of sentences of these lengths; every word is another one."""
    lengths = np.tile(lengths, versions)
    words = np.arange(1, lengths.sum() + 1)
    encoded = EncodedSentences(
        features=np.arange(len(words) + 1)[:, None],
        words=words,
        lengths=lengths,
        documents=np.zeros(len(lengths), dtype=int),
        names=np.zeros(len(words), dtype=int),
        gold=words % 2,
    )
    return TrainingBatches(encoded, make_config(SETTINGS | settings), versions=versions)


def epoch(batches, seed=0):
    return list(batches.epoch(np.random.default_rng(seed)))


@given(lengths, st.integers(1, 50))
@example([1, 1, 40, 1, 1, 40, 1], 5)
@example([3] * 40, 12)
def test_batches_are_whole_sentences_of_about_so_many_tokens(lengths, size):
    batches = make_batches(lengths, **TOKENS, batch_size=size)
    found = epoch(batches)
    assert all(len(parts) == 1 for parts in found)
    assert sorted(np.concatenate([chosen for [chosen] in found])) == [*range(len(lengths))]
    *full, last = (sum(lengths[i] for i in chosen) for [chosen] in found)
    longest = max(lengths)
    assert all(size - longest < tokens < size + longest for tokens in full)
    assert 0 < last < size + longest
    assert len(found) <= len(batches) == -(-sum(lengths) // size)


def test_sentences_of_one_length_fill_their_batches():
    batches = make_batches([3] * 41, **TOKENS, batch_size=12)
    assert [len(chosen) for [chosen] in epoch(batches)] == [4] * 10 + [1]
    assert len(batches) == 11


@given(lengths)
def test_a_sentence_that_is_longer_than_a_batch_ends_it(lengths):
    batches = make_batches([*lengths, 30], **TOKENS, batch_size=10)
    assert sum(len(chosen) for [chosen] in epoch(batches)) == len(lengths) + 1
    [long] = (chosen for [chosen] in epoch(batches) if len(lengths) in chosen)
    assert long[-1] == len(lengths)


@given(lengths)
def test_all_is_one_batch(lengths):
    batches = make_batches(lengths, **TOKENS, batch_size="all")
    [[chosen]] = epoch(batches)
    assert len(batches) == 1
    assert sorted(chosen) == [*range(len(lengths))]


def test_each_epoch_has_another_order_that_the_seed_fixes():
    batches = make_batches([2, 3] * 20, **TOKENS, batch_size=10)
    first, second, again = (
        [chosen.tolist() for [chosen] in epoch(batches, seed)] for seed in (1, 2, 1)
    )
    assert first == again != second


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(batches_module, "PART_TOKENS", 40)


# The power of two whose parts are the nearest to 40 tokens, but two from 24 on.
PARTS = {4: 1, 20: 1, 24: 2, 40: 2, 60: 2, 96: 2, 120: 4, 160: 4, 240: 8, 320: 8, 480: 16, 960: 32}


@pytest.mark.parametrize(("tokens", "parts"), PARTS.items())
@pytest.mark.usefixtures("small_parts")
def test_the_parts_are_as_many_as_the_tokens_ask_for(tokens, parts):
    for times in (1, 3):
        text = [4] * 240 * times
        assert make_batches(text, **TOKENS, batch_size=tokens).parts == parts
        assert make_batches(text, batch_size=tokens // 4).parts == parts
        assert make_batches(text, **WORDS, batch_size=tokens).parts == parts
        assert make_batches(text, **RANKING, batch_size=tokens).parts == 1
        assert (
            make_batches(text, 3, **TOKENS, batch_size=tokens, case_augmentation=0.1).parts == parts
        )


@given(lengths, st.integers(1, 60), st.sampled_from([1, 2, 3, 8]), st.sampled_from([1, 3]))
@pytest.mark.parametrize("settings", [{}, TOKENS, WORDS], ids=str)
def test_every_example_is_in_one_part(settings, lengths, size, parts, versions):
    batches = make_batches(lengths, versions, **settings, batch_size=size, case_augmentation=0.2)
    batches.parts = parts
    found = epoch(batches)
    assert all(1 <= len(cut) <= parts and all(map(len, cut)) for cut in found)
    units = sum(lengths) if settings is WORDS else len(lengths)
    examples = np.concatenate([part for cut in found for part in cut])
    assert sorted(examples % units) == [*range(units)]
    whole = make_batches(lengths, versions, **settings, batch_size=size, case_augmentation=0.2)
    assert [np.concatenate(cut).tolist() for cut in found] == [
        chosen.tolist() for [chosen] in epoch(whole)
    ]


@given(lengths, st.sampled_from([2, 3, 4, 8]))
@pytest.mark.parametrize("settings", [{}, TOKENS, WORDS], ids=str)
def test_the_parts_hold_about_as_many_tokens_each(settings, lengths, parts):
    batches = make_batches(lengths, **settings, batch_size="all")
    batches.parts = parts
    [cut] = epoch(batches)
    sizes = [1] * sum(lengths) if settings is WORDS else lengths
    tokens = [sum(sizes[i] for i in part) for part in cut]
    for n in [*tokens, *[0] * (parts - len(cut))]:
        assert abs(n - sum(lengths) / parts) <= max(sizes)


@pytest.mark.parametrize(("sentences", "parts"), [(2, 2), (4, 2), (8, 4), (32, 8)])
@pytest.mark.parametrize("settings", [{}, TOKENS, WORDS], ids=str)
def test_sentences_of_one_length_fill_their_parts(settings, sentences, parts):
    batches = make_batches([3] * sentences, **settings, batch_size="all")
    batches.parts = parts
    [cut] = epoch(batches)
    units = 3 * sentences if settings is WORDS else sentences
    assert [len(part) for part in cut] == [units // parts] * parts


@pytest.mark.usefixtures("small_parts")
def test_a_ranking_has_pairs_and_no_parts():
    batches = make_batches([4] * 240, **RANKING, batch_size=480, corruptions=1)
    [[chosen]] = epoch(batches)
    assert len(chosen) == 2 * 480
    assert Counter(batches.encoded.tags()[chosen].tolist()) == {0: 480, 1: 480}
