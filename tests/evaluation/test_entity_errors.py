"""Which span is compared with which, and how the difference is described."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import span_lists, tagged_corpora
from windowclf.evaluation.entity_errors import (
    EntityError,
    Kind,
    confusion,
    pair_spans,
    sentence_errors,
)
from windowclf.evaluation.metrics import score
from windowclf.tags.schemes import Scheme, Span, spans

two_lists = st.tuples(span_lists().map(lambda found: found[0]), span_lists().map(lambda f: f[0]))


def rank(true, guess):
    """The higher, the sooner a pair."""
    shared = len({*range(*true[:2])} & {*range(*guess[:2])})
    return shared, true.label == guess.label, -true.start, -guess.start


def pairings(gold, predicted):
    """Every way to pair spans that overlap, one to one."""
    if not gold:
        yield []
        return
    first, *others = gold
    yield from pairings(others, predicted)
    for guess in predicted:
        if rank(first, guess)[0]:
            rest = [span for span in predicted if span != guess]
            for pairs in pairings(others, rest):
                yield [(first, guess), *pairs]


@given(two_lists)
def test_of_all_pairings_it_is_the_one_with_the_best_pairs(lists):
    gold, predicted = lists
    best = max(
        pairings(gold, predicted),
        key=lambda pairs: sorted((rank(*pair) for pair in pairs), reverse=True),
    )
    found = pair_spans(gold, predicted)
    assert {pair for pair in found if None not in pair} == {*best}
    assert [true for true, _ in found if true] == gold
    assert [guess for _, guess in found if guess] == predicted


def one(start, end, label="PER"):
    return Span(start, end, label)


@pytest.mark.parametrize(
    ("gold", "predicted", "pairs"),
    [
        # One long gold span takes the longest of those in it, and the last is spurious.
        ([one(0, 5)], [one(0, 2), one(2, 5)], [(None, one(0, 2)), (one(0, 5), one(2, 5))]),
        # As long as one another: the one with the label, else the first.
        (
            [one(0, 4)],
            [one(0, 2, "LOC"), one(2, 4)],
            [(None, one(0, 2, "LOC")), (one(0, 4), one(2, 4))],
        ),
        ([one(0, 4)], [one(0, 2), one(2, 4)], [(one(0, 4), one(0, 2)), (None, one(2, 4))]),
        # Neighbours do not overlap.
        ([one(0, 2)], [one(2, 3)], [(one(0, 2), None), (None, one(2, 3))]),
        # The same border comes before what touches it.
        (
            [one(0, 1, "LOC"), one(1, 3)],
            [one(0, 1), one(1, 3)],
            [(one(0, 1, "LOC"), one(0, 1)), (one(1, 3), one(1, 3))],
        ),
        ([], [], []),
    ],
)
def test_pairs_by_hand(gold, predicted, pairs):
    assert pair_spans(gold, predicted) == pairs


@pytest.mark.parametrize(
    ("gold", "predicted", "kind"),
    [
        (one(0, 2), None, "missed"),
        (None, one(0, 2), "spurious"),
        (one(0, 2), one(0, 2, "LOC"), "wrong type"),
        (one(0, 2), one(0, 3), "wrong border"),
        (one(0, 2), one(1, 2), "wrong border"),
        (one(0, 2), one(1, 2, "LOC"), "wrong border"),
    ],
)
def test_kinds(gold, predicted, kind):
    error = EntityError(1, ["a", "b", "c"], gold, predicted)
    assert error.kind == Kind(kind) == kind
    assert error.to_json()["kind"] == kind


def errors_of(gold, predicted, scheme):
    return [
        error
        for number, tags in enumerate(zip(gold, predicted, strict=True), 1)
        for error in sentence_errors(number, tags[0], *(spans(side, scheme) for side in tags))
    ]


@given(tagged_corpora(), st.sampled_from([Scheme.IOBES, Scheme.PLAIN]))
def test_the_errors_make_up_what_the_scores_lack(corpus, scheme):
    errors = errors_of(*corpus, scheme)
    scores = score(*corpus, scheme)
    kinds = Counter(error.kind for error in errors)
    pairs = kinds[Kind.WRONG_TYPE] + kinds[Kind.WRONG_BORDER]
    assert scores.total.gold == scores.total.correct + pairs + kinds[Kind.MISSED]
    assert scores.total.predicted == scores.total.correct + pairs + kinds[Kind.SPURIOUS]
    if scheme is Scheme.PLAIN:
        assert not kinds[Kind.WRONG_BORDER]

    counts = confusion(errors, {label: found.correct for label, found in scores.types.items()})
    for label, found in scores.types.items():
        assert sum(n for (true, _), n in counts.items() if true == label) == found.gold
        assert sum(n for (_, guess), n in counts.items() if guess == label) == found.predicted
        assert counts[label, label] >= found.correct
        assert counts[label, None] == sum(
            error.kind is Kind.MISSED and error.gold.label == label for error in errors
        )
        assert counts[None, label] == sum(
            error.kind is Kind.SPURIOUS and error.predicted.label == label for error in errors
        )
    assert not counts[None, None]


def test_confusion_by_hand():
    gold = ["B-PER I-PER O B-LOC", "B-ORG I-ORG I-ORG O", "B-LOC O O O"]
    said = ["B-PER I-PER O B-PER", "O B-ORG I-ORG O", "O O B-ORG O"]
    errors = errors_of(*([tags.split() for tags in side] for side in (gold, said)), Scheme.IOB2)
    assert [(error.sentence, error.kind) for error in errors] == [
        (1, Kind.WRONG_TYPE),
        (2, Kind.WRONG_BORDER),
        (3, Kind.MISSED),
        (3, Kind.SPURIOUS),
    ]
    assert errors[1].to_json() == {
        "kind": "wrong border",
        "score": None,
        "sentence": 2,
        "tokens": gold[1].split(),
        "gold": {"start": 0, "end": 3, "label": "ORG"},
        "predicted": {"start": 1, "end": 3, "label": "ORG"},
    }
    assert errors[2].to_json()["predicted"] is None
    assert confusion(errors, {"PER": 1}) == {
        ("PER", "PER"): 1,
        ("LOC", "PER"): 1,
        ("ORG", "ORG"): 1,
        ("LOC", None): 1,
        (None, "ORG"): 1,
    }
