"""Workers of the service: a thread of its process, or copies of the process."""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Generic, Protocol, TypeVar, cast

from windowclf.service.metrics import Metrics
from windowclf.system.processes import LostWorker, Worker
from windowclf.system.threads import one_blas_thread

S = TypeVar("S")
S_in = TypeVar("S_in", contravariant=True)
T = TypeVar("T")

PAUSE = 1.0
"""Shortest time in seconds between the starts of a process and of its replacement."""


class Workers(Protocol[S_in, T]):
    """Workers, each of which calls a function with one item at a time."""

    @property
    def free(self) -> int:
        """How many wait for an item."""

    @property
    def alive(self) -> int:
        """How many there are now."""

    def open(self, freed: Callable[[], None]) -> None:
        """Start the workers in the running loop; `freed` is called when another one is ready."""

    def close(self) -> None:
        """End them."""

    def run(self, item: S_in) -> "asyncio.Future[T]":
        """Pass an item to a free worker; return the future of its result.

        The future raises `LostWorker` if the process ends, or the error of the function. The worker
        is free again when there is a result.
        """


class OneThread(Generic[S, T]):
    """A thread of this process that calls a function."""

    alive = 1

    def __init__(self, function: Callable[[S], T]) -> None:
        self._function = function
        self._items: SimpleQueue[tuple[S, asyncio.Future[T]] | None] = SimpleQueue()
        self.free = 1

    def open(self, freed: Callable[[], None]) -> None:  # noqa: ARG002  # it is never lost
        """Start the thread."""
        self._loop = asyncio.get_running_loop()
        # A daemon, because the end of the program must not wait for a long text.
        threading.Thread(target=self._work, daemon=True).start()

    def close(self) -> None:
        """End the thread after its current item."""
        self._items.put(None)

    def run(self, item: S) -> "asyncio.Future[T]":
        """Pass an item to the thread."""
        self.free = 0
        result: asyncio.Future[T] = self._loop.create_future()
        self._items.put((item, result))
        return result

    def _work(self) -> None:
        with one_blas_thread:  # kept open, because opening it takes longer than tagging a sentence
            while (given := self._items.get()) is not None:
                item, result = given
                try:
                    done = partial(result.set_result, self._function(item))
                except Exception as error:
                    done = partial(result.set_exception, error)
                with suppress(RuntimeError):  # the loop has been closed
                    self._loop.call_soon_threadsafe(self._end, done)

    def _end(self, done: Callable[[], None]) -> None:
        self.free = 1
        done()


class Processes(Generic[S, T]):
    """Copies of this process that call a function; a lost one is replaced.

    Parameters
    ----------
    function : callable
        The function; its items and results are pickled. It should have been called before, so that
        the copies inherit everything it loads.
    count : int
        Number of copies.
    metrics : Metrics
        Counts the lost copies.
    """

    def __init__(self, function: Callable[[S], T], count: int, metrics: Metrics) -> None:
        self._function, self._count, self._metrics = function, count, metrics
        self._all: set[_Process[S, T]] = set()
        self._free: list[_Process[S, T]] = []
        self._is_open = False

    @property
    def free(self) -> int:
        """How many wait for an item."""
        return len(self._free)

    @property
    def alive(self) -> int:
        """How many there are now."""
        return len(self._all)

    def open(self, freed: Callable[[], None]) -> None:
        """Start them.

        Raises
        ------
        OSError
            If the system allows no further process.
        """
        self._loop, self._freed = asyncio.get_running_loop(), freed
        self._is_open = True
        for _ in range(self._count):
            self._start()

    def close(self) -> None:
        """End them, whatever they are at."""
        self._is_open = False
        for process in self._all:
            process.end()
        self._all.clear()
        self._free.clear()

    def run(self, item: S) -> "asyncio.Future[T]":
        """Let a free one have an item."""
        return self._free.pop().run(item)

    def _start(self) -> None:
        process = _Process(self._function, self._free.append, self._lost)
        self._all.add(process)
        self._free.append(process)

    def _lost(self, process: "_Process[S, T]", lost: LostWorker) -> None:
        self._all.discard(process)
        if process in self._free:
            self._free.remove(process)
        self._metrics.lost.inc()
        logging.getLogger("windowclf").error(
            "a process of the service %s; a new one replaces it", lost
        )
        age = self._loop.time() - process.since
        self._loop.call_later(max(0, PAUSE - age), self._replace)

    def _replace(self) -> None:
        if not self._is_open:
            return
        try:
            self._start()
        except OSError as error:
            logging.getLogger("windowclf").error("no process could be started: %s", error)
            self._loop.call_later(PAUSE, self._replace)
        else:
            self._freed()


class _Process(Generic[S, T]):
    """The event loop's side of a copy."""

    def __init__(
        self,
        function: Callable[[S], T],
        freed: "Callable[[_Process[S, T]], None]",
        lost: "Callable[[_Process[S, T], LostWorker], None]",
    ) -> None:
        self._freed, self._lost = freed, lost
        self._loop = asyncio.get_running_loop()
        self._worker = Worker(function)
        self._number = self._worker.fileno()
        self._result: asyncio.Future[T] | None = None
        self.since = self._loop.time()
        self._loop.add_reader(self._number, self._read)

    def run(self, item: S) -> "asyncio.Future[T]":
        self._result = result = self._loop.create_future()
        try:
            self._worker.send(item)
        except LostWorker as lost:
            self._end(lost)
        return result

    def end(self) -> None:
        """Kill the copy; the future of a current item is never done."""
        self._loop.remove_reader(self._number)
        self._worker.end()

    def _read(self) -> None:
        try:
            if not self._worker.look():
                return
            found = self._worker.receive()
        except LostWorker as lost:
            self._end(lost)
        except Exception as error:
            self._done().set_exception(error)
        else:
            self._done().set_result(found)

    def _done(self) -> "asyncio.Future[T]":
        """Mark the copy as free; return the future of its result."""
        result = cast("asyncio.Future[T]", self._result)
        self._result = None
        self._freed(self)
        return result

    def _end(self, lost: LostWorker) -> None:
        self._loop.remove_reader(self._number)
        result, self._result = self._result, None
        self._lost(self, lost)
        if result is not None:
            result.set_exception(lost)
