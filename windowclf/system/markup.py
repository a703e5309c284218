"""Text with marked names as HTML, for displaying objects in a notebook.

Each element has its own style, because a notebook has no style sheet for them. The colours are
translucent, so that they are readable on a light and on a dark background.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from windowclf.errors import printable

LONGEST = 10_000
"""Largest number of characters of a text that are shown."""
_HUES = ("27,108,168", "163,52,143", "190,134,0", "35,140,58", "200,66,66", "100,88,210")
"""The colours of `windowclf.reports.html`, in medium lightness."""


class Mark(NamedTuple):
    """A marked part of a text, with a `title` that is shown as a tooltip."""

    start: int
    end: int
    label: str
    title: str = ""


def marked(text: str, marks: Sequence[Mark], labels: Sequence[str]) -> str:
    """Return a text as HTML with marked parts and their labels.

    Parameters
    ----------
    marks : sequence of Mark
        Sorted marks without overlap.
    labels : sequence of str
        All possible labels; the position of a label determines its colour.

    Examples
    --------
    >>> marked("a < b", [], []).endswith(">a &lt; b</div>")
    True
    """
    hues = {label: _HUES[i % len(_HUES)] for i, label in enumerate(sorted(labels))}
    shown = [mark for mark in marks if mark.end <= LONGEST]
    parts = []
    end = 0
    for mark in shown:
        parts += [_plain(text[end : mark.start]), _mark(text, mark, hues.get(mark.label, _HUES[0]))]
        end = mark.end
    parts.append(_plain(text[end : max(LONGEST, end)]))
    if len(text) > LONGEST:
        hidden = f"{len(text) - LONGEST:,} more characters, {len(marks) - len(shown):,} more names"
        parts.append(f'<div style="opacity:.7">… {hidden}</div>')
    style = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.9"
    return f'<div dir="auto" style="{style}">{"".join(parts)}</div>'


def _mark(text: str, mark: Mark, hue: str) -> str:
    style = (
        f"background:rgba({hue},.22);color:inherit;border-bottom:2px solid rgb({hue});"
        "border-radius:3px 3px 0 0;padding:.1em .2em"
    )
    title = f' title="{_escaped(mark.title)}"' if mark.title else ""
    label = (
        f'<span style="font-size:.72em;font-weight:700;margin-left:.35em">{_plain(mark.label)}'
        "</span>"
    )
    return (
        f'<mark{title} style="{style}"><bdi>{_plain(text[mark.start : mark.end])}</bdi>{label}'
        "</mark>"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return an HTML table, whose first column is text and whose other columns are numbers."""
    lines = [
        *(("th", row) for row in [head]),
        *(("td", row) for row in rows),
    ]
    body = (
        "".join(
            f'<{kind} style="text-align:{"right" if column else "left"}">{_plain(cell)}</{kind}>'
            for column, cell in enumerate(row)
        )
        for kind, row in lines
    )
    return f"<table>{''.join(chain.from_iterable(('<tr>', row, '</tr>') for row in body))}</table>"


def caption(text: str) -> str:
    """Return a caption as HTML."""
    return f"<div><b>{_plain(text)}</b></div>"


def _plain(text: str) -> str:
    """Escape a text, and drop characters that are invalid in HTML, except tabs and line breaks."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return _escaped("\n".join("\t".join(map(printable, line.split("\t"))) for line in lines))


def _escaped(text: str) -> str:
    from html import escape  # only notebooks need it, and it loads a table of all entities

    return escape(text)
