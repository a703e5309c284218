import gzip
import re
import time
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from windowclf.errors import DataError, UsageError
from windowclf.lexicon.gazetteer import Gazetteer, parse_gazetteer_option, read_gazetteer
from windowclf.text.tokenizer import tokenize

WORDS = ["a", "A", "b", "c", "St.", "st", "ST", ".", "'s", "1.", "1", "ß", "ss", "İ", "中文", "("]
names = st.lists(st.sampled_from([*WORDS, " ", "  ", "\t"]), max_size=6).map("".join) | st.lists(
    st.sampled_from(WORDS), max_size=4
).map(" ".join)
# Not only what the tokenizer would make: a JSONL file may have any string for a token.
sentences = st.lists(st.sampled_from([*WORDS, "中", "文", "a b", " ", ""]), max_size=12)
texts = st.text() | st.text("abC .'1\u00e9") | names


def words(text):
    return [token.text for token in tokenize(f" {text}")]


def whole(size):
    return ["S"] if size == 1 else ["B", *["I"] * (size - 2), "E"]


def folded(tokens):
    return [token.casefold() for token in tokens]


def slow_match(listed, tokens):
    ways = [
        folded(way)
        for name in listed
        for way in (name.split(), words(name), words(name.lower()), words(name.upper()))
        if way
    ]
    marks = []
    while len(marks) < len(tokens):
        rest = folded(tokens[len(marks) :])
        longest = max((len(way) for way in ways if rest[: len(way)] == way), default=0)
        marks += whole(longest) if longest else ["O"]
    return marks


@given(st.lists(names), sentences)
@example(["a b c", "a b"], ["a", "b"])  # the longer one does not fit any more
@example(["a b c"], ["a", "b c"])
@example(["a b c", "b c a"], ["a", "b", "c", "a"])
def test_match_finds_what_a_slow_search_finds(listed, tokens):
    assert Gazetteer(listed).match(tokens) == slow_match(listed, tokens)


@given(st.lists(texts), sentences)
def test_a_gazetteer_of_its_names_is_the_same(listed, tokens):
    gazetteer = Gazetteer(listed)
    again = Gazetteer(gazetteer.names)
    assert again.names == gazetteer.names
    for sentence in (tokens, [word for name in listed for word in words(name)]):
        assert again.match(sentence) == gazetteer.match(sentence)


@given(texts.filter(str.strip))
def test_a_name_is_found_however_it_is_written(name):
    name = " ".join(name.split())
    gazetteer = Gazetteer([name])
    for found in (words(name), words(name.lower()), words(name.upper()), name.split()):
        assert gazetteer.match(found) == whole(len(found))


def test_names_are_as_written_with_single_spaces_and_none_twice():
    gazetteer = Gazetteer(iter([" New  York\t", "", "Oslo", "  ", "New York", "oslo", "U.S."]))
    assert gazetteer.names == ["New York", "Oslo", "oslo", "U.S."]


CITIES = [
    *("New York", "new york city", "York", "St. John's", "Paris", "Mainz (Rhein)", "1. FC Köln"),
    *("City Hall of Oslo", "Straße", "Vitoria-Gasteiz", "st. mary's"),
]


# Each sentence is written with its expected marks behind the words.
@pytest.mark.parametrize(
    "marked",
    [
        "in/O Paris/S ,/O France/O",
        "PARIS/S paris/S pARIS/S Parisian/O",
        "New/B York/E is/O new/O",
        "NEW/B York/I City/E",
        "New/B York/E York/S York/S City/O",
        "new/B york/I city/E hall/O of/O oslo/O",
        "York/S City/B Hall/I of/I Oslo/E Paris/S",
        "City/O Hall/O of/O New/B York/E",
        "City/O Hall/O of/O",
        "New/O",
        "St./B John/I 's/E",
        "st/B ./I john/I 's/E",
        "ST./B JOHN/I 'S/E",
        "St./B John's/E",
        "St./B Mary/I 's/E ST./B MARY/I 'S/E",
        "St/O John/O 's/O",
        "Mainz/B (/I Rhein/I )/E",
        "Mainz/B (Rhein)/E",
        "Mainz/O Rhein/O",
        "1./B FC/I Köln/E",
        "gegen/O 1/B ./I FC/I KÖLN/E",
        "STRASSE/S strasse/S",
        "Vitoria-Gasteiz/S Vitoria/O -/O Gasteiz/O",
    ],
)
def test_match(marked):
    tokens, marks = zip(*(word.rsplit("/", 1) for word in marked.split()), strict=True)
    assert Gazetteer(CITIES).match(tokens) == list(marks)


def test_a_sentence_without_words_or_a_list_without_names():
    assert Gazetteer(CITIES).match([]) == []
    assert Gazetteer([]).match(["Paris", ""]) == ["O", "O"]


def test_many_names_of_one_first_word_are_quick():
    gazetteer = Gazetteer("the " + "".join(word) for word in product("abcdefgh", repeat=5))
    began = time.perf_counter()
    assert set(gazetteer.match(["the", "end"] * 20_000)) == {"O"}
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    "data",
    [
        b"New York\nOslo\n",
        b"New York\nOslo",
        b"New York\r\nOslo\r\n",
        b"\xef\xbb\xbfNew York\n\n \t\n\nOslo\n",
        b"\xef\xbb\xbf# cities\nNew York\n#\n#Paris\nOslo\n",
        b" New   York \nOslo\nNew York\n",
    ],
)
@pytest.mark.parametrize("name", ["cities.txt", "cities.txt.gz"])
def test_a_file_has_a_name_a_line(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    for given_path in (path, str(path)):
        gazetteer = read_gazetteer(given_path)
        assert gazetteer.names == ["New York", "Oslo"]
        assert gazetteer.match(["NEW", "YORK", "OSLO", "Paris"]) == ["B", "E", "S", "O"]


def test_a_name_may_begin_with_a_hash_after_a_space(tmp_path):
    (tmp_path / "tags").write_text(" #MeToo\n#Oslo\n", encoding="utf-8")
    assert read_gazetteer(tmp_path / "tags").names == ["#MeToo"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("none.txt", None, "none.txt: cannot be read: "),
        ("", None, ": cannot be read: "),
        ("empty.txt", b"", "empty.txt: no name; expected one per line"),
        ("blank.txt", b"\xef\xbb\xbf\n \r\n# a\n", "blank.txt: no name; expected one per line"),
        ("latin.txt", b"Oslo\n\nK\xf6ln\n", "latin.txt:3: byte 0xf6 is not UTF-8; "),
        ("comment.txt", b"# K\xf6ln\nOslo\n", "comment.txt:1: byte 0xf6 is not UTF-8; "),
        (
            "list.json",
            b'["Oslo", "Rome"]\n',
            "list.json:1: this is JSON; expected one name per line",
        ),
        ("list.json", b'\n[\n  "Oslo"\n]\n', "list.json:2: this is JSON"),
        ("list.jsonl", b'{"name": "Oslo"}\n', "list.jsonl:1: this is JSON"),
        ("page.txt", b"<!DOCTYPE html>\n<p>Oslo\n", "page.txt: this is an HTML page"),
        ("text.gz", b"Oslo\n", "text.gz: cannot be read: "),
        ("cut.gz", gzip.compress(b"Oslo\n" * 99, mtime=0)[:-9], "cut.gz: cannot be read: "),
    ],
)
def test_files_that_are_refused(tmp_path, name, data, message):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        read_gazetteer(path)
    found = str(caught.value)
    assert found.startswith(str(tmp_path))
    assert message in found
    assert "\n" not in found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "# cities\nOslo\tLOC\nRome\tLOC\n",
            r":2: 2 of 2 .* a tab .*'Oslo\\tLOC'.* cut -f1",
        ),
        ("Oslo\nRome\tLOC\nParis\tLOC\n", r":2: 2 of 3 names have a tab"),
        ("Oslo,LOC\nAda,PER\n", r":1: 2 of 2 names have a label .* cut -d, -f1"),
        ("Oslo|B-LOC\n", r":1: 1 of 1 names have a label after them, .* cut -d'\|' -f1"),
        ("Oslo;LOC\n", r":1: 1 of 1 names have a label after them, .* cut -d';' -f1"),
        ("LOC Oslo\nLOC New York\n", r":1: 2 of 2 names have a label before .* cut -d' ' -f2-"),
        (", ".join(["Oslo", "New York"] * 9), r":1: a name of 27 words, .* one name per line"),
        ("Oslo\nSalem, OR\nSt. John's\n[Unknown]\n\tRome \n", None),
        ("Oslo\nA,B\nRome\nBonn\tLOC\nKiel\n", None),
    ],
)
def test_lines_that_hold_more_than_a_name_are_reported(tmp_path, caplog, text, message):
    path = tmp_path / "names.txt"
    path.write_text(text)
    assert read_gazetteer(path).names
    if message is None:
        assert caplog.messages == []
    else:
        (found,) = caplog.messages
        assert re.match(re.escape(str(path)) + message, found)


@pytest.mark.parametrize(
    ("value", "kind", "file"),
    [
        ("LOC=cities.txt", "LOC", "cities.txt"),
        ("geo-loc=my lists/a=b.gz", "geo-loc", "my lists/a=b.gz"),
    ],
)
def test_an_option_is_a_type_and_a_file(value, kind, file):
    assert parse_gazetteer_option(value) == (kind, Path(file))


@pytest.mark.parametrize(
    "value",
    ["", "=", "LOC", "LOC=", "LOC= ", "=cities.txt", " =a", "LOC =a", " LOC=a", "A B=a", "A\nB=a"],
)
def test_options_that_are_refused(value):
    with pytest.raises(
        UsageError, match=r"expected TYPE=FILE, .* such as LOC=cities.txt"
    ) as caught:
        parse_gazetteer_option(value)
    assert str(caught.value).startswith(f"gazetteer {value!r}: ")
    assert "\n" not in str(caught.value)
