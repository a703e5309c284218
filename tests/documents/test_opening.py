"""Which format the head of a file shows, whatever its name."""

import pytest

from windowclf.documents.opening import detect_format
from windowclf.documents.reading import ReadOptions

CASES = {
    "a column file that begins with a bracket": ("x.txt", "[ O\nAda B-PER\n] O\n", "conll"),
    "a bracket that is its own part of speech": ("x.conll", "[ [ O\nAda NNP B-PER\n", "conll"),
    "a column file that begins with a brace": ("x.conll", "{\tO\nAda\tB-PER\n", "conll"),
    "a list of records": ("x.conll", '[\r\n  {\r\n "text": "Ada"}]\r\n', "jsonl"),
    "pairs": ("x.txt", '["Ada", {"entities": []}]\n', "jsonl"),
    "a list of pairs": ("x.txt", '[["Ada", {"entities": []}]]\n', "jsonl"),
    "records in CSV's name": ("x.csv", '{"text": "Ada"}\n', "jsonl"),
    "columns in CSV's name": ("x.csv", "Ada\tB-PER\nleft\tO\n\nOslo\tB-LOC\n", "conll"),
    "columns of commas": ("x.csv", "Ada,B-PER\nleft,O\n", "conll"),
    "a table": ("x.csv", "token,tag\nAda,B-PER\nleft,O\n", "csv"),
    "a table of one row": ("x.csv", "text,O\n", "csv"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_head_shows_the_format(tmp_path, name):
    end, text, form = CASES[name]
    path = tmp_path / end
    path.write_bytes(text.encode())
    assert detect_format(path, ReadOptions()).name == form


@pytest.mark.parametrize(
    ("text", "count"),
    [("1\tAda\tB-PER\r\n2\tleft\tO\r\n", 1), ("Ada left.\nIn Oslo\n", 0), ("O, Ada\nO, Tom\n", 0)],
)
def test_columns_that_are_tagged_as_plain_text_are_reported(tmp_path, text, count):
    path = tmp_path / "x.txt"
    path.write_bytes(text.encode())
    options = ReadOptions(labels=False)
    assert detect_format(path, options).name == "text"
    assert len(options.report.tallies) == count
    assert (
        not count or f"{path}; to read tokens and tags, use `input_form`" in options.report.line()
    )
