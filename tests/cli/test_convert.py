import gzip
import json
import os
import re
import sys
from pathlib import Path

import pyarrow as pa
import pytest

CONLL = """\
-DOCSTART- -X- O

In IN O
Oslo NNP I-LOC
Oslo NNP B-LOC

Hi UH O

-DOCSTART- -X- O

Ada NNP I-PER

"""
KEPT = """\
-DOCSTART- -X- O

In IN O
Oslo NNP {first}-LOC
Oslo NNP {touching}-LOC

Hi UH O

-DOCSTART- -X- O

Ada NNP {first}-PER

"""
WRITTEN = """\
-DOCSTART-

In\tO
Oslo\t{first}-LOC
Oslo\t{touching}-LOC

Hi\tO

-DOCSTART-

Ada\t{first}-PER

"""
JSONL = """\
{"text":"In Oslo Oslo\\nHi","entities":[{"start":3,"end":7,"label":"LOC"},\
{"start":8,"end":12,"label":"LOC"}],"sentences":[["In","Oslo","Oslo"],["Hi"]]}
{"text":"Ada","entities":[{"start":0,"end":3,"label":"PER"}],"sentences":[["Ada"]]}
"""
COUNTS = "2 documents, 3 sentences, 3 spans\n"
LOST = (
    "read with changes: documents whose columns besides tokens and tags are left out: 2 "
    "(first: eng.train)\n"
)
SPELLED = {"iob1": ("I", "B"), "iob2": ("B", "B"), "iobes": ("S", "S")}


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("eng.train").write_text(CONLL)
    return "eng.train"


@pytest.mark.parametrize("scheme", SPELLED)
@pytest.mark.parametrize(
    "name",
    ["x.jsonl", "x.jsonl.gz", "x.conll.zst", "x.parquet", "x.pq.gz", "x.pq.zst", "x.spacy.gz"],
)
def test_there_and_back(run, source, name, scheme):
    lost = "" if ".conll" in name else LOST
    assert run("convert", source, name) == (0, "", f"{lost}{name}: {COUNTS}")
    again = ("convert", name, "again.txt", "--output-scheme", scheme)
    assert run(*again) == (0, "", f"again.txt: {COUNTS}")
    first, touching = SPELLED[scheme]
    expected = KEPT if ".conll" in name else WRITTEN  # which keeps its other columns
    assert Path("again.txt").read_text() == expected.format(first=first, touching=touching)


def test_what_is_written_is_packed(run, source):
    run("convert", source, "x.jsonl.gz")
    run("convert", source, "x.jsonl.zst")
    run("convert", source, "x.jsonl")
    assert gzip.decompress(Path("x.jsonl.gz").read_bytes()).decode() == JSONL
    with pa.CompressedInputStream(pa.OSFile("x.jsonl.zst"), "zstd") as file:
        assert file.read().decode() == JSONL
    assert Path("x.jsonl").read_text() == JSONL


def test_streams(run, source, stdin):
    code, out, err = run("convert", source, "-", "--to", "jsonl")
    assert (code, out, err) == (0, JSONL, f"{LOST}stdout: {COUNTS}")
    stdin(CONLL.encode())
    assert run("convert", "-", "-", "--from", "conll", "--to", "jsonl")[1] == JSONL
    stdin(CONLL.encode())
    assert (
        run("convert", "-", "-", "--from", "conll", "--to", "jsonl", "--scheme", "iob1")[1] == JSONL
    )


@pytest.mark.parametrize("form", ["conll", "jsonl", "parquet", "docbin"])
def test_pipes_are_read_whole_where_they_must(run, source, monkeypatch, form):
    reader, writer = os.pipe()  # which holds what is written, and can seek at neither end
    with os.fdopen(writer, "w") as stdout, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        assert run("convert", source, "-", "--to", form)[0] == 0
    with os.fdopen(reader) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert run("convert", "-", "-", "--from", form, "--to", "jsonl")[:2] == (0, JSONL)


def test_json(run, source):
    code, out, err = run("convert", source, "x.spacy", "--json")
    assert (code, err) == (0, LOST)
    counts = {"documents": 2, "sentences": 3, "spans": 3}
    what = LOST.removeprefix("read with changes: ").partition(":")[0]
    reading = [{"what": what, "count": 2, "first": "eng.train"}]
    assert json.loads(out) == {"output": "x.spacy", **counts, "reading": reading}
    code, out, err = run("convert", source, "-", "--to", "conll", "--json")
    assert (code, out) == (2, "")
    assert err.startswith("windowclf: error: --json: the documents go to stdout")


def test_columns(run, source):
    run("convert", source, "x.jsonl", "--tags-column", "1", "--scheme", "plain")
    first = json.loads(Path("x.jsonl").read_text().splitlines()[0])
    assert [entity["label"] for entity in first["entities"]] == ["IN", "NNP", "NNP", "UH"]
    Path("y.jsonl").write_text('{"body": "In Oslo"}\n')
    assert run("convert", "y.jsonl", "y.spacy", "--text-column", "body")[0] == 0
    run("convert", "y.spacy", "z.jsonl", "--text-column", "content")
    again = json.loads(Path("z.jsonl").read_text())
    assert again["content"] == "In Oslo"


@pytest.mark.parametrize("link", ["eng.train", "./eng.train", "hard.conll", "soft.conll"])
def test_the_input_is_not_written_over(run, source, link):
    if link == "hard.conll":
        Path(link).hardlink_to(source)
    if link == "soft.conll":
        Path(link).symlink_to(source)
    assert run("convert", source, link) == (
        2, "", f"windowclf: error: {link} is also the input; choose another output\n"
    )  # fmt: skip
    assert Path(source).read_text() == CONLL


@pytest.mark.parametrize(
    ("arguments", "data", "code", "message"),
    [
        (["x.csv", "y.jsonl"], "", 1, "x.csv: empty; expected a row with the names of the col"),
        (["x.jsonl", "y.ann"], "", 2, "y.ann: expected one of the formats .* for --to"),
        (["-", "y.jsonl"], "", 2, "- has no file extension: name its format with --from"),
        (["x.jsonl", "y.x", "--to", "text"], "", 2, "Invalid value for '--to'"),
        (["none.jsonl", "y.conll"], None, 1, "none.jsonl: cannot be read: No such file"),
        (["x.jsonl", "no/y.conll"], "{}", 1, "no/y.conll: cannot be written: No such file"),
        (["x.jsonl", "y.conll"], '{"text":"a"}\n{"tex":1}', 1, 'x.jsonl:2: neither "tokens" nor'),
        (["x.conll", "y.pq"], "a\tO\nb\n", 1, "x.conll:2: 1 column, but line 1 has 2"),
        (["x.conll", "y.pq"], "a\tNN\n", 1, "x.conll:1: tag 'NN' .* --scheme takes .* plain"),
        (["x.pq", "y.conll"], "PAR1", 1, "x.pq: cannot be read as Parquet: "),
        (["x.spacy", "y.conll"], "a", 1, "x.spacy: cannot be read as a DocBin of spaCy: ValueErr"),
    ],
)
def test_errors_are_one_line_with_the_place(run, source, arguments, data, code, message):
    if data is not None:
        Path(arguments[0].replace("-", "x")).write_text(data)
    found, out, err = run("convert", *arguments)
    assert (found, out) == (code, "")
    assert err.count("\n") == 1
    assert re.match(f"windowclf: error: {message}", err)
    assert not Path(arguments[1]).exists()


def test_without_spacy_it_says_what_to_install(run, source, monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy.tokens", None)
    code, _, err = run("convert", source, "x.spacy")
    assert code == 1
    assert err.endswith("pip install 'windowclf[spacy]'\n")
    assert not Path("x.spacy").exists()
