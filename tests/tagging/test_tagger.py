"""A tagger says the same in each of its ways, whatever it has room to remember."""

import numpy as np
import pytest

import tiny
from networks import prepare_small, tagger_scores
from windowclf.errors import UsageError
from windowclf.tagging import tagger as tagger_module
from windowclf.tagging.projection_cache import ProjectionCache
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme, convert, spans

SENTENCES = [tiny.unmarked(marked).split() for marked in tiny.MARKED[::2]]
SENTENCES[4:4] = [[], ["OSLO"], []]
DOCUMENTS = [i // 5 for i in range(len(SENTENCES))]


@pytest.fixture(scope="module", params=["word", "sentence", "plain"])
def model(request):
    """An untrained model with weights so random that it finds spans of all kinds."""
    plain = request.param == "plain"
    model = prepare_small(
        tiny.sentences(),
        Scheme.PLAIN if plain else Scheme.IOB2,
        level="word" if plain else request.param,
        constrained=request.param == "sentence",
        document_context=True,
        sentence_mean=True,
    )
    rng = np.random.default_rng(7)
    for parameter in model.parameters().values():
        parameter.value[:] = rng.normal(scale=0.5, size=parameter.shape)
    return model


@pytest.fixture(params=[1, 12, 8192])
def chunk_tokens(request, monkeypatch):
    monkeypatch.setattr(tagger_module, "CHUNK_TOKENS", request.param)


def as_read(tags, model):
    plain = model.scheme is Scheme.PLAIN
    return convert(tags, model.scheme, Scheme.PLAIN if plain else Scheme.IOB2)


@pytest.mark.usefixtures("chunk_tokens")
def test_tags_predictions_and_chunks_agree(model):
    tagger = Tagger(model)
    predictions = list(tagger.predict(SENTENCES, DOCUMENTS))
    own = [prediction.tags for prediction in predictions]
    tags = [as_read(found, model) for found in own]
    assert [len(found) for found in own] == [len(sentence) for sentence in SENTENCES]
    assert [p.spans for p in predictions] == [spans(found, model.scheme) for found in own]
    assert [len(p.confidences) for p in predictions] == [len(p.spans) for p in predictions]
    assert sum(len(p.spans) for p in predictions) > 20
    assert list(tagger.tags(SENTENCES, DOCUMENTS)) == tags

    chunks = list(tagger.chunks(SENTENCES, DOCUMENTS))
    whole = tagger.tag(tagger.lookup(SENTENCES, DOCUMENTS))
    for tagged in (chunks, [whole]):
        assert [row for chunk in tagged for row in chunk.own_tags()] == own
        assert [row for chunk in tagged for row in chunk.tags()] == tags
        found = [p for chunk in tagged for p in chunk.predictions()]
        assert [p.spans for p in found] == [p.spans for p in predictions]
        np.testing.assert_allclose(
            np.concatenate([p.confidences for p in found]),
            np.concatenate([p.confidences for p in predictions]),
            rtol=1e-4,
        )


def test_some_sentences_of_a_chunk(model):
    tagger = Tagger(model)
    [chunk] = tagger.chunks(SENTENCES, DOCUMENTS)
    tags, predictions = list(chunk.tags()), list(chunk.predictions())
    for start, stop in [(0, 0), (0, 3), (2, 9), (4, 5), (9, len(tags)), (len(tags), len(tags))]:
        some = slice(start, stop)
        assert list(chunk.tags(some)) == tags[some]
        expected, before = [], 0
        for tokens, found in zip(SENTENCES[some], predictions[some], strict=True):
            for (first, end, label), sure in zip(found.spans, found.confidences, strict=True):
                expected.append((before + first, before + end - 1, label, sure))
            before += len(tokens)
        assert chunk.entities_of(some) == expected
    assert len(chunk.entities_of(slice(0, len(tags)))) == len(chunk.spans.first) > 20


@pytest.mark.usefixtures("chunk_tokens")
@pytest.mark.parametrize("sentences", [[], [[]], [[], [], []]], ids=str)
def test_nothing_to_tag(model, sentences):
    tagger = Tagger(model)
    assert list(tagger.tags(sentences)) == sentences
    assert list(tagger.tags(sentences, processes=2)) == sentences
    found = [(p.tags, p.spans, p.confidences.tolist()) for p in tagger.predict(sentences)]
    assert found == [([], [], [])] * len(sentences)
    chunk = tagger.tag(tagger.lookup(sentences))
    assert list(chunk.tags()) == list(chunk.own_tags()) == sentences
    assert len(chunk.spans.first) == len(chunk.confidences) == 0


def test_there_are_as_many_documents_as_sentences(model):
    with pytest.raises(UsageError, match="2 sentences but 1 documents"):
        list(Tagger(model).tags([["Ada"], ["Tom"]], [0]))


def test_a_tagger_that_knows_too_many_old_words_begins_anew(model, monkeypatch):
    monkeypatch.setattr(tagger_module, "CHUNK_TOKENS", 12)
    begun = []

    class Spied(ProjectionCache):
        def __init__(self, *arguments):
            begun.append(self)
            super().__init__(*arguments)

    monkeypatch.setattr(tagger_module, "ProjectionCache", Spied)
    few, many = Tagger(model, kept_bytes=0), Tagger(model)
    text = [[f"Number{n}", "lives", "in", f"place{n}", "Oslo"] for n in range(30)]
    for _ in range(2):  # neither forgets what a word is, nor takes one for another
        for sentences in (text, SENTENCES):
            found, expected = (tagger_scores(tagger, sentences) for tagger in (few, many))
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert many._cache is begun[1]
    assert len(begun) > 10
    assert few._cache is begun[-1]
