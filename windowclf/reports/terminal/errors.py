"""Wrong entities, and which label was taken for which, as tables for a terminal and as JSON."""

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
"""What the tables call a span that is not there; in JSON it is null, which is no label's name."""
MATRIX_WIDTH = 100
"""What a matrix of labels may take of a line; of a wider one the largest numbers are listed."""
MOST_CONFUSIONS = 20
"""How many of them."""
CONTEXT_WIDTH = 50
"""What an entity and the words around it take of a line, about."""


def errors_table(errors: Sequence[EntityError], shown: int) -> Table:
    """Lay out wrong entities, each in its context.

    Parameters
    ----------
    shown : int
        How many at the most; the first.
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
    """Mark an entity in its sentence: ``[gold]`` and ``{predicted}``, ``[both]`` if of one border.

    Words far from it are left out.
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
    while grows:  # by a word on each side in turn, as long as there is room
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
    """Lay out which label was predicted for which, of many labels the largest numbers alone."""
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
