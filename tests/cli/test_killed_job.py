"""Jobs and their workers that are killed, and jobs that go on."""

import os
import re
import signal
import socket
import time

import pytest

from clusters import alive, contents, started, wait_until, workers_of, write_partitions
from command_lines import without_model
from windowclf.cli import main

pytestmark = pytest.mark.processes

NOISE = re.compile(r"Traceback|distributed|Exception|Warning|\d - ")


@pytest.fixture(scope="module")
def given(model_folder, tmp_path_factory):
    """The options of a job of some seconds, and what an undisturbed one makes."""
    folder = tmp_path_factory.mktemp("job")
    pattern = write_partitions(folder / "in", 12, 3000)
    options = ["--model", str(model_folder), "--input", pattern, "--processes", "2"]
    output = ["--engine", "local", "--output", str(folder / "out")]
    assert main(["tag", *options, *output]) == 0
    return options, contents(folder / "out")


@pytest.fixture
def job(given, tmp_path):
    """Return a function that starts the job, and ends it at the end of the test."""
    processes = []

    def job(engine):
        processes.append(started(*given[0], "--engine", engine, "--output", tmp_path / "out"))
        return processes[-1]

    yield job
    for process in processes:
        process.kill()
        process.communicate()


def done(folder):
    """Return the finished partitions, with what shows whether they were touched."""
    stats = {path: path.stat() for path in (folder / "out").glob("[!.]*.parquet")}
    return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in stats.items()}


def ended(process, seconds=120):
    out, err = process.communicate(timeout=seconds)
    assert out == ""
    assert not NOISE.search(err), err
    return process.returncode, without_model(err)


def test_workers_that_are_killed(job, given, tmp_path):
    process = job("dask")
    for _ in range(2):
        finished = len(done(tmp_path))
        wait_until(lambda finished=finished: len(done(tmp_path)) > finished)
        worker = wait_until(lambda: workers_of(process.pid))[-1]
        worker.kill()
        wait_until(lambda worker=worker: not alive([worker]))
    assert len(done(tmp_path)) < 12
    code, err = ended(process)
    assert code == 0
    assert re.fullmatch(r"dashboard: \S+\n12 partitions, 36,000 rows, .* tokens/s\n", err)
    assert contents(tmp_path / "out") == given[1]


@pytest.mark.parametrize("engine", ["local", "dask"])
def test_a_job_that_is_killed_goes_on(job, given, tmp_path, engine):
    process = job(engine)
    wait_until(lambda: len(done(tmp_path)) > 1)
    workers = workers_of(process.pid)
    assert len(workers) == (2 if engine == "dask" else 0)
    process.kill()
    assert ended(process, 20)[0] == -signal.SIGKILL
    wait_until(lambda: not alive(workers), 10)
    before = done(tmp_path)
    assert 1 < len(before) < 12
    process = job("local")
    code, err = ended(process)
    assert code == 0
    assert err.startswith(f"{len(before)} of 12 partitions done before\n")
    assert {path: state for path, state in done(tmp_path).items() if path in before} == before
    assert contents(tmp_path / "out") == given[1]


@pytest.mark.parametrize("engine", ["local", "dask"])
@pytest.mark.parametrize(
    ("number", "to_all"),
    [
        (signal.SIGINT, True),  # as a terminal does
        (signal.SIGTERM, False),  # as kill does
        pytest.param(signal.SIGINT, False, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, True, marks=pytest.mark.slow),
    ],
)
def test_a_job_that_is_stopped(job, given, tmp_path, engine, number, to_all):
    process = job(engine)
    wait_until(lambda: done(tmp_path))
    workers = workers_of(process.pid)
    (os.killpg if to_all else os.kill)(process.pid, number)
    code, err = ended(process, 10)
    assert code == 128 + number
    assert re.fullmatch(
        r"(dashboard: \S+\n)?interrupted: \d+ of 12 partitions done; "
        r"run the same command to continue\n",
        err,
    )
    assert alive(workers) == []


@pytest.mark.parametrize(
    "seconds",
    [0, 0.6, *(pytest.param(tenths / 10, marks=pytest.mark.slow) for tenths in range(1, 21))],
)
def test_a_cluster_that_is_stopped_while_it_starts(job, tmp_path, seconds):
    process = job("dask")
    wait_until((tmp_path / "out" / "_job.json").exists)
    time.sleep(seconds)
    workers = workers_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    code, err = ended(process, 10)
    assert code == 130
    assert err.count("interrupted: ") == 1
    wait_until(lambda: not alive(workers), 5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_job_that_is_stopped_before_its_scheduler_answers(given, tmp_path, number):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        options = ["--model", given[0][1], "--input", given[0][3], "--scheduler", address]
        process = started(*options, "--engine", "dask", "--output", tmp_path / "out")
        mute.settimeout(60)
        with mute.accept()[0]:
            process.send_signal(number)
            code, err = ended(process, 10)
    assert (code, err) == (128 + number, "interrupted; run the same command to continue\n")
    assert not (tmp_path / "out").exists()
