"""Work that processes share has the results of one, in order."""

import os
import signal
import threading
from itertools import count, islice

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.errors import DataError, UsageError, WorkerError
from windowclf.system import shared_work
from windowclf.system.processes import can_fork
from windowclf.system.shared_work import MOST, SharedWork, process_count, share

pytestmark = pytest.mark.skipif(not can_fork(), reason="nothing is copied here")
ANY = pytest.mark.parametrize("processes", [1, 2, 3])
SHARED = pytest.mark.parametrize("processes", [2, 3])


class Squares:
    """Squares numbers, and says where; packed, a number is a string."""

    def size(self, number):
        return 10

    def here(self, number):
        return number * number, os.getpid()

    def pack(self, number):
        return str(number)

    def there(self, packed):
        return packed, *self.here(int(packed))

    def unpack(self, number, done):
        packed, square, process = done
        assert packed == str(number)
        return square, process


class Failing(Squares):
    def here(self, number):
        if number == 7:
            raise DataError("line 7: bad")
        return super().here(number)


class Deadly(Squares):
    """One number kills the process that it comes to."""

    def __init__(self, deadly):
        self.deadly = deadly

    def there(self, packed):
        if int(packed) == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().there(packed)


def squares(found):
    return [square for square, _ in found]


def children():
    return {process for process in psutil.Process().children() if process.is_running()}


@ANY
@pytest.mark.parametrize("enough", [0, 25, 10_000])
def test_results_come_in_order(processes, enough):
    before = children()
    with SharedWork(Squares(), processes, enough) as shared:
        found = list(shared.map(iter(range(60))))
        assert squares(shared.map(range(5))) == [0, 1, 4, 9, 16]
        assert list(shared.map([])) == []
    assert squares(found) == [number * number for number in range(60)]
    alone = 60 if processes == 1 else min(-(-enough // 10), 60)
    assert [process == os.getpid() for _, process in found] == [True] * alone + [False] * (
        60 - alone
    )
    assert len({process for _, process in found} - {os.getpid()}) <= processes
    assert children() == before


@given(st.lists(st.integers(0, 300_000), max_size=12), st.integers(1, 3), st.integers(0, 100_000))
def test_any_sizes(sizes, processes, enough):
    class Sizes(Squares):
        def size(self, size):
            return size

        def here(self, size):
            return bytes(size)

        def pack(self, size):
            return bytes(size)

        def there(self, packed):
            return packed

        def unpack(self, size, done):
            return done

    with SharedWork(Sizes(), processes, enough) as shared:
        assert [*map(len, shared.map(sizes))] == sizes


@SHARED
def test_one_slow_item_does_not_stop_the_others(processes):
    release, ready = os.pipe()

    class Slow(Squares):
        def there(self, packed):
            if packed == "0":
                os.read(release, 1)
            return super().there(packed)

    drawn = []

    def items():
        for number in range(40):
            drawn.append(number)
            if number == 2 * processes:
                os.write(ready, b"!")
            yield number

    # The copies must have the pipe, which others of its kind need not.
    real = shared_work.Worker
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_work, "Worker", lambda there: real(there, keep={release}))
        found = squares(share(Slow(), items(), processes))
    assert found == [number * number for number in range(40)]
    assert drawn == list(range(40))


@ANY
@pytest.mark.usefixtures("shared_at_once")
def test_what_an_item_raises_comes_after_the_results_before_it(processes):
    found = []
    with SharedWork(Failing(), processes) as shared:
        with pytest.raises(DataError, match=r"^line 7: bad$"):
            found.extend(shared.map(range(40)))
        assert squares(found) == [number * number for number in range(7)]
        assert squares(shared.map(range(3))) == [0, 1, 4]


@ANY
@pytest.mark.parametrize("error", [DataError, ZeroDivisionError])
@pytest.mark.usefixtures("shared_at_once")
def test_what_taking_an_item_raises_comes_after_the_results_before_it(processes, error):
    def items():
        yield from range(11)
        raise error("no more")

    found = []
    with SharedWork(Squares(), processes) as shared:
        with pytest.raises(error, match=r"^no more$"):
            found.extend(shared.map(items()))
        assert squares(found) == [number * number for number in range(11)]
        assert squares(shared.map(range(3))) == [0, 1, 4]


@ANY
@pytest.mark.usefixtures("shared_at_once")
def test_whoever_stops_early_draws_only_a_few_items_more(processes):
    before, drawn = children(), count()
    with SharedWork(Squares(), processes) as shared:
        found = shared.map(drawn)
        assert squares(islice(found, 3)) == [0, 1, 4]
        found.close()
        assert next(drawn) <= 3 + 4 * processes
        assert squares(shared.map(range(3))) == [0, 1, 4]
    assert children() == before


@SHARED
@pytest.mark.usefixtures("shared_at_once")
def test_a_stream_inside_a_stream(processes):
    inner = (square for square, _ in share(Squares(), range(50), processes))
    found = squares(share(Squares(), inner, processes))
    assert found == [number**4 for number in range(50)]


@SHARED
@pytest.mark.usefixtures("shared_at_once")
def test_no_result_waits_where_the_next_item_has_to_be_waited_for(processes):
    asked = []

    def items():
        for number in range(9):
            assert asked == [n * n for n in range(number)]
            yield number

    with SharedWork(Squares(), processes) as shared:
        for square, _ in shared.map(items(), lambda: True):
            asked.append(square)
    assert len(asked) == 9


@SHARED
@pytest.mark.parametrize("deadly", [0, 1, 30, 59])
@pytest.mark.usefixtures("shared_at_once")
def test_a_process_that_is_lost(processes, deadly):
    before, found = children(), []
    with pytest.raises(WorkerError) as raised:
        found.extend(share(Deadly(deadly), range(60), processes))
    assert str(raised.value) == (
        f"one of {processes} processes was ended by SIGKILL; is there too little memory? "
        "`processes=1` needs the least"
    )
    assert squares(found) == [number * number for number in range(len(found))]
    assert len(found) <= deadly
    assert children() == before


@pytest.mark.usefixtures("shared_at_once")
def test_a_process_that_is_killed_while_it_has_nothing_to_do():
    with SharedWork(Squares(), 2) as shared:
        found = list(shared.map(range(20)))
        os.kill(found[0][1], signal.SIGKILL)
        with pytest.raises(WorkerError, match="was ended by SIGKILL"):
            list(shared.map(range(20)))
        assert squares(shared.map(range(3))) == [0, 1, 4]


@pytest.mark.parametrize("possible", [0, 1])
@pytest.mark.usefixtures("shared_at_once")
def test_where_the_system_allows_no_further_process(possible, monkeypatch):
    real, made = shared_work.Worker, []

    def make(there):
        if len(made) == possible:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        made.append(real(there))
        return made[-1]

    monkeypatch.setattr(shared_work, "Worker", make)
    found = list(share(Squares(), range(20), 3))
    assert squares(found) == [number * number for number in range(20)]
    assert len({process for _, process in found}) == 1
    assert {process == os.getpid() for _, process in found} == {not possible}


class TestNumber:
    @pytest.fixture(autouse=True)
    def _processors(self, monkeypatch):
        monkeypatch.setattr(shared_work, "processor_count", lambda: 3)
        monkeypatch.setattr(threading, "active_count", lambda: 1)

    def test_one_for_each_processor(self, monkeypatch):
        assert process_count() == process_count(None) == 3
        monkeypatch.setattr(shared_work, "processor_count", lambda: 99)
        assert process_count() == MOST

    def test_as_many_as_are_asked_for(self):
        assert [process_count(number) for number in (1, 2, 99)] == [1, 2, 99]

    def test_one_beside_other_threads_unless_more_are_asked_for(self, monkeypatch):
        monkeypatch.setattr(threading, "active_count", lambda: 2)
        assert (process_count(), process_count(2)) == (1, 2)

    @pytest.mark.parametrize("number", [0, -1, 1.5, "2"])
    def test_what_is_no_number_of_processes(self, number):
        with pytest.raises(UsageError, match=r"^processes: expected "):
            process_count(number)

    def test_where_nothing_is_copied(self, monkeypatch):
        monkeypatch.setattr(shared_work, "can_fork", lambda: False)
        assert process_count() == process_count(1) == 1
        with pytest.raises(UsageError, match=r"^`processes=2`: only the main thread"):
            process_count(2)

    def test_in_another_thread(self):
        found = []
        thread = threading.Thread(target=lambda: found.append(process_count()))
        thread.start()
        thread.join()
        assert found == [1]
