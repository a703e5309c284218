"""Tagged texts on a terminal; `windowclf tag` imports it at its start, so it imports no rich."""

from collections.abc import Sequence

import click

from windowclf.documents.formats.text import Mark

_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")


def in_colour(labels: Sequence[str]) -> Mark:
    """Show the spans of each label in a colour of its own, as far as they go."""
    colours = {label: _COLOURS[i % len(_COLOURS)] for i, label in enumerate(labels)}

    def mark(label: str, text: str) -> str:
        colour = colours.get(label)
        return click.style(text, fg=colour, bold=True) + click.style(
            f" {label}", fg=colour, dim=True
        )

    return mark
