"""A stopwatch for functions of the package, which itself has no timing code."""

import inspect
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple, Self
from unittest.mock import patch


class Spent(NamedTuple):
    """The times of a stage.

    Attributes
    ----------
    own : float
        Time in seconds without the stages that it calls.
    whole : float
        Time in seconds with the stages that it calls.
    calls : int
        Number of calls.
    """

    own: float
    whole: float
    calls: int


class _Thread:
    """The running stages of a thread, and its times."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0])
        self.within: list[float] = []  # time of each running stage in called stages
        self.closed = False  # whether the running stage includes the time of called stages


class _Here(threading.local):
    """The data of the current thread, which is separate so that no thread waits for another."""

    def __init__(self, threads: list[_Thread]) -> None:
        self.thread = _Thread()
        threads.append(self.thread)


class Stopwatch:
    """Times stages by wrapping their functions; a context manager.

    The time of a called stage is subtracted from its caller's, so that in one thread all stages add
    up to the outermost one. At the end all functions are restored.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._stages: list[str] = []
        self._threads: list[_Thread] = []
        self._here = _Here(self._threads)
        self._patches = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.close()

    def wrap(self, owner: object, name: str, stage: str, **options: Any) -> None:
        """Replace a function by a timed one at the place where calls look it up.

        Parameters
        ----------
        owner : module, class or object
        name : str
            Name of its attribute.
        stage : str
            The stage of the function.
        **options
            See `timed`.
        """
        found = inspect.getattr_static(owner, name)
        if isinstance(found, staticmethod):
            new: object = staticmethod(self.timed(found.__func__, stage, **options))
        else:
            new = self.timed(found, stage, **options)
        self._patches.enter_context(patch.object(owner, name, new))

    def timed(
        self,
        function: Callable[..., Any],
        stage: str,
        *,
        backward: str = "",
        whole: bool = False,
        drain: bool = False,
    ) -> Callable[..., Any]:
        """Return a timed version of a function.

        Parameters
        ----------
        function : callable
        stage : str
            The stage to which its time is added.
        backward : str
            The stage of the backward function, if the function returns a pair of a result and a
            backward function.
        whole : bool
            Whether to include the time of called stages.
        drain : bool
            Whether the function is a generator, which is then evaluated at once to a list.
        """
        for name in (stage, backward):
            if name and name not in self._stages:
                self._stages.append(name)
        run = (lambda *given, **named: list(function(*given, **named))) if drain else function
        clock, here = self._clock, self._here

        def call(*given: Any, **named: Any) -> Any:
            thread = here.thread
            if thread.closed:
                return run(*given, **named)
            thread.within.append(0.0)
            thread.closed = whole
            begin = clock()
            try:
                result = run(*given, **named)
            finally:
                seconds = clock() - begin
                thread.closed = False
                spent = thread.spent[stage]
                spent[0] += seconds - thread.within.pop()
                spent[1] += seconds
                spent[2] += 1
                if thread.within:
                    thread.within[-1] += seconds
            if backward:
                found, back = result
                return found, self.timed(back, backward)
            return result

        return call

    def spent(self) -> dict[str, Spent]:
        """Return the times of the called stages, in the order of wrapping.

        The times are summed over all threads.
        """
        found = {
            stage: [thread.spent[stage] for thread in self._threads if stage in thread.spent]
            for stage in self._stages
        }
        return {
            stage: Spent(*map(sum, zip(*shares, strict=True)))
            for stage, shares in found.items()
            if shares
        }
