"""The probabilities of tags, against sums over every path of a short sentence."""

from itertools import pairwise

import numpy as np
import pytest

import tiny
from networks import prepare_small
from nn import brute_force
from windowclf import WindowClassifier
from windowclf.errors import DataError, UsageError
from windowclf.nn.crf import Transitions
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme

SENTENCES = [["Ada", "saw", "Oslo"], [], ["New"], ["Tom", "in"], []]
IOB2 = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def of_random_weights(**settings):
    scheme = settings.pop("scheme", Scheme.IOB2)
    classifier = WindowClassifier(**{**settings, "level": settings.get("level", "word")})
    model = prepare_small(tiny.sentences(), scheme, **settings)
    rng = np.random.default_rng(7)
    for parameter in model.parameters().values():
        parameter.value[:] = rng.normal(scale=0.5, size=parameter.shape)
    classifier._model = model
    return classifier


def scores(classifier, tokens):
    tagger = Tagger(classifier.model)
    return tagger.score(next(tagger.lookup([tokens]))).astype(np.float64)


def by_hand(classifier, tokens, of_tag):
    """Sum what each tag of the model has over the tags of IOB2 that it is read as."""
    read = {"S": "B", "E": "I"}
    rows = []
    for t in range(len(tokens)):
        row = dict.fromkeys(classifier.tags, 0.0)
        for k, label in enumerate(classifier.model.labels):
            row[read.get(label[0], label[0]) + label[1:]] += of_tag[t][k]
        rows.append(list(row.values()))
    return np.array(rows).reshape(-1, len(classifier.tags))


def assert_agree(classifier, of_tag):
    found = classifier.predict_proba(iter(SENTENCES))
    assert [p.shape for p in found] == [(len(s), len(classifier.tags)) for s in SENTENCES]
    for tokens, p in zip(SENTENCES, found, strict=True):
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
        if tokens:
            expected = by_hand(classifier, tokens, of_tag(scores(classifier, tokens)))
            np.testing.assert_allclose(p, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("loss", ["softmax", "max-margin"])
def test_at_sentence_level_they_are_sums_over_all_paths(loss):
    classifier = of_random_weights(level="sentence", loss=loss)
    assert classifier.tags == IOB2
    assert len(classifier.model.labels) == 9
    moves = Transitions(*(p.value for p in classifier.model.objective.parameters().values()))

    def marginals(s):
        of_tag = np.zeros_like(s)
        for path, p in brute_force.probabilities(s, moves).items():
            of_tag[range(len(path)), path] += p
        return of_tag

    assert_agree(classifier, marginals)


@pytest.mark.parametrize("loss", ["softmax", "max-margin", "squared-error"])
def test_at_word_level_they_are_those_of_each_token(loss):
    classifier = of_random_weights(level="word", loss=loss)

    def of_tokens(s):
        o = 1 / (1 + np.exp(-s)) if loss == "squared-error" else np.exp(s)
        return o / o.sum(axis=1, keepdims=True)

    assert_agree(classifier, of_tokens)


def test_a_model_that_ranks_begins_a_span_where_none_was():
    settings = {**tiny.QUICK, "epochs": 8, "loss": "ranking", "positive": "LOC"}
    given = tiny.sentences()
    classifier = WindowClassifier(**settings).fit(given, given, vectors="random")
    assert classifier.tags == ["O", "B-LOC", "I-LOC"]
    for tokens in filter(None, SENTENCES):
        positive = 1 / (1 + np.exp(-scores(classifier, tokens)[:, 0]))
        [p] = classifier.predict_proba([tokens])
        np.testing.assert_allclose(p[:, 0], 1 - positive, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
        assert p[0, 2] == 0
        for (before, this), row in zip(pairwise(positive), p[1:], strict=True):
            expected = [this * (1 - before), this * before]
            np.testing.assert_allclose(row[1:], expected, rtol=1e-4, atol=1e-6)
    found = classifier.predict_proba([["Oslo"], [], ["Oslo", "Oslo"]])
    assert [p[0, 2] for p in found if len(p)] == [0, 0]  # each sentence starts again
    assert found[0][0, 1] > 0.5


def test_plain_labels_have_columns_of_their_own():
    speech = [(["dogs", "bark"], ["NOUN", "VERB"]), (["dogs", "."], ["NOUN", "O"])] * 9
    classifier = WindowClassifier(**tiny.SETTINGS | {"epochs": 30})
    classifier.fit(speech, vectors="random", scheme="plain")
    assert set(classifier.tags) == {"O", "NOUN", "VERB"}
    assert classifier.tags[0] == "O"
    [p] = classifier.predict_proba([["dogs", "bark"]])
    assert [classifier.tags[k] for k in p.argmax(axis=1)] == ["NOUN", "VERB"]
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)


def test_the_best_tag_is_mostly_that_of_predict(classifier):
    sentences = [s.tokens for s in tiny.sentences()]
    assert classifier.tags == IOB2
    for tags, p in zip(
        classifier.predict(sentences), classifier.predict_proba(sentences), strict=True
    ):
        assert [classifier.tags[k] for k in p.argmax(axis=1)] == tags


def test_chunks_threads_and_documents_change_nothing(classifier, monkeypatch):
    from windowclf.tagging import tagger

    sentences = [s.tokens for s in tiny.sentences()]
    documents = [i // 3 for i in range(len(sentences))]
    expected = classifier.predict_proba(sentences, documents)
    monkeypatch.setattr(tagger, "CHUNK_TOKENS", 20)
    for threads in (1, 3):
        found = classifier.predict_proba(sentences, iter(documents), threads)
        assert len(found) == len(expected)
        for p, other in zip(expected, found, strict=True):
            np.testing.assert_allclose(p, other, rtol=1e-4, atol=1e-6)
    assert classifier.predict_proba([]) == []
    with pytest.raises(UsageError, match="expected one for each"):
        classifier.predict_proba(sentences, [1])


def test_a_text_is_not_taken_for_tokens(classifier):
    for ask in (classifier.predict, classifier.predict_proba):
        with pytest.raises(DataError, match="sentence 1: expected a list of tokens"):
            ask(["Oslo is in France"])
