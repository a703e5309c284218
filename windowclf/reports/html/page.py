"""The frame of all pages: a single file with styles, figures and the library that draws them."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment
    from plotly.graph_objects import Figure

HUES = 6
"""Number of label colours in the style sheet."""


def render(
    template: str, title: str, figures: "Mapping[str, Figure] | None" = None, **values: Any
) -> str:
    """Render a template that extends `base.html`, as a page without other files.

    Parameters
    ----------
    template : str
        Name of its file in `templates`.
    figures : mapping of str to plotly.graph_objects.Figure, optional
        The figures by the ids of their elements. Without figures the page has no script.
    **values
        Values for the template, which are escaped.
    """
    plotly = drawn = ""
    if figures:
        from plotly.offline import get_plotlyjs

        plotly = get_plotlyjs()
        plain = {name: json.loads(figure.to_json()) for name, figure in figures.items()}
        drawn = json.dumps(plain).replace(
            "<", "\\u003c"
        )  # keeps text of a figure from ending the script
    shell = {"style": _source("style.css"), "draw": _source("draw.js")}
    return fragment(template, title=title, plotly=plotly, figures=drawn, **shell, **values)


def fragment(template: str, **values: Any) -> str:
    """Render a template that is a part of a page."""
    return _environment().get_template(template).render(**values)


def hues(labels: Sequence[str]) -> dict[str, int]:
    """Assign each label the number of its colour, which is the same on every page."""
    return {label: number % HUES for number, label in enumerate(sorted(labels))}


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("windowclf.reports.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _source(name: str) -> str:
    return (files("windowclf.reports.html") / "templates" / name).read_text(encoding="utf-8")
