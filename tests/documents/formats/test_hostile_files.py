"""Files that nobody in good faith writes: one line, or a result; never a crash or a hang."""

import io
import json
import zlib
from itertools import chain

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from windowclf.documents.conversion import convert_file
from windowclf.documents.formats.registry import FORMATS
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError

MB10 = 10_000_000
DEEP = 100_000


def read(form, data):
    return [*chain.from_iterable(FORMATS[form].read(io.BytesIO(data), "file", ReadOptions()))]


def refusal(form, data):
    with pytest.raises(DataError) as caught:
        read(form, data)
    message = str(caught.value)
    assert message.startswith("file")
    assert message.isprintable()
    assert len(message) < 1000
    return message


def parquet(metadata=None, **columns):
    file = io.BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), file)
    return file.getvalue()


def test_a_docbin_that_would_fill_the_memory(monkeypatch):
    monkeypatch.setattr("windowclf.documents.formats.docbin.LARGEST", 1 << 20)
    assert "more than 1,048,576 bytes" in refusal("docbin", zlib.compress(bytes(1 << 22)))


def test_lines_of_ten_megabytes():
    (document,) = read("conll", b"a" * MB10)
    assert len(document.text) == MB10
    (document,) = read("text", b"a " * (MB10 // 2))
    assert len(document.text) == MB10
    (document,) = read("jsonl", b'{"text": "' + b"a" * MB10 + b'"}')
    assert len(document.text) == MB10
    (document,) = read("csv", b'text\n"' + b"a" * MB10 + b'"\n')
    assert len(document.text) == MB10
    (document,) = read("csv", b'text\n"' + b"a\n" * 500_000 + b'"\n')
    assert len(document.text) == 1_000_000


@pytest.mark.parametrize("character", [b"[", b"\0", b'"', b"\x1b"])
def test_a_line_of_ten_megabytes_that_is_no_json(character):
    assert refusal("jsonl", character * MB10).startswith("file:1: ")


def test_a_sentence_of_a_hundred_thousand_tokens():
    (document,) = read("conll", b"Ada B-PER\n" * 100_000)
    assert [*map(len, document.words)] == [*map(len, document.tags)] == [100_000]


@pytest.mark.parametrize("form", ["conll", "csv", "parquet", "docbin"])
def test_an_empty_file(form):
    refusal(form, b"")


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_an_empty_stream_is_no_text(form):
    assert read(form, b"") == []


@pytest.mark.parametrize("key", ["text", "other", "entities", "sentences"])
@pytest.mark.parametrize(("opens", "closes"), ["[]", ('{"a":', "}")])
def test_deep_json(key, opens, closes):
    value = f"{opens * DEEP}1{closes * DEEP}"
    assert "recursion depth" in refusal("jsonl", f'{{"text": "a", "{key}": {value}}}'.encode())


def test_a_deep_comment_of_a_document():
    data = f'# document = {{"text": "a", "b": {"[" * DEEP}{"]" * DEEP}}}\na O\n'
    assert "comment of a document" in refusal("conll", data.encode())


@pytest.mark.parametrize("metadata", ["[" * DEEP, "1", "[]", '{"info": 1}', "\0"])
def test_metadata_of_parquet(metadata):
    (document,) = read("parquet", parquet({"huggingface": metadata}, tokens=[["a"]], tags=[["O"]]))
    assert document.tags == [["O"]]


def test_a_field_of_deep_json_of_parquet_can_be_read_again(tmp_path):
    source, there, back = (tmp_path / name for name in ("a.jsonl", "a.parquet", "b.jsonl"))
    deep = {"b": 1}
    for _ in range(400):
        deep = {"a": deep}
    source.write_text(json.dumps({"text": "a", "deep": deep}))
    convert_file(str(source), str(there), FORMATS["jsonl"], FORMATS["parquet"])
    convert_file(str(there), str(back), FORMATS["parquet"], FORMATS["jsonl"])
    assert json.loads(back.read_text())["deep"] == deep


@pytest.mark.parametrize("number", ["1e999", "9" * 4000, "9" * 20, "-1", "0.5", "1e-999"])
def test_numbers_that_are_no_offset(number):
    refusal("jsonl", f'{{"text": "abc", "entities": [[0, {number}, "X"]]}}'.encode())


@pytest.mark.parametrize(
    "record",
    [
        {"text": "a", "sentences": [["b" * 5000]]},
        {"text": "a" * 5000, "entities": [[0, 1, "X"], [0, 2, "\x1b[2J"]]},
        {"tokens": ["a"], "tags": ["O", "x" * 5000]},
    ],
)
def test_a_long_value_is_not_shown_whole(record):
    refusal("jsonl", json.dumps(record).encode())


def test_very_many_columns():
    header = ",".join(["text", *map(str, range(200_000))])
    (document,) = read("csv", f"{header}\n{',' * 200_000}\n".encode())
    assert len(document.fields) == 200_001
    assert "and 199,981 more" in refusal("csv", header.replace("text", "x").encode())


def test_names_of_columns_with_control_characters():
    names = {"a\nb\x1b[2J": [1], "c" * 5000: [{"d\n" * 500: 1}]}
    assert "no column 'text'" in refusal("parquet", parquet(**names))


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("text", b"one\ntwo\n", b"caf\xe9\n"),
        ("jsonl", b'{"text": "one"}\n{"text": "two"}\n', b"{\n"),
        ("jsonl", b'{"text": "one"}\n{"text": "two"}\n', b'{"text": "\xe9"}\n'),
        ("csv", b"text\none\ntwo\n", b"a,b\n"),
        ("csv", b"text\none\ntwo\n", b'"a'),
        ("csv", b"text\none\ntwo\n", b"\xe9\n"),
        ("conll", b"one O\n\ntwo O\n\n", b"x\n"),
        ("conll", b"one O\n\ntwo O\n\n", b"\xe9 O\n"),
    ],
)
def test_what_comes_before_a_bad_line_is_given(form, good, bad):
    found = []

    def take():
        for batch in FORMATS[form].read(io.BytesIO(good + bad), "file", ReadOptions()):
            found.extend(document.text for document in batch)

    with pytest.raises(DataError):
        take()
    assert found == ["one", "two"]
