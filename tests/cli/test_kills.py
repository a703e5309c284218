"""Trainings killed with SIGKILL at random moments, and resumed each time."""

import multiprocessing
import os
import random
import signal
import time

import pytest

import tiny
import windowclf
from windowclf.cli import main
from windowclf.model.folder import REPORT
from windowclf.model.manifest import MANIFEST, TIMES

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        "forkserver" not in multiprocessing.get_all_start_methods(), reason="nothing forks here"
    ),
]

BESIDE = (TIMES, REPORT)
SETTINGS = tiny.SETTINGS | {"dropout": 0.1, "hidden_dropout": 0.1, "epochs": 4}


@pytest.fixture(scope="module")
def child():
    """Return a function that runs a command in a process of its own, which starts at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            *("gensim.models", "windowclf.classifier", "windowclf.cli.train"),
            *("windowclf.corpora.sources", "windowclf.training.fit", "test_kills"),
        ]
    )

    def child(*arguments):
        process = context.Process(target=command, args=(list(map(str, arguments)),), daemon=True)
        process.start()
        return process

    return child


def command(arguments):
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    os._exit(main(arguments))


def exit_code(process):
    process.join()
    return process.exitcode


def killed_after(process, seconds):
    """Kill a process after this many seconds; return whether it had ended before, with code 0."""
    process.join(seconds)
    process.kill()
    assert exit_code(process) in (0, -signal.SIGKILL)
    return process.exitcode == 0


def model_files(folder):
    return {
        p.name: p.read_bytes() for p in folder.iterdir() if p.is_file() and p.name not in BESIDE
    }


@pytest.fixture
def start(tiny_data):
    vectors = ["--vectors", tiny_data / "vectors.vec"]
    data = ["--data", tiny_data, *vectors, "--threads", "1", "--checkpoint", "0"]
    return ["train", *data, *tiny.options(SETTINGS), "--output"]


def whole_or_none(folder):
    """Load the model of a folder if there is one; it must be whole."""
    if (folder / MANIFEST).exists():
        assert windowclf.load(folder).predict([["Paris"]])


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_a_training_that_is_killed_ends_as_one_that_is_not(kills, start, child, tmp_path):
    assert exit_code(child("train", "--help")) == 0  # so that the first is not the slowest
    began = time.monotonic()
    assert exit_code(child(*start, tmp_path / "whole")) == 0
    seconds = time.monotonic() - began
    expected = model_files(tmp_path / "whole")
    rng = random.Random(kills)
    done = trainings = 0
    while done < kills:
        folder = tmp_path / str(trainings)
        trainings += 1
        ended = False
        while not ended:
            checkpoint = folder / "checkpoint" / "checkpoint.json"
            command = ["train", "--resume", folder] if checkpoint.exists() else [*start, folder]
            process = child(*command)
            if done < kills:
                ended = killed_after(process, rng.uniform(0, 0.6 * seconds))
                done += not ended
            else:
                assert exit_code(process) == 0
                ended = True
            whole_or_none(folder)
        assert model_files(folder) == expected
        left = {path.name for path in folder.iterdir()}
        assert left - {REPORT} == {*expected, TIMES}  # a kill may come before the report


def test_the_same_bytes_in_two_processes_at_once(start, child, tmp_path):
    children = [child(*start, tmp_path / name) for name in ("a", "b")]
    assert [exit_code(number) for number in children] == [0, 0]
    assert model_files(tmp_path / "a") == model_files(tmp_path / "b")
    assert len(model_files(tmp_path / "a")) == 4


def test_a_second_process_is_kept_out_and_a_killed_one_is_not_waited_for(
    start, child, tmp_path, run
):
    folder = tmp_path / "out"
    first = child(*start, folder, "--epochs", "1000")
    checkpoint = folder / "checkpoint" / "checkpoint.json"
    while not checkpoint.exists():
        assert first.is_alive()
        time.sleep(0.01)
    code, _, err = run("train", "--resume", folder)
    assert code == 1
    assert "another training is writing there" in err
    assert not killed_after(first, 0)
    before = checkpoint.read_bytes()
    resumed = child("train", "--resume", folder)
    while checkpoint.read_bytes() == before:
        assert resumed.is_alive()
        time.sleep(0.01)
    resumed.terminate()
    assert exit_code(resumed) == 128 + signal.SIGTERM
    assert checkpoint.exists()
