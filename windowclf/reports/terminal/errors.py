"""Wrong entities and confusions of labels, as tables for a terminal and as JSON."""

from collections import Counter
from collections.abc import Sequence

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from windowclf.evaluation.entity_errors import (
    Confusion,
    EntityError,
    Kind,
    Label,
    labels_of_confusion,
)
from windowclf.reports.terminal.tables import add_caption, new_table

NONE = "none"
"""The name of a missing span in tables; in JSON it is null, which cannot be a label."""
MATRIX_WIDTH = 100
"""Largest width of a confusion matrix; for a wider one, the largest numbers are listed."""
MOST_CONFUSIONS = 20
"""Number of confusions in that list."""
CONTEXT_WIDTH = 50
"""Approximate width of an entity with the words around it."""


def errors_table(errors: Sequence[EntityError], shown: int) -> Table:
    """Make a table of wrong entities in context.

    Parameters
    ----------
    shown : int
        Largest number of entities; the first ones are shown.
    """
    kinds = Counter(error.kind for error in errors)
    by_kind = ", ".join(f"{kinds[kind]:,} {kind}" for kind in Kind if kinds[kind])
    title = f"{len(errors):,} wrong {'entity' if len(errors) == 1 else 'entities'}: {by_kind}"
    scored = any(error.score is not None for error in errors)
    table = new_table(title if errors else "no wrong entity")
    if scored:
        table.add_column("score", justify="right")
    for heading in ("kind", "gold", "predicted", "[gold] {predicted}"):
        table.add_column(Text(heading))
    for error in errors[:shown]:
        score = ["" if error.score is None else f"{error.score:.2f}"] if scored else []
        labels = [span.label if span else "" for span in (error.gold, error.predicted)]
        table.add_row(*map(Text, [*score, error.kind, *labels, in_context(error)]))
    if len(errors) > shown:
        add_caption(table, f"and {len(errors) - shown:,} more, with --errors {len(errors)}")
    return table


def in_context(error: EntityError) -> str:
    """Mark an entity in its sentence: ``[gold]``, ``{predicted}``, or ``[both]`` if they are equal.

    Distant words are left out.
    """
    words = list(error.tokens)
    given = [(error.predicted, "{", "}"), (error.gold, "[", "]")]
    if error.gold and error.predicted and error.gold[:2] == error.predicted[:2]:
        del given[0]
    marks = [(span, left, right) for span, left, right in given if span]
    marks.sort(key=lambda mark: mark[0].end - mark[0].start)  # the shorter one inside the other
    for span, left, right in marks:
        words[span.start] = left + words[span.start]
        words[span.end - 1] += right
    start = min(span.start for span, _, _ in marks)
    end = max(span.end for span, _, _ in marks)
    room = CONTEXT_WIDTH - cell_len(" ".join(words[start:end]))
    grows = True
    while grows:  # add a word on each side in turn while there is room
        grows = False
        for number in (start - 1, end):
            if 0 <= number < len(words) and cell_len(words[number]) < room:
                room -= cell_len(words[number]) + 1
                start, end = min(start, number), max(end, number + 1)
                grows = True
    head = ["…"] if start else []
    tail = ["…"] if end < len(words) else []
    return " ".join([*head, *words[start:end], *tail])


def confusion_table(counts: Confusion) -> Table:
    """Make a confusion table; for many labels it lists only the largest numbers."""
    labels = [*labels_of_confusion(counts), None]
    cells = {pair: f"{number:,}" for pair, number in counts.items() if number}
    longest = max(map(len, cells.values()), default=0)
    table = new_table("confusion", "gold \\ predicted")
    for label in labels:
        table.add_column(_name(label), justify="right")
    widths = [max(cell_len(str(column.header)), longest) for column in table.columns]
    if sum(widths) + 3 * len(widths) >= MATRIX_WIDTH:
        return _largest(counts)
    for row in labels:
        table.add_row(_name(row), *(cells.get((row, column), "·") for column in labels))
    return table


def _largest(counts: Confusion) -> Table:
    table = new_table("most frequent confusions", "gold", "predicted")
    table.add_column("count", justify="right")
    wrong = [
        (-n, str(_name(true)), str(_name(said)))
        for (true, said), n in counts.items()
        if true != said
    ]
    for number, *names in sorted(wrong)[:MOST_CONFUSIONS]:
        table.add_row(*map(Text, names), f"{-number:,}")
    return table


def _name(label: Label) -> Text:
    return Text(NONE if label is None else label)
