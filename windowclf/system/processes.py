"""Worker processes that are forked copies of this process.

A copy made by `os.fork` shares the memory of this process, so no data has to be pickled and sent
before it starts. It has only the thread that forked it, and would wait forever for a lock that
another thread held. Therefore a copy neither logs nor writes to the standard streams.
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
"""Largest number of tasks, because the number of a task is one byte."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_HEAD_BYTES = 8
"""Header of a message: its length."""
_OPEN = "/proc/self/fd"
"""Folder with the open file descriptors of this process."""

_is_copy = False


class LostWorker(Exception):  # noqa: N818  # the program is not at fault
    """A process ended before its work was done; the message has the reason.

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
    """Whether this process can be forked safely at this point.

    On macOS, system libraries do not survive a fork. Outside the main thread, as in a service, any
    other thread may hold a lock. A copy does not fork again.
    """
    here = threading.current_thread() is threading.main_thread() and not _is_copy
    return sys.platform == "linux" and here and os.path.isdir(_OPEN)  # noqa: PTH112


class Worker(Generic[S, T]):
    """A copy of this process that calls a function with each item sent to it.

    The copy closes all file descriptors that it does not need, so that it does not keep files,
    pipes and connections of this process open. It ignores Ctrl-C and SIGTERM, which this process
    handles, and ends when this process ends in any way. Its linear algebra library uses one thread.

    Parameters
    ----------
    function : callable
        Takes an item and returns its result, in the copy. Both are pickled.
    take : callable, optional
        Returns the next item within the copy, instead of items that are sent, or raises EOFError at
        the end.
    keep : collection of int
        Further file descriptors that the copy needs.

    Attributes
    ----------
    pending : int
        Number of sent items without a result yet.

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
        # If a signal raised in the copy, the copy would continue like this process.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        collects = gc.isenabled()
        gc.disable()  # see `_Copy.work`
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python 3.12 and later warn about threads
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
        """Return the descriptor that becomes readable for a result, or when the copy ends."""
        return self._socket.fileno()

    @property
    def process(self) -> int:
        """The process id."""
        return self._process

    def send(self, item: S) -> None:
        """Send an item; results that arrive meanwhile are stored, which avoids a deadlock.

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
            If the copy has ended before. Errors of the function are raised here, too.
        """
        while not self._arrived:
            self._wait(select.POLLIN)
            self._read()
        is_error, result = pickle.loads(self._arrived.popleft())  # noqa: S301  # of this program
        if is_error:
            raise result
        return cast(T, result)

    def look(self) -> int:
        """Read the available results; return how many can be received.

        Raises
        ------
        LostWorker
            If the copy has ended and there is no result.
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
        """Kill the copy, even during its work."""
        self._socket.close()
        # Another fork of this process must not end it.
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
        # If a copy has ended, its remaining messages are read before the end is reported.
        return found | (select.POLLIN if found & ~select.POLLOUT else 0)

    def _read(self) -> None:
        """Read the available part of at most one message.

        Raises
        ------
        BlockingIOError
            If nothing is available.
        """
        try:
            count = self._socket.recv_into(memoryview(self._buffer)[self._filled :])
        except BlockingIOError:
            raise
        except OSError:  # it was killed before it had read everything
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
    """The worker's side, which runs in the copy."""

    def __init__(
        self, function: Callable[[S], T], connection: socket.socket, take: Callable[[], S] | None
    ) -> None:
        self._function, self._socket = function, connection
        self._take = take or self._sent

    def work(self, kept: set[int]) -> None:
        """Call the function with each item until there is none left; never return."""
        global _is_copy
        try:
            _is_copy = True
            gc.freeze()  # collecting objects here would close files of the parent process
            gc.enable()
            for number in _SIGNALS:
                signal.signal(
                    number, signal.SIG_IGN
                )  # all processes get Ctrl-C; the parent handles it
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            logging.disable()
            warnings.simplefilter("ignore")
            _let_go(kept)
            from threadpoolctl import threadpool_limits  # after all libraries are loaded

            threading.Thread(target=self._end_with_owner, daemon=True).start()
            with suppress(EOFError), threadpool_limits(1, user_api="blas"):
                while True:
                    self._answer(self._take())
            os._exit(0)
        finally:
            os._exit(1)

    def _end_with_owner(self) -> None:
        poll = select.poll()
        poll.register(self._socket, 0)  # reports only the end of the other side
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
        # In one write, because each write wakes the other side.
        self._socket.sendall(len(answer).to_bytes(_HEAD_BYTES) + answer)


def _packed(error: BaseException) -> bytes:
    """Pickle an error, or a RuntimeError with its traceback if it cannot be pickled."""
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
    """Close all descriptors except some.

    Their numbers stay in use, because an object that has one would later close another file.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in map(int, os.listdir(_OPEN)):  # noqa: PTH208
        if number not in kept and number != nothing:
            os.dup2(nothing, number, inheritable=number <= 2)


class ForkedWorkers(Generic[T]):
    """Copies of this process that work through numbered tasks; a context manager.

    All copies end with the block or with this process.

    Parameters
    ----------
    function : callable
        Takes the number of a task, in one of the copies; its result is pickled.
    tasks : int
        Number of tasks, which are numbered from 0; at most `MOST_TASKS`.
    keep : collection of int
        See `Worker`.
    """

    def __init__(
        self, function: Callable[[int], T], tasks: int, keep: Collection[int] = ()
    ) -> None:
        self._function, self._left, self._keep = function, tasks, keep
        self._workers: list[Worker[int, tuple[int, T]]] = []

    def __enter__(self) -> Self:
        # Each byte is read by only one process, the first to ask.
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
        """Start further processes, while no other thread of this package is running."""
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
        """Yield the number and the result of each task as soon as it is done.

        Raises
        ------
        LostWorker
            If a process ended early. Errors of a task are raised here, too.
        """
        while self._left:
            for worker in wait_for_any(self._workers):
                try:
                    found = worker.receive()
                except LostWorker as lost:
                    self._workers.remove(worker)
                    if lost.status or not self._workers:
                        raise
                    continue  # there was no task left for this copy
                self._left -= 1
                yield found


def wait_for_any(workers: Iterable[Worker[S, T]]) -> list[Worker[S, T]]:
    """Wait until some of the workers have a result or have ended; return these workers.

    Workers whose end has been reported are skipped; there must be at least one other worker.
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
    except ChildProcessError:  # other code has already waited for it
        return 0
