"""Copies of this process that share out tasks."""

import gc
import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from threadpoolctl import threadpool_info

from windowclf.errors import DataError
from windowclf.system.processes import ForkedWorkers, LostWorker, Worker, can_fork, wait_for_any

pytestmark = pytest.mark.skipif(not can_fork(), reason="nothing is copied here")
LARGE = 1 << 22  # bytes: far more than a socket holds


@contextmanager
def working(function, **options):
    worker = Worker(function, **options)
    try:
        yield worker
    finally:
        worker.end()


def test_a_worker_answers_in_order_and_elsewhere():
    with working(lambda item: (item, os.getpid())) as worker:
        for item in range(5):
            worker.send(item)
        assert [worker.receive() for _ in range(5)] == [(item, worker.process) for item in range(5)]
        assert worker.process != os.getpid()
        assert not worker.pending
    assert not psutil.pid_exists(worker.process)


def test_neither_side_waits_for_ever_for_the_other_to_read():
    with working(lambda item: item[::-1]) as worker:
        items = [bytes([number]) * LARGE + b"!" for number in range(6)]
        for item in items:
            worker.send(item)
        assert [worker.receive() for _ in items] == [item[::-1] for item in items]


def test_a_worker_survives_what_its_function_raises():
    def halve(number):
        if number % 2:
            raise DataError(f"{number} is odd")
        return number // 2

    with working(halve) as worker:
        for number in (4, 5, 6):
            worker.send(number)
        assert worker.receive() == 2
        with pytest.raises(DataError, match="5 is odd"):
            worker.receive()
        assert worker.receive() == 3


@pytest.mark.parametrize("error", [KeyError("k"), MemoryError(), SystemExit(3)])
def test_an_error_keeps_its_type(error):
    def fail(_):
        raise error

    with working(fail) as worker:
        worker.send(None)
        with pytest.raises(type(error)) as raised:
            worker.receive()
        assert "in fail" in raised.value.__notes__[0]


def ask_on(worker, asked):
    while True:
        getattr(worker, asked)(*[2] * (asked == "send"))


@pytest.mark.parametrize("asked", ["send", "receive", "look"])
def test_a_worker_that_is_killed(asked):
    with working(lambda item: item) as worker:
        worker.send(1)
        while not worker.look():
            time.sleep(0.01)
        os.kill(worker.process, signal.SIGKILL)
        assert worker.receive() == 1  # it was done
        for _ in range(2):
            with pytest.raises(LostWorker, match="was ended by SIGKILL"):
                ask_on(worker, asked)


def test_one_waits_for_those_that_are_left():
    with working(lambda item: item) as lost, working(lambda item: item) as left:
        lost.send(1)
        while not lost.look():
            time.sleep(0.01)
        os.kill(lost.process, signal.SIGKILL)
        while lost.fileno() >= 0:
            lost.look()
        left.send(2)
        assert wait_for_any([lost, left]) == [left]


def test_look_counts_what_has_come():
    with working(lambda item: item) as worker:
        assert worker.look() == 0
        for item in range(3):
            worker.send(item)
        while worker.look() < 3:
            time.sleep(0.01)
        assert worker.pending == 0
        assert worker.receive() == 0
        assert worker.look() == 2


def test_a_worker_holds_nothing_open_but_what_it_needs(tmp_path):
    with (
        working(lambda item: item) as first,
        (tmp_path / "kept").open("wb") as kept,
        (tmp_path / "file").open("wb"),
    ):
        with working(lambda item: item, keep={kept.fileno()}) as second:
            second.send(None)
            second.receive()
            links = Path(f"/proc/{second.process}/fd").iterdir()
            found = sorted({str(link.readlink()) for link in links} - {os.devnull})
        assert found[0] == kept.name
        assert len(found) == 2
        assert found[1].startswith("socket:")  # its own
        first.send("still there")
        assert first.receive() == "still there"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_leaves_signals_to_this_process(number):
    with working(lambda item: item) as worker:
        os.kill(worker.process, number)
        worker.send(1)
        assert worker.receive() == 1


def test_a_worker_has_one_thread_of_linear_algebra():
    def threads(_):
        return {info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"}

    with working(threads) as worker:
        worker.send(None)
        assert worker.receive() <= {1}


def test_a_worker_makes_no_worker():
    with working(lambda _: can_fork()) as worker:
        worker.send(None)
        assert worker.receive() is False


def test_what_the_collector_would_take_away_stays_in_a_worker(tmp_path):
    """An output that is thrown away removes its temporary file, here and not in a copy."""
    gc.collect()
    gc.disable()
    try:
        path = tmp_path / "file"
        path.touch()

        def output():
            try:
                yield
            finally:
                path.unlink()

        thrown_away = [output()]
        next(thrown_away[0])
        thrown_away.append(thrown_away)
        del thrown_away
        with working(lambda _: gc.collect() and None) as worker:
            worker.send(None)
            worker.receive()
        assert path.exists()
    finally:
        gc.enable()
        gc.collect()
    assert not path.exists()


def results(function, tasks, workers=2):
    with ForkedWorkers(function, tasks) as pool:
        pool.start(workers)
        return dict(pool.results())


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_each_task_is_done_once_and_elsewhere(workers):
    found = results(lambda task: (task * task, os.getpid()), 5, workers)
    assert {task: square for task, (square, _) in found.items()} == {i: i * i for i in range(5)}
    processes = {process for _, process in found.values()}
    assert os.getpid() not in processes
    assert 1 <= len(processes) <= workers
    assert not any(map(psutil.pid_exists, processes))


def test_one_that_starts_later_takes_what_is_left():
    with ForkedWorkers(lambda task: os.getpid(), 3) as pool:
        pool.start(0)
        pool.start(1)
        assert len(set(dict(pool.results()).values())) == 1


def test_an_error_of_a_task_is_raised_here():
    def fail(task):
        raise DataError("line 3: bad")

    def stumble(task):
        raise ValueError(lambda: "cannot be packed")

    with pytest.raises(DataError, match="line 3: bad"):
        results(fail, 2)
    with pytest.raises(RuntimeError, match=r"(?s)in stumble.*ValueError"):
        results(stumble, 2)


def test_a_process_that_is_killed_is_missed():
    def die(task):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(LostWorker, match="was ended by SIGKILL"):
        results(die, 2)


def test_the_end_of_the_block_ends_all():
    others = {*psutil.Process().children()}  # of other tests
    with ForkedWorkers(lambda task: time.sleep(60), 2) as pool:
        pool.start(2)
        processes = {*psutil.Process().children()} - others
        assert len(processes) == 2
    assert not any(process.is_running() for process in processes)


def test_the_end_of_this_process_ends_all():
    """A process that has one of its own is killed, which leaves it no time to clean up."""
    read, write = os.pipe()

    def begin(task):
        with ForkedWorkers(
            lambda task: os.write(write, b"%d" % os.getpid()) and pause(), 1, {write}
        ) as pool:
            pool.start(1)
            pause()

    def pause():
        time.sleep(60)

    with ForkedWorkers(begin, 1, {write}) as pool:
        pool.start(1)
        process = psutil.Process(int(os.read(read, 20)))
    process.wait(5)
