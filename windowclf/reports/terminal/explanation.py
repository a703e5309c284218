"""An explanation of a tag with coloured bars for a terminal."""

from collections.abc import Iterable

from rich.bar import Bar
from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from windowclf.errors import printable
from windowclf.explanation.result import Explanation, Unit
from windowclf.reports.attribution import (
    Row,
    attribution,
    clipped,
    margin_share,
    nearby,
    share_name,
)

FOR, AGAINST = "blue", "red"
CONTEXT = 12
"""Number of words shown on each side."""
ROWS, PARTS = 3, 3
"""Number of rows that are shown with their strongest parts, and number of these parts."""
UNITS, CAUSES = 5, 3
WORD_WIDTH = 24
"""Largest width of a word."""


def explained(explanation: Explanation) -> Group:
    """Render an explanation: the decision, the attribution, the units and the changes."""
    parts: list[RenderableType] = [_decision(explanation), "", _attribution_table(explanation)]
    if explanation.units:
        parts += ["", _units_table(explanation)]
    return Group(*parts, "", *_changes(explanation))


def _decision(explanation: Explanation) -> Text:
    before, after = (printable(words) for words in nearby(explanation, CONTEXT))
    probability = dict(zip(explanation.tags, explanation.probabilities, strict=True))
    tag, runner_up = explanation.tag, explanation.runner_up

    def sure(name: str) -> str:
        return f"{_text(name)} ({100 * probability[name]:.1f} %)"

    text = Text(f"{before} " if before else "")
    text.append(f"[{printable(clipped(explanation.word))}]", style="bold underline")
    text.append(f" {after}\n" if after else "\n")
    text.append(sure(tag), style=f"bold {FOR}")
    if tag == runner_up:
        return text.append("; the model allows no other tag here")
    text.append("; the runner-up is ")
    text.append(sure(runner_up), style=AGAINST)
    return text.append(f", behind by {explanation.margin:.2f}")


def _attribution_table(explanation: Explanation) -> Table:
    rows = attribution(explanation)
    tag, runner_up = _text(explanation.tag), _text(explanation.runner_up)
    table = _table(f"what each word added to the lead of {tag} (+) over {runner_up} (-)")
    table.add_column("place", justify="right")
    table.add_column("word", max_width=WORD_WIDTH, overflow="ellipsis", no_wrap=True)
    table.add_column("lead", justify="right")
    table.add_column("", ratio=1)
    with_words = [row for row in rows if row.parts]
    strongest = sorted(with_words, key=lambda row: -abs(row.margin_share))[:ROWS]
    described = [row for row in with_words if row in strongest or not row.of_window]
    scale = [row.margin_share for row in rows]
    scale += [part.margin_share for row in described for part in row.parts[:PARTS]]
    for row in rows:
        place = row.place if row.of_window else ""
        table.add_row(
            place, _text(row.name), f"{row.margin_share:+.2f}", _Bar(scale, row.margin_share)
        )
        if row in described:
            for name, number in _parts(row):
                table.add_row("", f"  {name}", f"{number:+.2f}", _Bar(scale, number), style="dim")
    table.add_section()
    total = margin_share(explanation, explanation.scores)
    table.add_row("", "together", f"{total:+.2f}", "", style="bold")
    return table


def _parts(row: Row) -> Iterable[tuple[str, float]]:
    for part in row.parts[:PARTS]:
        name = f"{part.name} {part.value}" if row.of_window else part.value
        yield printable(name), part.margin_share


def _units_table(explanation: Explanation) -> Table:
    table = _table("hidden units with the largest contributions, and their causes")
    table.add_column("unit", justify="right")
    table.add_column("output", justify="right")
    table.add_column("lead", justify="right")
    table.add_column("moved by")
    for unit in explanation.units[:UNITS]:
        causes = _causes(explanation, unit)
        table.add_row(str(unit.unit), f"{unit.activation:.2f}", f"{unit.margin:+.2f}", Text(causes))
    return table


def _causes(explanation: Explanation, unit: Unit) -> str:
    shares = explanation.shares
    return ", ".join(
        f"{printable(share_name(shares[cause.share]))} {cause.z:+.2f}"
        for cause in unit.causes[:CAUSES]
    )


def _changes(explanation: Explanation) -> Iterable[Text]:
    tried = f"{explanation.searched:,} frequent words"
    if not explanation.changes:
        yield Text(f"None of {tried}, in the place of any one word near it, changes the tag.")
        return
    yield Text(f"The smallest changes of one word, of {tried} tried in each place:", style="bold")
    for change in explanation.changes:
        other, word = (printable(clipped(text)) for text in (change.other, change.word))
        tag = printable(change.tag)
        yield Text(f'With "{other}" in place of "{word}" ({change.token + 1}) it would be {tag}.')


def _table(title: str) -> Table:
    return Table(
        title=Text(title, style="bold"), title_justify="left", box=SIMPLE_HEAD, pad_edge=False,
        padding=(0, 1, 0, 0), show_edge=False,
    )  # fmt: skip


def _text(text: str) -> Text:
    return Text(printable(text))


class _Bar:
    """A number as a bar from a common zero: to the right for the tag, to the left against it.

    Parameters
    ----------
    scale : list of float
        All numbers with the same scale.
    """

    def __init__(self, scale: list[float], number: float) -> None:
        low, high = min(0.0, *scale), max(0.0, *scale)
        left, right = sorted([0.0, number])
        colour = FOR if number >= 0 else AGAINST
        self._edges = high - low or 1.0, left - low, right - low, colour

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(4, options.max_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        size, begin, end, colour = self._edges
        if options.ascii_only:
            cells = [round(options.max_width * edge / size) for edge in (begin, end)]
            yield Text(" " * cells[0] + "#" * (cells[1] - cells[0]), style=colour)
        else:
            yield Bar(size, begin, end, color=colour)
