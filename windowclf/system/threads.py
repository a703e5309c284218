"""Distribution of work over threads, with results that do not depend on their number."""

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from contextvars import copy_context
from functools import cache, cached_property
from itertools import chain, islice
from threading import RLock
from typing import TYPE_CHECKING, Any, Self, TypeVar

from windowclf.system.arguments import check_count
from windowclf.system.processors import processor_count

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import ThreadpoolController

S = TypeVar("S")
T = TypeVar("T")


def thread_count(threads: int | None = None) -> int:
    """Return the number of threads.

    Parameters
    ----------
    threads : int, optional
        The number set by the user.  Default: see `processor_count`.

    Raises
    ------
    UsageError
        If the number is less than 1.
    """
    if threads is None:
        return processor_count()
    if not (type(threads) is int and threads >= 1):
        return check_count(threads, "threads")
    return threads


@cache
def _libraries() -> "ThreadpoolController":
    """Find the linear algebra libraries; the result is cached, because this takes a millisecond."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class _OneBlasThread:
    """Limits the linear algebra libraries to one thread while it is open; a context manager.

    The limit holds for the whole process, until the last context is closed, in any order and by any
    thread. The limits of threadpoolctl would hold only in the thread that sets them.
    """

    def __init__(self) -> None:
        # Reentrant, because the garbage collector may close an abandoned stream at any time.
        self._lock = RLock()
        if hasattr(os, "register_at_fork"):  # a forked process gets a new, unlocked lock
            free = self._lock.release
            os.register_at_fork(
                before=self._lock.acquire, after_in_parent=free, after_in_child=free
            )
        self._open = 0
        self._before: list[tuple[Any, int]] = []

    def __enter__(self) -> None:
        with self._lock:
            if not self._open:
                libraries = _libraries().select(user_api="blas").lib_controllers
                self._before = [(library, library.get_num_threads()) for library in libraries]
            self._open += 1
            self._set()

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._open -= 1
            self._set()

    def _set(self) -> None:
        for library, before in self._before:
            for_any_thread = getattr(library, "clear_controlling_thread", lambda **_: None)
            for_any_thread(force=True)  # otherwise the first limit prevents later ones
            library.set_num_threads(1 if self._open else before)
            for_any_thread(force=True)


one_blas_thread = _OneBlasThread()
"""While it is open, matrix products do not depend on the number of threads in any bit.

It may be opened several times, by several threads.
"""


class Workers:
    """A pool of threads, as a context manager.

    While it is open, the linear algebra library has one thread, see `one_blas_thread`; two pools of
    threads would also wait for each other.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(one_blas_thread)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()
        self.__dict__.pop("_pool", None)

    @cached_property
    def _pool(self) -> "ThreadPoolExecutor":
        from concurrent.futures import ThreadPoolExecutor

        return self._stack.enter_context(ThreadPoolExecutor(self._threads))

    def run(self, function: Callable[..., T], *arguments: Iterable[object]) -> list[T]:
        """Call a function with each group of arguments, like `map`, in parallel."""
        calls = list(zip(*arguments, strict=True))
        results: dict[int, T] = {}
        waiting = iter(range(len(calls)))

        def work() -> None:
            for i in waiting:
                results[i] = function(*calls[i])

        # This thread also works, because waking another one takes as long as a small task. Each
        # thread gets this one's context, in which NumPy stores the settings of `errstate`.
        others = [self._pool.submit(copy_context().run, work) for _ in calls[1 : self._threads]]
        work()
        for other in others:
            other.result()
        return [results[i] for i in range(len(calls))]


def stream(
    function: Callable[[S], T], items: Iterable[S], threads: int | None
) -> Generator[T, None, None]:
    """Call a function with each item as it arrives; yield the results in order.

    With more than one thread, a separate thread takes a few items in advance, so that no result
    waits for the next item. The first item, which is often the only one, needs no thread. The
    linear algebra library is limited to one thread meanwhile, see `one_blas_thread`. The default of
    `threads` is `thread_count()`.

    Raises
    ------
    UsageError
        If `threads` is less than 1; raised by the call, before the first result is requested.
    """
    return _stream(function, iter(items), thread_count(threads))


def _stream(
    function: Callable[[S], T], items: Iterator[S], threads: int
) -> Generator[T, None, None]:
    with one_blas_thread:
        yield from map(function, islice(items, 1))
        if threads == 1:
            yield from map(function, items)
            return
        for second in items:
            yield from _ahead(function, chain([second], items), threads)


def _ahead(function: Callable[[S], T], items: Iterable[S], threads: int) -> Iterator[T]:
    # Imported here: tagging one sentence starts no thread.
    from concurrent.futures import Future, ThreadPoolExecutor
    from queue import Queue
    from threading import Event, Thread, current_thread

    started: Queue[Future[T] | None] = Queue(threads + 1)
    stopped = Event()
    name = f"windowclf stream {id(stopped)}"
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

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

    # A daemon, because it may be waiting for input when the program ends.
    Thread(target=feed, daemon=True).start()
    try:
        while (future := started.get()) is not None:
            yield future.result()
    finally:
        stopped.set()
        while not started.empty():  # releases a feeder that waits for room
            started.get_nowait()
        # The garbage collector may close the stream in this very thread, which cannot join itself.
        own = current_thread().name.startswith(name)
        pool.shutdown(wait=not own, cancel_futures=True)
