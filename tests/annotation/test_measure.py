import numpy as np
import pytest

from tests import tiny
from windowclf import Sentence, WindowClassifier
from windowclf.annotation.entries import Round
from windowclf.annotation.measure import (
    FEWEST_NAMES,
    advice,
    count,
    learning_curve,
    measure,
)


@pytest.fixture(scope="module")
def classifier():
    return WindowClassifier(**tiny.SETTINGS).fit(tiny.sentences()[::3], base_model=None)


def measured(classifier, sentences, lacks=None):
    labels, found = count(classifier.tagger, sentences, lacks or [()] * len(sentences))
    return measure(sentences, labels, found)


def test_f1_is_that_of_evaluate(classifier):
    sentences = tiny.sentences()[::2]
    found = measured(classifier, sentences)
    scores = classifier.evaluate(sentences)
    assert found.labels == scores.types
    assert found.total == scores.total
    assert found.f1 == pytest.approx(scores.total.f1)
    assert found.low <= found.f1 <= found.high
    assert found.sentences == len(sentences)


def test_a_label_that_the_model_does_not_know_is_missed(classifier):
    sentences = [tiny.parse("[DRUG Ada] met Tom .")] * FEWEST_NAMES
    found = measured(classifier, sentences)
    assert found.labels["DRUG"].gold == FEWEST_NAMES
    assert found.labels["DRUG"].correct == 0


def test_that_nothing_was_found_does_not_mean_that_nothing_will_be(classifier):
    sentences = [tiny.parse("[DRUG Ada] met nobody .")] * FEWEST_NAMES
    found = measured(classifier, sentences)
    assert (found.f1, found.low) == (0, 0)
    assert found.high > 0.15
    more = measured(classifier, sentences * 20)
    assert more.high < found.high


def test_what_a_sentence_lacks_does_not_count(classifier):
    whole = tiny.sentences()
    bare = [Sentence(s.tokens, ["O" if t.endswith("PER") else t for t in s.tags]) for s in whole]
    assert measured(classifier, bare, [("PER",)] * len(bare)).labels["PER"].predicted == 0
    assert measured(classifier, bare).labels["PER"].predicted > 0


def test_of_few_names_no_f1_is_given(classifier):
    assert measured(classifier, tiny.sentences()[:2]) is None
    labels, found = count(classifier.tagger, [], [])
    assert measure([], labels, found) is None


def test_documents_are_the_units_where_there_are_enough(classifier):
    sentences = [Sentence(s.tokens, s.tags) for s in tiny.sentences()] * 2
    in_documents = [Sentence(s.tokens, s.tags, i // 3) for i, s in enumerate(sentences)]
    alone, together = measured(classifier, sentences), measured(classifier, in_documents)
    assert alone.labels == together.labels
    assert (alone.low, alone.high) != (together.low, together.high)


def points(f1, sizes=(10, 12, 20, 40, 80, 160, 320)):
    return [
        Round(at=0, up_to=0, sentences=n, tokens=10 * n, names=n, seconds=1, f1=f1(n))
        for n in sizes
    ]


def test_the_curve_leaves_out_rounds_that_are_close_to_one_another():
    rounds = points(lambda n: 0.5, sizes=(10, 15, 20, 25, 30, 35, 40))
    curve = learning_curve(rounds)
    assert [point.sentences for point in curve.points] == [10, 15, 25, 40]
    assert curve.scored_on == "held out"
    assert learning_curve([]) is None


def test_there_is_no_advice_before_there_is_a_forecast():
    assert advice([]) is None
    assert advice(points(lambda n: 0.5, sizes=(10, 20))) is None


def test_advice_says_what_twice_the_sentences_would_bring():
    said = advice(points(lambda n: 0.9 - 2 / np.sqrt(n)))
    assert said.startswith("twice the sentences (640) would bring about ")


def test_advice_says_when_more_labels_bring_little():
    assert "more labels of the same kind" in advice(points(lambda n: 0.8 - 0.5 / n))
