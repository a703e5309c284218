"""The report beside a model: that of this model, or none."""

import json
import os
import signal
from pathlib import Path

import pytest

import tiny
import windowclf
from windowclf.cli.progress import TrainingProgress
from windowclf.errors import ModelError, TrainingError
from windowclf.model.folder import REPORT, check_output, remove_left
from windowclf.model.manifest import MANIFEST
from windowclf.model.record import Epoch
from windowclf.tagging.tagger import Tagger

STALE = "of an earlier model"


@pytest.fixture
def _no_figures():
    """The figures are drawn, here alone."""


@pytest.fixture
def quick(tiny_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return [
        "train",
        "--data",
        tiny_data,
        "--output",
        "out",
        "--overwrite",
        "--vectors",
        "random",
        *tiny.options(tiny.QUICK),
    ]


@pytest.fixture
def stale(quick, folder):
    """A model in out, with a report that is to go."""
    folder.rename("out")
    (Path("out") / REPORT).write_text(STALE)
    return Path("out") / REPORT


def at_second_epoch(monkeypatch, act):
    def call(_, event):
        if isinstance(event, Epoch) and event.epoch == 2:
            act()

    monkeypatch.setattr(TrainingProgress, "__call__", call)


def test_a_report_of_the_new_model(run, quick, stale):
    code, out, err = run(*quick, "--json")
    assert code == 0
    assert err.splitlines()[-2:] == ["model: out", f"report: {stale}"]
    page = stale.read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "Training report: out" in page
    assert f"F1 is {100 * json.loads(out)['dev']['f1']:.2f} %" in page
    assert "Furthest moved" in page


def test_the_dev_text_is_tagged_once_for_table_and_report(run, quick, monkeypatch):
    tagged = []
    tag = Tagger.tag
    monkeypatch.setattr(Tagger, "tag", lambda self, chunks: tagged.append(0) or tag(self, chunks))
    counts = []
    at_second_epoch(monkeypatch, lambda: counts.append(len(tagged)))
    assert run(*quick, "--epochs", "2")[0] == 0
    # After the last epoch: calibration, the dev text, the test text.
    assert len(tagged) - counts[0] == 3


def test_no_report_of_a_training_that_was_interrupted_until_it_goes_on(
    run, quick, stale, monkeypatch
):
    with monkeypatch.context() as patch:
        at_second_epoch(patch, lambda: os.kill(os.getpid(), signal.SIGTERM))
        code, _, err = run(*quick, "--epochs", "4")
    assert code == 143
    assert "the best epoch so far is in out" in err
    assert not stale.exists()
    assert run("train", "--resume", "out")[0] == 0
    assert "Of 4 epochs" in stale.read_text("utf-8")
    assert "Furthest moved" in stale.read_text("utf-8")


def test_no_report_of_a_training_that_diverges(run, quick, stale, monkeypatch):
    def diverge():
        raise TrainingError("the loss is nan")

    at_second_epoch(monkeypatch, diverge)
    assert run(*quick, "--epochs", "4")[0] == 1
    assert not stale.exists()


def test_a_report_that_cannot_be_written_is_told_and_no_more(run, quick, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("windowclf.reports.html.training.write_whole", full)
    code, out, err = run(*quick)
    assert code == 0
    assert "all" in out
    assert err.splitlines()[-1] == (
        f"no report: out/{REPORT}: cannot write the report: No space left on device"
    )
    assert windowclf.load("out").predict([["Oslo"]])


def test_saving_another_model_removes_the_report(stale, other):
    other.save("out")
    assert not list(Path("out").glob("*report*")) + list(Path("out").glob(".*"))


def test_saving_the_same_model_leaves_it(stale, classifier):
    classifier.save("out")
    assert stale.read_text() == STALE


def test_a_model_that_cannot_be_saved_leaves_it(stale, other, monkeypatch):
    def full(path, _):
        if path.name == MANIFEST:
            raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("windowclf.model.bundle.write_whole", full)
    with pytest.raises(ModelError, match="No space left"):
        other.save("out")
    assert stale.read_text() == STALE
    assert not list(Path("out").glob(".*"))


def test_the_folder_does_not_mind_it(stale, classifier):
    (Path("out") / f".{REPORT}.part").write_text("left by a kill")
    check_output(Path("out"))
    remove_left(Path("out"))
    assert stale.exists()
    assert not list(Path("out").glob(".*"))
    assert windowclf.load("out").to_bytes() == classifier.to_bytes()
