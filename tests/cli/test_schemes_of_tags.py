"""Commands that read tags of several schemes, and that write labels in columns."""

import json
import os
import re
from pathlib import Path

import pytest

import tiny
import windowclf
from windowclf import WindowClassifier


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ([], "x.conll: the tags are recognised as bilou; --scheme chooses another\n"),
        (["--scheme", "biluo"], ""),
        (["--scheme", "BILOU"], ""),
    ],
)
def test_convert_reports_what_it_recognised(run, folder, options, note):
    Path("x.conll").write_text("Ada\tB-PER\nByron\tL-PER\nin\tO\nOslo\tU-LOC\n")
    code, out, err = run("convert", "x.conll", "y.conll", "--output-scheme", "bmewo", *options)
    assert (code, out) == (0, "")
    assert err == f"{note}y.conll: 1 document, 1 sentence, 2 spans\n"
    assert Path("y.conll").read_text() == "Ada\tB-PER\nByron\tE-PER\nin\tO\nOslo\tW-LOC\n\n"
    code, out, err = run("convert", "x.conll", "y.conll", "--json", *options)
    assert (json.loads(out)["spans"], err) == (2, note)


def test_convert_refuses_what_a_scheme_does_not_have_and_writes_nothing(run, folder):
    Path("x.conll").write_text("Ada\tB-PER\nByron\tI-PER\nOslo\tS-LOC\n")
    code, out, err = run("convert", "x.conll", "y.conll", "--scheme", "iob2")
    assert (code, out) == (1, "")
    assert err.startswith("windowclf: error: x.conll:3: tag 'S-LOC' is not one of iob2: expected")
    assert err.count("\n") == 1
    assert not Path("y.conll").exists()


def test_streams_are_recognised_too(run, folder, stdin):
    stdin(b"Ada\tPER\nByron\tPER\nin\tO\nOslo\tLOC\n")
    code, out, err = run("convert", "-", "-", "--from", "conll", "--to", "conll")
    assert (code, out) == (0, "Ada\tB-PER\nByron\tI-PER\nin\tO\nOslo\tB-LOC\n\n")
    assert err.startswith("stdin: the tags are recognised as io without prefixes")
    stdin(b"Ada\tB-PER\nByron\tX-PER\n")
    code, _, err = run("convert", "-", "-", "--from", "conll", "--to", "conll")
    assert code == 1
    assert err.startswith("windowclf: error: stdin, document 1: tag 'X-PER' does not fit")


@pytest.mark.parametrize("command", ["convert", "evaluate"])
def test_a_pipe_is_not_read_again(run, folder, command, model_folder):
    data = b"Ada B-PER\nin O\n\nByron {}-PER\n"
    code, err = [0, 0], ["", ""]
    for i, letter in enumerate((b"U", b"X")):
        reader, writer = os.pipe()
        with os.fdopen(writer, "wb") as file:
            file.write(data.replace(b"{}", letter))
        path = f"/dev/fd/{reader}"
        options = (
            [path, "y.conll"] if command == "convert" else ["--test", path, "--model", model_folder]
        )
        code[i], _, err[i] = run(command, *options)
        os.close(reader)
    assert code == [0, 1]
    assert "the tags are recognised as bilou" in err[0]
    what = "document" if command == "convert" else "sentence"
    assert re.match(rf"windowclf: error: /dev/fd/\d+, {what} 2: tag 'X-PER' does not", err[1])
    if command == "convert":
        assert Path("y.conll").read_text() == "Ada\tB-PER\nin\tO\n\nByron\tB-PER\n\n"


def test_evaluate_reports_the_schemes_of_both_files(run, folder):
    Path("gold.txt").write_text("Ada PER\nByron PER\nin O\nOslo LOC\n")
    Path("said.txt").write_text("Ada B_PER\nByron I_PER\nin O\nOslo O\n")
    code, out, err = run("evaluate", "--test", "gold.txt", "--predictions", "said.txt", "--json")
    assert code == 0
    assert json.loads(out)["types"]["PER"]["correct"] == 1
    gold, said = err.splitlines()
    assert gold.startswith("gold.txt: the tags are recognised as io without prefixes")
    assert said == "said.txt: tags such as 'B_PER' are read as B-PER"


@pytest.fixture(scope="module")
def spaced(tmp_path_factory):
    """A model whose labels have spaces."""
    names = {"PER": "full name", "LOC": "place"}
    sentences = [
        (s.tokens, [tag if tag == "O" else tag[:2] + names[tag[2:]] for tag in s.tags])
        for s in tiny.sentences()
    ]
    folder = tmp_path_factory.mktemp("spaced") / "model"
    WindowClassifier(**tiny.SETTINGS).fit(sentences, vectors="random").save(folder)
    return folder


def test_labels_with_spaces_are_written_to_columns_and_reported_once(run, folder, spaced):
    Path("in").mkdir()
    for name in "ab":
        Path("in", f"{name}.txt").write_text("Ada met Tom .")
    options = ["--model", spaced, "--input", "in", "--output", "out", "--format", "conll"]
    code, _, err = run("tag", *options)
    assert code == 0
    assert err.count("wrote 'full name' as full_name") == 1
    rows = Path("out", "a.conll").read_text()
    assert "Ada\tB-full_name\nmet\tO\nTom\tB-full_name\n" in rows
    assert windowclf.load_corpus(test="out/a.conll").notes == ()
    code, out, err = run("tag", "--model", spaced, "--format", "jsonl", "Ada met Tom .")
    assert (code, err) == (0, "")
    assert json.loads(out)["entities"][0]["label"] == "full name"


def test_labels_that_columns_cannot_keep_apart_are_refused_before_the_work(run, folder):
    tokens, tags = ["Ada", "Tom"], ["B-a name", "B-a_name"]
    made = WindowClassifier(**tiny.QUICK).fit([(tokens, tags)], vectors="random")
    made.save(folder / "model")
    code, out, err = run("tag", "--model", "model", "--format", "conll", "Ada")
    assert (code, out) == (1, "")
    assert err.startswith("windowclf: error: labels 'a name' and 'a_name' would both be a_name")
    assert run("tag", "--model", "model", "Ada")[0] == 0
