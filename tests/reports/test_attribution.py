import pytest

import tiny
from explanations import bare, explanation
from windowclf import WindowClassifier
from windowclf.reports.attribution import (
    LONGEST,
    account,
    nearby,
    score_lead,
    share_name,
    tag_label,
    tag_meaning,
)


def test_the_lines_of_the_account():
    lines = account(explanation())
    assert [(line.place, line.name) for line in lines] == [
        ("-1", "no word"),
        ("0", "Paris"),
        ("+1", "is"),
        ("sentence", "the sentence"),
        ("elsewhere", "its other places"),
        ("bias", "bias"),
        ("rest", "the rest"),
    ]
    assert [line.lead for line in lines] == pytest.approx([-0.35, 0.65, 1.65, -6, 8.5, 3, -0.03125])
    assert lines[0].parts == []  # no word has no features
    assert [part[:2] for part in lines[1].parts] == [("word", "Paris (?)"), ("suffix3", "ris")]
    assert [part.value for part in lines[3].parts] == ["France", "in", "is", "Paris"]


@pytest.mark.parametrize("made", [explanation, bare])
def test_without_what_is_not_there(made):
    found = made()
    assert score_lead(found, found.scores) == (0 if made is bare else pytest.approx(7.41875))
    assert [line.place for line in account(bare())] == ["-1", "0", "+1", "rest"]


@pytest.mark.parametrize("text", ["Paris is in France", "Tom saw Ada. Tom met Oslo."])
def test_the_leads_add_up_to_that_of_the_scores(classifier, text):
    found = classifier.explain(text, 0)
    lines = account(found)
    lead = score_lead(found, found.scores)
    assert sum(line.lead for line in lines) == pytest.approx(lead, abs=1e-5)
    for line in lines:
        if line.of_window and line.word:
            assert sum(part.lead for part in line.parts) == pytest.approx(line.lead, abs=1e-5)


def test_a_model_that_ranks():
    settings = tiny.QUICK | {"level": "word", "loss": "ranking", "positive": "LOC"}
    ranks = WindowClassifier(**settings).fit(tiny.sentences(), tiny.sentences(), vectors="random")
    found = ranks.explain("Paris is in France", 0)
    lead = score_lead(found, found.scores)
    assert sum(line.lead for line in account(found)) == pytest.approx(lead, abs=1e-5)


def test_names():
    shares = explanation().shares
    names = [share_name(share) for share in shares]
    assert names[:4] == ["no word (-1)", "Paris (0)", "is (+1)", "Paris (sentence)"]
    assert names[-2:] == ["its other places", "bias"]
    assert [*map(tag_label, ["S-LOC", "O", "NN"])] == ["LOC", "O", "NN"]
    assert tag_meaning("O") == "no name"
    assert tag_meaning("B-LOC") == "the first word of a name of type LOC"
    assert tag_meaning("NN") == tag_meaning("S-") == ""


def test_the_words_around():
    tokens = [*"abcdefg", "x" * 100]
    assert nearby(explanation(tokens, 3), 2) == ("… b c", "e f …")
    assert nearby(explanation(tokens, 2), 2) == ("a b", "d e …")
    assert nearby(explanation(tokens, 6), 1) == ("… f", "x" * LONGEST + "…")
