"""The page of a learning curve."""

import numpy as np
from plotly.graph_objects import Figure, Scatter

from windowclf.evaluation.learning_curve import LearningCurve
from windowclf.reports.html.figures import LEGEND, new_figure
from windowclf.reports.html.page import render
from windowclf.reports.wording import SCORED_ON, forecast_in_words, interval

_DRAWN = 60  # points at which the law is drawn


def learning_curve_page(curve: LearningCurve, data: str) -> str:
    """Render a learning curve as a page; `data` names the corpus."""
    return render(
        "learning_curve.html",
        f"Learning curve: {data}",
        {"curve": draw_curve(curve)},
        curve=curve,
        said=forecast_in_words(curve),
        scored_on=SCORED_ON[curve.scored_on],
        interval=interval,
    )


def draw_curve(curve: LearningCurve) -> Figure:
    """Draw the repeats, their means with intervals, the law, and the forecast."""
    figure = new_figure("training sentences", "F1, %", legend=LEGEND, showlegend=True)
    points = curve.points
    sizes = [point.sentences for point in points]
    known = [point for point in points if point.low is not None and point.high is not None]
    if known:
        back = [*known, *reversed(known)]
        ends = [*(p.low for p in known), *(p.high for p in reversed(known))]
        figure.add_trace(
            Scatter(
                x=[point.sentences for point in back],
                y=[100 * (end or 0.0) for end in ends],
                fill="toself",
                fillcolor="rgba(60, 130, 200, 0.18)",
                line={"width": 0},
                mode="lines",
                hoverinfo="skip",
                name="95 % interval of the mean",
            )
        )
    figure.add_trace(
        Scatter(
            x=[point.sentences for point in points for _ in point.f1],
            y=[100 * f1 for point in points for f1 in point.f1],
            mode="markers",
            marker={"size": 5, "opacity": 0.5},
            name="trainings",
        )
    )
    figure.add_trace(
        Scatter(
            x=sizes,
            y=[100 * point.mean for point in points],
            mode="lines+markers",
            marker={"size": 9},
            line={"width": 1, "dash": "dot"},
            name="mean",
        )
    )
    if curve.law and curve.forecast:
        _add_forecast(figure, curve)
    figure.update_xaxes(type="log", tickvals=_ticks(curve), tickformat=",d")
    return figure


def _add_forecast(figure: Figure, curve: LearningCurve) -> None:
    law, found = curve.law, curve.forecast
    if law is None or found is None:
        return
    places = np.geomspace(curve.points[0].sentences, found.sentences, _DRAWN).tolist()
    figure.add_trace(
        Scatter(
            x=places,
            y=[100 * law.at(place) for place in places],
            mode="lines",
            hoverinfo="skip",
            name="law",
        )
    )
    figure.add_trace(
        Scatter(
            x=[found.sentences],
            y=[100 * found.f1],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [100 * (found.high - found.f1)],
                "arrayminus": [100 * (found.f1 - found.low)],
            },
            mode="markers",
            marker={"size": 11, "symbol": "diamond"},
            name="forecast",
        )
    )


def _ticks(curve: LearningCurve) -> list[int]:
    more = [curve.forecast.sentences] if curve.forecast else []
    return [*(point.sentences for point in curve.points), *more]
