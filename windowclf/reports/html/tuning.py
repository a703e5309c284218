"""The page of a search over settings."""

from html import escape
from typing import TYPE_CHECKING

from plotly.graph_objects import Bar, Figure, Scatter

from windowclf.reports.html.figures import LEGEND, new_figure
from windowclf.reports.html.page import render
from windowclf.reports.wording import short

if TYPE_CHECKING:
    from windowclf.tuning.study import Trial, Tuning

_STATES = {"done": "complete", "pruned": "stopped early", "diverged": "diverged", "lost": "lost"}
_LOG_SPAN = 20  # values that differ by a larger factor get a logarithmic axis


def tuning_page(tuning: "Tuning", data: str, trials: int) -> str:
    """Render a search as a page.

    Parameters
    ----------
    tuning : Tuning
        A search with at least one trial.
    data : str
        The name of the corpus.
    trials : int
        The planned number of trials.
    """
    names = list(dict.fromkeys(name for trial in tuning.trials for name in trial.settings))
    slices = {f"slice-{number}": name for number, name in enumerate(names)}
    figures = {"history": history(tuning)}
    if tuning.importance:
        figures["importance"] = importance(tuning)
    figures |= {place: slice_of(tuning, name) for place, name in slices.items()}
    return render(
        "tuning.html",
        f"Search over settings: {data}",
        figures,
        tuning=tuning,
        best=tuning.best_trial,
        trials=trials,
        names=names,
        slices=slices,
        states=_STATES,
        short=short,
    )


def history(tuning: "Tuning") -> Figure:
    """Draw the F1 of the trials in order, with a line for the best so far."""
    figure = new_figure("trial", "F1 on the dev text, %", showlegend=False)
    figure.update_layout(legend=LEGEND)
    for state, name in _STATES.items():
        _add_points(figure, [t for t in tuning.trials if t.state == state], state, name, None)
    so_far = 0.0
    line = []
    for trial in tuning.trials:
        so_far = so_far if trial.state in ("pruned", "lost") else max(so_far, 100 * trial.f1)
        line.append(so_far or None)
    places = [trial.number for trial in tuning.trials]
    figure.add_trace(
        Scatter(x=places, y=line, mode="lines", line={"shape": "hv"}, name="best so far")
    )
    figure.update_xaxes(tickformat="d", dtick=1 if len(places) <= 15 else None)
    figure.update_layout(showlegend=True)
    return figure


def importance(tuning: "Tuning") -> Figure:
    """Draw the importance of each setting, the largest at the top."""
    figure = new_figure("importance, %", "", showlegend=False)
    figure.update_layout(legend=LEGEND)
    ranked = list(tuning.importance.items())
    figure.add_trace(
        Bar(
            x=[100 * share for _, share in ranked],
            y=[name.replace("_", " ") for name, _ in ranked],
            orientation="h",
            hovertemplate="%{x:.0f} %<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(height=110 + 30 * len(ranked))
    return figure


def slice_of(tuning: "Tuning", name: str) -> Figure:
    """Draw the F1 of each trial over its value of one setting."""
    figure = new_figure(name.replace("_", " "), "F1, %", showlegend=False)
    figure.update_layout(legend=LEGEND)
    values = [trial.settings[name] for trial in tuning.trials if name in trial.settings]
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    for state, called in _STATES.items():
        found = [t for t in tuning.trials if t.state == state and name in t.settings]
        _add_points(figure, found, state, called, name)
    if not numbers:
        figure.update_xaxes(type="category")
    elif min(values) > 0 and max(values) > _LOG_SPAN * min(values):
        figure.update_xaxes(type="log")
    figure.update_layout(height=280)
    return figure


def _add_points(
    figure: Figure, trials: "list[Trial]", state: str, called: str, name: str | None
) -> None:
    """Draw trials with the same outcome, in the colour and shape of this outcome."""
    shapes = {"done": "circle", "pruned": "circle-open", "diverged": "x", "lost": "x-open"}
    figure.add_trace(
        Scatter(
            x=[trial.settings[name] if name else trial.number for trial in trials],
            y=[100 * trial.f1 for trial in trials],
            mode="markers",
            marker={"symbol": shapes[state], "size": 9},
            name=called,
            text=[
                escape(f"trial {trial.number}: ", quote=False)
                + ", ".join(f"{key} {short(value)}" for key, value in trial.settings.items())
                for trial in trials
            ],
            hovertemplate="%{y:.2f} % %{text}<extra></extra>",
            showlegend=bool(trials),
        )
    )
