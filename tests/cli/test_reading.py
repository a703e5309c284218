"""The same options of reading in each command, and the account of what changed."""

import json
import re
from pathlib import Path

import pytest

import tiny


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


BAD = "Zoë".encode("latin-1")
FILES = {
    "x.txt": (b"In Oslo\n", BAD + b"\n", b"He left\n"),
    "x.jsonl": (b'{"text": "In Oslo"}\n', b'{"text": "' + BAD + b'"}\n', b'{"text": "He left"}\n'),
    "x.csv": (b"text\nIn Oslo\n", BAD + b"\n", b"He left\n"),
    "x.conll": (b"In O\nOslo B-LOC\n\n", BAD + b" O\nis O\n\n", b"He O\nleft O\n"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_line_of_another_encoding_is_left_out_and_counted(run, name):
    data = b"".join(FILES[name])
    line = data[: data.index(BAD)].count(b"\n") + 1
    Path(name).write_bytes(data)
    code, out, err = run("tag", "--input", name, "--format", "jsonl")
    assert (code, err.count("\n")) == (1, 1)
    assert f"{name}:{line}: byte 0xeb is not UTF-8" in err
    assert len(out.splitlines()) == 1  # what came before
    code, out, err = run("tag", "--input", name, "--format", "jsonl", "--on-error", "skip")
    assert (code, err.count("\n")) == (0, 1)
    assert f"skipped: 1 (first: {name}:{line}: byte 0xeb" in err
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["In Oslo", "He left"]
    code, out, err = run("tag", "--input", name, "--format", "jsonl", "--encoding", "latin-1")
    assert (code, err, len(out.splitlines())) == (0, "", 3)


@pytest.mark.parametrize(
    ("unit", "texts"),
    [
        ("line", ["In New", "York he", "", "left."]),
        ("paragraph", ["In New\nYork he", "left."]),
        ("file", ["In New\nYork he\n\nleft."]),
    ],
)
def test_a_text_is_a_line_a_paragraph_or_a_file(run, unit, texts):
    Path("x.txt").write_text("In New\nYork he\n\nleft.\n")
    code, out, _ = run("tag", "--input", "x.txt", "--format", "jsonl", "--text-unit", unit)
    assert code == 0
    assert [json.loads(line)["text"] for line in out.splitlines()] == texts
    code, out, _ = run("tag", "--input", "x.txt", "--text-unit", unit)
    words = re.sub(r"\[[A-Z]+ ([^]]*)\]", r"\1", out).split()  # whatever the model finds
    assert words == ["In", "New", "York", "he", "left."]
    assert out.count("\n") == {"line": 4, "paragraph": 5, "file": 4}[unit]


CONTENTS = {
    "a.txt": '{"text": "In Oslo", "label": [[3, 7, "LOC"]]}\n',
    "b.tsv": 'text\tentities\nIn Oslo\t"[[3, 7, ""LOC""]]"\n',
    "c.tsv": "In\tO\nOslo\tB-LOC\n",
    "d.json": '[\n  {"data": {"text": "In Oslo"}, "annotations": [{"result": [{"value": '
    '{"start": 3, "end": 7, "labels": ["LOC"]}}]}]}\n]\n',
    "e.ann": "T1\tLOC 3 7\tOslo\n",
    "eng.train": "In O\nOslo B-LOC\n",
}


@pytest.mark.parametrize("name", CONTENTS)
def test_the_format_is_that_of_the_content(run, name):
    Path(name).write_text(CONTENTS[name])
    Path("e.txt").write_text("In Oslo")
    assert run("convert", name, "out.jsonl")[0] == 0
    record = json.loads(Path("out.jsonl").read_text())
    assert record["text"] == "In Oslo"
    assert record["entities"] == [{"start": 3, "end": 7, "label": "LOC"}]


def test_a_folder_is_one_corpus(run):
    for number, name in enumerate(("Oslo", "Bergen")):
        Path("brat").mkdir(exist_ok=True)
        Path(f"brat/{number}.txt").write_text(f"In {name}")
        Path(f"brat/{number}.ann").write_text(f"T1\tLOC 3 {3 + len(name)}\t{name}\n")
    code, _, err = run("convert", "brat", "all.jsonl")
    assert (code, err) == (0, "all.jsonl: 2 documents, 2 spans\n")
    options = [*tiny.options(tiny.QUICK), "--vectors", "random", "--quiet"]
    code, out, _ = run("train", "--train", "brat", "--output", "m", *options, "--json")
    assert code == 0
    assert any("there is no dev split" in note for note in json.loads(out)["notes"])


@pytest.mark.parametrize("names", ["O,B-LOC", "names.txt"])
def test_labels_that_are_numbers_have_names(run, names):
    Path("names.txt").write_text("O\nB-LOC\n")
    Path("x.jsonl").write_text('{"words": ["In", "Oslo"], "labels": [0, 1]}\n')
    code, _, err = run("convert", "x.jsonl", "y.conll")
    assert (code, err.count("\n")) == (1, 1)
    assert "x.jsonl:1: labels: 0 where a label is expected" in err
    assert "--label-names" in err
    assert run("convert", "x.jsonl", "y.conll", "--label-names", names)[0] == 0
    assert Path("y.conll").read_text() == "In\tO\nOslo\tB-LOC\n\n"


@pytest.mark.parametrize("form", ["doccano", "prodigy"])
def test_what_is_written_for_a_tool_is_read_again(run, form):
    Path("x.jsonl").write_text('{"id": 7, "text": "In Oslo", "entities": [[3, 7, "LOC"]]}\n')
    assert run("convert", "x.jsonl", "y.jsonl", "--to", form)[0] == 0
    assert run("convert", "y.jsonl", "z.conll")[0] == 0
    assert "Oslo\tB-LOC\n" in Path("z.conll").read_text()


def test_what_is_dropped_is_reported_and_in_the_json(run):
    spans = [[0, 7, "A"], [3, 7, "LOC"], [3, 7, "LOC"]]
    Path("x.jsonl").write_text(json.dumps({"text": "In Oslo", "entities": spans}) + "\n")
    code, _, err = run("convert", "x.jsonl", "y.conll")
    assert code == 1
    assert err.startswith("windowclf: error: x.jsonl:1: span 3:7 overlaps span 0:7; ")
    code, out, err = run("convert", "x.jsonl", "y.conll", "--overlaps", "longest", "--json")
    dropped = [
        {"what": "duplicate spans dropped", "count": 1, "first": "x.jsonl:1"},
        {"what": "overlapping spans dropped", "count": 1, "first": "x.jsonl:1: 3:7 beside 0:7"},
    ]
    assert (code, json.loads(out)["reading"]) == (0, dropped)
    assert err.count("\n") == 1
    code, _, err = run("convert", "x.jsonl", "y.conll", "--overlaps", "first")
    assert code == 0
    assert Path("y.conll").read_text() == "In\tB-A\nOslo\tI-A\n\n"


def test_the_result_of_tag_has_what_was_left_out(run):
    Path("x.jsonl").write_text('{"text": "In Oslo"}\n{"text": null}\n')
    options = ["--input", "x.jsonl", "--output", "y.jsonl", "--on-error", "skip", "--json"]
    code, out, err = run("tag", *options)
    [left_out] = json.loads(out)["reading"]
    assert (code, json.loads(out)["texts"], err.count("\n")) == (0, 1, 1)
    assert (left_out["what"], left_out["count"]) == ("records skipped", 1)
    assert left_out["first"].startswith("x.jsonl:2: ")
    code, out, err = run("tag", "--json", "In Oslo")
    assert (code, out) == (2, "")
    assert "--json: the tagged texts go to stdout" in err


def test_a_tag_that_does_not_fit_is_found_in_a_table_of_tokens(run):
    Path("x.csv").write_text('Sentence #,Word,Tag\n1,Ada,B-PER\n,"left",PLACE\n', encoding="utf-8")
    code, _, err = run("convert", "x.csv", "out.jsonl")
    assert (code, err.count("\n")) == (1, 1)
    assert "x.csv:3: tag 'PLACE'" in err


def test_a_tag_with_white_space_of_another_kind_is_found(run):
    Path("x.conll").write_text("Ada B-PER\nleft O\x85y\n", encoding="utf-8")
    code, _, err = run("convert", "x.conll", "out.jsonl")
    assert (code, err.count("\n")) == (1, 1)
    assert "x.conll:2: tag" in err


@pytest.mark.parametrize("name", ["base64", "no such", "idna"])
def test_an_encoding_is_one_of_texts(run, name):
    Path("x.tsv").write_text("text\tid\nIn Oslo\t1\n")
    code, out, err = run("tag", "--input", "x.tsv", "--encoding", name)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"unknown encoding '{name}'" in err
