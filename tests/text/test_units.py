"""Which line ends are borders."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.errors import UsageError
from windowclf.text.tokenizer import line_sentences, split_words
from windowclf.text.units import TEXT_UNITS, check_text_unit, cut, paragraphs

LETTER = """Dear Ann,

I am writing to you from our new office in Oslo, where the people of
Acme Corp have been so kind as to lend us two rooms. On Friday John
Smith will show us the harbour, and after that we leave for New
York.

Best regards,
Peter Novak
Acme Corp
12 Main Street
London
"""
# Texts in which each line is one of its own; the lines differ in length, or hardly.
OF_LINES = [
    "Peter Novak\nAngela Merkel",
    "John Smith\nAcme Corp\nLondon\n",
    "Name: Peter Novak\nEmployer: Acme Corp\nCity: New York\nemail: peter@example.org",
    "Peter Novak, Chief Executive Officer, Acme Corporation\nAngela Merkel, Chancellor, Berlin",
    "peter novak\nangela merkel\nacme corp",
    "- Peter Novak\n- Angela Merkel of Berlin\n* Oslo\n1. Bergen\n2) Rome\n(a) Paris\n• Bonn",
    "2024-01-01 12:00:00 INFO Peter Novak logged in from Prague\n"
    "2024-01-01 12:00:07 INFO Angela Merkel logged in from Rome\n"
    "2024-01-01 12:00:09 WARN John Smith logged out of Toronto",
    "Merkel Visits the Offices of Acme Corporation in Paris\nSmith Joins the Board of Toyota\nRome",
    "Peter Novak\tLondon\nAngela Merkel\tparis office of the company, which is not a sentence.",
    "> He wrote to Peter Novak in the long line that is quoted here\n> Angela Merkel",
]


@pytest.mark.parametrize("text", OF_LINES)
def test_lines_of_their_own_are_borders(text):
    assert split_words(text) == split_words(text, "line")


def test_a_letter_has_both():
    found = [" ".join(words) for words in split_words(LETTER)]
    assert found[2:4] == [
        "On Friday John Smith will show us the harbour , and after that we leave for New York .",
        "Best regards ,",
    ]
    assert found[4:] == ["Peter Novak", "Acme Corp", "12 Main Street", "London"]


SOME = [
    "the",
    "man",
    "of",
    "Oslo",
    "who",
    "met",
    "Ann",
    "Lee",
    "and",
    "then",
    "was",
    "in",
    "New",
    "York",
]
prose = st.lists(
    st.sampled_from(SOME),
    min_size=10,
    max_size=80,
).filter(lambda words: 3 * sum(word.islower() for word in words) > 2 * len(words))


@given(prose, st.integers(40, 90), st.sampled_from(["\n", "\r\n", "\r", "\u2028", "\n  "]))
def test_wrapped_sentences_are_whole(words, width, end):
    sentence = " ".join(["Then", *words]) + "."
    wrapped = end.join(textwrap.wrap(sentence, width))
    if len(max(wrapped.split(end), key=len)) >= 35:
        assert split_words(wrapped) == split_words(sentence)


@given(prose, st.integers(5, 90))
def test_the_lines_of_a_paragraph_or_a_file_are_joined_where_it_is_asked(words, width):
    sentence = " ".join(words)
    wrapped = "\n".join(textwrap.wrap(sentence, width))
    for unit in ("paragraph", "file"):
        assert split_words(wrapped, unit) == split_words(sentence)
    lines = [words for line in wrapped.split("\n") for words in split_words(line)]
    assert split_words(wrapped, "line") == lines


@pytest.mark.parametrize("unit", TEXT_UNITS)
@pytest.mark.parametrize("border", ["\n\n", "\r\n \r\n", "\r\r", "\t", "\f", "\u2029", "\n\t\n"])
def test_some_borders_are_borders_of_any_unit(unit, border):
    assert split_words(f"he met Peter{border}novak", unit) == [["he", "met", "Peter"], ["novak"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028"])
def test_line_ends(end):
    text = f"Peter Novak{end}Angela Merkel"
    separate = [["Peter", "Novak"], ["Angela", "Merkel"]]
    assert split_words(text) == split_words(text, "line") == line_sentences(text) == separate
    assert split_words(text, "file") == [["Peter", "Novak", "Angela", "Merkel"]]


@given(st.text(st.sampled_from("aB. \n\r\t\f\x0b\x85\u2028\u2029-")), st.sampled_from(TEXT_UNITS))
def test_pieces_are_all_of_a_text_but_white_space(text, unit):
    assert "".join("".join(cut(text, unit)).split()) == "".join(text.split())


@given(st.text(st.sampled_from("aB \n")))
def test_paragraphs_of_lines_are_those_of_the_text(text):
    found = list(paragraphs(text.split("\n")))
    assert found == list(paragraphs(text.splitlines(keepends=True)))
    assert all(part.strip() for part in found)
    apart = [words for part in found for words in split_words(part, "paragraph")]
    assert apart == split_words(text, "paragraph")


@pytest.mark.parametrize("unit", ["lines", "", None, 3, ["line"]])
def test_another_unit_is_refused(unit):
    with pytest.raises(
        UsageError, match=r"^text_unit: expected auto, line, paragraph or file, got"
    ):
        check_text_unit(unit)
