"""What a piece of work took, stage by stage, beside the same work untimed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from profiling.stages import REST
from profiling.stopwatch import Spent

RUNS = 3
"""Of each kind, in turns; the fastest counts."""


@dataclass(frozen=True)
class Profile:
    """What a piece of work took.

    Parameters
    ----------
    name : str
    tokens : int
    stages : dict of str to Spent
        Of the fastest run that was timed stage by stage.
    untimed : float
        Seconds of the fastest run that was not.
    """

    name: str
    tokens: int
    stages: dict[str, Spent]
    untimed: float

    @property
    def seconds(self) -> float:
        """Seconds that passed while the stages were timed."""
        return self.stages[REST].whole

    @property
    def spent(self) -> float:
        """Seconds of all stages and threads."""
        return sum(stage.own for stage in self.stages.values())

    def to_json(self) -> dict[str, Any]:
        """Give the figures."""
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
"""Does the work, its stages timed or not; says for each pass how many tokens it had and what the
stages took, `REST` the outermost."""


def profiles(run: Run, *names: str) -> list[Profile]:
    """Do the work several times, with and without timing its stages.

    Parameters
    ----------
    run : callable
        See `Run`.
    *names : str
        Of the passes.
    """
    found = [(list(run(False)), list(run(True))) for _ in range(RUNS)]
    best = []
    for number, name in enumerate(names):
        untimed = min(plain[number][1][REST].whole for plain, _ in found)
        tokens, stages = min((one[number] for _, one in found), key=lambda one: one[1][REST].whole)
        best.append(Profile(name, tokens, stages, untimed))
    return best
