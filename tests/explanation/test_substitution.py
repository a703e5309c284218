"""The smallest change, against asking the classifier for each word in each place."""

import re

import numpy as np
import pytest

from explanation.kinds import DOCUMENT, KINDS, best_tags, of_random_weights, with_gazetteers
from windowclf.explanation import substitution
from windowclf.explanation.explain import explain
from windowclf.explanation.result import Change
from windowclf.explanation.substitution import cased_like, smallest_changes
from windowclf.tagging import tagger


def vector(classifier, sentence, place):
    """The joined vector of a word where it stands."""
    model = classifier.model
    marks = [[g.match(sentence)[place]] for g in model.lexicon.gazetteers.values()]
    [ids] = model.lexicon.ids([sentence[place]], marks)
    tables = model.network.tables.values()
    return np.concatenate([t.value[i] for t, i in zip(tables, ids, strict=True)]).astype(float)


def with_letters(model):
    return [word for word in model.lexicon.values["word"] if re.search(r"[^\W\d_]", word)]


def by_hand(classifier, document, number, token, candidates):
    """The oracle: one question after another, of the whole document each."""
    model, sentence = classifier.model, document[number]
    side = model.config.window // 2

    def tag(words):
        changed = [*document[:number], words, *document[number + 1 :]]
        return best_tags(classifier, changed)[number][token]

    before, found = tag(sentence), []
    for place in range(max(token - side, 0), min(token + side + 1, len(sentence))):
        word, seen = sentence[place], set()
        old = vector(classifier, sentence, place)
        for frequent in with_letters(model)[:candidates]:
            other = cased_like(frequent, word)
            changed = [*sentence[:place], other, *sentence[place + 1 :]]
            distance = float(np.linalg.norm(vector(classifier, changed, place) - old))
            if distance and other not in seen and tag(changed) != before:
                found.append(Change(token=place, word=word, other=other,
                                    tag=tag(changed), distance=distance))  # fmt: skip
            seen.add(other)
    chosen, in_place = [], dict.fromkeys(range(len(sentence)), 0)
    for change in sorted(found, key=lambda change: change.distance):
        if in_place[change.token] < 2 and len(chosen) < 5:
            chosen.append(change)
            in_place[change.token] += 1
    return chosen


def all_by_hand(classifier, document, candidates):
    """Ask the oracle of each token, by its sentence and its number there."""
    return {
        (number, token): by_hand(classifier, document, number, token, candidates)
        for number, sentence in enumerate(document)
        for token in range(len(sentence))
    }


def assert_agree(classifier, document, candidates, oracle=None):
    oracle = oracle or all_by_hand(classifier, document, candidates)
    for (number, token), expected in oracle.items():
        changes, searched = smallest_changes(
            classifier.tagger, document, number, token, candidates=candidates
        )
        assert [(c.token, c.word, c.other, c.tag) for c in changes] == [
            (c.token, c.word, c.other, c.tag) for c in expected
        ]
        np.testing.assert_allclose([c.distance for c in changes], [c.distance for c in expected])
        assert searched == min(candidates, len(with_letters(classifier.model)))
    return sum(map(len, oracle.values()))


@pytest.mark.parametrize("kind", KINDS)
def test_against_asking_one_by_one(kind, monkeypatch):
    classifier = of_random_weights(**KINDS[kind])
    oracle = all_by_hand(classifier, DOCUMENT[:4], candidates=6)
    for first in (1, 2**10):  # many rounds of one trial, and rounds of several
        monkeypatch.setattr(substitution, "_FIRST", first)
        assert assert_agree(classifier, DOCUMENT[:4], 6, oracle)


def test_other_places_count(monkeypatch):
    """A change of a name takes its other places away, and may give it new ones."""
    classifier = of_random_weights(document_context=True, level="sentence", window=3)
    classifier.model.network.document_weight.value[:] *= 3
    assert assert_agree(classifier, DOCUMENT, candidates=10) > 25
    with_document = smallest_changes(classifier.tagger, DOCUMENT, 2, 0)
    assert with_document != smallest_changes(classifier.tagger, DOCUMENT[2:3], 0, 0)


def test_gazetteers_are_asked_anew():
    classifier = with_gazetteers()
    assert assert_agree(classifier, [*DOCUMENT[:3], ["New", "Oslo"]], candidates=8) > 5


def test_words_are_tried_from_the_most_frequent_on():
    classifier = of_random_weights(window=1)
    words = with_letters(classifier.model)
    assert len(words) < len(classifier.model.lexicon.values["word"])
    few, searched = smallest_changes(classifier.tagger, [["xyz"]], 0, 0, candidates=3)
    assert searched == 3
    assert {change.other for change in few} <= set(words[:3])
    _, searched = smallest_changes(classifier.tagger, [["xyz"]], 0, 0)
    assert searched == len(words)


def test_a_word_that_has_the_same_features_is_no_change():
    model = of_random_weights(window=1, features=("written",)).model
    known = model.lexicon.values["word"][0]
    others = [known, "12", "34", "zzz"]  # numbers are one word, and one that is not known
    trials = substitution._trials(model, ["56"], 0, others)
    assert [trial.other for trial in trials] == [known]
    assert trials[0].distance > 0
    # The word itself is none, whatever the case.
    assert "Oslo" not in [
        trial.other for trial in substitution._trials(model, ["Oslo"], 0, ["oslo"])
    ]


def test_long_texts_leave_fewer_words_to_try(monkeypatch):
    classifier = of_random_weights(window=3)
    tokens = ["Ada", "saw"] * 50
    _, every = smallest_changes(classifier.tagger, [tokens], 0, 50, candidates=15)
    assert every == 15
    asked = []
    tag = classifier.tagger.tag
    monkeypatch.setattr(classifier.tagger, "tag", lambda found: asked.append(t := tag(found)) or t)
    work = substitution._work(classifier.model)
    monkeypatch.setattr(substitution, "MOST_WORK", work * 100 * 3 * 7)
    _, searched = smallest_changes(classifier.tagger, [tokens], 0, 50, candidates=15)
    assert searched == 7
    assert sum(len(tagged.path) for tagged in asked) <= 100 * (3 * 7 + 1)
    monkeypatch.setattr(substitution, "MOST_WORK", 0)
    assert smallest_changes(classifier.tagger, [tokens], 0, 50) == ([], 0)


def test_the_other_sentences_are_asked_only_where_a_name_is_in_them(monkeypatch):
    classifier = of_random_weights(document_context=True)
    document = [["Ada", "saw"], *[["Tom", "is", "in", "Oslo"]] * 20, ["ada", "met", "ADA"]]
    related = substitution._Related(classifier.model, document, 0)
    assert related.document(["Ada", "saw"]) == ([["Ada", "saw"], ["ada", "met", "ADA"]], 0)
    assert len(related.document(["Ada", "Oslo"]).sentences) == 22
    assert related.document(["ada", "oslo"]) == ([["ada", "oslo"]], 0)
    related = substitution._Related(classifier.model, document, 21)
    assert related.document(["ADA", "saw"]) == ([["Ada", "saw"], ["ADA", "saw"]], 1)
    without = of_random_weights()
    related = substitution._Related(without.model, document, 0)
    assert related.document(["Ada"]) == ([["Ada"]], 0)


def test_of_a_long_document_the_same_sentences_are_tagged_together(monkeypatch):
    monkeypatch.setattr(tagger, "CHUNK_TOKENS", 10)
    classifier = of_random_weights(document_context=True, window=3, scale=1.0)
    document = [["Ada", "met", "Oslo"], ["Oslo", "saw", *["Ada"] * 12], *DOCUMENT]
    numbers = [(i, t) for i, sentence in enumerate(document) for t in range(len(sentence))]
    for number, (sentence, token) in enumerate(numbers):
        found = explain(classifier.tagger, document, number, candidates=4).changes
        expected = by_hand(classifier, document, sentence, token, 4)
        assert [(c.token, c.other, c.tag) for c in found] == [
            (c.token, c.other, c.tag) for c in expected
        ]


@pytest.mark.parametrize(
    ("other", "word", "expected"),
    [
        ("oslo", "Paris", "Oslo"),
        ("oslo", "NATO", "OSLO"),
        ("oslo", "U.S.", "OSLO"),
        ("oslo", "I", "Oslo"),
        ("oslo", "is", "oslo"),
        ("Oslo", "is", "oslo"),
        ("McDonald", "Paris", "McDonald"),
        ("McDonald", ",", "McDonald"),
        ("oslo", "iPhone", "oslo"),
        ("oslo", "1996", "oslo"),
        ("oslo", "", "oslo"),
        ("", "Paris", ""),
        ("'s", "Paris", "'s"),
    ],
)
def test_a_word_takes_the_letter_case_of_its_place(other, word, expected):
    assert cased_like(other, word) == expected
