"""Objects as an interpreter and a notebook show them."""

import doctest
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
import windowclf
from windowclf import Corpus, Entity, Sentence, WindowClassifier
from windowclf.cli import wording
from windowclf.corpora import sources
from windowclf.documents import sentence
from windowclf.system import markup
from windowclf.system.markup import LONGEST, Mark, marked
from windowclf.tagging import tagged_text

LONG = " ".join(["Ada met Tom in New York ."] * 200)


@pytest.fixture(scope="module")
def corpus():
    given = tiny.sentences()
    return Corpus("mine", {"train": given * 40, "dev": given[:9]}, "iob2", "iob2")


class Page(HTMLParser):
    """Reads the text of a page, and that of its marks; complains of tags that are not closed."""

    def __init__(self, page):
        super().__init__()
        self.open, self.text, self.marks, self.titles = [], "", [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        if tag == "mark":
            self.marks.append("")
            self.titles.append(dict(attributes).get("title"))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "span" in self.open:  # the label of a mark
            return
        self.text += data
        if "mark" in self.open:
            self.marks[-1] += data


def test_every_object_has_a_line(classifier, corpus):
    shown = {
        "corpus": corpus,
        "empty corpus": Corpus("x" * 300, {}, "plain", "plain"),
        "classifier": classifier,
        "model": classifier.model,
        "record": classifier.model.record,
        "epoch": classifier.model.record.epochs[0],
        "scores": classifier.evaluate(tiny.sentences()),
        "no scores": classifier.evaluate([]),
        "explanation": classifier.explain("Ada met Tom", 0),
        "text": classifier.tag_text(LONG),
        "empty text": classifier.tag_text(""),
        "sentence": Sentence(LONG.split(), ["O"] * 1400, 3),
        "bare sentence": Sentence(LONG.split()),
        "untrained": WindowClassifier(hidden=5),
    }
    for name, value in shown.items():
        line = repr(value)
        assert len(line) < 260, name
        assert "\n" not in line, name
        assert line.startswith(f"{type(value).__name__}("), name


def test_what_the_lines_say(classifier, corpus):
    count = len(tiny.MARKED)
    assert repr(corpus) == f"Corpus('mine': train {40 * count:,}, dev 9 sentences; LOC, PER; iob2)"
    assert repr(classifier).startswith("WindowClassifier(LOC, PER; trained on ")
    assert repr(classifier).endswith("; dev F1 100.00 %)")
    assert repr(WindowClassifier()) == "WindowClassifier(not trained)"
    text = classifier.tag_text("Ada  met \nTom .")
    assert repr(text) == "TaggedText('Ada met Tom .': Ada PER, Tom PER)"
    long = classifier.tag_text(LONG)
    assert repr(long).endswith(f", and {len(long.entities) - 5:,} more)")
    assert "…': Ada PER, " in repr(long)
    assert repr(classifier.tag_text("they left")) == "TaggedText('they left': no entity)"
    scores = repr(classifier.evaluate(tiny.sentences()))
    assert scores.startswith(
        "Scores(precision 100.00 %, recall 100.00 %, F1 100.00 %; F1 by label: "
    )
    again = Sentence(["Oslo"], ["B-LOC"], 3)
    assert eval(repr(again)) == again  # what is short can be copied


def test_a_text_shows_its_marks(classifier):
    text = 'Ada <b>met</b>\nTom & Mary Poppins in "New York"\r\n\tthere\0.'
    tagged = classifier.tag_text(text)
    page = Page(tagged._repr_html_())
    shown = text.replace("\r\n", "\n").replace("\0", "\N{REPLACEMENT CHARACTER}")
    assert page.text == shown
    marks = [entity.text.replace("\0", "\N{REPLACEMENT CHARACTER}") for entity in tagged.entities]
    assert page.marks == marks
    assert {"Ada", "Mary Poppins"} <= {*page.marks}
    assert all(re.fullmatch(r"(PER|LOC), score [01]\.\d{3}", title) for title in page.titles)


def test_a_label_has_its_colour_in_every_text(classifier):
    colours = {}
    for text in ("Ada met Tom", "Oslo is in France", "Ada lives in Paris ."):
        page = classifier.tag_text(text)._repr_html_()
        for title, colour in re.findall(r'title="(\w+), .*?solid (rgb\(.*?\))', page):
            colours.setdefault(title, set()).add(colour)
    assert sorted(colours) == ["LOC", "PER"]
    assert len({*colours["LOC"]} | {*colours["PER"]}) == 2


def test_a_long_text_is_cut(classifier):
    text = LONG * 5
    page = Page(classifier.tag_text(text)._repr_html_())
    assert len(page.text) < LONGEST + 100
    assert f"… {len(text) - LONGEST:,} more characters" in page.text


@given(st.text(), st.data())
def test_marks_leave_the_text_as_it_is(text, data):
    places = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    marks = [Mark(a, b, "<L>", '"') for a, b in zip(places[::2], places[1::2], strict=False)]
    page = Page(marked(text, marks, ["<L>"]))
    plain = Page(marked(text, [], []))
    assert page.text == plain.text
    assert len(page.marks) == len(marks)
    assert marked(text, marks, ["<L>"]).count("&lt;L&gt;") >= len(marks)


def test_a_corpus_shows_counts_and_sentences(corpus):
    shown = corpus._repr_html_()
    assert len(shown) < 10_000
    page = Page(shown)
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", shown)
    count = len(tiny.MARKED)
    assert cells[:5] == ["split", "sentences", "tokens", "LOC", "PER"]
    assert cells[5:7] == ["train", f"{40 * count:,}"]
    assert cells[10:12] == ["dev", "9"]
    places = sum(tags.count("B-LOC") for _, tags in ((s.tokens, s.tags) for s in tiny.sentences()))
    assert cells[8] == f"{40 * places:,}"
    assert page.marks == ["Mary Poppins", "Paris", "Mary Poppins", "France", "Mary Poppins", "Oslo"]
    assert Page(Corpus("none", {}, "iob2", "iob2")._repr_html_()).marks == []
    plain = Corpus("x", {"test": [Sentence(["a", "b"], ["N", "O"])]}, "plain", "plain")
    assert Page(plain._repr_html_()).marks == ["a"]


def test_an_entity_as_a_dict():
    entity = Entity("Oslo", "LOC", 0, 4, 0.5)
    assert entity._asdict() == {"text": "Oslo", "label": "LOC", "start": 0, "end": 4, "score": 0.5}
    assert json.loads(json.dumps(entity._asdict())) == entity._asdict()
    assert Entity(**entity._asdict()) == entity


@pytest.mark.parametrize(
    "shown",
    [
        Corpus,
        Entity._asdict,
        Sentence,
        WindowClassifier.__repr__,
        WindowClassifier.tag_text,
        windowclf.to_dataframe,
        marked,
        wording.with_options,
    ],
    ids=lambda shown: shown.__qualname__,
)
def test_the_examples_are_true(shown):
    modules = (sources, sentence, tagged_text, markup, wording)
    names = {name: value for module in modules for name, value in vars(module).items()}
    names["WindowClassifier"] = WindowClassifier
    [example] = doctest.DocTestFinder(recurse=False).find(shown, globs=names)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0
