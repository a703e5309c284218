"""Tagged texts for a terminal, without rich, because `windowclf tag` imports this at its start."""

from collections.abc import Sequence

import click

from windowclf.documents.formats.text import Mark

_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")


def in_colour(labels: Sequence[str]) -> Mark:
    """Return a function that shows each label in its own colour, as far as there are colours."""
    colours = {label: _COLOURS[i % len(_COLOURS)] for i, label in enumerate(labels)}

    def mark(label: str, text: str) -> str:
        colour = colours.get(label)
        return click.style(text, fg=colour, bold=True) + click.style(
            f" {label}", fg=colour, dim=True
        )

    return mark
