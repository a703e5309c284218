"""Windows that names of a training batch have in the rest of their documents."""

from collections import Counter
from dataclasses import replace
from itertools import chain, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from networks import epoch_batches, prepare_training
from windowclf.config.config import make_config
from windowclf.documents.case import CASES, in_case
from windowclf.documents.sentence import Sentence
from windowclf.lexicon.lexicon import Lexicon
from windowclf.model.encoding import encode
from windowclf.training import batches as batches_module
from windowclf.training.batches import PLACES, TrainingBatches, _OtherMentions

LEXICON = Lexicon({"word": ["oslo", "ada", "in"]}, cased=False)
SETTINGS = {
    "level": "word",
    "window": 3,
    "sentence_mean": False,
    "word_dropout": 0.0,
    "batch_size": 2,
}

words = st.sampled_from(["Oslo", "OSLO", "oslo", "Ada", "in", "."])
corpora = st.lists(
    st.tuples(st.lists(words, min_size=1, max_size=5), st.sampled_from([None, 1, 2])),
    min_size=1,
    max_size=8,
)


def encode_corpus(corpus):
    return encode([s for s, _ in corpus], LEXICON, documents=[number for _, number in corpus])


def windows_by_loops(lengths, width):
    """The token numbers in the window of each token, -1 past the ends of its sentence."""
    found, first = [], 0
    for length in lengths:
        for t in range(length):
            around = range(t - width // 2, t + width // 2 + 1)
            found.append([first + at if 0 <= at < length else -1 for at in around])
        first += length
    return found


def allowed(encoded, sentences):
    """The places that names of some sentences have other_mentions, by key."""
    own = encoded.tokens(np.array(sentences)).tolist()
    keys = encoded.keys.tolist()
    wanted = {keys[token] for token in own} - {0}
    found = {
        key: {t for t, other in enumerate(keys) if other == key and t not in own} for key in wanted
    }
    return {key: places for key, places in found.items() if places}


@given(corpora, st.sampled_from([1, 3, 5]), st.sampled_from([1, 2, 4]), st.data())
def test_only_other_places_of_the_names_are_drawn(corpus, width, most, data):
    encoded = encode_corpus(corpus)
    sentences = data.draw(
        st.lists(st.integers(0, len(corpus) - 1), min_size=1, unique=True), label="sentences"
    )
    every = windows_by_loops(encoded.lengths.tolist(), width)
    places = allowed(encoded, sentences)
    rng = np.random.default_rng(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches_module, "PLACES", most)
        other_mentions = _OtherMentions(encoded, width)
        for _ in range(5):
            drawn = other_mentions.draw(np.array(sentences), rng)
            assert drawn.shape == (len(drawn), width)
            centres = drawn[:, width // 2].tolist()
            assert drawn.tolist() == [every[centre] for centre in centres]
            assert len(set(centres)) == len(centres)
            assert set(centres) <= set().union(*places.values())
            of_names = Counter(encoded.keys[centres].tolist())
            assert all(count <= most for count in of_names.values())
            encoded.batch(np.array(sentences), width, drawn)


# In document 1 two names have many places, in the first sentence, in the last, and between.
LONG = [
    (["Oslo", "in", "."], 1),
    *((["in", "Oslo", "Ada"][n % 2 :], 1) for n in range(12)),
    (["Ada"], 1),
    (["Oslo", "in", "Ada"], 2),
]


@pytest.mark.parametrize("sentences", [[0], [13], [3], [5, 13, 0], [14]])
def test_every_other_place_is_drawn_sooner_or_later(sentences):
    encoded = encode_corpus(LONG)
    other_mentions = _OtherMentions(encoded, 3)
    rng = np.random.default_rng(0)
    draws = [other_mentions.draw(np.array(sentences), rng)[:, 1].tolist() for _ in range(300)]
    places = allowed(encoded, sentences)
    assert {*chain(*draws)} == {*chain(*places.values())}
    times = Counter(chain(*draws))
    assert max(times.values(), default=1) < 2 * min(times.values(), default=1)
    for key, others in places.items():
        most = max(Counter(encoded.keys[drawn].tolist())[key] for drawn in draws)
        assert most == min(PLACES, len(others))
    assert draws == [[]] * 300 or len({*map(tuple, draws)}) > 20


def epoch(encoded, versions=1, **settings):
    rng = np.random.default_rng(4)
    config = make_config(SETTINGS | settings)
    return epoch_batches(TrainingBatches(encoded, config, (), versions), rng)


def tagged(corpus):
    encoded = encode_corpus(corpus)
    return replace(encoded, gold=np.zeros(len(encoded.words), np.int32))


def test_training_batches_read_windows_from_elsewhere():
    encoded = tagged(LONG)
    plain, heeding = (epoch(encoded, document_context=repeats) for repeats in (False, True))
    further = 0
    for one, other in zip(plain, heeding, strict=True):
        tokens = int(one.lengths.sum())
        assert len(one.windows) == tokens == other.lengths.sum() == len(other.gold)
        np.testing.assert_array_equal(
            one.features[one.windows], other.features[other.windows[:tokens]]
        )
        # all that is read of other_mentions is used
        assert {*range(tokens, len(other.windows))} <= {*other.mentions.windows.tolist()}
        further += len(other.windows) - tokens
    assert further > 20


def test_without_repeats_nothing_is_read_twice():
    alone = tagged([(sentence, None) for sentence, _ in LONG])
    for batch in epoch(alone, document_context=True):
        assert len(batch.windows) == batch.lengths.sum()


# One document, so that a version begins where the one before it ends.
ONE_DOCUMENT = [replace(tiny.parse(marked), document=1) for marked in tiny.MARKED[:12]]
TWO_ALONE = [replace(sentence, document=None) for sentence in ONE_DOCUMENT[:2]]


def encoded(sentences, **settings):
    return prepare_training(sentences, document_context=True, **settings)[1].train


@pytest.mark.parametrize("recase_share", [0.0, 0.3])
def test_documents_and_letter_cases_are_kept_apart(recase_share):
    text = [*ONE_DOCUMENT, *TWO_ALONE, Sentence([], [], 1), replace(ONE_DOCUMENT[3], document=2)]
    text += [replace(sentence, document=1) for sentence in ONE_DOCUMENT[:3]]
    of_text = [0] * 12 + [1, 2, 3] + [4] * 3
    versions = 1 + (len(CASES) if recase_share else 0)
    train = encoded(text, case_augmentation=recase_share)
    assert train.documents.tolist() == [5 * v + n for v in range(versions) for n in of_text]


@pytest.mark.parametrize("document", [1, None])
def test_a_name_in_capitals_never_heeds_the_one_in_lower_case(document):
    text = [replace(sentence, document=document) for sentence in ONE_DOCUMENT]
    train = encoded(text, case_augmentation=0.3)
    tokens = len(train.words) // 3
    version_of = np.arange(3 * tokens) // tokens
    for key in set(train.keys.tolist()) - {0}:
        assert len(set(version_of[train.keys == key])) == 1
    # nothing in lower case is a name; in capitals, every word with a letter
    assert CASES == ("upper", "lower")
    assert not train.keys[2 * tokens :].any()
    upper = [word for s in text for word in in_case(s, "upper").tokens]
    assert (train.keys[tokens : 2 * tokens] != 0).tolist() == [w.lower() != w for w in upper]

    other_mentions, rng = _OtherMentions(train, 3), np.random.default_rng(0)
    drawn = set()
    for sentence, _ in product(range(len(train.lengths)), range(3)):
        (version,) = {*version_of[train.tokens(np.array([sentence]))]}
        centres = other_mentions.draw(np.array([sentence]), rng)[:, 1]
        assert (version_of[centres] == version).all()
        drawn |= {*version_of[centres].tolist()}
    assert drawn == ({0, 1} if document else set())
