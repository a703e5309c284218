"""The page of a comparison of runs."""

from html import escape

from plotly.graph_objects import Figure, Scatter

from windowclf.evaluation.bootstrap import Difference
from windowclf.evaluation.comparison import Comparison
from windowclf.reports.html.figures import LEGEND, curves
from windowclf.reports.html.page import render
from windowclf.reports.wording import in_words, method, points, value


def comparison_page(comparison: Comparison, what: str) -> str:
    """Render a comparison as a page; `what` names the text on which the runs were scored."""
    runs = comparison.runs
    epochs = {run.name: [epoch.epoch for epoch in run.epochs] for run in runs if run.epochs}
    figures = {"differences": forest(comparison)}
    if epochs:
        loss = {r.name: (epochs[r.name], [e.loss for e in r.epochs]) for r in runs if r.epochs}
        figures["loss"] = curves(loss, x="epoch", y="loss")
    f1 = {
        run.name: (
            epochs[run.name],
            [None if epoch.f1 is None else 100 * epoch.f1 for epoch in run.epochs],
        )
        for run in runs
        if any(epoch.f1 is not None for epoch in run.epochs)
    }
    if f1:
        figures["f1"] = curves(f1, x="epoch", y="F1 on the dev text, %")
    return render(
        "comparison.html",
        f"{' and '.join(run.name for run in runs)} compared"
        if len(runs) == 2
        else f"{len(runs)} runs compared",
        figures,
        comparison=comparison,
        figures_shown=list(figures),
        what=what,
        base=runs[0],
        verdicts=[
            (against.name, in_words(against, len(comparison.against)))
            for against in comparison.against
        ],
        method=method(comparison),
        points=points,
        value=value,
    )


def forest(comparison: Comparison) -> Figure:
    """Draw the differences from the first run with their intervals, in a row for each type."""
    figure = Figure(layout={"template": {}, "dragmode": False})
    base, *others = comparison.runs
    rows = ["all", *base.types]
    places = list(range(len(rows)))
    # The first run is drawn at 0, so that each run has the same colour in all figures.
    figure.add_trace(_row(base.name, places, [_NONE for _ in rows]))
    for number, (run, against) in enumerate(zip(others, comparison.against, strict=True)):
        found = [against.total, *against.types.values()]
        shift = 0.5 * (number + 0.5) / len(others) - 0.25  # keeps runs from overlapping
        figure.add_trace(_row(run.name, [place + shift for place in places], found))
    figure.update_xaxes(
        title={"text": f"F1 above that of {escape(base.name)}, points"},
        zeroline=True,
        zerolinewidth=2,
        zerolinecolor="#888",
    )
    figure.update_yaxes(
        tickvals=places,
        ticktext=[escape(row) for row in rows],
        range=[len(rows) - 0.5, -0.5],
        zeroline=False,
    )
    figure.update_layout(
        legend=LEGEND,
        height=150 + 24 * len(rows) * (1 + len(others)),
    )
    return figure


_NONE = Difference(f1=0.0, low=0.0, high=0.0, p=1.0)


def _row(name: str, places: list[float] | list[int], found: list[Difference]) -> Scatter:
    return Scatter(
        x=[100 * one.f1 for one in found],
        y=places,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [100 * (one.high - one.f1) for one in found],
            "arrayminus": [100 * (one.f1 - one.low) for one in found],
        },
        name=escape(name),
        mode="markers",
        marker={"size": 9},
        text=[f"{points(one.low)} to {points(one.high)}" for one in found],
        hovertemplate="%{x:+.2f} (%{text})",
    )
