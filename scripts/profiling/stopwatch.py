"""A stopwatch around functions of the package, which itself holds no timing code."""

import inspect
import threading
import time
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

    own: float = 0.0
    whole: float = 0.0
    calls: int = 0


_Account = dict[str, Spent]


class _Thread(threading.local):
    """Where a thread is; each has an account of its own, so that none waits for another."""

    def __init__(self, accounts: list[_Account]) -> None:
        self.account: _Account = {}
        self.within: list[float] = []  # seconds that each running stage has spent in others
        self.closed = False  # whether the running stage keeps the time of those it calls
        accounts.append(self.account)


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
        self._accounts: list[_Account] = []
        self._thread = _Thread(self._accounts)
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
        clock, thread = self._clock, self._thread

        def call(*given: Any, **named: Any) -> Any:
            if thread.closed:
                return run(*given, **named)
            within = thread.within
            within.append(0.0)
            thread.closed = whole
            begin = clock()
            try:
                result = run(*given, **named)
            finally:
                seconds = clock() - begin
                thread.closed = False
                own = seconds - within.pop()
                if within:
                    within[-1] += seconds
                before = thread.account.get(stage, Spent())
                thread.account[stage] = Spent(
                    before.own + own, before.whole + seconds, before.calls + 1
                )
            if backward:
                found, back = result
                return found, self.timed(back, backward)
            return result

        return call

    def spent(self) -> dict[str, Spent]:
        """Say what each stage took, those that were called, in the order they were wrapped in.

        Where several threads worked, this is the sum over them.
        """
        shares = {
            stage: [account[stage] for account in self._accounts if stage in account]
            for stage in self._stages
        }
        return {
            stage: Spent(*map(sum, zip(*found, strict=True)))
            for stage, found in shares.items()
            if found
        }
