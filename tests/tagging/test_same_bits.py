"""How many processes tag does not matter, to the last bit of the scores."""

import string
from itertools import islice

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import tiny
import windowclf
from networks import prepare_small
from windowclf.tagging import tagger as tagger_module
from windowclf.tagging import texts as texts_module
from windowclf.tagging.tagger import Tagger
from windowclf.tagging.texts import tag_texts

SHARED = pytest.mark.parametrize("processes", [2, 3])
pytestmark = pytest.mark.usefixtures("shared_at_once")


def random_words(n):
    rng = np.random.default_rng(3)
    letters = [*string.ascii_lowercase, "é", "ß"]
    words = ["".join(rng.choice(letters, rng.integers(1, 6))) for _ in range(n // 2)]
    words = [word.capitalize() if rng.random() < 0.4 else word for word in words]
    return rng.choice(words, n).tolist()  # about half of them come again


WORDS = random_words(1000)
SENTENCES = [WORDS[i : i + 5] for i in range(0, len(WORDS), 5)]
SENTENCES[7:7] = [[], []]
DOCUMENTS = [i // 4 for i in range(len(SENTENCES))]
TEXTS = [" ".join(WORDS[i : i + 7]) + "." for i in range(0, len(WORDS), 7)]
TEXTS[5:5] = ["", "  ", " ".join(WORDS[:300])]


@pytest.fixture(scope="module")
def model():
    model = prepare_small(tiny.sentences(), document_context=True, sentence_mean=True, hidden=20)
    rng = np.random.default_rng(7)
    for parameter in model.parameters().values():
        parameter.value[:] = rng.normal(scale=0.5, size=parameter.shape)
    return model


@pytest.fixture(params=[0, 30_000, 2**20])  # none, some, and all of the words are kept
def kept_bytes(request, monkeypatch):
    monkeypatch.setattr(tagger_module, "CHUNK_TOKENS", 100)
    monkeypatch.setattr(texts_module, "BATCH_CHARACTERS", 300)
    return request.param


@SHARED
def test_tags_are_those_of_one_process(model, kept_bytes, processes):
    found = [
        list(Tagger(model, kept_bytes=kept_bytes).tags(SENTENCES, DOCUMENTS, processes=n))
        for n in (1, processes)
    ]
    assert found[0] == found[1]
    assert len({tag for tags in found[0] for tag in tags}) > 2


def tagged(model, processes, **settings):
    found = tag_texts(Tagger(model, **settings), TEXTS, batch_size=9, processes=processes)
    return [(t.text, t.words, t.sentences, t.tags, t.entities) for t in found]


@SHARED
def test_scores_are_those_of_one_process(model, kept_bytes, processes):
    expected = tagged(model, 1, kept_bytes=kept_bytes)
    assert [text for text, *_ in expected] == TEXTS
    assert len({entity.score for *_, entities in expected for entity in entities}) > 300
    assert tagged(model, processes, kept_bytes=kept_bytes) == expected


@SHARED
def test_probabilities_are_those_of_one_process(model, kept_bytes, processes):
    one, shared = (
        list(Tagger(model, kept_bytes=kept_bytes).probabilities(SENTENCES, DOCUMENTS, n))
        for n in (1, processes)
    )
    for p, expected in zip(shared, one, strict=True):
        np.testing.assert_array_equal(p, expected)


@SHARED
def test_the_classifier_shares_its_work(model_folder, processes, monkeypatch):
    monkeypatch.setattr(tagger_module, "CHUNK_TOKENS", 60)

    def found(processes):
        classifier = windowclf.load(model_folder)
        texts = classifier.pipe(iter(TEXTS), batch_size=5, processes=processes)
        entities = [text.entities for text in texts]
        return entities, classifier.predict(SENTENCES, DOCUMENTS, processes=processes)

    assert found(processes) == found(1)


def test_a_stream_of_sentences_and_of_documents(model_folder):
    classifier = windowclf.load(model_folder)
    expected = classifier.predict(SENTENCES, DOCUMENTS)
    for processes in (1, 2):
        sentences, documents = (sentence for sentence in SENTENCES), iter(DOCUMENTS)
        assert classifier.predict(sentences, documents, processes=processes) == expected
        assert classifier.predict(iter([]), iter([]), processes=processes) == []


def test_others_may_use_the_tagger_meanwhile(model, kept_bytes):
    expected = tagged(model, 1)
    tagger = Tagger(model, kept_bytes=kept_bytes)
    found = []
    for text in tag_texts(tagger, TEXTS, batch_size=9, processes=2):
        [again] = tag_texts(tagger, [text.text])
        assert again.tags == text.tags
        found.append(text.tags)
        if len(found) % 20 == 0:
            list(islice(tag_texts(tagger, TEXTS[::-1], batch_size=9, processes=2), 30))
    assert found == [tags for _, _, _, tags, _ in expected]


def test_nor_do_the_threads_of_the_linear_algebra(monkeypatch):
    # The layers of the bundled model are large enough for the library to share them out.
    monkeypatch.setattr(tagger_module, "CHUNK_TOKENS", 600)
    model = windowclf.load().model
    with threadpool_limits(2, user_api="blas"):
        assert tagged(model, 2) == tagged(model, 1)
