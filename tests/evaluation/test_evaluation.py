"""Evaluation reads whole documents, and counts what tagging says."""

from dataclasses import replace

import numpy as np
import pytest

import tiny
from networks import TRAIN, prepare_small, tagger_scores, train_small
from windowclf.documents.sentence import Sentence
from windowclf.evaluation.entity_errors import Kind
from windowclf.evaluation.evaluate import compare, confidences, evaluate, examine, ranking
from windowclf.evaluation.metrics import average_precision, score
from windowclf.model.calibration import Calibration, expected_calibration_error
from windowclf.tagging import tagger as tagger_module
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme, spans

TOKENS = [tiny.unmarked(marked).split() for marked in tiny.MARKED[:40]]
TOKENS[6:6] = [[]]
DOCUMENTS = [i // 4 for i in range(len(TOKENS))]


def make_model(level):
    """An untrained model whose names use each other's context."""
    model = prepare_small(tiny.sentences(), document_context=True, sentence_mean=True, level=level)
    rng = np.random.default_rng(0)
    for parameter in (model.network.document_weight, model.network.sentence_weight):
        parameter.value[:] = rng.normal(scale=2, size=parameter.shape)
    return model


@pytest.fixture(scope="module", params=["word", "sentence"])
def model(request):
    return make_model(request.param)


@pytest.fixture
def tagger(model):
    return Tagger(model)


@pytest.fixture
def gold(model):
    """Half of what the model says is right."""
    said = Tagger(model).predict(TOKENS, DOCUMENTS)
    return [found.tags if i % 2 else ["O"] * len(found.tags) for i, found in enumerate(said)]


@pytest.fixture(params=[10, 8192])
def chunk_tokens(request, monkeypatch):
    monkeypatch.setattr(tagger_module, "CHUNK_TOKENS", request.param)


def sentences(documents=DOCUMENTS):
    """The sentences, with tags that nobody is to look at."""
    return [
        Sentence(tokens, ["B-WRONG"] * len(tokens), document)
        for tokens, document in zip(TOKENS, documents, strict=True)
    ]


@pytest.mark.usefixtures("chunk_tokens")
def test_the_scores_are_those_of_the_tags_of_whole_documents(tagger, gold):
    found = evaluate(tagger, sentences(), gold)
    said = [p.tags for p in tagger.predict(TOKENS, DOCUMENTS)]
    assert found == score(gold, said, Scheme.IOBES)
    assert 0 < found.total.correct < found.total.predicted
    alone = evaluate(tagger, sentences([None] * len(TOKENS)), gold)
    assert alone == score(gold, [p.tags for p in tagger.predict(TOKENS)], Scheme.IOBES)
    assert alone != found


def by_hand(tagger, gold, documents):
    """The confidence of each span, and whether gold has it, one by one."""
    found = []
    for tags, said in zip(gold, tagger.predict(TOKENS, documents), strict=True):
        for span, sure in zip(said.spans, said.confidences, strict=True):
            found.append((sure, span in spans(tags, Scheme.IOBES)))
    sure, right = zip(*found, strict=True)
    return np.array(sure), np.array(right)


@pytest.mark.usefixtures("chunk_tokens")
def test_confidences_stand_beside_gold(tagger, gold):
    sure, right = confidences(tagger, sentences(), gold)
    expected_sure, expected_right = by_hand(tagger, gold, DOCUMENTS)
    assert right.dtype == bool
    assert right.tolist() == expected_right.tolist()
    assert 0 < right.sum() < len(right)
    np.testing.assert_allclose(sure, expected_sure, rtol=1e-6)
    alone, _ = confidences(tagger, sentences([None] * len(TOKENS)), gold)
    np.testing.assert_allclose(alone, by_hand(tagger, gold, None)[0], rtol=1e-6)
    assert alone.tolist() != sure.tolist()

    scores = evaluate(tagger, sentences(), gold, confidence=True)
    plain = evaluate(tagger, sentences(), gold)
    assert plain.calibration_error is None
    assert replace(scores, calibration_error=None) == plain
    error = expected_calibration_error(expected_sure, expected_right)
    assert scores.calibration_error == pytest.approx(error, rel=1e-5)


@pytest.mark.usefixtures("chunk_tokens")
def test_a_ranking_has_the_first_score_of_each_token(tagger, gold):
    found, relevant = ranking(tagger, sentences(), gold)
    np.testing.assert_allclose(found, tagger_scores(tagger, TOKENS, DOCUMENTS)[:, 0], rtol=1e-6)
    assert relevant.tolist() == [tag != "O" for tags in gold for tag in tags]
    alone, _ = ranking(tagger, sentences([None] * len(TOKENS)), gold)
    assert not np.allclose(found, alone)


def test_nothing_to_evaluate(tagger):
    for of, gold in (([], []), ([Sentence([], [])], [[]])):
        assert evaluate(tagger, of, gold, confidence=True).tokens == 0
        assert [len(found) for found in confidences(tagger, of, gold)] == [0, 0]
        assert [len(found) for found in ranking(tagger, of, gold)] == [0, 0]
        assert examine(tagger, of, gold).errors == []


def test_a_model_that_ranks_has_an_average_precision():
    model = train_small(TRAIN, TRAIN, loss="ranking", positive="LOC")
    gold = [model.gold_tags(sentence.tags, Scheme.IOB2) for sentence in TRAIN]
    tagger = Tagger(model)
    found = evaluate(tagger, TRAIN, gold)
    s = tagger_scores(tagger, [sentence.tokens for sentence in TRAIN])[:, 0]
    relevant = np.array([tag == "I-LOC" for tags in gold for tag in tags])
    assert found.average_precision == pytest.approx(average_precision(s, relevant))
    assert 0.3 < found.average_precision <= 1
    said = [p.tags for p in tagger.predict([sentence.tokens for sentence in TRAIN])]
    assert replace(found, average_precision=None) == score(gold, said, model.scheme)


UNKNOWN = tiny.parse("[ORG Acme Inc] is in [ORG Oslo]")


RIGHT = [*tiny.sentences()[:6], Sentence([], []), *tiny.sentences()[6:40]]
RIGHT[3] = UNKNOWN


def make_quiet(level, more=1.0):
    """An untrained model that often finds nothing, and what is right in its own tags."""
    model = make_model(level)
    model.network.biases[-1].value[model.labels.index("O")] += more
    return model, [model.gold_tags(sentence.tags, Scheme.IOB2) for sentence in RIGHT]


def in_documents(documents):
    return [replace(sentence, document=i) for sentence, i in zip(RIGHT, documents, strict=True)]


def scores_by_hand(tagger, given, gold, documents):
    """What `examine` is to say of each error, sentence by sentence and span by span."""
    model = tagger.model
    tokens = [sentence.tokens for sentence in given]
    lengths = [len(words) for words in tokens]
    s = tagger_scores(tagger, tokens, documents)
    found = {}
    said = tagger.predict(tokens, documents)
    for i, (tags, prediction) in enumerate(zip(gold, said, strict=True)):
        for span, sure in zip(prediction.spans, prediction.confidences, strict=True):
            found[i + 1, "predicted", span] = sure
        for span in spans(tags, model.scheme):
            found[i + 1, "missed", span] = 1.0
            if all(tag in model.labels for tag in tags):
                p = model.objective.span_probabilities(
                    s[sum(lengths[:i]) :][: lengths[i]],
                    np.array([model.labels.index(tag) for tag in tags]),
                    np.array([lengths[i]]),
                    np.array([span.start]),
                    np.array([span.end - 1]),
                )
                found[i + 1, "missed", span] = 1 - model.calibration(p)[0]
    return found


def assert_scores(errors, expected):
    for error in errors:
        which = ("predicted", error.predicted) if error.predicted else ("missed", error.gold)
        assert error.score == pytest.approx(expected[error.sentence, *which], rel=1e-4, abs=1e-6)


@pytest.mark.usefixtures("chunk_tokens")
@pytest.mark.parametrize("level", ["word", "sentence"])
@pytest.mark.parametrize("documents", [DOCUMENTS, [None] * len(TOKENS)])
@pytest.mark.parametrize("calibration", [Calibration(), Calibration(0.5, 0.4)])
def test_errors_have_scores_and_the_surest_come_first(level, documents, calibration):
    model, gold = make_quiet(level)
    tagger = Tagger(replace(model, calibration=calibration))
    given = in_documents(documents)
    found = examine(tagger, given, gold).errors
    assert {error.kind for error in found} == {*Kind}
    assert len({error.score for error in found if error.kind is Kind.MISSED}) > 3
    assert_scores(found, scores_by_hand(tagger, given, gold, documents))
    scores = [error.score for error in found]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.usefixtures("shared_at_once")
def test_processes_that_share_it_find_the_same(classifier, monkeypatch):
    monkeypatch.setattr("windowclf.tagging.tagger.CHUNK_TOKENS", 30)
    turned = [replace(sentence, tags=sentence.tags[::-1]) for sentence in tiny.sentences()]
    gold = [list(sentence.tags) for sentence in turned]
    one, two = (examine(classifier.tagger, turned, gold, processes=n) for n in (1, 2))
    assert two.scores == one.scores
    assert two.errors == one.errors
    assert len(one.errors) > 20
    np.testing.assert_array_equal(two.confidence, one.confidence)
    np.testing.assert_array_equal(two.correct, one.correct)
    assert classifier.evaluate(turned, processes=2) == classifier.evaluate(turned, processes=1)


@pytest.mark.usefixtures("chunk_tokens")
def test_the_errors_are_those_of_the_tags():
    model, gold = make_quiet("sentence")
    tagger, given = Tagger(model), in_documents(DOCUMENTS)
    said = [p.tags for p in tagger.predict([sentence.tokens for sentence in given], DOCUMENTS)]
    in_order = compare(given, gold, said, Scheme.IOBES)
    unscored = [replace(error, score=None) for error in examine(tagger, given, gold).errors]
    assert unscored != in_order
    assert sorted(unscored, key=in_order.index) == in_order
    assert all(error.tokens == given[error.sentence - 1].tokens for error in in_order)
    numbers = [error.sentence for error in in_order]
    assert numbers == sorted(numbers)


def test_a_model_is_sure_that_a_label_it_does_not_know_is_not_there():
    model, gold = make_quiet("word", more=100)
    tagger = Tagger(replace(model, calibration=Calibration(0.05)))
    found = examine(tagger, RIGHT, gold).errors
    assert {error.kind for error in found} == {Kind.MISSED}
    assert [(error.gold.label, error.score) for error in found[:2]] == [("ORG", 1.0)] * 2
    assert all(error.score < 0.9 for error in found[2:])
    # Equally sure: in the order of the text.
    assert [error.gold.start for error in found[:2]] == [0, 4]


def test_errors_of_a_ranking_and_of_plain_labels():
    plain = [replace(s, tags=[tag.partition("-")[2] or "O" for tag in s.tags]) for s in TRAIN]
    ranks = prepare_small(TRAIN, loss="ranking", positive="LOC")
    labels = prepare_small(plain, Scheme.PLAIN)
    labels.network.biases[-1].value[labels.labels.index("O")] += 0.5
    for model, given, scheme in ((ranks, TRAIN, Scheme.IOB2), (labels, plain, Scheme.PLAIN)):
        gold = [model.gold_tags(sentence.tags, scheme) for sentence in given]
        tagger = Tagger(model)
        found = examine(tagger, given, gold).errors
        assert_scores(found, scores_by_hand(tagger, given, gold, [None] * len(given)))
        wrong = Kind.WRONG_BORDER if model is ranks else Kind.WRONG_TYPE
        assert {error.kind for error in found} == {Kind.MISSED, Kind.SPURIOUS, wrong}
