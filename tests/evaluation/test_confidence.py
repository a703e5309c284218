"""Each span that is found has a probability."""

from dataclasses import replace
from itertools import chain, product

import numpy as np
import pytest

import tiny
from networks import CORPUS, prepare_small, tagger_scores
from windowclf.documents.sentence import Sentence
from windowclf.evaluation import evaluate as evaluation
from windowclf.model.calibration import Calibration
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme, spans
from windowclf.tags.schemes import encode as spell

PARTS_OF_SPEECH = [Sentence(["dogs", "bark", "."], ["NOUN", "VERB", "O"])]
WORD, PATH = {"level": "word"}, {"level": "sentence", "loss": "softmax"}
WORD_LEVEL = [
    WORD | {"loss": "softmax"},
    WORD | {"loss": "softmax", "constrained": True},
    WORD | {"loss": "max-margin"},
    WORD | {"loss": "squared-error"},
    WORD | {"loss": "ranking", "positive": "LOC"},
]
SENTENCE_LEVEL = [
    PATH,
    PATH | {"constrained": True},
    {"level": "sentence", "loss": "max-margin"},
]
PLAIN = [WORD | {"loss": "softmax"}, PATH, PATH | {"constrained": True}]


def untrained(settings, text=CORPUS, scheme=Scheme.IOB2):
    """A model with weights so random that its tags are anything."""
    fixed = {"constrained": False, "sentence_mean": False, "case_augmentation": 0.0, "seed": 1}
    model = prepare_small(text, scheme, **fixed | settings)
    for name, parameter in model.parameters().items():
        if not name.startswith("L_"):
            rng = np.random.default_rng([6, *name.encode()])  # each draws its own
            parameter.value = rng.normal(scale=0.6, size=parameter.value.shape).astype(np.float32)
    return model


def shuffled(text=CORPUS, longest=12, count=60):
    """Sentences of the words of a text in any order, some of them empty."""
    rng = np.random.default_rng(1)
    words = [*chain(*(sentence.tokens for sentence in text)), "unseen"]
    return [[*rng.choice(words, n)] for n in rng.integers(0, longest + 1, count)]


def scores_of(model, tokens):
    return tagger_scores(Tagger(model), [tokens]).astype(np.float64)


def own_tags(model, sentences):
    return [tags for chunk in Tagger(model).chunks(sentences) for tags in chunk.own_tags()]


def beside_gold(model, sentences, gold):
    return evaluation.confidences(Tagger(model), [Sentence(tokens) for tokens in sentences], gold)


def decoded(model, sentences):
    found = list(Tagger(model).predict(sentences))
    assert len(found) == len(sentences)
    return found


def assert_spans_are_those_of_the_tags(model, sentences):
    found = decoded(model, sentences)
    assert [prediction.tags for prediction in found] == own_tags(model, sentences)
    for tokens, (tags, where, confidences) in zip(sentences, found, strict=True):
        assert len(tags) == len(tokens)
        assert where == spans(tags, model.scheme)
        assert confidences.shape == (len(where),)
        assert ((confidences >= 0) & (confidences <= 1)).all()
    assert sum(len(prediction.spans) for prediction in found) > 20


@pytest.mark.parametrize("settings", [*WORD_LEVEL, *SENTENCE_LEVEL], ids=str)
def test_the_spans_are_those_of_the_tags(settings, monkeypatch):
    model = untrained(settings)
    assert model.scheme is (Scheme.IOB1 if settings["loss"] == "ranking" else Scheme.IOBES)
    assert_spans_are_those_of_the_tags(model, shuffled())
    monkeypatch.setattr("windowclf.tagging.tagger.CHUNK_TOKENS", 7)
    assert_spans_are_those_of_the_tags(model, shuffled())


@pytest.mark.parametrize("settings", PLAIN, ids=str)
def test_the_spans_of_plain_labels(settings):
    model = untrained(settings, PARTS_OF_SPEECH, Scheme.PLAIN)
    assert model.scheme is Scheme.PLAIN
    assert_spans_are_those_of_the_tags(model, shuffled(PARTS_OF_SPEECH))


@pytest.mark.parametrize("settings", [*WORD_LEVEL, *SENTENCE_LEVEL], ids=str)
def test_sentences_without_words(settings):
    model = untrained(settings)
    for sentences in ([], [[]], [[], []]):
        for tags, where, confidences in decoded(model, sentences):
            assert (tags, where, len(confidences)) == ([], [], 0)


@pytest.mark.parametrize("settings", WORD_LEVEL, ids=str)
def test_single_words_multiply_their_probabilities(settings):
    model, sentences = untrained(settings), shuffled()
    for tokens, (tags, where, confidences) in zip(
        sentences, decoded(model, sentences), strict=True
    ):
        if not tokens:
            continue
        p = model.objective.probabilities(scores_of(model, tokens), np.array([len(tokens)]))
        p = [row[model.labels.index(tag)] for row, tag in zip(p, tags, strict=True)]
        expected = [np.prod(p[start:end]) for start, end, _ in where]
        np.testing.assert_allclose(confidences, expected, rtol=1e-3, atol=1e-6)


def test_the_probabilities_of_softmax_are_its_own():
    model = untrained(WORD | {"loss": "softmax"})
    [(tags, _, confidences)] = decoded(model, [["Oslo"]])
    e = np.exp(scores_of(model, ["Oslo"])[0])
    assert tags != ["O"]
    assert confidences == pytest.approx(e[model.labels.index(tags[0])] / e.sum(), rel=1e-4)


def of_all_paths(model, tokens, tags, where):
    """Add up the probabilities of the paths that have the tags of a span, for each span."""
    s, n = scores_of(model, tokens), len(tokens)
    A, start, end = (p.value.astype(np.float64) for p in model.objective.parameters().values())
    paths = np.array([*product(range(len(model.labels)), repeat=n)])
    score = s[np.arange(n), paths].sum(axis=1) + A[paths[:, :-1], paths[:, 1:]].sum(axis=1)
    score += start[paths[:, 0]] + end[paths[:, -1]]
    p = np.exp(score - score.max())
    own = np.array([model.labels.index(tag) for tag in tags])
    has = [(paths[:, a:b] == own[a:b]).all(axis=1) for a, b, _ in where]
    return [p[those].sum() / p.sum() for those in has]


def longest_span(found):
    return max(span.end - span.start for prediction in found for span in prediction.spans)


@pytest.mark.parametrize("settings", SENTENCE_LEVEL, ids=str)
@pytest.mark.parametrize("scheme", [Scheme.IOB2, Scheme.PLAIN])
def test_whole_paths_against_all_of_them(settings, scheme):
    names = [tiny.parse("[LOC Oslo] is in [LOC New York] .")]
    text = PARTS_OF_SPEECH if scheme is Scheme.PLAIN else names
    model = untrained(settings, text, scheme)
    sentences = [tokens for tokens in shuffled(text, longest=5) if tokens]
    found = decoded(model, sentences)
    expected = [
        of_all_paths(model, tokens, tags, where)
        for tokens, (tags, where, _) in zip(sentences, found, strict=True)
    ]
    assert scheme is Scheme.PLAIN or longest_span(found) > 1
    np.testing.assert_allclose(
        np.concatenate([prediction.confidences for prediction in found]),
        [p for row in expected for p in row],
        rtol=1e-3,
        atol=1e-6,
    )


@pytest.mark.parametrize("settings", [*WORD_LEVEL[:1], *SENTENCE_LEVEL[:1]], ids=str)
def test_the_confidences_are_corrected(settings):
    model, sentences = untrained(settings), shuffled()
    calibration = Calibration(slope=0.4, intercept=-0.5)
    for raw, corrected in zip(
        decoded(model, sentences),
        decoded(replace(model, calibration=calibration), sentences),
        strict=True,
    ):
        assert corrected[:2] == raw[:2]
        np.testing.assert_array_equal(corrected.confidences, calibration(raw.confidences))


def test_confidences_beside_what_is_right():
    model, sentences = untrained(PATH), shuffled()
    found = decoded(model, sentences)
    assert longest_span(found) > 1
    # None is longer than one token, and every other sentence knows only persons.
    gold = [
        [
            span._replace(end=span.start + 1, label="PER" if i % 2 else span.label)
            for span in prediction.spans
        ]
        for i, prediction in enumerate(found)
    ]
    tags = [
        spell(row, len(tokens), Scheme.IOBES) for row, tokens in zip(gold, sentences, strict=True)
    ]
    sure, right = beside_gold(model, sentences, tags)
    pairs = zip(chain(*gold), chain(*(prediction.spans for prediction in found)), strict=True)
    assert right.tolist() == [a == b for a, b in pairs]
    assert {*right.tolist()} == {True, False}
    np.testing.assert_array_equal(sure, np.concatenate([p.confidences for p in found]))


def test_no_confidence_at_all():
    model = untrained(PATH)
    for sentences in ([], [[]]):
        sure, right = beside_gold(model, sentences, sentences)
        assert sure.shape == right.shape == (0,)
        assert right.dtype == bool
