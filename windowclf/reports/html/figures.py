"""Figures of the pages; `draw.js` adds the colours of the page."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from plotly.graph_objects import Bar, Figure, Heatmap, Scatter

from windowclf.model.calibration import Reliability
from windowclf.reports.html.page import HUES

Points = tuple[Sequence[float], Sequence[float | None]]
"""Coordinates of a curve's points; there is a gap where a value is not a number."""

LEGEND = {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0}
"""A legend above the figure, left-aligned."""
_DASHES = ("solid", "dash", "dot", "dashdot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
_WHOLE_STEPS = 15  # up to so many epochs, each has a tick
_MOST_HOVERED = 8  # up to so many curves, one tooltip shows all values
_MOST_WRITTEN = 20  # up to so many rows, the cells of a heat map have numbers
_LOWEST, _HEADING, _ROW = 352, 110, 30  # pixels of height; the lowest is that of the style sheet
_LABEL_WIDTH, _LABEL_HEIGHT = 0.12, 0.05  # size of a word, relative to the map
# Medium lightness, so that text is readable on them, and transparent where the value is 0.
_MORE = "rgba(60, 130, 200, {})"
_LESS = "rgba(205, 105, 60, {})"


def new_figure(x: str, y: str, **layout: Any) -> Figure:
    """Make a figure with a pair of axes with the titles `x` and `y`."""
    figure = Figure(layout={"template": {}, "dragmode": False, **layout})
    figure.update_xaxes(title={"text": x})
    figure.update_yaxes(title={"text": y})
    return figure


def curves(series: Mapping[str, Points], *, x: str, y: str, log: bool = False) -> Figure:
    """Draw curves in the same axes.

    Parameters
    ----------
    series : mapping of str to Points
        The points of each curve by its name; values that the axis cannot show are left out.
    x, y : str
        Titles of the axes.
    log : bool
        Whether the y axis is logarithmic.
    """
    figure = new_figure(x, y)
    for number, (name, (places, values)) in enumerate(series.items()):
        figure.add_trace(
            Scatter(
                x=list(places),
                y=[None if log and (value or 0) <= 0 else value for value in values],
                name=_text(name),
                mode="lines+markers",  # a single point is not visible as a line
                line={"dash": _DASHES[number // HUES % len(_DASHES)]},
                marker={"size": 5},
            )
        )
    figure.update_layout(
        showlegend=len(series) > 1,
        legend=LEGEND,
        hovermode="x" if len(series) <= _MOST_HOVERED else "closest",
    )
    figure.update_yaxes(exponentformat="none")
    if log:
        figure.update_yaxes(type="log", exponentformat="power")
    places = [place for its, _ in series.values() for place in its]
    if places and all(place == int(place) for place in places):
        few = max(places) - min(places) < _WHOLE_STEPS
        figure.update_xaxes(tickformat="d", dtick=1 if few else None)
    return figure


def heat_map(
    values: Sequence[Sequence[float | None]],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    x: str,
    y: str,
    texts: Sequence[Sequence[str]],
) -> Figure:
    """Draw a matrix, with the first row at the top and different colours above and below 0.

    Parameters
    ----------
    values : sequence of sequences of float
        The intensity of the colours; None leaves a cell empty.
    rows, columns : sequence of str
        Names of the rows and columns.
    x, y : str
        Titles of the axes.
    texts : sequence of sequences of str
        Texts for the tooltips, and for the cells if there is room.
    """
    largest = max((abs(v) for row in values for v in row if v is not None), default=0.0) or 1.0
    figure = new_figure(x, y)
    figure.add_trace(
        Heatmap(
            z=[list(row) for row in values],
            # The axes are numeric, so that two labels with the same name do not share a cell.
            x=list(range(len(columns))),
            y=list(range(len(rows))),
            customdata=[
                [
                    [_text(row), _text(column), text]
                    for column, text in zip(columns, line, strict=True)
                ]
                for row, line in zip(rows, texts, strict=True)
            ],
            hovertemplate=f"{y} %{{customdata[0]}}<br>{x} %{{customdata[1]}}<br>"
            "%{customdata[2]}<extra></extra>",
            zmin=-largest,
            zmax=largest,
            colorscale=[
                [0, _LESS.format(0.85)],
                [0.5, _LESS.format(0)],
                [0.5, _MORE.format(0)],
                [1, _MORE.format(0.85)],
            ],
            showscale=False,
            hoverongaps=False,
            xgap=1,
            ygap=1,
        )
    )
    if len(rows) <= _MOST_WRITTEN:
        # Heat maps choose the colour of their text without regard to the page's background.
        figure.add_trace(
            Scatter(
                x=[column for _ in rows for column in range(len(columns))],
                y=[row for row in range(len(rows)) for _ in columns],
                text=[text for line in texts for text in line],
                mode="text",
                textfont={"size": 12 if len(rows) < _MOST_WRITTEN / 2 else 9},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    for update, names in ((figure.update_xaxes, columns), (figure.update_yaxes, rows)):
        update(
            tickvals=list(range(len(names))),
            ticktext=[_text(name) for name in names],
            showgrid=False,
            zeroline=False,
        )
    figure.update_xaxes(side="top", range=[-0.5, len(columns) - 0.5])
    figure.update_yaxes(range=[len(rows) - 0.5, -0.5], title_standoff=12)
    figure.update_layout(height=max(_LOWEST, _HEADING + _ROW * len(rows)), margin={"b": 10})
    return figure


def reliability_diagram(bins: Reliability) -> Figure:
    """Draw the accuracy for each confidence, and below it the number of entities."""
    some = bins.counts > 0
    middles = [(i + 0.5) / len(some) for i in range(len(some))]
    figure = new_figure("confidence", "share that is right")
    figure.add_trace(
        Scatter(
            x=bins.confidence[some].tolist(),
            y=bins.accuracy[some].tolist(),
            customdata=bins.counts[some].tolist(),
            mode="lines+markers",
            name="the model",
            hovertemplate="confidence %{x:.1%}: %{y:.1%} of %{customdata:,} right<extra></extra>",
        )
    )
    figure.add_trace(
        Scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            line={"dash": "dot"},
            name="perfect calibration",
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        Bar(
            x=middles,
            y=bins.counts.tolist(),
            yaxis="y2",
            showlegend=False,
            width=0.9 / len(some),
            hovertemplate="%{y:,}<extra></extra>",
        )
    )
    figure.update_layout(
        legend=LEGEND,
        xaxis={"range": [0, 1], "tickformat": ".0%", "anchor": "y2"},
        yaxis={"range": [0, 1.02], "tickformat": ".0%", "domain": [0.36, 1]},
        yaxis2={"title": {"text": "how many"}, "domain": [0, 0.26]},
    )
    return figure


def scatter_map(
    points: Sequence[Sequence[float]],
    words: Sequence[str],
    labels: Sequence[str],
    texts: Sequence[str],
) -> Figure:
    """Draw words as points, and write some of the words beside their points.

    Parameters
    ----------
    words : sequence of str
        The words; earlier ones have priority for being written.
    labels : sequence of str
        The label of each word, which determines its colour.
    texts : sequence of str
        The tooltip of each word.
    """
    figure = new_figure("first component", "second component")
    written = _apart(points)
    for number, label in enumerate(sorted(set(labels))):
        mine = [i for i, other in enumerate(labels) if other == label]
        figure.add_trace(
            Scatter(
                x=[points[i][0] for i in mine],
                y=[points[i][1] for i in mine],
                text=[_text(words[i]) if i in written else "" for i in mine],
                hovertext=[_text(texts[i]) for i in mine],
                hoverinfo="text",
                mode="markers+text",
                textposition="top center",
                textfont={"size": 11},
                name=_text(label),
                marker={"size": 6, "opacity": 0.65, "symbol": _SYMBOLS[number % len(_SYMBOLS)]},
            )
        )
    figure.update_layout(showlegend=True, legend=LEGEND)
    return figure


def _apart(points: Sequence[Sequence[float]], most: int = 40) -> set[int]:
    """Choose points whose words do not overlap, in their order."""
    spans = [max(axis) - min(axis) or 1.0 for axis in zip(*points, strict=True)]
    chosen: list[int] = []
    for i, (x, y) in enumerate(points):
        if len(chosen) < most and all(
            abs(x - points[j][0]) > _LABEL_WIDTH * spans[0]
            or abs(y - points[j][1]) > _LABEL_HEIGHT * spans[1]
            for j in chosen
        ):
            chosen.append(i)
    return set(chosen)


def _text(name: str) -> str:
    """Escape a name for plotly, which interprets some HTML in its texts."""
    return escape(name, quote=False)
