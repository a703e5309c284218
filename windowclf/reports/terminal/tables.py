"""Metrics and histories as tables for a terminal."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from windowclf.evaluation.metrics import Counts, Scores
from windowclf.model.record import Epoch
from windowclf.nn.gradcheck import GradientCheck

EPOCH_HEADER = "epoch    loss  precision  recall      F1  tokens/s"


def scores_table(scores: Scores, title: str) -> Table:
    """Lay out scores by type, with their total, in percent.

    Parameters
    ----------
    scores : Scores
    title : str

    Returns
    -------
    rich.table.Table
    """
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    table.add_column("type")
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
        table.caption = "\n".join(captions)
        table.caption_justify = "left"
    return table


def epoch_line(epoch: Epoch) -> str:
    """Write an epoch under `EPOCH_HEADER`; a star marks the best one so far."""
    if epoch.f1 is None or epoch.precision is None or epoch.recall is None:
        ratios = f"{'-':>9}  {'-':>6}  {'-':>6}"
    else:
        ratios = f"{100 * epoch.precision:9.2f}  {100 * epoch.recall:6.2f}  {100 * epoch.f1:6.2f}"
    star = " *" if epoch.best and epoch.f1 is not None else ""
    speed = "-" if epoch.tokens_per_second is None else f"{epoch.tokens_per_second:,.0f}"
    return f"{epoch.epoch:5d}  {epoch.loss:6.4f}  {ratios}  {speed:>8}{star}"


def norm_lines(epochs: Sequence[Epoch]) -> list[str]:
    """Write the norms of each epoch: ``‖δ‖`` of each layer, and of each parameter's gradient.

    Parameters
    ----------
    epochs : sequence of Epoch
        At least one.

    Returns
    -------
    list of str
        A header, and a line for each epoch.
    """
    names = [*epochs[0].sensitivities, *(f"∂{name}" for name in epochs[0].gradients)]
    lines = ["epoch" + "".join(f"{name:>11}" for name in names)]
    for epoch in epochs:
        norms = [*epoch.sensitivities.values(), *epoch.gradients.values()]
        cells = (f"{'-' if norm is None else format(norm, '.2e'):>11}" for norm in norms)
        lines.append(f"{epoch.epoch:5d}" + "".join(cells))
    return lines


def gradient_table(checks: Sequence[GradientCheck], title: str) -> Table:
    """Lay out what the gradient check found, a parameter a row.

    Parameters
    ----------
    checks : sequence of GradientCheck
    title : str

    Returns
    -------
    rich.table.Table
    """
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    table.add_column("parameter")
    table.add_column("shape")
    for heading in ("compared", "relative error"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for check in checks:
        shape = " × ".join(map(str, check.shape))
        verdict = "right" if check.passed else "WRONG"
        table.add_row(check.name, shape, str(check.checked), f"{check.error:.1e}", verdict)
    return table


def _cells(counts: Counts) -> list[str]:
    ratios = (counts.precision, counts.recall, counts.f1)
    return [
        *(f"{100 * ratio:.2f}" for ratio in ratios),
        *(f"{n:,}" for n in (counts.gold, counts.predicted, counts.correct)),
    ]
