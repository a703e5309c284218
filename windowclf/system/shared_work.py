"""Distribution of work over copies of this process, with the same results in the same order."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Generic, Protocol, Self, TypeVar

from windowclf.errors import UsageError, WorkerError
from windowclf.system.arguments import check_count
from windowclf.system.processes import LostWorker, Worker, can_fork, wait_for_any
from windowclf.system.processors import processor_count
from windowclf.system.threads import one_blas_thread

S = TypeVar("S")
T = TypeVar("T")
A = TypeVar("A", contravariant=True)
B = TypeVar("B", covariant=True)

MOST = 8
"""Largest default number of copies; more would wait for the process that feeds them."""
ENOUGH = 1 << 18
"""Work that this process does before it makes copies, in units of `Work.size`. Starting them takes
a tenth of that time, and they inherit the caches that this process has filled by then."""
_AHEAD = 2
"""Number of items that a copy has at a time, so that it does not wait for the next one."""
_HELD = 4
"""Largest number of items in progress per copy, if one item takes longer than the others."""


class Work(Protocol[A, B]):
    """The work on an item: in this process directly, or in a copy with packed data."""

    def size(self, item: A) -> int:
        """Return the amount of work in an item, in characters."""

    def here(self, item: A) -> B:
        """Do the work in this process."""

    def pack(self, item: A) -> Any:
        """Return the data of an item that `there` needs; it is pickled."""

    def there(self, packed: Any) -> Any:
        """Do the work in a copy; the result is pickled."""

    def unpack(self, item: A, done: Any) -> B:
        """Combine an item and the result of `there` into the result of `here`."""


def process_count(processes: int | None = None) -> int:
    """Return the number of processes that share the work.

    Parameters
    ----------
    processes : int, optional
        The number set by the user; 1: no copies. By default one per processor that this process may
        use, at most `MOST`; but 1 if the process cannot be forked or has other threads, as in a
        service or a notebook.

    Raises
    ------
    UsageError
        If the number is less than 1, or greater than 1 and this process cannot be forked.
    """
    if processes is None:
        alone = not can_fork() or threading.active_count() > 1
        return 1 if alone else min(processor_count(), MOST)
    processes = check_count(processes, "processes")
    if processes > 1 and not can_fork():
        raise UsageError(
            f"`processes={processes}`: only the main thread of a program on Linux can distribute "
            "its work over processes; leave it out"
        )
    return processes


class SharedWork(Generic[S, T]):
    """Does items of work in order, in this process and then in copies of it; a context manager.

    This process starts alone, and makes the copies once there is enough work. From then on it
    distributes the items, and the copies do the work. The copies end with the block.

    Parameters
    ----------
    work : Work
        The work to do on each item.
    processes : int
        Number of copies; with 1 this process does all the work. See `process_count`.
    enough : int, optional
        Amount of work before this process makes copies.  Default: `ENOUGH`.
    """

    def __init__(self, work: Work[S, T], processes: int, enough: int | None = None) -> None:
        self._work, self._processes = work, processes
        self._left = ENOUGH if enough is None else enough  # work left to do before there are copies
        self._workers: list[Worker[Any, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.end()

    def end(self) -> None:
        """Kill the copies, even during their work."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.end()

    def map(
        self, items: Iterable[S], waits: Callable[[], bool] | None = None
    ) -> Generator[T, None, None]:
        """Yield the results of items in order, as soon as they are done.

        The thread that asks for the results takes the items; with copies, it takes some of them in
        advance. An error in taking or doing an item is raised after the results of the earlier
        items. Only one such stream may be in progress at a time.

        Parameters
        ----------
        waits : callable, optional
            Returns whether the next item is not available yet; then all results in progress are
            yielded first.

        Raises
        ------
        WorkerError
            If a copy is lost.
        """
        with one_blas_thread:
            if self._processes == 1:
                yield from map(self._work.here, items)
                return
            pending: deque[tuple[Worker[Any, Any], S]] = deque()
            try:
                yield from self._map(iter(items), waits, pending)
            except LostWorker as lost:
                raise WorkerError(
                    f"one of {self._processes} processes {lost}; is there too little memory? "
                    "`processes=1` needs the least"
                ) from None
            finally:
                if pending:  # the results in progress are not needed
                    self.end()

    def _map(
        self,
        items: Iterator[S],
        waits: Callable[[], bool] | None,
        pending: deque[tuple[Worker[Any, Any], S]],
    ) -> Iterator[T]:
        failed: Exception | None = None
        while True:
            if pending and waits and waits():
                yield self._first(pending)
                continue
            try:
                item = next(items)
            except StopIteration:
                break
            except Exception as error:
                failed = error
                break
            if not self._has_copies(item):
                yield self._work.here(item)
                continue
            while (worker := self._free(pending)) is None:
                yield self._first(pending)
            worker.send(self._work.pack(item))
            pending.append((worker, item))
            while pending and pending[0][0].look():
                yield self._first(pending)
        while pending:
            yield self._first(pending)
        if failed is not None:
            raise failed

    def _has_copies(self, item: S) -> bool:
        if not self._workers and self._left <= 0 and self._processes > 1:
            try:
                for _ in range(self._processes):
                    self._workers.append(Worker(self._work.there))
            except OSError:  # the system allows no more processes: continue with the present ones
                self._processes = max(len(self._workers), 1)
        self._left -= self._work.size(item)
        return bool(self._workers)

    def _free(self, pending: deque[tuple[Worker[Any, Any], S]]) -> Worker[Any, Any] | None:
        """Find the copy with the fewest items, if it may have more."""
        for worker in self._workers:
            worker.look()
        worker = min(self._workers, key=lambda worker: worker.pending)
        has_room = len(pending) < _HELD * len(self._workers)
        return worker if worker.pending < _AHEAD and has_room else None

    def _first(self, pending: deque[tuple[Worker[Any, Any], S]]) -> T:
        """Wait for the result of the first item, and read other results meanwhile."""
        worker, item = pending[0]
        while not worker.look():
            for other in wait_for_any(self._workers):
                other.look()
        pending.popleft()
        return self._work.unpack(item, worker.receive())


def share(work: Work[S, T], items: Iterable[S], processes: int) -> Generator[T, None, None]:
    """Yield the results of items, with copies for this stream only; see `SharedWork`."""
    with SharedWork(work, processes) as shared:
        yield from shared.map(items)
