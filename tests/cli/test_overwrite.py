"""``windowclf train`` writes over the model of another training only with --overwrite."""

import os
import shutil
import signal
from pathlib import Path

import pytest

import tiny
import windowclf
from windowclf.cli.progress import TrainingProgress
from windowclf.model.folder import REPORT
from windowclf.model.manifest import MANIFEST, TIMES
from windowclf.training.loop import BatchDone

SETTINGS = tiny.QUICK | {"feature": "shape", "batch_size": 20}


@pytest.fixture
def start(tiny_data, tmp_path, monkeypatch):
    """Options of a training; the user is in an empty folder, with a copy of the data in it."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    shutil.copytree(tiny_data, "data")
    Path("LOC.txt").write_text("Oslo\nParis\n")
    Path("more.txt").write_text("Oslo\nParis\nRome\n")
    lists = ["--gazetteer", "LOC=LOC.txt"]
    quick = ["--vectors", "random", *tiny.options(SETTINGS), "--quiet"]
    return ["train", "--data", "data", *lists, *quick]


def contents(folder):
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def without_times(folder):
    return {k: v for k, v in contents(folder).items() if k.name not in (TIMES, REPORT)}


def assert_refused(found, folder, reason):
    assert found == (
        1,
        "",
        f"windowclf: error: {folder}: contains the finished model of another training ({reason}): "
        "choose another --output, or add --overwrite\n",
    )


def test_the_same_training_may_be_repeated(run, start):
    assert run(*start, "--output", "out")[0] == 0
    before = without_times("out")
    code, _, err = run(*start, "--output", "out", "--threads", "1", "--checkpoint", "0")
    assert (code, err) == (0, "model: out\nreport: out/report.html\n")
    assert without_times("out") == before


def test_the_default_folder_too(run, start):
    assert run(*start)[0] == 0
    assert run(*start)[0] == 0
    before = contents("models")
    assert_refused(run(*start, "--epochs", "2"), "models/data", "different --epochs")
    assert contents("models") == before


@pytest.fixture
def trained(run, start):
    assert run(*start, "--output", "out")[0] == 0
    return [*start, "--output", "out"]


OTHERS = [
    (["--seed", "2"], "--seed"),
    (["--hidden", "3", "--repeats", "--no-sentence-mean"], "--sentence-mean, --hidden"),
    (["--vectors", "data/vectors.vec"], "--vectors"),
    (["--data", "more=data"], "--data"),
    (["--weight", "data=2", "--lacks", "data:X"], "--data, --weight, --lacks"),
    (["--gazetteer", "PER=LOC.txt"], "--gazetteer"),
]


def test_another_training_is_refused_before_any_work(run, trained, monkeypatch):
    monkeypatch.setattr("windowclf.corpora.sources.load_corpus", None)
    before = contents("out")
    for options, differing in OTHERS:
        assert_refused(run(*trained, *options), "out", f"different {differing}")
    without_lists = [part for part in trained if part not in ("--gazetteer", "LOC=LOC.txt")]
    assert_refused(run(*without_lists), "out", "different --gazetteer")
    changed = ["LOC=more.txt" if part == "LOC=LOC.txt" else part for part in trained]
    assert_refused(run(*changed), "out", "different --gazetteer")
    by_file = ["--train", "data/train.txt", *trained[3:]]
    assert_refused(run("train", *by_file), "out", "different --data")
    assert contents("out") == before


def test_overwrite(run, trained):
    assert run(*trained, "--seed", "2", "--overwrite")[0] == 0
    assert windowclf.load("out").config.seed == 2
    assert_refused(run(*trained), "out", "different --seed")


@pytest.mark.parametrize("name", [MANIFEST, "parameters-*", "training-*"])
def test_a_model_that_cannot_be_read(run, trained, name):
    [path] = Path("out").glob(name)
    path.write_bytes(path.read_bytes()[:-9])
    before = contents("out")
    assert_refused(run(*trained), "out", "it cannot be read")
    assert contents("out") == before
    assert run(*trained, "--overwrite")[0] == 0
    assert windowclf.load("out").tag("Oslo")


def test_a_model_that_python_saved(run, trained, classifier):
    shutil.rmtree("out")
    classifier.save("out")
    code, _, err = run(*trained)
    assert code == 1
    assert "another training (different --data, --" in err


def test_to_resume_needs_no_flag(run, trained, monkeypatch):
    """The training was allowed to write over the model when it began."""
    other = [*trained, "--seed", "2", "--epochs", "2", "--overwrite"]
    assert run(*[part if part != "out" else "whole" for part in other])[0] == 0
    before = contents("out")
    right = TrainingProgress.__call__

    def stop(progress, event):
        right(progress, event)
        if isinstance(event, BatchDone) and (event.epoch, event.batch) == (1, 1):
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingProgress, "__call__", stop)
        assert run(*other)[0] == 130
    assert before.items() <= contents("out").items()  # no epoch was done
    code, _, err = run(*trained, "--overwrite")
    assert code == 1
    assert "out: contains a stopped training" in err
    assert run("train", "--resume", "out", "--quiet")[0] == 0
    assert [*without_times("out").values()] == [*without_times("whole").values()]
