"""The shell of every page: one file with its style, its figures and the library that draws them."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment
    from plotly.graph_objects import Figure

HUES = 6
"""Colours of labels that the style sheet has."""


def render(
    template: str, title: str, figures: "Mapping[str, Figure] | None" = None, **values: Any
) -> str:
    """Fill in a template that extends `base.html`: a page that asks for no other file.

    Parameters
    ----------
    template : str
        Its file in `templates`.
    figures : mapping of str to plotly.graph_objects.Figure, optional
        By the id of the element that each is drawn into. Without any the page has no script.
    **values
        What the template shows; it is escaped.
    """
    plotly = drawn = ""
    if figures:
        from plotly.offline import get_plotlyjs

        plotly = get_plotlyjs()
        plain = {name: json.loads(figure.to_json()) for name, figure in figures.items()}
        drawn = json.dumps(plain).replace("<", "\\u003c")  # no text of a figure ends the script
    shell = {"style": _source("style.css"), "draw": _source("draw.js")}
    return fragment(template, title=title, plotly=plotly, figures=drawn, **shell, **values)


def fragment(template: str, **values: Any) -> str:
    """Fill in a template that is a part of a page."""
    return _environment().get_template(template).render(**values)


def hues(labels: Sequence[str]) -> dict[str, int]:
    """Give each label the number of its colour, the same on every page."""
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
