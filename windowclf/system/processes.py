"""Copies of this process that work at the same time.

A copy, made by `os.fork`, shares all that is in memory: nothing has to be packed, sent and read
before it begins. Of the threads it has only the one that made it, so that it must not wait for a
lock that another one held: a copy writes nothing to the standard streams, and logs nothing.
"""

import gc
import logging
import os
import pickle
import select
import signal
import socket
import sys
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from typing import Generic, Self, TypeVar, cast

from windowclf.errors import WindowclfError

S = TypeVar("S")
T = TypeVar("T")

MOST_TASKS = 255
"""The number of a task is a byte."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_HEAD_BYTES = 8
"""The length of a message stands before it."""
_OPEN = "/proc/self/fd"
"""Lists the descriptors that a process has."""

_is_copy = False


class LostWorker(Exception):  # noqa: N818  # the program is not at fault
    """A process ended before its work was done; tells how.

    Parameters
    ----------
    status : int
        Its exit code, or the number of the signal that ended it, negative.
    """

    def __init__(self, status: int) -> None:
        how = f"ended with exit code {status}"
        if status < 0:
            how = f"was ended by {signal.Signals(-status).name}"
        super().__init__(how)
        self.status = status


def can_fork() -> bool:
    """Detect whether this process may be copied here and now.

    macOS has system libraries that do not survive it. Where other threads than the main one begin
    the work, as in a service, a third one may be anywhere. A copy makes no further ones.
    """
    here = threading.current_thread() is threading.main_thread() and not _is_copy
    return sys.platform == "linux" and here and os.path.isdir(_OPEN)  # noqa: PTH112


class Worker(Generic[S, T]):
    """A copy of this process that calls a function with each item it is sent.

    The copy closes all descriptors but those that it needs, so that it keeps no file, pipe or
    client of this process open. It ignores Ctrl-C and SIGTERM, which are for this process to hear,
    and ends with this process, however that ends. Its linear algebra library has one thread.

    Parameters
    ----------
    function : callable
        Takes an item, and returns its result; it is called in the copy. Both are pickled.
    take : callable, optional
        Gives the copy its next item in the place of what is sent, or raises EOFError at the end.
    keep : collection of int
        Descriptors that the copy needs besides.

    Attributes
    ----------
    pending : int
        Items that were sent whose results have not come yet.

    Raises
    ------
    OSError
        If the system allows no further process.
    """

    def __init__(
        self,
        function: Callable[[S], T],
        *,
        take: Callable[[], S] | None = None,
        keep: Collection[int] = (),
    ) -> None:
        self._owner = os.getpid()
        self._socket, of_copy = socket.socketpair()
        # A signal must not raise in the copy, which would go on as if it were this process.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        collects = gc.isenabled()
        gc.disable()  # see `_Copy.work`
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # newer Pythons warn of other threads
                self._process = os.fork()
            if not self._process:
                _Copy(function, of_copy, take).work({of_copy.fileno(), *keep})
        except BaseException:
            self._socket.close()
            raise
        finally:
            if collects:
                gc.enable()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            of_copy.close()
        self._socket.setblocking(False)
        self._end: LostWorker | None = None
        self._arrived: deque[bytearray] = deque()
        self._buffer, self._filled, self._is_head = bytearray(_HEAD_BYTES), 0, True
        self.pending = 0

    def fileno(self) -> int:
        """Return the descriptor that can be read when a result comes, or the end of the copy."""
        return self._socket.fileno()

    @property
    def process(self) -> int:
        """The number of the process."""
        return self._process

    def send(self, item: S) -> None:
        """Send an item; results that come meanwhile are kept, so that neither side waits for ever.

        Raises
        ------
        LostWorker
            If the copy has ended.
        """
        data = memoryview(pickle.dumps(item, pickle.HIGHEST_PROTOCOL))
        parts = [memoryview(len(data).to_bytes(_HEAD_BYTES)), data]
        self.pending += 1
        while parts:
            try:
                sent = self._socket.sendmsg(parts)
            except BlockingIOError:
                if self._wait(select.POLLIN | select.POLLOUT) & select.POLLIN:
                    self._read()
                continue
            except OSError:
                raise self._lost() from None
            while parts and sent >= len(parts[0]):
                sent -= len(parts.pop(0))
            if parts:
                parts[0] = parts[0][sent:]

    def receive(self) -> T:
        """Wait for the next result, in the order of the items.

        Raises
        ------
        LostWorker
            If the copy has ended before. What the function raises is raised here.
        """
        while not self._arrived:
            self._wait(select.POLLIN)
            self._read()
        is_error, result = pickle.loads(self._arrived.popleft())  # noqa: S301  # of this program
        if is_error:
            raise result
        return cast(T, result)

    def look(self) -> int:
        """Take in what has come; return how many results wait to be received.

        Raises
        ------
        LostWorker
            If the copy has ended and no result waits.
        """
        try:
            while True:
                self._read()
        except BlockingIOError:
            pass
        except LostWorker:
            if not self._arrived:
                raise
        return len(self._arrived)

    def end(self) -> None:
        """End the copy, whatever it is at."""
        self._socket.close()
        # What else has copied this process leaves it alone.
        if self._end is None and self._owner == os.getpid():
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            self._end = LostWorker(_status(self._process))

    def _wait(self, events: int) -> int:
        if self._end:
            return select.POLLIN
        poll = select.poll()
        poll.register(self._socket, events)
        [(_, found)] = poll.poll()
        # Of a copy that has ended, all that it has said is read first, and then its end.
        return found | (select.POLLIN if found & ~select.POLLOUT else 0)

    def _read(self) -> None:
        """Take in what has come of one message, at the most.

        Raises
        ------
        BlockingIOError
            If nothing has.
        """
        try:
            count = self._socket.recv_into(memoryview(self._buffer)[self._filled :])
        except BlockingIOError:
            raise
        except OSError:  # it was killed with something to read
            count = 0
        if not count:
            raise self._lost()
        self._filled += count
        if self._filled < len(self._buffer):
            return
        if self._is_head:
            self._buffer = bytearray(int.from_bytes(self._buffer))
        else:
            self._arrived.append(self._buffer)
            self.pending -= 1
            self._buffer = bytearray(_HEAD_BYTES)
        self._filled, self._is_head = 0, not self._is_head

    def _lost(self) -> LostWorker:
        self._socket.close()
        self._end = self._end or LostWorker(_status(self._process))
        return self._end


class _Copy(Generic[S, T]):
    """What a copy does."""

    def __init__(
        self, function: Callable[[S], T], connection: socket.socket, take: Callable[[], S] | None
    ) -> None:
        self._function, self._socket = function, connection
        self._take = take or self._sent

    def work(self, kept: set[int]) -> None:
        """Call the function with each item until there is none left; do not return."""
        global _is_copy
        try:
            _is_copy = True
            gc.freeze()  # what the collector took away here would end files of the other process
            gc.enable()
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)  # Ctrl-C is for all; the first one decides
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            logging.disable()
            warnings.simplefilter("ignore")
            _let_go(kept)
            from threadpoolctl import threadpool_limits  # when all libraries are there

            threading.Thread(target=self._end_with_owner, daemon=True).start()
            with suppress(EOFError), threadpool_limits(1, user_api="blas"):
                while True:
                    self._answer(self._take())
            os._exit(0)
        finally:
            os._exit(1)

    def _end_with_owner(self) -> None:
        poll = select.poll()
        poll.register(self._socket, 0)  # nothing but the end of the other side
        poll.poll()
        os._exit(1)

    def _sent(self) -> S:
        size = int.from_bytes(self._receive(_HEAD_BYTES))
        return cast(S, pickle.loads(self._receive(size)))  # noqa: S301  # of this program

    def _receive(self, size: int) -> bytearray:
        data = bytearray(size)
        rest = memoryview(data)
        while rest:
            count = self._socket.recv_into(rest)
            if not count:
                raise EOFError
            rest = rest[count:]
        return data

    def _answer(self, item: S) -> None:
        try:
            answer = pickle.dumps((False, self._function(item)), pickle.HIGHEST_PROTOCOL)
        except BaseException as error:
            answer = _packed(error)
        # At once: each write wakes the other side up.
        self._socket.sendall(len(answer).to_bytes(_HEAD_BYTES) + answer)


def _packed(error: BaseException) -> bytes:
    """Pack an error, or tell of one that does not survive it."""
    lines = "".join(traceback.format_exception(error))
    try:
        if not isinstance(error, WindowclfError):
            error.add_note(f"raised in a copy of this process:\n{lines}")
        answer = pickle.dumps((True, error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(answer)  # noqa: S301
        return answer
    except Exception:
        return pickle.dumps((True, RuntimeError(f"a copy of this process failed:\n{lines}")))


def _let_go(kept: set[int]) -> None:
    """Close all descriptors but some.

    Their numbers are not free: an object that has one would close another file later.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in map(int, os.listdir(_OPEN)):  # noqa: PTH208
        if number not in kept and number != nothing:
            os.dup2(nothing, number, inheritable=number <= 2)


class ForkedWorkers(Generic[T]):
    """Copies that take the next of some tasks until none is left, as a context manager.

    Its end, of whatever kind, ends all of them; so does the end of this process.

    Parameters
    ----------
    function : callable
        Is called with the number of a task, in one of the copies; its result is pickled.
    tasks : int
        They are numbered from 0; at most `MOST_TASKS`.
    keep : collection of int
        See `Worker`.
    """

    def __init__(
        self, function: Callable[[int], T], tasks: int, keep: Collection[int] = ()
    ) -> None:
        self._function, self._left, self._keep = function, tasks, keep
        self._workers: list[Worker[int, tuple[int, T]]] = []

    def __enter__(self) -> Self:
        # One byte is read by one process only, whichever asks first.
        self._tasks, waiting = os.pipe()
        os.write(waiting, bytes(range(self._left)))
        os.close(waiting)
        return self

    def __exit__(self, *exception: object) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()
        os.close(self._tasks)

    def start(self, workers: int) -> None:
        """Start so many more processes, while no other thread of this package is at work."""
        keep = {self._tasks, *self._keep}
        for _ in range(workers):
            self._workers.append(Worker(self._do, take=self._next, keep=keep))

    def _next(self) -> int:
        task = os.read(self._tasks, 1)
        if not task:
            raise EOFError
        return task[0]

    def _do(self, task: int) -> tuple[int, T]:
        return task, self._function(task)

    def results(self) -> Iterator[tuple[int, T]]:
        """Yield the number and the result of each task, as they come.

        Raises
        ------
        LostWorker
            If a process ended early. What a task raises is raised here.
        """
        while self._left:
            for worker in wait_for_any(self._workers):
                try:
                    found = worker.receive()
                except LostWorker as lost:
                    self._workers.remove(worker)
                    if lost.status or not self._workers:
                        raise
                    continue  # there was no task left for it
                self._left -= 1
                yield found


def wait_for_any(workers: Iterable[Worker[S, T]]) -> list[Worker[S, T]]:
    """Wait until some of the workers have something to say; return these.

    One whose end is known already has nothing more to say; at least one other must be there.
    """
    poll = select.poll()
    of_number = {number: worker for worker in workers if (number := worker.fileno()) >= 0}
    for number in of_number:
        poll.register(number, select.POLLIN)
    return [of_number[number] for number, _ in poll.poll()]


def _status(process: int) -> int:
    """Wait for the end of a process; return its exit code, negative for a signal."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    except ChildProcessError:  # somebody else has waited for it
        return 0
