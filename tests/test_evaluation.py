"""Evaluation reads whole documents, and counts what tagging says."""

from dataclasses import replace

import numpy as np
import pytest

import tiny
from networks import TRAIN, prepare_small, tagger_scores, train_small
from windowclf.calibration import expected_calibration_error
from windowclf.evaluation import confidences, evaluate, ranking
from windowclf.metrics import average_precision, score
from windowclf.tagging import tagger as tagger_module
from windowclf.tagging.tagger import Tagger
from windowclf.tags import Scheme, spans
from windowclf.text.sentence import Sentence

TOKENS = [tiny.unmarked(marked).split() for marked in tiny.MARKED[:40]]
TOKENS[6:6] = [[]]
DOCUMENTS = [i // 4 for i in range(len(TOKENS))]


@pytest.fixture(scope="module", params=["word", "sentence"])
def model(request):
    """An untrained model whose names heed each other."""
    model = prepare_small(tiny.sentences(), repeats=True, sentence_mean=True, level=request.param)
    rng = np.random.default_rng(0)
    for parameter in (model.network.repeats_weight, model.network.sentence_weight):
        parameter.value[:] = rng.normal(scale=2, size=parameter.shape)
    return model


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
