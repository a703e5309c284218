import re
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from explanations import ODD, bare, explanation, odd
from windowclf.reports.attribution import attribution
from windowclf.reports.html.explanation import explanation_fragment, explanation_page

VOID = {"meta", "link", "br", "input"}


class Reader(HTMLParser):
    """Reads the rows of bars, the text and the tags; fails where tags do not match."""

    def __init__(self, html):
        super().__init__()
        self.open, self.names, self.texts, self.rows = [], set(), [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, name, attributes):
        self.names.add(name)
        classes = (dict(attributes).get("class") or "").split()
        if name not in VOID:
            self.open.append((name, "row" in classes))
        if "row" in classes:
            self.rows.append([])

    def handle_endtag(self, name):
        assert self.open.pop()[0] == name

    def handle_data(self, data):
        if not any(name in ("style", "title") for name, _ in self.open):
            self.texts.append(data)
        if any(is_row for _, is_row in self.open) and data.strip():
            self.rows[-1].append(data.strip())

    @property
    def text(self):
        return " ".join("".join(self.texts).split())


def test_all_that_an_explanation_says():
    found = Reader(explanation_fragment(explanation()))
    assert ["0", "Paris", "+0.65"] in found.rows
    assert ["word", "Paris (?)", "+1.40"] in found.rows
    assert ["-1", "no word", "−0.35"] in found.rows
    assert ["the sentence", "−6.00"] in found.rows
    assert ["together", "+7.42"] in found.rows
    assert ["unit 7", "+1.25"] in found.rows
    assert ["Paris (0)", "+2.50"] in found.rows
    assert [row for row in found.rows if "%" in row[-1]] == [
        ["S-LOC", "+9.00", "95.5\N{NO-BREAK SPACE}%"],
        ["B-LOC", "+2.60", "0.2\N{NO-BREAK SPACE}%"],
        ["O", "+1.58", "4.3\N{NO-BREAK SPACE}%"],
    ]
    for text in (
        "S-LOC (a name of type LOC of one word), probability 95.5 %",
        "O (no name), probability 4.3 %",
        "+7.50: the lead of S-LOC",
        "of 1,234 frequent words tried in each place",
        "With “Monday” in place of “Paris” it would be O (distance 1.50)",
    ):
        assert text in found.text


def test_what_is_not_there_has_no_section():
    found = Reader(explanation_fragment(bare()))
    assert "none: the model allows no other tag here" in found.text
    assert "None of 1,234 frequent words" in found.text
    assert "hidden units" not in found.text
    assert "runner-up" not in found.text
    assert "inf" not in found.text


def test_bars_are_as_long_as_their_numbers():
    html = explanation_fragment(explanation())
    edges = [
        [float(number) for number in found]
        for found in re.findall(r"--left: ([\d.]+)%; --width: ([\d.]+)%; --zero: ([\d.]+)%", html)
    ]
    shares = [row.margin_share for row in attribution(explanation())]
    tops = [edge for edge in edges if abs(edge[2] - edges[0][2]) < 0.01]
    assert all(left >= 0 and left + width <= 100.02 for left, width, _ in edges)
    per_unit = 100 / (max(shares) - min(shares))
    assert tops[0][1] == pytest.approx(abs(shares[0]) * per_unit, abs=0.02)
    left, width, zero = tops[0]
    assert left + width == pytest.approx(zero, abs=0.02)  # against: it ends at zero


@pytest.mark.parametrize("token", range(len(ODD)))
def test_odd_text_is_text(token):
    page = explanation_page(odd(token))
    found = Reader(page)
    assert "script" not in found.names
    assert ODD[1] in found.text
    assert "a&amp;\u202eb" in found.text  # as it was written, not read twice
    assert "http://" not in page
    assert "https://" not in page


def test_the_words_of_a_long_sentence_are_summed():
    words = [f"w{number}" for number in range(100)]
    found = Reader(explanation_fragment(explanation(words, 50)))
    assert ["w99", "−99.00"] in found.rows
    assert ["w91", "−91.00"] not in found.rows
    assert ["92 others", "−4186.00"] in found.rows
    assert "… w20 w21" in found.text
    assert "w80 …" in found.text


def test_of_many_tags_the_highest_are_shown():
    given = explanation()
    more = [f"S-X{number}" for number in range(30)]
    zeros = [0.0] * 30

    def longer(share):
        features = [replace(part, scores=part.scores + zeros) for part in share.features]
        return replace(share, scores=share.scores + zeros, features=features)

    many = replace(
        given,
        tags=given.tags + more,
        scores=given.scores + zeros,
        probabilities=given.probabilities + zeros,
        rest=given.rest + zeros,
        shares=[*map(longer, given.shares)],
    )
    assert "and 13 more tags" in Reader(explanation_fragment(many)).text


def test_the_page_is_whole():
    page = explanation_page(explanation())
    assert page.startswith("<!doctype html>")
    assert "<title>Why “Paris” is S-LOC</title>" in page
    assert explanation_fragment(explanation()).strip() in page
