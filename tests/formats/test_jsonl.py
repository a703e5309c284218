import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.errors import DataError
from windowclf.formats.jsonl import read_jsonl
from windowclf.text.sentence import Sentence
from windowclf.text.tokenizer import tokenize


@pytest.fixture
def read(tmp_path):
    def read(*lines):
        path = tmp_path / "corpus.jsonl"
        path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines))
        return list(read_jsonl(path))

    return read


OSLO = Sentence(["In", "Oslo"], ["O", "B-LOC"])


@pytest.mark.parametrize(
    "line",
    [
        {"tokens": ["In", "Oslo"], "tags": ["O", "B-LOC"], "id": 7},
        {"tokens": ["In", "Oslo"], "ner_tags": ["O", "B-LOC"], "text": "In Oslo"},
        {"text": "In Oslo", "entities": [{"start": 3, "end": 7, "label": "LOC", "score": 0.9}]},
        {"text": "In Oslo", "spans": [{"start": 3, "end": 7, "label": "LOC"}]},
        {"text": "In Oslo", "label": [[3, 7, "LOC"]]},
        {"text": "In Oslo", "entities": [[3, 7, "LOC"]], "spans": None},
    ],
)
def test_every_layout_is_read(read, line):
    assert read(line, "", {"text": " "}, line) == [OSLO, OSLO]


@pytest.mark.parametrize("line", [{"tokens": ["In", "Oslo"]}, {"text": "In Oslo"}])
def test_without_labels_there_are_no_tags(read, line):
    assert read(line) == [Sentence(["In", "Oslo"])]


def test_no_entity_means_all_outside(read):
    assert read({"text": "In Oslo", "entities": []}) == [Sentence(["In", "Oslo"], ["O", "O"])]


def test_spans_come_in_any_order_and_neighbours_stay_apart(read):
    text = "👍🏽 Ola Nordmann Oslo."
    spans = [[16, 20, "LOC"], [3, 6, "PER"], [7, 15, "PER"]]
    assert read({"text": text, "spans": spans})[0].tags == ["O", "B-PER", "B-PER", "B-LOC", "O"]


spaced_words = st.lists(st.sampled_from(["Oslo", "U.S.", "it's", "(", "don't", "a"]), min_size=1)


@given(spaced_words, st.data())
def test_a_span_takes_the_tokens_that_it_touches(tmp_path_factory, words, data):
    text = " ".join(words)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    touched = [bool(set(range(a, b)) & set(range(start, end))) for _, a, b in tokenize(text)]
    path = tmp_path_factory.getbasetemp() / "spans.jsonl"
    path.write_text(json.dumps({"text": text, "spans": [[start, end, "X"]]}))
    if not any(touched):
        with pytest.raises(DataError, match="has no token"):
            list(read_jsonl(path))
        return
    (sentence,) = read_jsonl(path)
    assert [tag != "O" for tag in sentence.tags] == touched
    assert sum(tag == "B-X" for tag in sentence.tags) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"text": "In Oslo", "spans": [[3, 8, "LOC"]]}, "span 3:8 does not fit a text of 7"),
        ({"text": "In Oslo", "spans": [[-4, 7, "LOC"]]}, "span -4:7 does not fit"),
        ({"text": "In Oslo", "spans": [[3, 3, "LOC"]]}, "span 3:3 does not fit"),
        ({"text": "In Oslo", "spans": [[2, 3, "LOC"]]}, "span 2:3 has no token"),
        ({"text": "In Oslo", "spans": [[3, 7, ""]]}, "span 3:7 has no label"),
        ({"text": "In Oslo", "spans": [[3, 7, "A"], [0, 4, "B"]]}, "3:7 overlaps span 0:4"),
        ({"text": "In Oslo", "spans": [[3, 5, "A"], [5, 7, "B"]]}, "5:7 shares the token 'Oslo'"),
        (
            {"text": "In Oslo", "spans": [[3, "7", "A"]]},
            r"Expected `int`, got `str` - at `\$.spans",
        ),
        ({"tokens": ["In", "Oslo"], "tags": ["O"]}, "2 tokens but 1 tags"),
        ({"tokens": ["In", ""], "tags": ["O", "O"]}, "an empty token"),
        ({"tokens": ["In", "Oslo"], "ner_tags": [0, 5]}, "Expected `str`, got `int`"),
        ({"words": ["In"]}, 'neither "tokens" nor "text"'),
        ("[1]", "Expected `object`, got `array`"),
        ('{"text": ', "one JSON object a line"),
        ('{"text": "\\ud800"}', "one JSON object a line"),
    ],
)
def test_bad_lines_end_in_one_line_with_the_place(read, line, message):
    with pytest.raises(DataError, match=r"corpus\.jsonl:2: .*" + message) as refusal:
        read({"text": "fine"}, line)
    assert "\n" not in str(refusal.value)


def test_an_empty_file_holds_no_sentence(read):
    with pytest.raises(DataError, match=r"corpus\.jsonl: no sentence"):
        read("", {"tokens": []})


def test_only_a_line_feed_ends_a_line(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress('{"tokens": ["\u2028", "\x85"]}\r\n'.encode()))
    assert list(read_jsonl(path)) == [Sentence(["\u2028", "\x85"])]
