"""Commands that read a project of `windowclf annotate`."""

import json
import shutil

import pytest

import projects
import tiny
from projects import add, add_marked, decide
from windowclf.cli.mixture import parse_mixture, read_mixture
from windowclf.documents.conversion import WRITABLE
from windowclf.documents.formats.registry import FORMATS
from windowclf.documents.reading import ReadOptions

QUICK = ["--vectors", "random", "--from", "none", *tiny.options(tiny.QUICK)]


@pytest.fixture
def drugs(tmp_path, monkeypatch):
    """A project of all sentences, one in four set aside; a label was added in between."""
    monkeypatch.chdir(tmp_path)
    half = len(tiny.MARKED) // 2
    with projects.make("drugs") as store:
        add_marked(store, *tiny.MARKED[:half])
        store.add_label("TIME")
        add_marked(store, *tiny.MARKED[half:], "They met in [TIME May] .")
        add_marked(store, *tiny.MARKED[::4], set_aside=True)
        add(store, "Still open.")
        yield store


def test_a_project_trains_and_is_scored(run, drugs):
    code, out, err = run("train", "--data", "drugs", "--output", "out", *QUICK, "--json")
    assert code == 0, err
    facts = json.loads(out)
    assert facts["test"]["tokens"] == sum(len(one.tokens) for one in tiny.sentences()[::4])
    old, new = facts["training"]["corpora"]
    assert (old["name"], old["lacks"], new["lacks"]) == ("drugs", ["TIME"], [])
    assert "before TIME was added" in err
    assert "passages left out that are not decided yet: 1" in err

    code, out, _ = run("evaluate", "--data", "drugs", "--model", "out", "--errors", "--json")
    assert code == 0
    assert json.loads(out)["tokens"] == facts["test"]["tokens"]

    code, _, err = run("train", "--data", "drugs", "--output", "out", *QUICK)
    assert "contains the finished model of another training" not in err


def test_a_project_is_mixed_with_a_corpus(run, drugs, tiny_data):
    shutil.copytree(tiny_data, "names")
    given = ["train", "--data", "drugs", "--data", "names", "--lacks", "names:TIME", *QUICK]
    code, out, err = run(*given, "--output", "out", "--json")
    assert code == 0, err
    corpora = json.loads(out)["training"]["corpora"]
    assert [(part["name"], part["lacks"]) for part in corpora] == [
        ("drugs", ["TIME"]),
        ("drugs", []),
        ("names", ["TIME"]),
    ]
    code, _, err = run(*given, "--output", "out")  # the same training, so that it may be repeated
    assert code == 0, err


def test_the_file_of_a_project_may_be_mixed_like_its_folder(drugs, tiny_data):
    options = {"data": ["drugs/annotation.sqlite", str(tiny_data)], "train_file": None}
    mixture = parse_mixture(options)
    assert [*mixture.data] == ["drugs", tiny_data.name]
    others = {"scheme": "auto", "dev_file": None, "test_file": None}
    corpus = read_mixture(mixture, options | others, ReadOptions())
    of_project = [part for part in corpus.parts if part.name == "drugs"]
    assert sum(part.test_sentences for part in of_project) == len(tiny.MARKED[::4])


def test_a_project_has_a_learning_curve(run, drugs):
    code, out, err = run(
        *("learning-curve", "--data", "drugs", "--sizes", "10,20", "--repeats", "1"),
        *(*QUICK, "--json"),
    )
    assert code == 0, err
    curve = json.loads(out)
    assert curve["scored_on"] == "test"


def test_a_loss_that_needs_all_annotation_is_refused(run, drugs):
    loss = ["--loss", "squared-error"]
    code, _, err = run("train", "--data", "drugs", *QUICK, *loss, "--output", "out")
    assert code == 2
    assert "--lacks needs --loss softmax" in err.splitlines()[-1]


@pytest.mark.parametrize("form", [name for name in WRITABLE if name not in ("csv", "parquet")])
def test_a_project_is_converted_to_each_format(run, drugs, form):
    pytest.importorskip("spacy") if form == "docbin" else None
    output = f"out{FORMATS[form].suffix}"
    code, out, err = run("convert", "drugs", output, "--to", form, "--json")
    assert code == 0, err
    counted = json.loads(out)
    accepted = len(tiny.MARKED) + 1 + len(tiny.MARKED[::4])
    assert counted["documents"] == accepted
    assert "passages left out that are not decided yet" in err
    assert "decided before a label was added" in err
    code, out, _ = run("convert", output, "again.jsonl", "--json")
    assert code == 0
    assert json.loads(out)["spans"] == counted["spans"]


def test_what_is_labelled_in_part_is_counted(run, drugs):
    first, _ = add(drugs, "Ada met Tom. ", "Who?")
    decide(drugs, first, [(0, 3, "PER")])
    code, _, err = run("convert", "drugs", "out.jsonl")
    assert code == 0
    assert "passages read as separate records" in err
    last = (drugs.folder.parent / "out.jsonl").read_text().splitlines()[-1]
    assert json.loads(last) == {
        "text": "Ada met Tom. ",
        "entities": [{"start": 0, "end": 3, "label": "PER"}],
    }


def test_a_newer_project_is_one_line(run, drugs):
    with drugs.database.write() as connection:
        connection.execute("UPDATE meta SET value = 99 WHERE key = 'format'")
    code, _, err = run("convert", "drugs", "out.jsonl")
    assert code == 1
    assert len(err.splitlines()) == 1
    assert "update windowclf" in err
