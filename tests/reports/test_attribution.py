import pytest

import tiny
from explanations import bare, explanation
from windowclf import WindowClassifier
from windowclf.reports.attribution import (
    LONGEST,
    attribution,
    margin_share,
    nearby,
    share_name,
    tag_label,
    tag_meaning,
)


def test_the_rows_of_the_attribution():
    rows = attribution(explanation())
    assert [(row.place, row.name) for row in rows] == [
        ("-1", "no word"),
        ("0", "Paris"),
        ("+1", "is"),
        ("sentence", "the sentence"),
        ("elsewhere", "its other places"),
        ("bias", "bias"),
        ("rest", "the rest"),
    ]
    assert [row.margin_share for row in rows] == pytest.approx(
        [-0.35, 0.65, 1.65, -6, 8.5, 3, -0.03125]
    )
    assert rows[0].parts == []  # no word has no features
    assert [part[:2] for part in rows[1].parts] == [("word", "Paris (?)"), ("suffix3", "ris")]
    assert [part.value for part in rows[3].parts] == ["France", "in", "is", "Paris"]


@pytest.mark.parametrize("made", [explanation, bare])
def test_without_what_is_not_there(made):
    found = made()
    assert margin_share(found, found.scores) == (0 if made is bare else pytest.approx(7.41875))
    assert [row.place for row in attribution(bare())] == ["-1", "0", "+1", "rest"]


@pytest.mark.parametrize("text", ["Paris is in France", "Tom saw Ada. Tom met Oslo."])
def test_the_shares_add_up_to_the_margin(classifier, text):
    found = classifier.explain(text, 0)
    rows = attribution(found)
    margin = margin_share(found, found.scores)
    assert sum(row.margin_share for row in rows) == pytest.approx(margin, abs=1e-5)
    for row in rows:
        if row.of_window and row.word:
            assert sum(part.margin_share for part in row.parts) == pytest.approx(
                row.margin_share, abs=1e-5
            )


def test_a_model_that_ranks():
    settings = tiny.QUICK | {"level": "word", "loss": "ranking", "positive": "LOC"}
    ranks = WindowClassifier(**settings).fit(tiny.sentences(), tiny.sentences(), vectors="random")
    found = ranks.explain("Paris is in France", 0)
    margin = margin_share(found, found.scores)
    assert sum(row.margin_share for row in attribution(found)) == pytest.approx(margin, abs=1e-5)


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
