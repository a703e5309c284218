"""Projects of `windowclf annotate`, read as documents."""

import gzip
import io
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import projects
from labelled_documents import spans_of, texts
from projects import add, decide, decide_all
from windowclf.documents.conversion import convert_file
from windowclf.documents.formats import annotations
from windowclf.documents.formats.registry import FORMATS, format_of
from windowclf.documents.opening import read_documents
from windowclf.documents.paths import PROJECT_FILE, find_inputs, labelled_files
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, UsageError

FORM = FORMATS["annotations"]
ADA, OSLO = (0, 3, "PER"), (7, 11, "LOC")


@pytest.fixture
def store(tmp_path):
    with projects.make(tmp_path / "drugs") as store:
        yield store


@pytest.fixture
def path(store):
    return store.folder / PROJECT_FILE


def read(path, **given):
    options = ReadOptions(**given)
    return [*chain.from_iterable(read_documents(str(path), FORM, options))], options.report


def places(document):
    return [(span.start, span.end, span.label) for span in document.spans]


def counts(report):
    return {what: tally.times for what, tally in report.tallies.items()}


def test_a_document_that_is_accepted_throughout_is_whole(store, path):
    first, second = add(store, "Ada in Oslo.\n\n", "Oslo!", fields={"id": 7, "n": 1.50})
    decide(store, first, [ADA, OSLO])
    decide(store, second, [(0, 4, "LOC")])
    [document], report = read(path)
    assert document.text == "Ada in Oslo.\n\nOslo!"
    assert places(document) == [ADA, OSLO, (14, 18, "LOC")]
    assert document.words is None
    assert {name: bytes(raw) for name, raw in document.fields.items()} == {"id": b"7", "n": b"1.5"}
    assert document.place == f"{path}, texts.jsonl:1"
    assert report.line() == ""


def test_of_a_document_that_is_labelled_in_part_each_accepted_passage_is_a_record(store, path):
    first, opened, third = add(store, "Ada in Oslo. ", "Who? ", "In Oslo.", fields={"id": 7})
    decide(store, first, [ADA])
    decide(store, third, [(3, 7, "LOC")])
    found, report = read(path)
    assert [(d.text, places(d)) for d in found] == [
        ("Ada in Oslo. ", [ADA]),
        ("In Oslo.", [(3, 7, "LOC")]),
    ]
    assert [bytes(d.fields["id"]) for d in found] == [b"7", b"7"]
    assert counts(report) == {
        "passages left out that are not decided yet": 1,
        "passages read as separate records, because their documents are partly labelled": 2,
    }
    assert report.tallies["passages left out that are not decided yet"].first.endswith(
        "annotation.sqlite, texts.jsonl:1"
    )
    assert opened


def test_what_is_skipped_or_flagged_is_left_out_and_counted(store, path):
    for state in ("skipped", "flagged", "accepted", "skipped"):
        [number] = add(store, f"Ada was {state}.")
        decide(store, number, [ADA], state)
    found, report = read(path)
    assert [d.text for d in found] == ["Ada was accepted."]
    assert counts(report) == {
        "passages left out that were skipped": 2,
        "passages left out that are flagged": 1,
    }


def test_passages_that_were_decided_before_a_label_was_added_are_counted(store, path):
    numbers = [*add(store, "Ada in Oslo."), *add(store, "Ada in May.")]
    decide(store, numbers[0], [ADA])
    store.add_label("TIME")
    decide(store, numbers[1], [(7, 10, "TIME")])
    found, report = read(path)
    assert [places(d) for d in found] == [[ADA], [(7, 10, "TIME")]]
    [(what, tally)] = report.tallies.items()
    assert "before a label was added" in what
    assert tally == (1, f"{path}, texts.jsonl:1: TIME")


def test_tokens_of_the_source_are_kept(store, path):
    words = [[["Ada", "met"], ["Bob"]], [["Oslo"]]]
    numbers = add(store, "Ada met\nBob\n", "Oslo", words=words)
    for number in numbers:
        decide(store, number)
    [document], _ = read(path)
    assert document.words == [["Ada", "met"], ["Bob"], ["Oslo"]]


def test_a_renamed_label_has_its_new_name(store, path):
    [number] = add(store, "Ada!")
    decide(store, number, [ADA])
    store.rename_label(store.labels()[0].id, "PERSON")
    [document], _ = read(path)
    assert places(document) == [(0, 3, "PERSON")]


def test_without_labels_all_texts_are_read(store, path):
    first, _ = add(store, "Ada in Oslo. ", "Who?")
    add(store, "Never seen.")
    decide(store, first, [ADA])
    found, report = read(path, labels=False)
    assert [(d.text, d.spans) for d in found] == [
        ("Ada in Oslo. Who?", None),
        ("Never seen.", None),
    ]
    assert report.line() == ""


def test_a_decision_can_be_saved_while_documents_are_looked_at(store, path):
    [number] = add(store, "Ada!")
    decide(store, number, [ADA])
    batches = read_documents(str(path), FORM, ReadOptions())
    next(batches)
    decide(store, number)


def test_the_folder_stands_for_its_file(store, path):
    [number] = add(store, "Ada!")
    decide(store, number, [ADA])
    (store.folder / "proposals.sqlite").write_bytes(b"a cache")
    (store.folder / "model").mkdir()
    (store.folder / "model" / "words.txt").write_text("Ada\n")
    assert labelled_files(store.folder, ReadOptions()) == [(str(path), FORM)]
    [[given], others] = find_inputs([str(store.folder)])
    assert (given.path, given.form.name, others) == (str(path), "annotations", 0)


def test_a_copy_of_another_name_and_a_packed_one_are_read(store, path, tmp_path):
    [number] = add(store, "Ada!")
    decide(store, number, [ADA])
    shutil.copy(path, tmp_path / "copy.sqlite")
    (tmp_path / "copy.sqlite.gz").write_bytes(gzip.compress(path.read_bytes()))
    for name in ("copy.sqlite", "copy.sqlite.gz"):
        assert format_of(name) is FORM
        [document], _ = read(tmp_path / name)
        assert places(document) == [ADA]
    [batch] = annotations.read(io.BytesIO(path.read_bytes()), "stdin", ReadOptions())
    assert [d.text for d in batch] == ["Ada!"]


def test_it_cannot_be_written(tmp_path):
    with pytest.raises(UsageError, match="annotations cannot be written"):
        convert_file(str(tmp_path), "-", FORMATS["jsonl"], FORM)


@pytest.mark.parametrize("data", [b"", b"no database", b"SQLite format 3\0" + b"x" * 200])
def test_what_is_not_a_project_is_one_line(tmp_path, data):
    path = tmp_path / "a.sqlite"
    path.write_bytes(data)
    with pytest.raises(DataError, match="not a project; expected the ann") as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"no database"])
def test_what_comes_packed_and_is_not_a_project_is_one_line(tmp_path, data):
    path = tmp_path / "a.sqlite.gz"
    path.write_bytes(gzip.compress(data))
    with pytest.raises(DataError, match="not a project; expected the ann"):
        read(path)


def test_another_database_is_not_a_project(tmp_path):
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as connection:
        connection.execute("CREATE TABLE meta (key, value)")
    with pytest.raises(DataError, match="not a project"):
        read(tmp_path / "a.sqlite")


def spoil(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_a_newer_project_is_refused_with_the_cure(store, path):
    spoil(path, "UPDATE meta SET value = 2 WHERE key = 'format'")
    with pytest.raises(DataError, match=r"format 2, this one reads 1\); update windowclf"):
        read(path)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE passage SET spans = '[[0, 3, 9]]'", "unknown label 9"),
        ("UPDATE passage SET spans = '[[0, 99, 1]]'", "does not fit a text of 4 characters"),
        ("UPDATE passage SET spans = '[[0, 3, 1], [1, 2, 1]]'", "overlaps"),
        ("UPDATE passage SET spans = '[[0,'", "truncated"),
        ("UPDATE passage SET text = x'ff'", "Expected `str`, got `bytes`"),
        ("UPDATE passage SET words = '[1]'", "Expected `array`, got `int`"),
        ("UPDATE document SET fields = '[]'", "Expected `object`, got `array`"),
        ("UPDATE meta SET value = '{\"text_unit\": 3}' WHERE key = 'settings'", "Expected `str"),
    ],
)
def test_a_damaged_project_is_one_line_with_its_place(store, path, statement, said):
    [number] = add(store, "Ada!")
    decide(store, number, [ADA])
    spoil(path, statement)
    with pytest.raises(DataError, match="the project is damaged") as caught:
        read(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_bad_passage_may_be_skipped(store, path):
    numbers = [*add(store, "Ada!"), *add(store, "Bob!")]
    for number in numbers:
        decide(store, number, [ADA])
    spoil(path, "UPDATE passage SET spans = '[[0, 3, 9]]' WHERE id = 1")
    found, report = read(path, on_error="skip")
    assert [d.text for d in found] == ["Bob!"]
    assert counts(report) == {"records skipped": 1}


def test_a_project_is_not_written(store, path):
    [number] = add(store, "Ada!")
    decide(store, number, [ADA])
    before = path.read_bytes()
    read(path)
    assert path.read_bytes() == before
    assert sorted(each.name for each in path.parent.iterdir()) == [PROJECT_FILE]


@pytest.fixture
def killed(store, path, tmp_path):
    """The copy of a folder in which a server was killed while it wrote."""
    [number] = add(store, "Ada!")
    decide(store, number, [ADA])
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE passage SET text = 'torn'")
    for each in range(1000):  # more than the cache holds, so that the file is changed already
        connection.execute("INSERT INTO meta VALUES (?, ?)", (f"key {each}", "x" * 1000))
    shutil.copytree(path.parent, tmp_path / "killed")
    connection.close()
    return tmp_path / "killed"


def test_what_a_killed_server_had_begun_to_write_is_undone(killed):
    names = sorted(each.name for each in killed.iterdir())
    assert names == [PROJECT_FILE, f"{PROJECT_FILE}-journal"]
    [document], _ = read(killed / PROJECT_FILE)
    assert document.text == "Ada!"


READING = """
import os, sys, urllib.parse  # all imports first: the user may not read where Python is
from windowclf.documents.formats.annotations import read_project
from windowclf.documents.reading import ReadOptions

if os.getuid() == 0:  # who may write whatever the mode is
    os.setuid(65534)
print(*[passage.text for passage in read_project(sys.argv[1], ReadOptions()).passages])
"""


def read_without_rights(folder):
    """Read a copy of a project in a folder that cannot be written."""
    with tempfile.TemporaryDirectory() as outer:
        Path(outer).chmod(0o755)
        copy = shutil.copytree(folder, Path(outer) / "project")
        for each in copy.iterdir():
            each.chmod(0o444)
        copy.chmod(0o555)
        command = [sys.executable, "-c", READING, str(copy / PROJECT_FILE)]
        ran = subprocess.run(command, capture_output=True, text=True)
        copy.chmod(0o755)
    return ran.stdout, ran.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="has other rights")
def test_a_folder_that_cannot_be_written_is_read(store):
    [number] = add(store, "Ada!")
    decide(store, number, [ADA])
    assert read_without_rights(store.folder) == ("Ada!\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="has other rights")
def test_what_cannot_be_undone_there_is_not_read(killed):
    out, err = read_without_rights(killed)
    assert out == ""
    assert "a killed server left an unfinished write; copy" in err


MORE_LABELS = ("PER", "LOC", "ATC code", "B-é")


@st.composite
def labelled(draw):
    """Documents of passages, each with its spans."""
    passages = st.lists(texts.filter(str.strip), min_size=1, max_size=3)
    found = []
    for document in draw(st.lists(passages, min_size=1, max_size=3)):
        own = []
        for text in document:
            text = text.encode("utf-8", "ignore").decode()  # SQLite keeps no lone surrogates
            own.append((text, draw(spans_of(text, st.sampled_from(MORE_LABELS)))))
        found.append(own)
    return found


@given(labelled())
def test_what_is_decided_comes_back_from_a_conversion(tmp_path_factory, documents):
    folder = tmp_path_factory.mktemp("project")
    expected, decisions = [], {}
    with projects.make(folder / "drugs", MORE_LABELS) as store:
        for passages in documents:
            numbers = add(store, *(text for text, _ in passages), fields={"id": 1})
            start, spans = 0, []
            for number, (text, own) in zip(numbers, passages, strict=True):
                own = [(span.start, span.end, span.label) for span in own]
                decisions[number] = own
                spans += [[start + begin, start + end, label] for begin, end, label in own]
                start += len(text)
            expected.append(("".join(text for text, _ in passages), spans))
        decide_all(store, decisions)
    convert_file(str(folder / "drugs"), str(folder / "out.jsonl"), None, FORMATS["jsonl"])
    lines = (folder / "out.jsonl").read_text("utf-8").split("\n")[:-1]
    found = [json.loads(line) for line in lines]
    assert [
        (one["text"], [[s["start"], s["end"], s["label"]] for s in one["entities"]])
        for one in found
    ] == expected
    assert {one["id"] for one in found} == {1}
