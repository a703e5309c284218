"""What the first rows of a column file show of its columns."""

import pytest
from test_conll_layouts import read, rows, tabbed

from windowclf.errors import DataError

MISC = "1 Ada _ _ _ _ 0 _ _ {0}=B-PER\n2 left _ _ _ _ 0 _ _ {0}=O|SpaceAfter=No\n\n"


@pytest.mark.parametrize("key", ["NERtag", "NE-tag", "BIO", "Label"])
@pytest.mark.parametrize("before", ["", "1 No _ _ _ _ 0 _ _ _\n2 . _ _ _ _ 0 _ _ Gloss=no\n\n"])
def test_any_key_of_misc_that_has_tags(key, before):
    found, report = read(tabbed(before + MISC.format(key)))
    assert rows(found)[-1] == "Ada/B-PER left/O"
    assert f"files whose tags are read from '{key}' in MISC: 1" in report.line()


def test_a_key_of_misc_that_has_other_values_too_is_not_read():
    found, report = read(tabbed(MISC.format("Gloss").replace("=O", "=to-leave")))
    assert rows(found) == ["Ada/O left/O"]
    assert "in MISC" not in report.line()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100 Ada B-PER\n101 left O\n\n102 Oslo B-LOC\n", ["Ada/B-PER left/O", "Oslo/B-LOC"]),
        ("7 Ada B-PER\n8 left O\n9 . O\n\n1 Oslo B-LOC\n", ["Ada/B-PER left/O ./O", "Oslo/B-LOC"]),
        ("2019 CD O\n2020 CD O\n\nOslo NNP B-LOC\n", ["2019/O 2020/O", "Oslo/B-LOC"]),
        ("7 O\n8 O\n9 O\n", ["7/O 8/O 9/O"]),
    ],
)
def test_running_numbers_may_begin_anywhere(text, expected):
    found, report = read(tabbed(text))
    assert rows(found) == expected
    assert ("running numbers" in report.line()) == ("Ada" in text)


@pytest.mark.parametrize("labels", [True, False])
def test_texts_without_a_header_are_not_tokens(labels):
    text = "Ada lives in Oslo\t1\nTom is in Rome\t0\nYes\t1\n"
    with pytest.raises(DataError, match=r"here\.conll:1: column 0 has texts such as 'Ada lives"):
        read(text, labels=labels)
    found, _ = read(text, labels=labels, tokens_column=0)
    assert found[0].words[0][0] == "Ada lives in Oslo"


def test_tagged_phrases_are_tokens():
    found, _ = read("The New York Times\tB-ORG\nsaid\tO\n")
    assert rows(found) == ["The New York Times/B-ORG said/O"]


def test_tags_that_are_numbers_have_the_names_given():
    names = ["O", "B-PER", "B-LOC"]
    found, _ = read("Ada 1\nleft 0\n\nOslo 2\n", label_names=names)
    assert rows(found) == ["Ada/B-PER left/O", "Oslo/B-LOC"]
    with pytest.raises(DataError, match=r"here\.conll:1: .*there are names for 0 to 2"):
        read("Ada 7\n", label_names=names)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 Ada\n2 left\n\n1 In\n2 Oslo\n", [["Ada", "left"], ["In", "Oslo"]]),
        ("1 CD\n2 CD\n\n1 CD\n", [["1", "2"], ["1"]]),
        ("1 B-PER\n2 O\n", [["1", "2"]]),
    ],
)
def test_two_running_numbers_beside_words_are_an_index(text, words):
    found, report = read(text, labels=False)
    assert [document.words[0] for document in found] == words
    assert ("running numbers" in report.line()) == ("Ada" in text)


def test_commas_before_tags_that_are_all_outside_are_seen():
    with pytest.raises(DataError, match=r"here\.conll:1: the columns are separated by ','"):
        read("Ada,O\nleft,O\n")
