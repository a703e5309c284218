import json
import re

import pytest

import tiny
import windowclf
from windowclf.documents.sentence import Sentence
from windowclf.errors import ModelError
from windowclf.evaluation.entity_errors import EntityError
from windowclf.reports.html.training import mistakes, training_page
from windowclf.reports.training import examine_training
from windowclf.tags.schemes import Span

SENTENCES = tiny.sentences()
ALL = {"loss", "f1", "rate", "delta", "gradients", "confusion", "reliability", "moves", "map"}


def make(sentences=SENTENCES, dev=SENTENCES, scheme="auto", **settings):
    settings = tiny.QUICK | {"epochs": 2} | settings
    classifier = windowclf.WindowClassifier(**settings).fit(
        sentences, dev, vectors="random", scheme=scheme
    )
    report = examine_training(classifier, sentences, dev, scheme=scheme)
    return training_page(report, "name")


def figures(page):
    found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page)
    drawn = json.loads(found[1])
    for name in drawn:
        assert f'id="{name}"' in page
    return {name.removeprefix("figure-"): figure for name, figure in drawn.items()}


def text(page):
    """What a reader sees, without the scripts."""
    page = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", "", page).split())


def test_all_is_there():
    page = make()
    assert set(figures(page)) == ALL
    moves = figures(page)["moves"]["data"][0]
    scores = [abs(score) for row in moves["z"] for score in row if score is not None]
    assert moves["zmax"] == max(scores) == -moves["zmin"]
    assert "In words a digit is written 0" in text(page)
    assert set(re.findall(r'href="#([\w-]+)"', page)) <= set(re.findall(r'id="([\w-]+)"', page))


def test_without_a_dev_text():
    page = make(dev=(), epochs=1)
    assert set(figures(page)) == ALL - {"f1", "confusion", "reliability"}
    assert text(page).count("There was no dev text") == 5


def test_without_a_dev_text_but_with_folds():
    page = make(dev=(), epochs=1, folds=5)
    assert text(page).count("There was no dev text") == 4
    assert "cross-validation chose epoch 1" in text(page)
    assert re.search(r"F1 to expect on new text is \d+ \(\d+ to \d+\), from cross-val", text(page))
    assert "fitted in cross-validation" in text(page)


def test_at_word_level_there_are_no_moves():
    page = make(level="word")
    assert set(figures(page)) == ALL - {"moves"}
    assert "scores each word separately" in text(page)


def test_a_ranking():
    page = make(loss="ranking", positive="LOC")
    assert set(figures(page)) >= ALL - {"moves", "reliability"}
    assert "The average precision of the ranking is" in text(page)


def test_plain_tags():
    sentences = [Sentence(s.tokens, [t[2:] or "O" for t in s.tags]) for s in SENTENCES]
    page = make(sentences, sentences, scheme="plain")
    assert set(figures(page)) == ALL
    assert "labelled words" in text(page)


def test_more_labels_than_a_figure_has_room_for():
    sentences = [
        Sentence([f"w{n}", "is", f"v{n % 40}"], [f"B-L{n % 40}", "O", "O"]) for n in range(120)
    ]
    page = make(sentences, sentences[:80])
    drawn = figures(page)
    assert len(drawn["confusion"]["layout"]["xaxis"]["ticktext"]) == 31
    assert len(drawn["moves"]["layout"]["yaxis"]["ticktext"]) == 31
    assert "Only the 30 most frequent labels are drawn." in text(page)
    assert "Only the first 30 of 161 tags are drawn." in text(page)


def test_a_model_that_was_loaded_does_not_know_its_first_vectors(classifier):
    page = training_page(examine_training(classifier, SENTENCES, SENTENCES), "x")
    assert set(figures(page)) == ALL
    assert "are known only right after the training" in text(page)


def test_a_model_without_a_record(classifier):
    copy = windowclf.WindowClassifier.from_bytes(classifier.to_bytes())
    copy.model.record = None
    page = training_page(examine_training(copy, SENTENCES), "x")
    assert "has no record of its training" in text(page)
    assert set(figures(page)) == {"moves", "map"}


def test_frozen_vectors():
    assert "None moved: the vectors were frozen." in text(make(freeze_vectors=True))


def test_names_of_strangers_are_text():
    label, word = "<script>alert(1)</script>", "</script><img/src=x>"
    sentences = [Sentence([word, "is", "Oslo"], [f"B-{label}", "O", "B-LOC"]) for _ in range(9)]
    wrong = [Sentence(s.tokens, ["O", f"B-{label}", "O"]) for s in sentences]
    page = make(sentences, wrong)
    # Nothing but the markup itself begins with these: plotly's own script is left out.
    body = page[page.index("<body>") :]
    assert "<script>alert" not in body
    assert "<img" not in body
    assert "&lt;/script&gt;&lt;img/src=x&gt;" in body
    assert body.count("</script>") == 2


def test_mistakes_are_the_surest(classifier):
    wrong = [Sentence(s.tokens, ["O"] * len(s.tokens)) for s in SENTENCES]
    report = examine_training(classifier, SENTENCES, [*SENTENCES, *wrong])
    rows = re.findall(
        r'<td class="number">(over )?([\d.]+) %</td><td class="kind">', training_page(report, "x")
    )
    sure = sorted((100 * error.score for error in report.dev.errors), reverse=True)
    assert sure[29] > sure[-1] + 1
    assert [float(number) for _, number in rows] == pytest.approx(sure[:30], abs=0.1)


@pytest.mark.parametrize("gold", [None, (1, 3, "A"), (2, 5, "A")])
@pytest.mark.parametrize("predicted", [(2, 4, "B"), (0, 2, "A"), (4, 6, "B")])
def test_marks_stand_where_the_spans_are(gold, predicted):
    words = ["a", "b", "c", "d", "e", "f"]
    spans = [span and Span(*span) for span in (gold, predicted)]
    [found] = mistakes([EntityError(1, words, *spans)])
    assert "".join(piece.text for piece in found.pieces) == "a b c d e f"
    for which, span in enumerate(spans, start=1):
        marked = "".join(piece.text for piece in found.pieces if piece[which])
        assert marked == (" ".join(words[span.start : span.end]) if span else "")
        assert {piece[which] for piece in found.pieces} <= {None, span and span.label}


def test_words_far_from_a_mistake_are_left_out():
    words = [str(n) for n in range(100)]
    [found] = mistakes([EntityError(1, words, Span(50, 51, "A"), None)])
    shown = " ".join(words[38:63])
    assert "".join(piece.text for piece in found.pieces) == f"… {shown} …"


def test_a_report_from_python(classifier, tmp_path):
    path = tmp_path / "report.html"
    windowclf.write_report(path, classifier, SENTENCES, SENTENCES)
    assert set(figures(path.read_text("utf-8"))) == ALL
    with pytest.raises(ModelError, match="cannot write the report: No such file"):
        windowclf.write_report(tmp_path / "none" / "report.html", classifier, SENTENCES)
    with pytest.raises(ModelError, match="not trained"):
        windowclf.write_report(path, windowclf.WindowClassifier(), SENTENCES)
