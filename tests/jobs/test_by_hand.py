"""A scheduler and workers that an operator started, each a process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from clusters import contents, started, wait_until, write_partitions
from command_lines import without_model
from windowclf.cli import main
from windowclf.system.dask import connect


@contextmanager
def dask(*arguments):
    """Run ``dask scheduler`` or ``dask worker``; give its process and its address."""
    program = [sys.executable, "-m", "dask", *map(str, arguments)]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as process:
        try:
            lines = iter(process.stderr.readline, "")
            yield (
                process,
                next(x[1] for line in lines if (x := re.search(r"at: +(tcp://\S+)", line))),
            )
        finally:
            process.kill()


def scheduler():
    return dask("scheduler", "--host", "127.0.0.1", "--port", 0, "--dashboard-address", ":0")


def worker(address, *options):
    options = ["--host", "127.0.0.1", "--no-dashboard", "--nthreads", 1, *options]
    return dask("worker", address, *options)


@pytest.fixture(scope="module")
def cluster():
    """The processes of a cluster, and its address."""
    with scheduler() as (first, address), worker(address) as (a, _), worker(address) as (b, _):
        with connect(address) as client:
            client.wait_for_workers(2, timeout=60)
        yield [first, a, b], address


@pytest.fixture
def run(model_folder, tmp_path, capfd):
    """Return a function that runs a job, and returns its exit code, stdout and stderr."""
    pattern = write_partitions(tmp_path / "in", 6, 40)

    def run(*arguments, model=model_folder, output="out"):
        names = ["--input", pattern, "--output", str(tmp_path / output), "--model", str(model)]
        capfd.readouterr()
        code = main(["tag", *names, *arguments])
        out, err = capfd.readouterr()
        return code, out, without_model(err)

    return run


@pytest.mark.processes
def test_it_serves_one_job_after_another(cluster, run, other, tmp_path):
    processes, address = cluster
    other.save(tmp_path / "other")
    for output, model in (("a", {}), ("b", {"model": tmp_path / "other"})):
        assert run("--engine", "local", output=f"{output}-here", **model)[0] == 0
        code, out, err = run("--engine", "dask", "--scheduler", address, output=output, **model)
        assert (code, out) == (0, "")
        assert re.fullmatch(
            r"dashboard: http://127\.0\.0\.1:\d+/status\n"
            r"6 partitions, 240 rows, [\d,]+ tokens in \d+\.\d s: [\d,]+ tokens/s\n",
            err,
        )
        assert contents(tmp_path / output) == contents(tmp_path / f"{output}-here")
    assert contents(tmp_path / "a") != contents(tmp_path / "b")
    assert [process.poll() for process in processes] == [None] * 3
    with connect(address) as client:
        assert len(client.run(os.getpid)) == 2
        for plugins in client.run(lambda dask_worker: [*dask_worker.plugins]).values():
            assert not any(name.startswith("windowclf") for name in plugins)


def test_another_version(run, monkeypatch, tmp_path):
    monkeypatch.setattr("windowclf.system.dask.version", lambda name: "99.0")
    with scheduler() as (_, address):
        code, out, err = run("--engine", "dask", "--scheduler", address)
    assert (code, out) == (1, "")
    assert re.fullmatch(
        r"windowclf: error: the scheduler of the cluster has windowclf \S+; "
        r"expected 99\.0, as here: install the same on all\n",
        err,
    )
    assert not (tmp_path / "out").exists()


def test_no_scheduler_there(run, monkeypatch, tmp_path):
    monkeypatch.setattr("windowclf.system.dask._ANSWER_SECONDS", 0.5)
    code, out, err = run("--engine", "dask", "--scheduler", "tcp://127.0.0.1:1")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("windowclf: error: tcp://127.0.0.1:1: no Dask scheduler answers (")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_workers_that_come_late_and_a_scheduler_that_dies(model_folder, tmp_path):
    pattern = write_partitions(tmp_path / "in", 40, 3000)
    out = tmp_path / "out"
    job = ["--engine", "dask", "--model", model_folder, "--input", pattern, "--output", out]
    with scheduler() as (first, address), started(*job, "--scheduler", address) as process:
        try:
            assert process.stderr.readline().startswith("dashboard: ")
            waiting = "the cluster has no workers yet: waiting for the first\n"
            assert process.stderr.readline() == waiting
            with worker(address):
                wait_until(lambda: [*out.glob("*.parquet")])
                with worker(address), connect(address) as client:
                    wait_until(lambda: sum(map(bool, client.processing().values())) == 2)
                    first.send_signal(signal.SIGKILL)
                    begun = time.monotonic()
                    rest = process.communicate(timeout=40)
                    assert time.monotonic() - begun < 20
        finally:
            process.kill()
    assert rest == (
        "",
        "windowclf: error: the scheduler of the cluster is lost: start it again; "
        "what is done stays\n",
    )
    assert process.returncode == 1
    assert 0 < len([*out.glob("*.parquet")]) < 40
