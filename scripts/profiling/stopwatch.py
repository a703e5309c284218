"""A stopwatch around functions of the package, which itself holds no timing code."""

import inspect
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple, Self
from unittest.mock import patch


class Spent(NamedTuple):
    """What a stage took.

    Attributes
    ----------
    own : float
        Seconds, without those of the stages that it called.
    whole : float
        Seconds, with them.
    calls : int
    """

    own: float
    whole: float
    calls: int


class _Thread:
    """Where a thread is, and what it has spent."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0])
        self.within: list[float] = []  # seconds that each running stage has spent in others
        self.closed = False  # whether the running stage keeps the time of those it calls


class _Here(threading.local):
    """The thread that asks; each has an account of its own, so that none waits for another."""

    def __init__(self, threads: list[_Thread]) -> None:
        self.thread = _Thread()
        threads.append(self.thread)


class Stopwatch:
    """Times stages by wrapping the functions that make them up, as a context manager.

    The time of a stage that another one calls is taken off the caller's, so in one thread all
    stages add up to the outermost. At the end whatever was wrapped is as before.

    Parameters
    ----------
    clock : callable
        Gives seconds.
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
        """Time a function where it is looked up when it is called.

        Parameters
        ----------
        owner : module, class or object
        name : str
            Of its attribute.
        stage : str
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
        """Make a function that does the same and is timed.

        Parameters
        ----------
        function : callable
        stage : str
            What its time is counted for.
        backward : str
            The stage of the way back, where it returns a pair of what it found and that.
        whole : bool
            Whether the time of the stages that it calls is counted for it.
        drain : bool
            Whether it is a generator: what it yields is then made at once, as a list.
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
        """Say what each stage took, those that were called, in the order they were wrapped in.

        Where several threads worked, this is the sum over them.
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
