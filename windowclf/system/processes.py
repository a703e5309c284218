"""Tasks that copies of this process do at the same time.

A copy, made by `os.fork`, shares all that is in memory: nothing has to be packed, sent and read
before it begins. Of the threads it has only the one that made it, so that it must not wait for a
lock that another one held: a copy writes nothing to the standard streams, and logs nothing.
"""

import logging
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from windowclf.errors import WindowclfError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

T = TypeVar("T")

MOST_TASKS = 255
"""The number of a task is a byte."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class LostWorker(Exception):  # noqa: N818  # the program is not at fault
    """A process ended before its task was done; tells how."""


def can_fork() -> bool:
    """Detect whether this process may be copied here and now.

    macOS has system libraries that do not survive it. Where other threads than the main one begin
    a training, as in a service, a third one may be anywhere.
    """
    return sys.platform == "linux" and threading.current_thread() is threading.main_thread()


class ForkedWorkers(Generic[T]):
    """Processes that take the next of some tasks until none is left, as a context manager.

    Its end, of whatever kind, ends all of them; so does the end of this process.

    Parameters
    ----------
    function : callable
        Is called with the number of a task, in one of the processes; its result is pickled.
    tasks : int
        They are numbered from 0; at most `MOST_TASKS`.
    """

    def __init__(self, function: Callable[[int], T], tasks: int) -> None:
        self._function, self._left = function, tasks
        self._workers: dict[Connection, int] = {}  # the process at the other end of each

    def __enter__(self) -> Self:
        # One byte is read by one process only, whichever asks first.
        self._tasks, waiting = os.pipe()
        os.write(waiting, bytes(range(self._left)))
        os.close(waiting)
        self._lifeline = os.pipe()  # the others see its end when this process ends
        return self

    def __exit__(self, *exception: object) -> None:
        for pipe, process in self._workers.items():
            pipe.close()
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            _status(process)
        self._workers.clear()
        for handle in (self._tasks, *self._lifeline):
            os.close(handle)

    def start(self, workers: int) -> None:
        """Start so many more processes, while no other thread of this package is at work."""
        from multiprocessing.connection import Pipe

        for _ in range(workers):
            results, of_worker = Pipe(duplex=False)
            # A signal must not raise in the copy, which would go on as if it were this process.
            signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
            try:
                process = os.fork()
                if not process:
                    self._work(of_worker)
                self._workers[results] = process
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            of_worker.close()

    def results(self) -> Iterator[tuple[int, T]]:
        """Yield the number and the result of each task, as they come.

        Raises
        ------
        LostWorker
            If a process ended early. What a task raises is raised here.
        """
        from multiprocessing.connection import wait

        while self._left:
            pipes: list[Any] = wait(list(self._workers))
            for pipe in pipes:
                try:
                    number, result, error = pipe.recv()
                except EOFError:
                    self._end(pipe)
                    continue
                if error is not None:
                    raise error
                self._left -= 1
                yield number, result

    def _end(self, pipe: Any) -> None:
        """Let a process go that has nothing more to say."""
        pipe.close()
        status = _status(self._workers.pop(pipe))
        if status < 0:
            raise LostWorker(f"was ended by {signal.Signals(-status).name}")
        if status or not self._workers:
            raise LostWorker(f"ended with exit code {status}")

    def _work(self, pipe: "Connection") -> None:
        """Do tasks, in the copy; does not return."""
        try:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)  # Ctrl-C is for all; the first one decides
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            logging.disable()
            warnings.simplefilter("ignore")
            os.close(self._lifeline[1])
            threading.Thread(target=_end_with, args=(self._lifeline[0],), daemon=True).start()
            while task := os.read(self._tasks, 1):
                self._answer(pipe, task[0])
            os._exit(0)
        finally:
            os._exit(1)

    def _answer(self, pipe: "Connection", number: int) -> None:
        try:
            pipe.send((number, self._function(number), None))
        except WindowclfError as error:
            pipe.send((number, None, error))
        except BaseException as error:  # which need not survive being packed
            lines = "".join(traceback.format_exception(error))
            pipe.send((number, None, RuntimeError(f"task {number} failed:\n{lines}")))


def _end_with(lifeline: int) -> None:
    os.read(lifeline, 1)  # nothing is ever written: it ends with the process that may write
    os._exit(1)


def _status(process: int) -> int:
    """Wait for the end of a process; return its exit code, negative for a signal."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    except ChildProcessError:  # somebody else has waited for it
        return 0
