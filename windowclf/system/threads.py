"""Work shared out among threads, so that its results do not depend on how many there are."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from functools import cache, cached_property
from itertools import chain, islice
from threading import Lock
from typing import TYPE_CHECKING, Any, Self, TypeVar

from windowclf.errors import UsageError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import ThreadpoolController

S = TypeVar("S")
T = TypeVar("T")

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def thread_count(threads: int | None = None) -> int:
    """Say how many threads work.

    Parameters
    ----------
    threads : int, optional
        As asked for; without it, as the variables say that bind the linear algebra library, and
        else one for each processor that this process may use.

    Raises
    ------
    UsageError
        If it is less than 1.
    """
    if threads is None:
        set_by = [int(n) for name in _VARIABLES if (n := os.environ.get(name, "")).isdecimal()]
        return max(min(set_by), 1) if set_by else _processors()
    if threads < 1:
        raise UsageError(f"threads: expected at least 1, got {threads}")
    return threads


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _libraries() -> "ThreadpoolController":
    """Find the libraries of linear algebra once: it takes a millisecond."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class _OneThread:
    """Leaves the libraries of linear algebra one thread while `Workers` are open.

    That is for the whole process: they have as many as before as soon as the last one is closed,
    in whatever order and by whichever thread. The limits of threadpoolctl are for one thread
    alone, and do nothing in others.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._open = 0
        self._before: list[tuple[Any, int]] = []

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if not self._open:
                libraries = _libraries().select(user_api="blas").lib_controllers
                self._before = [(library, library.get_num_threads()) for library in libraries]
            self._open += 1
            self._set()
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1
                self._set()

    def _set(self) -> None:
        for library, before in self._before:
            for_any_thread = getattr(library, "clear_controlling_thread", lambda **_: None)
            for_any_thread(force=True)  # else the first one keeps the others out
            library.set_num_threads(1 if self._open else before)
            for_any_thread(force=True)


_one_thread = _OneThread()


class Workers:
    """Runs pieces of work at the same time, as a context manager.

    While it is open, the linear algebra library has one thread: two pools of threads would wait
    for each other, and the last bits of a product depend on how many threads share it.

    Parameters
    ----------
    threads : int
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(_one_thread())
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()
        self.__dict__.pop("_pool", None)

    @cached_property
    def _pool(self) -> "ThreadPoolExecutor":
        # Imported here, for to tag a sentence needs no thread.
        from concurrent.futures import ThreadPoolExecutor

        return self._stack.enter_context(ThreadPoolExecutor(self._threads))

    def run(self, function: Callable[..., T], *arguments: Iterable[object]) -> list[T]:
        """Call a function with each group of arguments, as `map` does; all at the same time."""
        calls = list(zip(*arguments, strict=True))
        results: dict[int, T] = {}
        waiting = iter(range(len(calls)))

        def work() -> None:
            for i in waiting:
                results[i] = function(*calls[i])

        # This thread works too: to wake another one takes as long as a small piece of work.
        # Each has the context of this one, in which NumPy keeps what `errstate` ignores.
        others = [self._pool.submit(copy_context().run, work) for _ in calls[1 : self._threads]]
        work()
        for other in others:
            other.result()
        return [results[i] for i in range(len(calls))]

    def stream(self, function: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
        """Call a function with each item as it comes; yield the results in order.

        Items are taken by a thread of their own, a few before their results are wanted: whoever
        waits for the next item does not keep back the result of the last. The first item, which
        is often the only one, needs no thread.
        """
        items = iter(items)
        yield from map(function, islice(items, 1))
        if self._threads == 1:
            yield from map(function, items)
            return
        for second in items:
            yield from self._ahead(function, chain([second], items))

    def _ahead(self, function: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
        from concurrent.futures import Future
        from queue import Queue
        from threading import Event, Thread

        pool = self._pool
        started: Queue[Future[T] | None] = Queue(self._threads + 1)
        stopped = Event()

        def feed() -> None:
            try:
                for item in items:
                    started.put(pool.submit(function, item))
                    if stopped.is_set():
                        return
            except BaseException as error:
                failed: Future[T] = Future()
                failed.set_exception(error)
                started.put(failed)
            started.put(None)

        # A daemon, for it may be waiting for input when the program is to end.
        Thread(target=feed, daemon=True).start()
        try:
            while (future := started.get()) is not None:
                yield future.result()
        finally:
            stopped.set()
            while not started.empty():  # lets a feeder go that waits for room
                started.get_nowait()
