"""Tables for a terminal: metrics, gradient checks and trials."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from windowclf.evaluation.metrics import Scores
from windowclf.nn.gradcheck import GradientCheck
from windowclf.reports.wording import short
from windowclf.tags.counts import Counts

if TYPE_CHECKING:
    from windowclf.tuning.study import Trial, Tuning

MOST_TRIALS = 10
"""Number of trials that are shown, the best first."""


def new_table(title: str | Text, *headings: str) -> Table:
    """Make a table of text columns with a left-aligned title."""
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    for heading in headings:
        table.add_column(Text(heading))
    return table


def add_caption(table: Table, caption: str) -> None:
    """Add a left-aligned caption below a table."""
    table.caption, table.caption_justify = caption, "left"


def scores_table(scores: Scores, title: str) -> Table:
    """Make a table of scores by type and in total, in percent."""
    table = new_table(title, "type")
    for heading in ("precision", "recall", "F1", "gold", "predicted", "correct"):
        table.add_column(heading, justify="right")
    for label, counts in scores.types.items():
        table.add_row(label, *_cells(counts))
    if scores.types:
        table.add_section()
    table.add_row("all", *_cells(scores.total), style="bold")
    captions = [
        f"{name} {value:.4f}"
        for name, value in (
            ("average precision", scores.average_precision),
            ("expected calibration error", scores.calibration_error),
        )
        if value is not None
    ]
    if captions:
        add_caption(table, "\n".join(captions))
    return table


def gradient_table(checks: Sequence[GradientCheck], title: str) -> Table:
    """Make a table of a gradient check, with a row for each parameter."""
    table = new_table(title, "parameter", "shape")
    for heading in ("compared", "relative error"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for check in checks:
        shape = " × ".join(map(str, check.shape))
        verdict = "right" if check.passed else "WRONG"
        table.add_row(check.name, shape, str(check.checked), f"{check.error:.1e}", verdict)
    return table


def trial_line(trial: "Trial") -> str:
    """Return a trial as a line of text."""
    state = "" if trial.state == "done" else f"  {trial.state}"
    return f"trial {trial.number:3d}  F1 {100 * trial.f1:6.2f}  {in_a_line(trial.settings)}{state}"


def trials_table(tuning: "Tuning") -> Table:
    """Make a table of the best trials, with the importance of each setting."""
    table = new_table(f"the best of {len(tuning.trials):,} trials")
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
        add_caption(table, f"importance: {', '.join(shares)}")
    return table


def in_a_line(settings: Mapping[str, Any]) -> str:
    """Write settings in the form of --search: name=value."""
    return " ".join(f"{name}={short(value)}" for name, value in settings.items())


def _cells(counts: Counts) -> list[str]:
    ratios = (counts.precision, counts.recall, counts.f1)
    return [
        *(f"{100 * ratio:.2f}" for ratio in ratios),
        *(f"{n:,}" for n in (counts.gold, counts.predicted, counts.correct)),
    ]
