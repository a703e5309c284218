from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from networks import epoch_batches
from windowclf.config.config import make_config
from windowclf.errors import DataError
from windowclf.lexicon.lexicon import PADDING, UNKNOWN
from windowclf.model.encoding import EncodedSentences
from windowclf.training.batches import TrainingBatches

# 20 sentences, no word twice: word w has the features [w + 1, w + 101] and the tag w % 7.
SIZES = np.random.default_rng(0).integers(1, 5, 20)
COUNT = int(SIZES.sum())
NUMBERS = np.arange(COUNT + 1)
DISTINCT = EncodedSentences(
    features=np.stack([NUMBERS + 1, NUMBERS + 101], axis=1) * (NUMBERS > 0)[:, None],
    words=NUMBERS[1:],
    lengths=SIZES,
    documents=np.arange(len(SIZES)),
    names=NUMBERS[1:],
    gold=NUMBERS[1:] % 7,
)


SETTINGS = {
    "level": "word",
    "loss": "softmax",
    "window": 3,
    "sentence_mean": False,
    "batch_of": "sentences",
    "batch_size": 6,
    "word_dropout": 0.0,
}
RANKING = {"loss": "ranking", "positive": "LOC"}
WORDS = {"batch_of": "words"}


def epoch(rng, dropped=(), encoded=DISTINCT, versions=1, **settings):
    config = make_config(SETTINGS | settings)
    batches = TrainingBatches(encoded, config, dropped, versions)
    found = epoch_batches(batches, rng)
    assert len(found) == len(batches)
    return found


def centres(batches):
    """The words in the order in which an epoch meets them."""
    return [w for b in batches for w in (b.features[b.windows[:, 1], 0] - 1).tolist()]


@pytest.mark.parametrize("batch_size", [1, 6, 20, 50])
def test_an_epoch_meets_each_sentence_once(batch_size):
    batches = epoch(np.random.default_rng(0), batch_size=batch_size)
    sizes = [len(batch.lengths) for batch in batches]
    assert sum(sizes) == 20
    assert max(sizes[:-1], default=0) <= batch_size
    assert len(sizes) == -(-20 // batch_size)
    assert sorted(centres(batches)) == list(range(1, COUNT + 1))
    for batch in batches:
        assert batch.gold.tolist() == [word % 7 for word in centres([batch])]
    # each sentence stays together
    lengths = [length for batch in batches for length in batch.lengths]
    heads = np.array(centres(batches))[np.cumsum(lengths) - lengths]
    assert sorted(heads) == (np.cumsum(SIZES) - SIZES + 1).tolist()


def test_each_epoch_has_another_order_that_the_seed_fixes():
    rng = np.random.default_rng(3)
    first, second = centres(epoch(rng)), centres(epoch(rng))
    assert first != second
    assert first == centres(epoch(np.random.default_rng(3)))


def test_single_words_keep_the_window_of_their_sentence():
    def windows(batches):
        return sorted(w for batch in batches for w in batch.features[batch.windows].tolist())

    batches = epoch(np.random.default_rng(0), **WORDS)
    assert [len(batch.lengths) for batch in batches[:-1]] == [6] * (len(batches) - 1)
    assert {length for batch in batches for length in batch.lengths} == {1}
    assert sorted(centres(batches)) == list(range(1, COUNT + 1))
    assert windows(batches) == windows(epoch(np.random.default_rng(0)))
    assert all(not batch.features[0].any() for batch in batches)
    for batch in batches:
        assert batch.gold.tolist() == [word % 7 for word in centres([batch])]


@pytest.mark.parametrize("settings", [{}, WORDS])
def test_all_is_one_batch(settings):
    (batch,) = epoch(np.random.default_rng(0), batch_size="all", **settings)
    assert len(batch.windows) == COUNT


# The same sentences with few words, so that each word stands in many windows, also twice in one.
REPEATED = EncodedSentences(
    features=np.array([[0, 0], [5, 9], [6, 9], [7, 10], [8, 11]]),
    words=np.random.default_rng(1).integers(1, 5, COUNT),
    lengths=SIZES,
    documents=np.arange(len(SIZES)),
    names=np.zeros(COUNT, dtype=int),
    gold=np.random.default_rng(2).integers(0, 2, COUNT),
)


def windows_by_loops(width):
    """The feature ids in the window of each token, looked up one by one."""
    found, first = [], 0
    for size in SIZES.tolist():
        for t in range(size):
            places = range(t - width // 2, t + width // 2 + 1)
            rows = [REPEATED.words[first + p] if 0 <= p < size else 0 for p in places]
            found.append(REPEATED.features[rows].tolist())
        first += size
    return found


def windows_in(batches):
    return [batch.features[batch.windows].tolist() for batch in batches]


@pytest.mark.parametrize("width", [1, 3, 5, 7])
@pytest.mark.parametrize("settings", [{}, WORDS, {"batch_size": "all"}, {**WORDS, "batch_size": 1}])
def test_the_windows_against_loops(settings, width):
    batches = epoch(np.random.default_rng(0), encoded=REPEATED, window=width, **settings)
    assert sorted(chain(*windows_in(batches))) == sorted(windows_by_loops(width))
    for batch in batches:
        assert batch.features[0].tolist() == [PADDING, PADDING]


@pytest.mark.parametrize("width", [1, 3, 5, 7])
@pytest.mark.parametrize("batch_size", [1, 6, "all"])
def test_the_windows_that_are_ranked_against_loops(width, batch_size):
    batches = epoch(
        np.random.default_rng(0),
        encoded=REPEATED,
        window=width,
        batch_size=batch_size,
        corruptions=2,
        **RANKING,
    )
    every = list(zip(windows_by_loops(width), REPEATED.gold.tolist(), strict=True))
    positive = [window for window, tag in every if tag == 1]
    others = [window for window, tag in every if tag != 1]
    real = [window for windows in windows_in(batches) for window in windows[: len(windows) // 2]]
    corrupted = [
        window for windows in windows_in(batches) for window in windows[len(windows) // 2 :]
    ]
    assert sorted(real) == sorted(2 * positive)
    assert len(corrupted) == len(real)
    assert all(window in others for window in corrupted)
    for batch in batches:
        half = len(batch.windows) // 2
        assert batch.gold.tolist() == [1] * half + [0] * half
        assert batch.lengths.tolist() == [1] * 2 * half
        assert batch_size == "all" or half <= batch_size


@pytest.mark.parametrize("tag", [0, 1])
def test_there_must_be_something_to_rank(tag):
    encoded = replace(REPEATED, gold=np.full(COUNT, tag))
    with pytest.raises(DataError, match="rank"):
        TrainingBatches(encoded, make_config(SETTINGS | RANKING))


def test_ranking_sets_each_real_window_against_corrupted_ones():
    batches = epoch(np.random.default_rng(0), **RANKING, corruptions=3)
    real, corrupted = [], []
    for batch in batches:
        words, half = centres([batch]), len(batch.windows) // 2
        assert batch.gold.tolist() == [word % 7 for word in words]
        real += words[:half]
        corrupted += words[half:]
    assert sorted(real) == sorted(3 * [word for word in range(1, COUNT + 1) if word % 7 == 1])
    assert len(corrupted) == len(real)
    assert all(word % 7 != 1 for word in corrupted)
    assert len(set(corrupted)) > 5


@pytest.mark.parametrize("settings", [{}, WORDS, RANKING])
def test_word_dropout_hits_the_named_columns_and_never_the_padding(settings):
    before = DISTINCT.features.copy()
    rng = np.random.default_rng(0)
    for batch in epoch(rng, dropped=[([1], 0.999999)], **settings):
        assert batch.features[0].tolist() == [PADDING, PADDING]
        assert (batch.features[1:, 1] == UNKNOWN).all()
        assert (batch.features[1:, 0] > UNKNOWN).all()
    np.testing.assert_array_equal(DISTINCT.features, before)


def test_word_dropout_takes_its_share_of_each_column_by_itself():
    rng = np.random.default_rng(1)
    dropped = [([0], 0.3), ([1], 0.3)]
    batches = [batch for _ in range(40) for batch in epoch(rng, dropped=dropped)]
    lost = np.concatenate([batch.features[1:] == UNKNOWN for batch in batches])
    assert lost.mean(axis=0) == pytest.approx([0.3, 0.3], abs=0.03)
    assert lost.all(axis=1).mean() == pytest.approx(0.09, abs=0.03)


def test_columns_that_are_dropped_together():
    rng = np.random.default_rng(1)
    batches = [batch for _ in range(40) for batch in epoch(rng, dropped=[([0, 1], 0.3)])]
    lost = np.concatenate([batch.features[1:] == UNKNOWN for batch in batches])
    assert lost.all(axis=1).mean() == pytest.approx(0.3, abs=0.03)
    assert (lost.all(axis=1) == lost.any(axis=1)).all()


def in_versions(versions):
    """The same sentences several times: in version v, word w is the word w + v * COUNT."""
    numbers = np.arange(versions * COUNT + 1)
    return EncodedSentences(
        features=np.stack([numbers + 1, numbers + 1001], axis=1) * (numbers > 0)[:, None],
        words=numbers[1:],
        lengths=np.tile(SIZES, versions),
        documents=np.arange(versions * len(SIZES)),
        names=numbers[1:],
        gold=np.tile(DISTINCT.gold, versions),
    )


def words_and_versions(batches):
    """The words of the text in the order in which an epoch meets them, and their versions."""
    versions, words = np.divmod(np.array(centres(batches)) - 1, COUNT)
    return words + 1, versions


def test_a_text_in_one_version_is_read_as_it_is():
    for settings in ({}, WORDS, RANKING):
        plain, other = (
            epoch(np.random.default_rng(0), case_augmentation=share, **settings)
            for share in (0.0, 0.5)
        )
        assert windows_in(other) == windows_in(plain)


@pytest.mark.parametrize("versions", [2, 3])
@pytest.mark.parametrize("settings", [{}, WORDS, RANKING])
def test_an_epoch_reads_each_example_once_in_one_version(settings, versions):
    encoded = in_versions(versions)
    more = {"encoded": encoded, "versions": versions, "case_augmentation": 0.3, "corruptions": 3}
    batches = epoch(np.random.default_rng(0), **settings, **more)
    words, found = words_and_versions(batches)
    tags = [tag for batch in batches for tag in batch.gold.tolist()]
    assert tags == (words % 7).tolist()
    if settings == RANKING:  # the examples are the real windows, the first half of a batch
        sizes = [len(batch.windows) for batch in batches]
        real = np.concatenate([np.arange(size) < size // 2 for size in sizes])
        assert all(words[~real] % 7 != 1)
        assert set(found[~real]) == set(range(versions))
        words, found = words[real], found[real]
    assert set(found) == set(range(versions))
    every = [*range(1, COUNT + 1)]
    examples = [w for w in every for _ in range(3) if w % 7 == 1] if settings == RANKING else every
    assert sorted(words) == examples


@pytest.mark.parametrize("settings", [{}, WORDS, RANKING])
def test_all_words_around_one_are_of_its_version(settings):
    rng = np.random.default_rng(0)
    for batch in epoch(rng, encoded=in_versions(3), versions=3, case_augmentation=0.3, **settings):
        numbers = batch.features[batch.windows, 0]
        versions = (numbers - 2) // COUNT
        assert np.all((versions == versions[:, 1:2]) | (numbers == PADDING))
        first = np.cumsum(batch.lengths) - batch.lengths
        assert versions[:, 1].tolist() == np.repeat(versions[first, 1], batch.lengths).tolist()


@pytest.mark.parametrize(
    ("versions", "share", "shares"),
    [(3, 0.2, [0.6, 0.2, 0.2]), (3, 0.5, [0, 0.5, 0.5]), (2, 0.1, [0.9, 0.1]), (3, 0.0, [1, 0, 0])],
)
@pytest.mark.parametrize("settings", [{}, WORDS, RANKING])
def test_each_version_has_its_share(settings, versions, share, shares):
    rng = np.random.default_rng(2)
    more = {"encoded": in_versions(versions), "versions": versions, "case_augmentation": share}
    batches = [batch for _ in range(100) for batch in epoch(rng, **settings, **more)]
    _, found = words_and_versions(batches)
    assert np.bincount(found, minlength=versions) / len(found) == pytest.approx(shares, abs=0.03)


def test_each_epoch_draws_the_versions_anew():
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(60):
        batches = epoch(rng, encoded=in_versions(3), versions=3, case_augmentation=0.3)
        seen |= {*zip(*(found.tolist() for found in words_and_versions(batches)), strict=True)}
    assert len(seen) == 3 * COUNT
