"""Work shared out among copies of this process, with results in order and the same as without."""

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
"""Copies that are made without being asked for: more would wait for the one that feeds them."""
ENOUGH = 1 << 18
"""What this process does before it makes copies, by `Work.size`: to start them takes as long as a
tenth of it, and what it has learned by then they need not learn again."""
_AHEAD = 2
"""Items that a copy has at once, so that it need not wait for the next one."""
_HELD = 4
"""Items under way for each copy, at the most, where one takes longer than all others."""


class Work(Protocol[A, B]):
    """What is done with an item: in this process as it is, or in a copy and packed on the way."""

    def size(self, item: A) -> int:
        """Say how much work an item is: a character is 1."""

    def here(self, item: A) -> B:
        """Do it in this process."""

    def pack(self, item: A) -> Any:
        """Give what `there` needs of an item; it is pickled."""

    def there(self, packed: Any) -> Any:
        """Do it in a copy; what it returns is pickled."""

    def unpack(self, item: A, done: Any) -> B:
        """Make what `here` gives out of an item and what `there` returned."""


def process_count(processes: int | None = None) -> int:
    """Return how many processes share the work.

    Parameters
    ----------
    processes : int, optional
        The number that the user wants, 1 for this one alone. Without it, one for each processor
        that this process may use, at most `MOST`; and this one alone where it cannot be copied or
        has other threads, as in a service or a notebook.

    Raises
    ------
    UsageError
        If it is less than 1, or more and this process cannot be copied.
    """
    if processes is None:
        alone = not can_fork() or threading.active_count() > 1
        return 1 if alone else min(processor_count(), MOST)
    processes = check_count(processes, "processes")
    if processes > 1 and not can_fork():
        raise UsageError(
            f"`processes={processes}`: only the main thread of a program on Linux can share its "
            "work out among processes; leave it away"
        )
    return processes


class SharedWork(Generic[S, T]):
    """Does items of work in order, in this process and then in copies of it; a context manager.

    This process begins alone, and makes the copies as soon as so much has come that they pay.
    From then on it takes the items and hands them out, and the copies do the work. At the end of
    the block they are ended.

    Parameters
    ----------
    work : Work
    processes : int
        How many copies; with 1 this process does all itself. See `process_count`.
    enough : int, optional
        What this process does before it makes copies; `ENOUGH` if not given.
    """

    def __init__(self, work: Work[S, T], processes: int, enough: int | None = None) -> None:
        self._work, self._processes = work, processes
        self._left = ENOUGH if enough is None else enough  # to do before there are copies
        self._workers: list[Worker[Any, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.end()

    def end(self) -> None:
        """End the copies, whatever they are at."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.end()

    def map(
        self, items: Iterable[S], waits: Callable[[], bool] | None = None
    ) -> Generator[T, None, None]:
        """Yield the results of items in order, as they come.

        Items are taken by the thread that asks for the results; with copies, some before their
        turn. What taking or doing an item raises is raised after the results of those before it.
        Only one such stream may be under way at a time.

        Parameters
        ----------
        waits : callable, optional
            Tells whether the next item would have to be waited for: then all that is under way is
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
                if pending:  # nobody wants what they are at
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
            except OSError:  # the system allows no more: those that there are do the work
                self._processes = max(len(self._workers), 1)
        self._left -= self._work.size(item)
        return bool(self._workers)

    def _free(self, pending: deque[tuple[Worker[Any, Any], S]]) -> Worker[Any, Any] | None:
        """Find the copy that has the least to do, if it may have more."""
        for worker in self._workers:
            worker.look()
        worker = min(self._workers, key=lambda worker: worker.pending)
        has_room = len(pending) < _HELD * len(self._workers)
        return worker if worker.pending < _AHEAD and has_room else None

    def _first(self, pending: deque[tuple[Worker[Any, Any], S]]) -> T:
        """Wait for the result of the first item, and take in what else comes meanwhile."""
        worker, item = pending[0]
        while not worker.look():
            for other in wait_for_any(self._workers):
                other.look()
        pending.popleft()
        return self._work.unpack(item, worker.receive())


def share(work: Work[S, T], items: Iterable[S], processes: int) -> Generator[T, None, None]:
    """Yield the results of items; the copies live as long as this one stream, see `SharedWork`."""
    with SharedWork(work, processes) as shared:
        yield from shared.map(items)
