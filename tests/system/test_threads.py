"""How many threads work, and what they do at the same time."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from windowclf.errors import UsageError
from windowclf.system.threads import Workers, stream, thread_count

SECONDS = 10  # a wait for another thread that takes this long has failed
SHARED = pytest.mark.parametrize("threads", [2, 3])
ANY = pytest.mark.parametrize("threads", [1, 2, 3])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_who_is_closed_last_gives_the_threads_back(order):
    with threadpool_limits(2, user_api="blas"):
        several = [Workers(3), Workers(2), Workers(1)]
        with ThreadPoolExecutor(3) as pool:  # each is opened and closed by any thread
            for workers in several:
                pool.submit(workers.__enter__).result()
                assert blas_threads() == {1}
            for number in order:
                assert blas_threads() == {1}
                pool.submit(several[number].__exit__, None, None, None).result()
        assert blas_threads() == {2}


@pytest.fixture
def unbound(monkeypatch):
    """No variable binds the linear algebra library."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def processors(unbound):
    """A process that may use three of five processors."""
    unbound.setattr(os, "sched_getaffinity", lambda _: {0, 2, 3}, raising=False)
    unbound.setattr(os, "cpu_count", lambda: 5)


def test_as_many_as_are_asked_for(unbound, processors):
    unbound.setenv("OMP_NUM_THREADS", "7")
    assert [thread_count(threads) for threads in (1, 2, 9)] == [1, 2, 9]


@pytest.mark.parametrize(
    ("variables", "threads"),
    [
        ({}, 3),
        ({"OMP": "2"}, 2),
        ({"OPENBLAS": "4"}, 4),
        ({"MKL": "8"}, 8),
        ({"OMP": "6", "OPENBLAS": "4", "MKL": "5"}, 4),
        ({"OMP": "", "MKL": "many"}, 3),
        ({"OMP": "0"}, 1),
    ],
)
def test_as_many_as_the_variables_say_or_processors_there_are(
    unbound, processors, variables, threads
):
    for name, value in variables.items():
        unbound.setenv(f"{name}_NUM_THREADS", value)
    assert thread_count() == thread_count(None) == threads


@pytest.mark.parametrize(("there", "threads"), [(5, 5), (None, 1)])
def test_where_nobody_says_which_processors_may_be_used(unbound, there, threads):
    unbound.delattr(os, "sched_getaffinity", raising=False)
    unbound.setattr(os, "cpu_count", lambda: there)
    assert thread_count() == threads


@pytest.mark.parametrize("threads", [0, -1])
def test_no_thread_at_all(threads):
    with pytest.raises(UsageError, match=f"threads: expected at least 1, got {threads}"):
        thread_count(threads)
    with pytest.raises(UsageError, match=f"threads: expected at least 1, got {threads}"):
        stream(str, [], threads)


@ANY
def test_run_is_map(threads):
    with Workers(threads) as workers:
        assert workers.run(divmod, [7, 8, 9], [2, 3, 5]) == [(3, 1), (2, 2), (1, 4)]
        assert workers.run(str, []) == []
        with pytest.raises(ZeroDivisionError):
            workers.run(divmod, [1, 1], [1, 0])


@SHARED
def test_run_keeps_the_order_of_what_runs_at_the_same_time(threads):
    both, second = Barrier(2), Event()

    def work(number):
        both.wait(SECONDS)
        if number == 1:
            second.set()
        return number, second.wait(SECONDS)

    with Workers(threads) as workers:
        assert workers.run(work, [0, 1]) == [(0, True), (1, True)]


def blas_threads():
    return {info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"}


def test_what_numpy_ignores_is_ignored_in_every_thread():
    both = Barrier(2)

    def overflow(_):
        both.wait(SECONDS)
        return np.float32(1e38) * np.float32(1e38)

    with Workers(2) as workers, np.errstate(over="ignore"):
        assert workers.run(overflow, range(2)) == [np.inf, np.inf]


@pytest.mark.parametrize("former", [1, 2, 3])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_linear_algebra_has_one_thread_while_we_work(threads, former):
    if not blas_threads():
        pytest.skip("threadpoolctl does not know this linear algebra library")
    with threadpool_limits(former, user_api="blas"):
        with Workers(threads) as workers:
            assert blas_threads() == {1}
            assert workers.run(lambda _: blas_threads(), range(3)) == [{1}] * 3
        assert blas_threads() == {former}
        with pytest.raises(KeyError), Workers(threads):
            raise KeyError
        assert blas_threads() == {former}
        results = stream(lambda _: blas_threads(), range(9), threads)
        assert blas_threads() == {former}
        assert [next(results) for _ in range(3)] == [{1}] * 3
        assert blas_threads() == {1}
        results.close()
        assert blas_threads() == {former}
