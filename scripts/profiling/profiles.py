"""Profiles of work by stage, compared with the same work without timing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from profiling.stages import REST
from profiling.stopwatch import Spent

RUNS = 3
"""Number of timed and of untimed runs, in turns; the fastest counts."""


@dataclass(frozen=True)
class Profile:
    """The times of some work.

    Parameters
    ----------
    name : str
        Name of the work.
    tokens : int
        Number of its tokens.
    stages : dict of str to Spent
        The stages of the fastest timed run.
    untimed : float
        Time of the fastest untimed run in seconds.
    """

    name: str
    tokens: int
    stages: dict[str, Spent]
    untimed: float

    @property
    def seconds(self) -> float:
        """Wall time of the timed run in seconds."""
        return self.stages[REST].whole

    @property
    def spent(self) -> float:
        """Sum of the times of all stages and threads in seconds."""
        return sum(stage.own for stage in self.stages.values())

    def to_json(self) -> dict[str, Any]:
        """Return the figures."""
        return {
            "name": self.name,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "untimed_seconds": self.untimed,
            "stages": {
                name: {"seconds": stage.own, "calls": stage.calls}
                for name, stage in self.stages.items()
            },
        }


Run = Callable[[bool], Iterable[tuple[int, dict[str, Spent]]]]
"""Does the work with or without timing. It yields, for each pass, the number of tokens and the
times of its stages, of which `REST` is the outermost."""


def profiles(run: Run, *names: str) -> list[Profile]:
    """Do the work several times, with and without timing its stages.

    Parameters
    ----------
    run : callable
        See `Run`.
    *names : str
        Names of the passes.
    """
    found = [(list(run(False)), list(run(True))) for _ in range(RUNS)]
    best = []
    for number, name in enumerate(names):
        untimed = min(plain[number][1][REST].whole for plain, _ in found)
        tokens, stages = min((one[number] for _, one in found), key=lambda one: one[1][REST].whole)
        best.append(Profile(name, tokens, stages, untimed))
    return best
