"""``windowclf tune --engine dask``, as a user starts and stops it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from unittest.mock import MagicMock, Mock

import psutil
import pytest

import tiny
import windowclf
from clusters import alive, workers_of
from windowclf.cli.engines import cluster

SEARCH = ["--search", "rate=0.0005:0.05:log", "--search", "hidden=2,4"]
FIXED = {k: v for k, v in tiny.QUICK.items() if k not in ("rate", "hidden")} | {"epochs": 3}
LINE = r"trial +(\d+)  F1 +([\d.]+)  rate=[\d.e-]+ hidden=[24](  pruned)?"


@pytest.fixture
def options(tiny_data, tmp_path):
    """The options of a search on any engine."""
    data = ["--data", tiny_data, "--vectors", "random"]
    return [*data, *tiny.options(FIXED), *SEARCH, "--output", tmp_path / "tuned"]


def serial(*arguments):
    return ["tune", "--threads", 1, *arguments]


def words(*arguments):
    return [sys.executable, "-m", "windowclf", "tune", *map(str, arguments)]


@pytest.fixture
def started():
    """Return a function that starts the command in a session of its own, as a terminal does."""
    processes = []

    def start(*arguments):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(words(*arguments), start_new_session=True, **pipes)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def wait_for_trial(process, number):
    for line in process.stderr:
        if line.startswith(f"trial {number:3d} "):
            return
    pytest.fail("the search ended before")


@pytest.mark.processes
def test_on_a_cluster_of_its_own(options, tmp_path, tiny_data):
    given = ["--engine", "dask", "--threads", 1, "--trials", 4, "--no-prune"]
    ran = subprocess.run(words(*options, *given), capture_output=True, text=True, timeout=100)
    folder = tmp_path / "tuned"
    assert ran.returncode == 0
    dashboard, *lines, model, page = ran.stderr.splitlines()
    assert re.fullmatch(r"dashboard: http://127\.0\.0\.1:\d+/status", dashboard)
    found = [re.fullmatch(LINE, line) for line in lines]
    assert [match[1] for match in found] == ["1", "2", "3", "4"]
    assert (model, page) == (f"model: {folder / 'best'}", f"page: {folder / 'tuning.html'}")
    out = ran.stdout.splitlines()
    assert out[0].strip() == "the best of 4 trials"
    best = max(float(match[2]) for match in found)
    assert out[-1].startswith(f"best: F1 {best:.2f} with rate=")
    classifier = windowclf.load(folder / "best")
    dev = windowclf.load_corpus(tiny_data).splits["dev"]
    assert 100 * classifier.evaluate(dev).total.f1 == pytest.approx(best, abs=0.006)
    assert sorted(p.name for p in folder.iterdir()) == ["best", "study.db", "tuning.html"]
    assert "4 of 4 trials are done" in (folder / "tuning.html").read_text("utf-8")


@pytest.mark.parametrize(("threads", "trials", "workers"), [(3, 9, 3), (3, 2, 2), (1, 9, 1)])
def test_as_many_workers_as_have_work(monkeypatch, threads, trials, workers):
    client = Mock(dashboard_link="http://here")
    client.nthreads.return_value = {}
    connect = MagicMock()
    connect.return_value.__enter__.return_value = client
    monkeypatch.setattr("windowclf.system.dask.connect", connect)
    notes = []
    with cluster(None, threads, trials, notes.append) as connected:
        assert connected is client
    connect.assert_called_once_with(None, workers)
    waiting = "the cluster has no workers yet: waiting for the first"
    assert notes == ["dashboard: http://here", waiting]


@pytest.mark.slow
def test_a_kill_and_another_engine(started, run, options, tmp_path):
    folder = tmp_path / "tuned"
    process = started(*options, "--engine", "dask", "--threads", 2, "--trials", 200)
    wait_for_trial(process, 2)
    workers = workers_of(process.pid)
    assert len(workers) == 2
    process.kill()
    process.communicate()
    psutil.wait_procs(workers, timeout=20)
    assert not alive(workers)
    found = json.loads(run(*serial(*options), "--trials", 2, "--json")[1])
    done = len(found["trials"])
    assert 2 <= done < 20
    code, out, _ = run(*serial(*options), "--trials", done + 1, "--json")
    further = json.loads(out)
    assert (code, len(further["trials"])) == (0, done + 1)
    assert further["trials"][:done] == found["trials"]
    assert windowclf.load(folder / "best").config.rate == further["best"]["settings"]["rate"]
    again = run("tune", "--resume", folder, "--engine", "dask", "--threads", 2, "--json")
    assert (again[0], json.loads(again[1])) == (0, further)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143)],
)
def test_a_signal_keeps_what_is_done(started, run, options, tmp_path, number, code):
    process = started(*options, "--engine", "dask", "--threads", 2, "--trials", 500)
    wait_for_trial(process, 2)
    workers = workers_of(process.pid)
    os.killpg(process.pid, number)
    begun = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - begun < 10
    assert (process.returncode, out) == (code, ""), err
    *lines, said = err.splitlines()
    assert all(re.fullmatch(LINE, line) for line in lines)
    folder = tmp_path / "tuned"
    done = int(re.match(r"interrupted: (\d+) of 500 trials done; ", said)[1])
    assert said.endswith(f"continue with 'windowclf tune --resume {folder}'")
    assert f"{done} of 500 trials are done" in (folder / "tuning.html").read_text("utf-8")
    assert not alive(workers)
    found = json.loads(run(*serial(*options), "--trials", done, "--json")[1])
    assert len(found["trials"]) == done


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--scheduler", "tcp://127.0.0.1:1"], 2, "--scheduler needs --engine dask"),
        (
            ["--engine", "dask", "--scheduler", "tcp://127.0.0.1:1", "--threads", "2"],
            2,
            "--threads: leave it out; the cluster at --scheduler has its own workers",
        ),
        (["--engine", "spark"], 2, "'spark' is not one of 'local', 'dask'"),
        (
            ["--engine", "dask", "--scheduler", "tcp://127.0.0.1:1"],
            1,
            "tcp://127.0.0.1:1: no Dask scheduler answers",
        ),
        (["--resume", "t", "--engine", "dask", "--vectors", "random"], 2, "leave out --vectors"),
        (["--resume", "t", "--engine", "dask"], 1, "t: no search to resume"),
    ],
)
def test_bad_input(run, monkeypatch, tmp_path, options, code, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("windowclf.system.dask._ANSWER_SECONDS", 1)
    where = [] if "--resume" in options else ["--output", "t"]
    found, out, err = run("tune", *options, *where)
    assert (found, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "t").exists()


def test_without_dask(tmp_path):
    (tmp_path / "distributed.py").write_text("raise ImportError")
    ran = subprocess.run(
        words("--engine", "dask", "--output", tmp_path / "t"),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        "windowclf: error: --engine dask needs an optional package: pip install 'windowclf[dask]'\n"
    )
    assert not (tmp_path / "t").exists()


@contextmanager
def dask(*arguments):
    """Run a part of a cluster as an operator does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def scheduler(tmp_path):
    """A scheduler by itself, and its address."""
    file = tmp_path / "scheduler.json"
    given = ["--host", "127.0.0.1", "--port", 0, "--no-dashboard", "--scheduler-file", file]
    with dask("scheduler", *given) as process:
        while not file.exists() or not file.read_text():
            time.sleep(0.1)
        yield process, json.loads(file.read_text())["address"]


@pytest.mark.slow
def test_a_cluster_that_runs(started, options, scheduler, tmp_path):
    _, address = scheduler
    command = [*options, "--engine", "dask", "--scheduler", address, "--no-prune"]
    process = started(*command, "--epochs", 40, "--patience", 40, "--trials", 8, "--json")
    assert process.stderr.readline().startswith("dashboard: http://127.0.0.1:")
    assert process.stderr.readline() == "the cluster has no workers yet: waiting for the first\n"
    worker = ["worker", address, "--no-nanny", "--no-dashboard", "--nthreads"]
    with dask(*worker, 1):
        wait_for_trial(process, 1)
        with dask(*worker, 1) as second:  # joins later
            wait_for_trial(process, 3)
            second.kill()
            with dask(*worker, 2):
                out, err = process.communicate(timeout=100)
    assert process.returncode == 0
    assert len(err.splitlines()) == 5 + 2, err
    trials = json.loads(out)["trials"]
    assert [trial["state"] for trial in trials] == ["done"] * 8
    assert [len(trial["epochs"]) for trial in trials] == [40] * 8


@pytest.mark.slow
def test_a_scheduler_that_is_lost(started, run, options, scheduler, tmp_path):
    process, address = scheduler
    with dask("worker", address, "--no-nanny", "--no-dashboard", "--nthreads", 1):
        command = started(*options, "--engine", "dask", "--scheduler", address, "--trials", 200)
        wait_for_trial(command, 2)
        process.kill()
        out, err = command.communicate(timeout=60)
    assert (command.returncode, out) == (1, "")
    said = err.splitlines()[-1]
    assert said == (
        "windowclf: error: the scheduler of the cluster is lost: start it again; "
        "finished work is kept"
    )
    found = json.loads(run(*serial(*options), "--trials", 2, "--json")[1])
    assert 2 <= len(found["trials"]) < 50
