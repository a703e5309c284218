"""``windowclf train --resume``: stopped in this process, by signals and by faults."""

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

import tiny
import windowclf
from windowclf.cli.progress import TrainingProgress
from windowclf.cli.train import _output_folder
from windowclf.errors import TrainingError
from windowclf.model.default import find_model
from windowclf.model.folder import REPORT
from windowclf.model.manifest import MANIFEST, TIMES
from windowclf.model.record import Epoch
from windowclf.training import checkpoint_file, checkpoints
from windowclf.training.loop import BatchDone

SETTINGS = tiny.QUICK | {"epochs": 3, "batch_size": 10}
GO_ON = "continue with 'windowclf train --resume out'"


@pytest.fixture
def start(tiny_data, tmp_path, monkeypatch):
    """Options of a training into out, below an empty folder, with no model yet."""
    monkeypatch.setattr(checkpoints, "EPOCH_SECONDS", 0.0)  # else its epochs are too short
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    data = ["--data", tiny_data, "--vectors", tiny_data / "vectors.vec"]
    return ["train", *data, *tiny.options(SETTINGS), "--output", "out"]


class During:
    """Does something after a batch or an epoch of a training."""

    def __init__(self, patch, act, epoch, batch=None):
        right = TrainingProgress.__call__

        def call(progress, event):
            right(progress, event)
            kind = Epoch if batch is None else BatchDone
            if isinstance(event, kind) and (event.epoch, getattr(event, "batch", None)) == (
                epoch,
                batch,
            ):
                act()

        patch.setattr(TrainingProgress, "__call__", call)


def send(number):
    return lambda: os.kill(os.getpid(), number)


def stop(run, start, patch, number=signal.SIGINT, epoch=2, batch=3):
    with patch.context() as inner:
        During(inner, send(number), epoch, batch)
        return run(*start)


def model_files(folder):
    return {
        path.name: path.read_bytes()
        for path in Path(folder).iterdir()
        if path.name not in (TIMES, REPORT)
    }


@pytest.fixture
def whole(run, start):
    """The files of the model of a training that was never stopped."""
    assert run(*start)[0] == 0
    files = model_files("out")
    shutil.rmtree("out")
    return files


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_keeps_all_and_says_how_to_go_on(run, start, monkeypatch, whole, number, code):
    found, out, err = stop(run, start, monkeypatch, number)
    assert (found, out) == (code, "")
    assert err.splitlines()[-1] == f"interrupted: the best epoch so far is in out; {GO_ON}"
    assert len(windowclf.load("out").model.record.epochs) == 1
    assert find_model() == (Path("out"), "trained in this folder", None)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    code, out, err = run("train", "--resume", "out")
    assert code == 0
    assert "dev" in out
    assert [line.split()[0] for line in err.splitlines()] == ["2", "3", "model:", "report:"]
    assert model_files("out") == whole


def test_an_ignored_signal_stays_ignored(run, start, monkeypatch):
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert stop(run, start, monkeypatch, signal.SIGTERM)[0] == 0
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_stopped_again_and_again(run, start, monkeypatch, whole):
    assert stop(run, start, monkeypatch, epoch=1, batch=1)[0] == 130
    for epoch, batch in ((1, 2), (1, None), (2, 4), (3, None)):
        assert (
            stop(run, ["train", "--resume", "out"], monkeypatch, epoch=epoch, batch=batch)[0] == 130
        )
    code, _, err = run("train", "--resume", "out", "--quiet", "--json", "--threads", "1")
    assert (code, err) == (0, "model: out\nreport: out/report.html\n")
    assert model_files("out") == whole


def test_what_was_asked_for_is_asked_again(run, tiny_data, start, monkeypatch, tmp_path):
    (tmp_path / "LOC.txt").write_text("Oslo\nParis\n")
    more = ["--gazetteer", f"LOC={tmp_path / 'LOC.txt'}", "--train-fraction", "0.8", "--compress"]
    more += ["--names", f"LOC={tmp_path / 'LOC.txt'}", "--name-augmentation", "0.5"]
    more += ["--feature", "none", "--level", "word", "--teachers", "1", "--batch-size", "5"]
    assert run(*start, *more)[0] == 0
    expected = model_files("out")
    shutil.rmtree("out")
    assert stop(run, [*start, *more], monkeypatch)[0] == 130
    code, _, err = run("train", "--resume", "out")
    assert code == 0
    assert "the network they teach" in err
    assert model_files("out") == expected


def test_a_signal_before_the_first_epoch_ends(run, start, monkeypatch, whole):
    code, _, err = stop(run, start, monkeypatch, epoch=1, batch=2)
    assert (code, err) == (130, f"interrupted: {GO_ON}\n")
    assert os.listdir("out") == ["checkpoint"]  # noqa: PTH208
    assert run("train", "--resume", "out")[0] == 0
    assert model_files("out") == whole


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_before_the_first_batch_leaves_nothing(run, start, monkeypatch, number, code):
    monkeypatch.setattr("windowclf.training.data._encode", lambda *_: send(number)())
    found, out, err = run(*start)
    assert (found, out) == (code, "")
    assert err.split()[-1] == "interrupted"
    assert not os.listdir()  # noqa: PTH208


def test_a_second_signal_stops_at_once(run, start, monkeypatch):
    def twice():
        send(signal.SIGINT)()
        send(signal.SIGINT)()
        raise AssertionError("it went on")

    with monkeypatch.context() as patch:
        During(patch, twice, 2, 3)
        code, _, err = run(*start)
    assert code == 130
    assert err.splitlines()[-1] == f"interrupted: {GO_ON}"
    assert not Path("out", MANIFEST).exists()
    assert Path("out", "checkpoint").is_dir()


def test_a_second_signal_while_the_best_is_saved(run, start, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("windowclf.model.bundle.pack_model", lambda *_, **__: send(signal.SIGINT)())
        code, _, err = stop(run, start, patch)
    assert code == 130
    assert err.splitlines()[-1] == f"interrupted: {GO_ON}"
    assert run("train", "--resume", "out")[0] == 0


@pytest.mark.parametrize("option", [["--epochs", "9"], ["--output", "x"], ["--checkpoint", "3"]])
def test_options_that_resume_does_not_use(run, option):
    code, _, err = run("train", "--resume", "out", *option)
    assert code == 2
    assert err == (
        "windowclf: error: --resume continues with the stored options of the training: leave "
        f"out {option[0]}\n"
    )


def test_nothing_to_go_on_with(run, start):
    assert run(*start)[0] == 0
    Path("file").touch()
    for folder in ("out", "nowhere", ".", "file"):
        code, _, err = run("train", "--resume", folder)
        assert code == 1
        assert err.startswith(f"windowclf: error: {folder}: no training to resume: expected")
    assert not Path("nowhere").exists()


def test_training_anew_over_a_stopped_one_is_refused(run, start, monkeypatch):
    stop(run, start, monkeypatch)
    before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    code, _, err = run(*start)
    assert code == 1
    assert err == (
        f"windowclf: error: out: contains a stopped training: {GO_ON}, or remove "
        f"{Path('out', 'checkpoint')}\n"
    )
    assert before == {path: path.read_bytes() for path in before}
    shutil.rmtree("out/checkpoint")
    assert run(*start)[0] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="trainings are not kept apart there")
def test_a_second_training_into_the_folder_is_refused(run, start):
    for resume in ([], ["--resume"]):
        with _output_folder(Path("out"), resume=False):
            if resume:
                Path("out/checkpoint").mkdir()
                Path("out/checkpoint/checkpoint.json").touch()
            code, _, err = run(*(["train", "--resume", "out"] if resume else start))
            assert code == 1
            assert err == (
                "windowclf: error: out: another training is writing there: wait for its end, or "
                "choose another --output\n"
            )
            assert Path("out").is_dir()
        shutil.rmtree("out", ignore_errors=True)
    assert run(*start)[0] == 0


def test_what_a_kill_left_is_cleared_away(run, start, whole):
    Path("out").mkdir()
    for name in (
        "parameters-0123456789ab.safetensors",
        ".parameters-0123456789ab.safetensors.part",
        ".lexicon-0123456789ab.json.gz.ab_d1234",
        f".{MANIFEST}.part",
        ".writable",
        "times.json",
    ):
        Path("out", name).touch()
    Path("out/checkpoint").mkdir()
    Path("out/checkpoint/.now-0123456789ab.safetensors.part").touch()
    assert run(*start)[0] == 0
    assert model_files("out") == whole


def test_parts_of_a_model_alone_are_not_cleared_away(run, start):
    Path("out").mkdir()
    lost = Path("out", "parameters-0123456789ab.safetensors")
    lost.write_text("the manifest is lost")
    code, _, err = run(*start)
    assert code == 1
    assert "holds files but no model" in err
    assert lost.exists()


def test_data_that_changed_is_refused(run, start, monkeypatch, tiny_data, tmp_path):
    shutil.copytree(tiny_data, tmp_path / "data")
    start = [tmp_path / "data" if part == tiny_data else part for part in start]
    stop(run, start, monkeypatch)
    before = model_files("out/checkpoint")
    for split, name in (("train", "the training text"), ("dev", "the dev text")):
        path = tmp_path / "data" / f"{split}.txt"
        text = path.read_text()
        path.write_text(text.replace("Oslo", "Bergen"))
        code, _, err = run("train", "--resume", "out")
        assert code == 1
        assert err.count("\n") == 1
        assert name in err
        assert "changed since the training began: restore what was there, or remove" in err
        path.write_text(text)
    assert model_files("out/checkpoint") == before
    assert run("train", "--resume", "out")[0] == 0


def test_a_full_disk_leaves_what_was_kept(run, start, monkeypatch, whole):
    with monkeypatch.context() as patch:

        def full(*_):
            raise OSError(28, "No space left on device", "out/checkpoint/now")

        During(patch, lambda: patch.setattr(checkpoint_file, "write_whole", full), 2, 1)
        code, _, err = run(*start)
    assert code == 1
    assert err.splitlines()[-1] == (
        "windowclf: error: out/checkpoint/now: cannot write the checkpoint: No space left on "
        f"device; then {GO_ON}"
    )
    assert run("train", "--resume", "out")[0] == 0
    assert model_files("out") == whole


def test_a_training_that_diverged_leaves_no_checkpoint(run, start, monkeypatch):
    def diverge():
        raise TrainingError("the loss is nan at epoch 2, batch 2")

    During(monkeypatch, diverge, 2, 1)
    assert run(*start)[0] == 1
    assert not Path("out/checkpoint").exists()
    assert len(windowclf.load("out").model.record.epochs) == 1


def test_a_checkpoint_that_python_wrote(run, tmp_path):
    from windowclf.training.checkpoints import Checkpoints

    checkpoints = Checkpoints(tmp_path / "out" / "checkpoint", every=0)
    classifier = windowclf.WindowClassifier(**tiny.QUICK)
    classifier.fit(tiny.sentences(), vectors="random", checkpoints=checkpoints)
    code, _, err = run("train", "--resume", tmp_path / "out")
    assert code == 1
    assert "checkpoint.json: not a checkpoint of 'windowclf train'" in err
