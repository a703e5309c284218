"""The trials of a search, as a table and lines for a terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from windowclf.tuning.study import Trial, Tuning

MOST_TRIALS = 10
"""How many of the trials are shown, the best first."""


def trial_line(trial: "Trial") -> str:
    """Write a trial in a line."""
    state = "" if trial.state == "done" else f"  {trial.state}"
    return f"trial {trial.number:3d}  F1 {100 * trial.f1:6.2f}  {in_a_line(trial.settings)}{state}"


def trials_table(tuning: "Tuning") -> Table:
    """Lay out the best trials, and how much each setting mattered."""
    title = f"the best of {len(tuning.trials):,} trials"
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    for heading in ("trial", "F1", "epochs", "seconds"):
        table.add_column(heading, justify="right")
    names = list(dict.fromkeys(name for trial in tuning.trials for name in trial.settings))
    for name in names:
        table.add_column(Text(name.replace("_", " ")), justify="right")
    table.add_column("")
    ranked = sorted(tuning.trials, key=lambda trial: (trial.state == "pruned", -trial.f1))
    for trial in ranked[:MOST_TRIALS]:
        table.add_row(
            str(trial.number),
            f"{100 * trial.f1:.2f}",
            str(len(trial.epochs)),
            f"{trial.seconds:.0f}",
            *(Text(short(trial.settings.get(name, ""))) for name in names),
            "" if trial.state == "done" else trial.state,
        )
    if tuning.importance:
        shares = [
            f"{name.replace('_', ' ')} {100 * share:.0f} %"
            for name, share in tuning.importance.items()
        ]
        table.caption = f"importance: {', '.join(shares)}"
        table.caption_justify = "left"
    return table


def in_a_line(settings: Mapping[str, Any]) -> str:
    """Write settings as --search and the options of train do: name=value."""
    return " ".join(f"{name}={short(value)}" for name, value in settings.items())


def short(value: object) -> str:
    """Write a value of a setting, a fraction with three digits."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
