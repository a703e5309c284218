"""Copies of this process that share out tasks."""

import os
import signal
import time

import psutil
import pytest

from windowclf.errors import DataError
from windowclf.system.processes import ForkedWorkers, LostWorker, can_fork

pytestmark = pytest.mark.skipif(not can_fork(), reason="nothing is copied here")


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
            lambda task: os.write(write, b"%d" % os.getpid()) and pause(), 1
        ) as pool:
            pool.start(1)
            pause()

    def pause():
        time.sleep(60)

    with ForkedWorkers(begin, 1) as pool:
        pool.start(1)
        process = psutil.Process(int(os.read(read, 20)))
    process.wait(5)
