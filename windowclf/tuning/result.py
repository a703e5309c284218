"""What a search over settings found, as plain values for a terminal, for JSON and for a page."""

from typing import Any, Literal

import msgspec

State = Literal["done", "pruned", "diverged", "lost"]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One training.

    Parameters
    ----------
    number : int
        From 1, in the order in which they ended; those that were cut off are left out.
    state : {"done", "pruned", "diverged", "lost"}
        Whether it ran to its end, was ended because it was worse than the median of those before,
        its loss was no longer finite, or worker after worker of a cluster was lost with it.
    f1 : float
        On the dev text, from 0 to 1, of its best epoch; 0 if it had none, or its model was lost.
    settings : dict
        Those that are searched.
    epochs : list of float
        F1 after each epoch.
    seconds : float
    """

    number: int
    state: State
    f1: float
    settings: dict[str, Any]
    epochs: list[float]
    seconds: float


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """All trials of a search.

    Parameters
    ----------
    trials : list of Trial
    best : int, optional
        The number of the one with the highest F1 among those that were not pruned or lost.
    importance : dict of str to float
        How much of the difference between good trials and all comes from each setting, the largest
        first; they add up to 1. Empty if there are too few trials to tell.
    """

    trials: list[Trial]
    best: int | None
    importance: dict[str, float]

    @property
    def best_trial(self) -> Trial | None:
        """The best one."""
        return next((trial for trial in self.trials if trial.number == self.best), None)

    def to_json(self) -> dict[str, Any]:
        """Give plain values, F1 from 0 to 1."""
        best = self.best_trial
        return {"best": best and msgspec.to_builtins(best)} | {
            "importance": self.importance,
            "trials": msgspec.to_builtins(self.trials),
        }
