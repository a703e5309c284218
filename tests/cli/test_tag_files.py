"""Files, folders and patterns are tagged to files of each format."""

import csv
import gzip
import json
from itertools import product

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tiny
from windowclf import WindowClassifier
from windowclf.documents.document import join_words
from windowclf.text.tokenizer import split_words

MARKED = [tiny.PAIR, "[PER Mary Poppins] lives in [LOC New York] .", "They saw him ."]
TEXTS = [tiny.unmarked(marked) for marked in MARKED]
CONLL = "Ada\tB-PER\nmet\tO\nTom\tB-PER\n.\tO\n\n"


@pytest.fixture
def tag(run, model_folder):
    """Return a function that tags, says nothing, and returns what came on stdout."""

    def tag(*arguments):
        code, out, err = run("tag", "--model", model_folder, *arguments)
        assert (code, err) == (0, "")
        return out

    return tag


@pytest.fixture
def refused(run, model_folder):
    """Return a function that tags in vain, and returns the error."""

    def refused(*arguments, code=1, out=""):
        found = run("tag", "--model", model_folder, *arguments)
        assert found[:2] == (code, out)
        start, _, message = found[2].partition("windowclf: error: ")
        assert start == ""
        assert message.count("\n") == 1
        return message.rstrip()

    return refused


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a file of each format; the user stands above it."""
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    (data / "deep").mkdir(parents=True)
    (data / "a.txt").write_text(f"{TEXTS[0]}\n{TEXTS[2]}\n")
    (data / "b.jsonl").write_text(
        f'{{"id": 1, "text": "{TEXTS[1]}"}}\n{{"tokens": ["Ada", "met", "Tom", "."], "id": 2}}\n'
    )
    (data / "c.csv").write_text(f"id,text\n3,{TEXTS[1]}\n4,\n")
    (data / "deep" / "d.conll").write_text("Ada O\nmet B-LOC\nTom O\n. O\n")
    table = pa.table({"text": TEXTS, "id": [5, 6, None]})
    pq.write_table(table, data / "deep" / "e.parquet")
    (data / "deep" / "notes.md").touch()
    return tmp_path


def labelled(text, classifier):
    """The entities of a text, without their scores."""
    return [
        {"text": e.text, "label": e.label, "start": e.start, "end": e.end}
        for e in classifier.tag(text)
    ]


def without_scores(entities):
    for entity in entities:
        assert entity.keys() == {"text", "label", "start", "end", "score"}
        assert 0 < entity.pop("score") <= 1
    return entities


def records(text):
    return [json.loads(line) for line in text.splitlines()]


NOTE = "skipped files of unknown format: 1\n"
FILES = ["a.txt", "b.jsonl", "c.csv", "deep/d.conll", "deep/e.parquet"]


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_folder_to_a_folder(run, model_folder, folder, classifier):
    options = ["--model", model_folder, "--input", "data", "--output", "out/here"]
    assert run("tag", *options) == (0, "", NOTE)
    out = folder / "out" / "here"
    assert files(out) == FILES
    assert (out / "a.txt").read_text() == f"{MARKED[0]}\n{MARKED[2]}\n"
    assert (out / "deep" / "d.conll").read_text() == CONLL
    one, two = records((out / "b.jsonl").read_text())
    assert list(one) == ["id", "text", "entities"]
    assert without_scores(one["entities"]) == labelled(TEXTS[1], classifier)
    assert two == {
        "tokens": ["Ada", "met", "Tom", "."],
        "id": 2,
        "tags": ["B-PER", "O", "B-PER", "O"],
    }
    rows = list(csv.DictReader((out / "c.csv").read_text().splitlines()))
    assert [(row["id"], row["text"]) for row in rows] == [("3", TEXTS[1]), ("4", "")]
    assert without_scores(json.loads(rows[0]["entities"])) == labelled(TEXTS[1], classifier)
    assert json.loads(rows[1]["entities"]) == []
    rows = pq.read_table(out / "deep" / "e.parquet").to_pylist()
    assert [(row["text"], row["id"]) for row in rows] == [*zip(TEXTS, [5, 6, None], strict=True)]
    for row in rows:
        assert without_scores(row["entities"]) == labelled(row["text"], classifier)


def test_a_folder_to_a_folder_of_another_format(run, model_folder, folder, classifier):
    options = ["--model", model_folder, "--input", "data", "--output", "out", "--format", "jsonl"]
    assert run("tag", *options) == (0, "", NOTE)
    names = ["a.jsonl", "b.jsonl", "c.jsonl", "deep/d.jsonl", "deep/e.jsonl"]
    assert files(folder / "out") == names
    found = [records((folder / "out" / name).read_text()) for name in names]
    assert [len(rows) for rows in found] == [2, 2, 2, 1, 3]
    assert [record["text"] for record in found[0]] == [TEXTS[0], TEXTS[2]]
    assert [record["id"] for record in found[2]] == ["3", "4"]
    assert found[3][0]["text"] == "Ada met Tom ."
    assert [e["label"] for e in found[3][0]["entities"]] == ["PER", "PER"]
    assert [record["id"] for record in found[4]] == [5, 6, None]


@pytest.mark.usefixtures("shared_at_once")
@pytest.mark.parametrize("processes", [1, 2])
def test_a_folder_to_one_file(run, model_folder, folder, classifier, processes):
    options = ["--model", model_folder, "--input", "data", "--output", "all.jsonl"]
    assert run("tag", *options, "--processes", processes) == (0, "", NOTE)
    found = records((folder / "all.jsonl").read_text())
    texts = [TEXTS[0], TEXTS[2], TEXTS[1], None, TEXTS[1], "", "Ada met Tom .", *TEXTS]
    assert [record.get("text") for record in found] == texts
    for record in found:
        if "text" in record:
            assert without_scores(record["entities"]) == labelled(record["text"], classifier)


@pytest.mark.parametrize("form", ["text", "jsonl", "conll", "csv", "parquet"])
def test_a_text_to_each_format_and_back(tag, folder, classifier, form):
    end = {"text": "txt"}.get(form, form)
    assert tag("--input", "data/a.txt", "--output", f"out.{end}") == ""
    if form == "text":
        assert (folder / "out.txt").read_text() == f"{MARKED[0]}\n{MARKED[2]}\n"
        return
    found = records(tag("--input", f"out.{end}", "--format", "jsonl"))
    assert [record["text"] for record in found] == [TEXTS[0], TEXTS[2]]
    for record in found:
        assert without_scores(record["entities"]) == labelled(record["text"], classifier)


@pytest.mark.parametrize("end", ["gz", "zst"])
def test_packed_files(tag, folder, end):
    tag("--input", "data/b.jsonl", "--output", f"one.jsonl.{end}")
    packed = (folder / f"one.jsonl.{end}").read_bytes()
    assert packed.startswith({"gz": b"\x1f\x8b", "zst": b"\x28\xb5\x2f\xfd"}[end])
    plain = tag("--input", "data/b.jsonl")
    if end == "gz":
        assert gzip.decompress(packed).decode() == plain
    assert tag("--input", f"one.jsonl.{end}") == plain
    tag("--input", f"one.jsonl.{end}", "--output", "out", "--format", "text")
    assert files(folder / "out") == [f"one.txt.{end}"]
    assert tag("--input", f"out/one.txt.{end}").count("\n") == 2


def test_other_fields_are_kept_byte_for_byte(tag, folder):
    text = "Paris is in France"
    (folder / "in.jsonl").write_text(
        f'{{"n": 1.50,  "text": "{text}", "deep": {{"a" :[1,  2e3, "\\u00e9"]}}, "big": '
        '123456789012345678901234567890, "spans": [[0, 5, "PER"]], "entities": null}\n'
    )
    found = tag("--input", "in.jsonl")
    record = json.loads(found)
    assert list(record) == ["n", "text", "deep", "big", "spans", "entities"]
    assert [e["label"] for e in record["entities"]] == ["LOC", "LOC"]
    for kept in ("1.50", '{"a" :[1,  2e3, "\\u00e9"]}', "123456789012345678901234567890"):
        assert kept in found
    assert record["spans"] == [[0, 5, "PER"]]


def test_line_breaks_in_a_cell(tag, folder, classifier):
    text = 'Ada met Tom .\n\n"Paris", is in\r\nFrance'
    with (folder / "in.csv").open("w", newline="") as file:
        rows = [{"n": "1", "review": text, "by": "Tom\nAda"}, {"n": "2", "review": "Ada", "by": ""}]
        writer = csv.DictWriter(file, ["n", "review", "by"])
        writer.writeheader()
        writer.writerows(rows)
    tag("--input", "in.csv", "--text-column", "review", "--output", "out.csv")
    with (folder / "out.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    for row in found:
        entities = json.loads(row.pop("entities"))
        assert without_scores(entities) == labelled(row["review"], classifier)
    assert found == rows


@pytest.mark.parametrize("name", ["b.jsonl:1", "c.csv:1", "deep/e.parquet"])
def test_a_text_column_that_is_not_there(refused, folder, name):
    path = f"data/{name.partition(':')[0]}"
    message = refused("--input", path, "--text-column", "review")
    assert message.startswith(f"data/{name}: ")
    assert "review" in message


@pytest.mark.parametrize(
    ("record", "end", "message"),
    [
        ('{"tokens": ["New York"]}', "conll", "'New York' does not fit a column file"),
        ('{"text": "Ada", "id": 3}', "csv", "has the columns 'text', 'id', 'entities'"),
    ],
)
def test_a_document_that_the_format_cannot_hold(refused, folder, record, end, message):
    (folder / "in").mkdir()
    (folder / "in" / "1.jsonl").write_text('{"text": "Ada"}\n')
    (folder / "in" / "2.jsonl").write_text('{"text": "Ada"}\n' + record)
    error = refused("--input", "in", "--output", "out", "--format", end)
    assert error.startswith(f"out/2.{end}: document ")
    assert message in error
    assert files(folder / "out") == [f"1.{end}"]


@pytest.mark.usefixtures("shared_at_once")
def test_a_bad_line_in_the_second_of_three_files(refused, folder):
    (folder / "three").mkdir()
    for name in "123":
        (folder / "three" / f"{name}.jsonl").write_text(f'{{"text": "{TEXTS[0]}"}}\n' * 2)
    (folder / "three" / "2.jsonl").write_text('{"text": "Ada"}\n{"text"\n')
    assert refused("--input", "three", "--output", "out").startswith("three/2.jsonl:2: ")
    assert files(folder / "out") == ["1.jsonl"]
    assert len(records((folder / "out" / "1.jsonl").read_text())) == 2
    for processes, name in product((1, 2), ("all.jsonl", "all.csv", "all.parquet", "all.conll.gz")):
        message = refused("--input", "three", "--output", name, "--processes", processes)
        assert message.startswith("three/2.jsonl:2: ")
        assert not (folder / name).exists()


def test_what_was_there_is_written_over_only_when_all_is_done(tag, refused, folder):
    (folder / "bad.txt").write_bytes(b"Ada\n\xff\n")
    (folder / "out.txt").write_text("before")
    message = refused("--input", "data/a.txt", "--input", "bad.txt", "--output", "out.txt")
    assert message.startswith("bad.txt:2: byte 0xff is not UTF-8")
    assert (folder / "out.txt").read_text() == "before"
    assert files(folder) == sorted(
        ["bad.txt", "out.txt", *(f"data/{n}" for n in FILES), "data/deep/notes.md"]
    )
    tag("--input", "data/a.txt", "--output", "out.txt")
    assert (folder / "out.txt").read_text() == f"{MARKED[0]}\n{MARKED[2]}\n"


def test_several_inputs_in_their_order(tag, folder, stdin):
    stdin(f"{TEXTS[1]}\n".encode())
    inputs = [option for name in ("data/a.*", "-", "data/a.txt") for option in ("--input", name)]
    marked = [MARKED[0], MARKED[2], MARKED[1], MARKED[0], MARKED[2]]
    assert tag(*inputs) == "".join(f"{line}\n" for line in marked)


@pytest.mark.usefixtures("shared_at_once")
@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_input_order_is_kept(tag, folder, monkeypatch, form, processes):
    monkeypatch.setattr("windowclf.text.lines.CHUNK_BYTES", 1 << 12)  # so that there are several
    texts = [f"{TEXTS[i % 3]} {i}" for i in range(600)]
    (folder / "in.txt").write_text("".join(f"{text}\n" for text in texts))
    tag("--input", "in.txt", "--output", f"mid.{form}", "--processes", processes)
    found = records(tag("--input", f"mid.{form}", "--format", "jsonl", "--processes", processes))
    assert [record["text"] for record in found] == texts


def test_texts_and_stdin_to_a_file(tag, folder, stdin):
    assert tag("--output", "out.jsonl", *TEXTS) == ""
    assert [record["text"] for record in records((folder / "out.jsonl").read_text())] == TEXTS
    stdin(f'{{"text": "{TEXTS[0]}", "id": 7}}\n'.encode())
    [record] = records(tag("--input-format", "jsonl"))
    assert list(record) == ["text", "id", "entities"]


def test_column_files_whatever_their_name(tag, folder):
    rows = "-DOCSTART- -X- O O\n\nAda NNP I-NP O\nmet VBD I-VP O\n\nThey PRP I-NP O\n"
    (folder / "eng.testa").write_text(rows)
    assert tag("--input", "eng.testa", "--input-format", "conll") == (
        "-DOCSTART- -X- O O\n\nAda NNP I-NP B-PER\nmet VBD I-VP O\n\nThey PRP I-NP O\n\n"
    )
    tag("--input", "eng.*", "--input-format", "conll", "--output", "out", "--format", "jsonl")
    [record] = records((folder / "out" / "eng.testa.jsonl").read_text())
    assert (record["text"], record["sentences"]) == ("Ada met\nThey", [["Ada", "met"], ["They"]])


def test_a_text_that_rows_cannot_tell_comes_back(tag, folder):
    text = "Ada isn't in.  Tom met Ada."
    (folder / "in.jsonl").write_text(json.dumps({"id": 5, "text": text}) + "\n")
    tag("--input", "in.jsonl", "--output", "out.conll")
    rows = (folder / "out.conll").read_text()
    assert "n't\tO\n" in rows
    [record] = records(tag("--input", "out.conll", "--format", "jsonl"))
    assert (record["text"], record["id"]) == (text, 5)


def test_rows_of_a_text_are_only_its_words(tag):
    text = "Ada isn't in.  Tom met Ada."
    rows = tag("--format", "conll", text)
    words = [[row.split("\t")[0] for row in part.split("\n")] for part in rows[:-2].split("\n\n")]
    assert words == split_words(text)
    assert join_words(words) != text


def test_lines_are_sentences(tag, folder):
    text = "Ada left. Tom\nstayed."
    (folder / "in.jsonl").write_text(json.dumps({"text": text}) + "\n")
    for option, words in (
        (["--lines"], [["Ada", "left", ".", "Tom"], ["stayed", "."]]),
        ([], [["Ada", "left", "."], ["Tom", "stayed", "."]]),
        (["--pretokenized"], [["Ada", "left.", "Tom", "stayed."]]),
    ):
        tag("--input", "in.jsonl", "--output", "out.conll", *option)
        [record] = records(tag("--input", "out.conll", "--format", "jsonl"))
        assert (record["text"], record["sentences"]) == (text, words)
    assert tag("--format", "conll", "--lines", "Ada left. Tom left.").count("\n\n") == 1
    assert tag("--format", "conll", "Ada left. Tom left.").count("\n\n") == 2


def test_a_model_without_spans_writes_its_labels_bare(run, folder, tmp_path):
    given = [(["Ada", "sleeps"], ["NOUN", "VERB"]), (["Tom", "eats"], ["NOUN", "VERB"])] * 9
    classifier = WindowClassifier(**tiny.SETTINGS).fit(given, vectors="random", scheme="plain")
    classifier.save(tmp_path / "plain")
    (folder / "in.jsonl").write_text('{"tokens": ["Ada", "eats"]}\n')
    for form, wanted in (
        ("conll", "Ada\tNOUN\neats\tVERB\n\n"),
        ("jsonl", '{"tokens":["Ada","eats"],"tags":["NOUN","VERB"]}\n'),
    ):
        options = ["--model", tmp_path / "plain", "--input", "in.jsonl", "--format", form]
        code, out, err = run("tag", *options)
        assert (code, err) == (0, "")
        assert out.replace(" ", "").endswith(wanted)
    assert run("tag", "--model", tmp_path / "plain", "--format", "conll", "Ada eats")[1] == (
        "Ada\tNOUN\neats\tVERB\n\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--input", "data", "--output", "data"], 2, "data/a.txt is both an input and an output"),
        (["--input", "none.txt"], 1, "none.txt: cannot be read: No such file or directory"),
        (["--input", "n*.txt"], 1, "n*.txt: no such file, and no match for the pattern"),
        (
            ["--input", "data"],
            2,
            "inputs of several formats (text, jsonl, csv, conll, parquet): ch",
        ),
        (["--input", "-", "--output", "out"], 2, "out: texts from stdin have no file name"),
        (["--output", "out", "Ada"], 2, "out: texts from stdin have no file name"),
        (["--input", "data/a.txt", "Ada"], 2, "give texts or --input, not both"),
        (["--lines", "--pretokenized", "Ada"], 2, "give --pretokenized or --lines, not both"),
        (["--input", "data/a.txt", "--output", "data/a.txt/out"], 1, "data/a.txt"),
        (["--input", "data/a.txt", "--format", "xml"], 2, "Invalid value for '--format': 'xml'"),
    ],
)
def test_what_is_refused(refused, folder, arguments, code, message):
    before = files(folder)
    assert message in refused(*arguments, code=code)
    assert files(folder) == before


def test_what_does_not_fit_at_the_end_is_told_with_the_output(refused, folder):
    (folder / "big.jsonl").write_text(f'{{"text": "Ada", "big": {10**30}}}\n')
    told = refused("--input", "big.jsonl", "--output", "x.parquet")
    assert told.startswith("x.parquet: field 'big' does not fit")
