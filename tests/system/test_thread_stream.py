"""Results of a stream come in order, as soon as they can, and threads end with it."""

import threading
from itertools import count, islice
from threading import Barrier, Event

import pytest

from windowclf.errors import DataError
from windowclf.system.threads import one_blas_thread, stream

SECONDS = 10  # a wait for another thread that takes this long has failed
SHARED = pytest.mark.parametrize("threads", [2, 3])
ANY = pytest.mark.parametrize("threads", [1, 2, 3])


@ANY
def test_a_stream_is_map_too(threads):
    assert list(stream(str, iter(range(50)), threads)) == list(map(str, range(50)))
    assert list(stream(str, [], threads)) == []


@SHARED
def test_a_stream_keeps_the_order_of_what_runs_at_the_same_time(threads):
    both, second = Barrier(2), Event()

    def work(number):
        if number in (1, 2):
            both.wait(SECONDS)
        if number == 2:
            second.set()
        return number, number == 0 or second.wait(SECONDS)

    assert list(stream(work, range(9), threads)) == [(number, True) for number in range(9)]


@ANY
def test_a_result_does_not_wait_for_the_next_item(threads):
    received = Event()

    def items():
        for number in range(4):
            yield number
            assert received.wait(SECONDS)
            received.clear()

    found = []
    for result in stream(str, items(), threads):
        found.append(result)
        received.set()
    assert found == ["0", "1", "2", "3"]


def received_before(error, results):
    found = []
    with pytest.raises(error):
        found.extend(results)
    assert list(results) == []
    return found


@ANY
def test_an_error_comes_after_the_results_before_it(threads):
    def items():
        yield from range(3)
        raise DataError("line 4")

    assert received_before(DataError, stream(str, items(), threads)) == ["0", "1", "2"]
    found = received_before(ZeroDivisionError, stream(lambda n: 6 // n, [3, 2, 0, 1], threads))
    assert found == [2, 3]
    assert list(stream(str, range(3), threads)) == ["0", "1", "2"]  # nothing is left of them


@SHARED
def test_an_error_of_the_items_waits_for_results_that_are_not_there_yet(threads):
    failing = Event()

    def items():
        yield from range(3)
        failing.set()
        raise DataError("line 4")

    def work(number):
        return number, number == 0 or failing.wait(SECONDS)

    results = stream(work, items(), threads)
    assert received_before(DataError, results) == [(0, True), (1, True), (2, True)]


class Watched:
    """Numbers without end, a note of how many were drawn, and the threads that were begun."""

    def __init__(self):
        self.before = set(threading.enumerate())
        self.drawn = 0
        self.limit, self.past_the_limit = float("inf"), Event()

    def __iter__(self):
        for number in count():
            self.drawn += 1
            if self.drawn > self.limit:
                self.past_the_limit.set()
            yield number

    def join(self):
        for thread in set(threading.enumerate()) - self.before:
            thread.join(SECONDS)
            assert not thread.is_alive()


@SHARED
def test_items_are_taken_a_few_before_their_turn(threads):
    items = Watched()
    results = stream(str, items, threads)
    for received in (1, 2, 40):
        items.past_the_limit.clear()
        items.limit = received + 2 * threads + 2
        while next(results) != str(received - 1):
            pass
        assert not items.past_the_limit.wait(0.05)
    results.close()
    items.join()


def leave_by_closing(results):
    results.close()


def leave_by_an_error(results):
    with pytest.raises(GeneratorExit):
        results.throw(GeneratorExit)


@SHARED
@pytest.mark.parametrize("taken", [1, 5])
@pytest.mark.parametrize("leave", [leave_by_closing, leave_by_an_error, lambda _: None])
def test_whoever_stops_early_leaves_nothing_behind(threads, taken, leave):
    items = Watched()
    results = stream(str, items, threads)
    assert list(islice(results, taken)) == [*map(str, range(taken))]
    leave(results)
    del results
    items.join()
    assert items.drawn <= taken + 2 * threads + 2


@SHARED
def test_whoever_stops_early_does_not_wait_for_the_next_item(threads):
    more, drawn = Event(), []
    watched = Watched()

    def items():
        for number in count():
            drawn.append(number)
            yield number
            assert number == 0 or more.wait(SECONDS)

    results = stream(str, items(), threads)
    assert next(results) == "0"
    assert next(results) == "1"
    results.close()
    [feeder] = set(threading.enumerate()) - watched.before
    assert feeder.daemon  # a program may end before the item has come
    more.set()
    watched.join()
    assert len(drawn) <= 3


def test_a_stream_may_be_closed_while_another_one_starts():
    # The collector closes a stream that was thrown away, whatever its thread does at the time.
    abandoned = stream(str, iter(range(5)), 1)
    next(abandoned)

    def close():
        with one_blas_thread._lock:
            abandoned.close()

    thread = threading.Thread(target=close, daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert not thread.is_alive()


@SHARED
def test_a_stream_may_be_closed_by_a_thread_of_its_own(threads):
    closed = Event()

    def work(number):
        if number == 3:
            waiting.wait(SECONDS)
            pending.close()
            closed.set()
        return number

    waiting = Event()
    pending = stream(work, iter(range(9)), threads)
    assert list(islice(pending, 3)) == [0, 1, 2]
    waiting.set()
    assert closed.wait(SECONDS)
