"""A comparison of runs as tables for a terminal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from windowclf.evaluation.bootstrap import Difference
from windowclf.evaluation.comparison import Comparison
from windowclf.reports.terminal.tables import new_table
from windowclf.reports.wording import chance, points, value
from windowclf.tags.counts import Counts

MOST_EPOCHS = 20
"""Largest number of epochs in a table; longer trainings are sampled evenly."""


def settings_table(comparison: Comparison) -> Table:
    """Make a table of the settings that differ, with a column for each run."""
    table = new_table("settings that differ", "setting")
    for run in comparison.runs:
        table.add_column(Text(run.name), overflow="fold")
    for setting in comparison.settings:
        table.add_row(
            Text(setting.name.replace("_", " ")), *(Text(value(one)) for one in setting.values)
        )
    return table


def curves_table(comparison: Comparison) -> Table:
    """Make a table of loss and F1 on the dev text by epoch; a star marks the epoch of the model."""
    runs = comparison.runs
    table = new_table("loss, and F1 on the dev text, by epoch")
    table.add_column("epoch", justify="right")
    for run in runs:
        table.add_column(Text(f"{run.name}: loss"), justify="right")
        table.add_column("F1  ", justify="right")
    longest = max(len(run.epochs) for run in runs)
    for place in _spread(longest):
        cells = []
        for run in runs:
            epoch = run.epochs[place] if place < len(run.epochs) else None
            cells.append(f"{epoch.loss:.4f}" if epoch else "")
            kept = "*" if epoch and epoch.epoch == run.best_epoch else " "
            cells.append(f"{100 * epoch.f1:.2f} {kept}" if epoch and epoch.f1 is not None else "")
        table.add_row(str(place + 1), *cells)
    return table


def f1_table(comparison: Comparison, title: str) -> Table:
    """Make a table of F1 by type in percent, with a column and the difference for each run."""
    table = new_table(Text(title), "F1")
    table.add_column(Text(comparison.runs[0].name), justify="right")
    for run in comparison.runs[1:]:
        table.add_column(Text(run.name), justify="right")
        table.add_column("differs by", justify="right")
    for label in comparison.runs[0].types:
        counts = [run.types[label] for run in comparison.runs]
        cells = _scores(counts, [against.types[label] for against in comparison.against])
        table.add_row(Text(label), *cells)
    table.add_section()
    counts = [run.total for run in comparison.runs]
    cells = _scores(counts, [against.total for against in comparison.against])
    table.add_row("all", *cells, style="bold")
    return table


def differences_table(comparison: Comparison) -> Table:
    """Make a table of the differences from the first run, with intervals and p-values."""
    table = new_table(Text(f"against {comparison.runs[0].name}"), "run")
    for heading in ("F1 differs by", "95 % interval", "p"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for against in comparison.against:
        total = against.total
        table.add_row(
            Text(against.name),
            points(total.f1),
            f"{points(total.low)} to {points(total.high)}",
            chance(against.p).removeprefix("p = ").removeprefix("p "),
            "significant" if against.significant else "not significant",
        )
    return table


def _scores(counts: Sequence[Counts], differences: Sequence[Difference]) -> list[str]:
    first, *others = counts
    cells = [f"{100 * first.f1:.2f}"]
    for other, difference in zip(others, differences, strict=True):
        cells += [f"{100 * other.f1:.2f}", points(difference.f1)]
    return cells


def _spread(epochs: int) -> list[int]:
    """Choose at most `MOST_EPOCHS` of 0 to ``epochs - 1``, including the first and last."""
    count = min(epochs, MOST_EPOCHS)
    return [round((epochs - 1) / max(count - 1, 1) * i) for i in range(count)]
