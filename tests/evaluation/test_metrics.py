import json
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conlleval import conlleval
from strategies import SPAN_SCHEMES, tagged_corpora
from windowclf.errors import DataError
from windowclf.evaluation.metrics import score
from windowclf.tags.counts import Counts
from windowclf.tags.schemes import Scheme


def split(*sentences):
    return [sentence.split() for sentence in sentences]


def assert_agrees(gold, predicted, scheme, *, iobes):
    scores = score(gold, predicted, scheme)
    report = conlleval(gold, predicted, iobes=iobes)
    assert scores.types == {
        label: Counts(
            report.found_correct[label], report.found_guessed[label], report.correct_chunk[label]
        )
        for label in report.found_correct | report.found_guessed
    }
    assert scores.total == Counts(
        report.found_correct.total(), report.found_guessed.total(), report.correct_chunk.total()
    )
    assert scores.tokens == report.tokens
    assert scores.accuracy == (report.correct_tags / report.tokens if report.tokens else 0)


@given(tagged_corpora("BIES"), st.sampled_from(SPAN_SCHEMES))
def test_agrees_with_conlleval_on_any_tags(corpus, scheme):
    assert_agrees(*corpus, scheme, iobes=True)


@given(tagged_corpora("BI"), st.sampled_from([Scheme.IOB1, Scheme.IOB2]))
def test_agrees_with_the_original_rules_on_iob(corpus, scheme):
    assert_agrees(*corpus, scheme, iobes=False)


@given(tagged_corpora("BIES"))
def test_plain_labels_are_scored_token_by_token(corpus):
    gold, predicted = corpus
    pairs = list(zip(chain(*gold), chain(*predicted), strict=True))
    scores = score(gold, predicted, Scheme.PLAIN)
    assert scores.total == Counts(
        sum(true != "O" for true, _ in pairs),
        sum(guess != "O" for _, guess in pairs),
        sum(true == guess != "O" for true, guess in pairs),
    )


def test_counts_by_type_and_in_total():
    gold = split("B-PER I-PER O B-LOC B-LOC", "O B-ORG I-ORG O")
    predicted = split("B-PER I-PER O B-LOC I-LOC", "O B-MISC I-ORG B-PER")
    scores = score(gold, predicted, Scheme.IOB2)
    assert list(scores.types.items()) == [
        ("LOC", Counts(gold=2, predicted=1, correct=0)),
        ("MISC", Counts(gold=0, predicted=1, correct=0)),
        ("ORG", Counts(gold=1, predicted=1, correct=0)),
        ("PER", Counts(gold=1, predicted=2, correct=1)),
    ]
    assert scores.total == Counts(gold=4, predicted=5, correct=1)
    assert scores.tokens == 9
    assert scores.accuracy == pytest.approx(6 / 9)


def test_spans_end_with_their_sentence():
    gold = split("O B-PER", "I-PER O")
    assert score(gold, split("O B-PER", "B-PER O"), Scheme.IOB2).total == Counts(2, 2, 2)


def test_ratios():
    counts = Counts(gold=8, predicted=4, correct=3)
    assert counts.precision == 3 / 4
    assert counts.recall == 3 / 8
    assert counts.f1 == pytest.approx(2 * (3 / 4) * (3 / 8) / (3 / 4 + 3 / 8))


@pytest.mark.parametrize("counts", [Counts(0, 0, 0), Counts(3, 0, 0), Counts(0, 3, 0)])
def test_undefined_ratios_are_zero(counts):
    assert (counts.precision, counts.recall, counts.f1) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("sentences", "accuracy"), [([], 0.0), (split("O O", ""), 1.0)])
def test_no_spans_at_all(sentences, accuracy):
    scores = score(sentences, sentences, Scheme.IOB2)
    assert scores.total == Counts(0, 0, 0)
    assert scores.types == {}
    assert scores.accuracy == accuracy


def test_json():
    scores = score(split("B-PER O B-LOC"), split("B-PER B-LOC O"), Scheme.IOB2)
    right = {"precision": 1.0, "recall": 1.0, "f1": 1.0, "gold": 1, "predicted": 1, "correct": 1}
    wrong = {"precision": 0.0, "recall": 0.0, "f1": 0.0, "gold": 1, "predicted": 1, "correct": 0}
    data = json.loads(json.dumps(scores.to_json()))
    assert data == {
        "precision": 0.5,
        "recall": 0.5,
        "f1": 0.5,
        "tokens": 3,
        "accuracy": pytest.approx(1 / 3),
        "types": {"LOC": wrong, "PER": right},
    }
    assert list(data["types"]) == ["LOC", "PER"]


@pytest.mark.parametrize(
    ("predicted", "message"),
    [
        (split("O", "O"), "sentence 2: 2 tags in gold but 1 tags in predicted"),
        (split("O"), "sentence 2: 2 tags in gold but nothing in predicted"),
        (split("O", "O O", "O"), "sentence 3: nothing in gold but 1 tags in predicted"),
    ],
)
def test_sentences_that_do_not_match_are_refused(predicted, message):
    with pytest.raises(DataError, match=message):
        score(split("O", "O O"), iter(predicted), Scheme.IOB2)
