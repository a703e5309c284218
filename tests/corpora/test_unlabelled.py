"""Reading text without labels, from files of any format and from what Python has."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windowclf.corpora.unlabelled import UnlabelledText, as_unlabelled, read_unlabelled
from windowclf.documents.reading import ReadOptions
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError

TEXTS = ["Ada lives in Oslo. Tom does not.", "Rome is in Italy."]
WORDS = [
    ["Ada", "lives", "in", "Oslo", "."],
    ["Tom", "does", "not", "."],
    ["Rome", "is", "in", "Italy", "."],
]
COLUMNS = "\n\n".join("\n".join(f"{word}{{0}}" for word in words) for words in WORDS) + "\n"
ROWS = [{"text": text} for text in TEXTS]
FILES = {
    "a.txt": "\n".join(TEXTS),
    "a.jsonl": "\n".join(map(json.dumps, ROWS)),
    "tagged.jsonl": json.dumps({"tokens": WORDS[0], "tags": ["PER", "?", "O", "x", "O"]}),
    "a.csv": "\n".join(["text", *(f'"{text}"' for text in TEXTS)]),
    "a.conll": COLUMNS.format(" X-tag-of-any-kind"),
    "bare.conll": COLUMNS.format(""),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", FILES)
def test_files_of_any_format(tmp_path, name, packed):
    path, content = tmp_path / (f"{name}.gz" if packed else name), FILES[name].encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    options = ReadOptions(labels=False)
    names, sentences = read_unlabelled([str(path)], options)
    assert names == [str(path)]
    assert [sentence.tokens for sentence in sentences] == (WORDS[:1] if "tagged" in name else WORDS)
    assert {sentence.tags for sentence in sentences} == {None}
    assert not options.report.line()
    assert as_unlabelled(path) == as_unlabelled(str(path)) == as_unlabelled([path])
    assert as_unlabelled(path) == UnlabelledText(names, sentences)


def test_parquet(tmp_path):
    pq.write_table(pa.table({"text": TEXTS}), tmp_path / "a.parquet")
    found = read_unlabelled([str(tmp_path / "a.parquet")]).sentences
    assert [sentence.tokens for sentence in found] == WORDS


def test_documents_of_files_are_kept_apart(tmp_path):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(FILES["a.txt"])
    (tmp_path / "picture.png").touch()
    options = ReadOptions(labels=False)
    names = [str(tmp_path / "a.txt"), str(tmp_path)]
    found = read_unlabelled(names, options)
    assert found.names == names
    assert [sentence.document for sentence in found.sentences] == [0, 0, 1, 2, 2, 3, 4, 4, 5]
    assert options.report.line().startswith("files of unknown format skipped: 1 (first: ")


def test_options_of_reading(tmp_path):
    (tmp_path / "a.csv").write_bytes("body;x\nZoë met Ada.;1\n".encode("cp1252"))
    options = ReadOptions(text_column="body", delimiter=";", encoding="cp1252", labels=False)
    [sentence] = read_unlabelled([str(tmp_path / "a.csv")], options).sentences
    assert sentence.tokens == ["Zoë", "met", "Ada", "."]


def test_what_python_has(tmp_path):
    (tmp_path / "a.txt").write_text("Tom sleeps .")
    numbered = Sentence(("Rome", "calls"), ["B-LOC", "O"], 7)
    names, sentences = as_unlabelled(iter([TEXTS[0], WORDS[2], [], numbered, tmp_path / "a.txt"]))
    assert names == [str(tmp_path / "a.txt")]
    assert [[*s.tokens] for s in sentences] == [*WORDS, ["Rome", "calls"], ["Tom", "sleeps", "."]]
    assert [s.document for s in sentences] == [-1, -1, None, 7, 0]
    assert {s.tags for s in sentences} == {None}
    assert as_unlabelled(None) == ([], [])
    assert as_unlabelled(UnlabelledText(["a"], sentences)).sentences is sentences


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ([], DataError, "unlabelled: no sentence; expected text"),
        (["", " \n"], DataError, "unlabelled: no sentence; expected text"),
        (3, UsageError, "unlabelled: expected a path, or an iterable of texts, lists"),
        ({"a": "b"}, UsageError, "unlabelled: expected a path, or an iterable"),
        ("", UsageError, "unlabelled: expected a path, got an empty string"),
        ([3], UsageError, "unlabelled: item 1: expected a text, a list of tokens or a Path, got 3"),
        ([["a"], ["a", 3]], DataError, "unlabelled: item 2: token 2: expected a string, got 3"),
        ("nowhere.txt", DataError, "nowhere.txt: cannot be read"),
        (["here.txt"], UsageError, "item 1: 'here.txt' is the name of a file: give it as a Path"),
        ("empty.txt", DataError, "empty.txt: no sentence; expected text"),
    ],
)
def test_what_cannot_be_read(tmp_path, monkeypatch, given, error, match):
    monkeypatch.chdir(tmp_path)
    Path("here.txt").write_text("Oslo")
    Path("empty.txt").write_text("\n\n")
    with pytest.raises(error, match=match) as caught:
        as_unlabelled(given)
    assert "\n" not in str(caught.value)


@settings(max_examples=30)
@given(st.lists(st.lists(st.text(max_size=4), max_size=4), min_size=1).filter(any))
def test_any_tokens(lists):
    kept = [tokens for tokens in lists if tokens]
    assert [s.tokens for s in as_unlabelled(lists).sentences] == kept
