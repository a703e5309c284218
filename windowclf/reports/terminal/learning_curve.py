"""A learning curve as a table for a terminal."""

from rich.table import Table
from rich.text import Text

from windowclf.evaluation.learning_curve import LearningCurve
from windowclf.reports.terminal.tables import add_caption, new_table
from windowclf.reports.wording import SCORED_ON, interval


def curve_table(curve: LearningCurve, data: str) -> Table:
    """Make a table of a curve, with a row for each size and F1 in percent."""
    table = new_table(Text(f"learning curve of {data}"))
    for heading in ("sentences", "tokens", "spans", "F1", "95 % interval", "of each repeat"):
        table.add_column(heading, justify="right")
    for point in curve.points:
        table.add_row(
            *(f"{number:,}" for number in (point.sentences, point.tokens, point.spans)),
            f"{100 * point.mean:.2f}",
            interval(point.low, point.high),
            " ".join(f"{100 * f1:.2f}" for f1 in point.f1),
        )
    add_caption(table, f"F1 on {SCORED_ON[curve.scored_on]}")
    return table
