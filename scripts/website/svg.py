"""Parts of a picture as SVG text: they take their colours from docs/assets/site.css."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise

WIDTH = 360
"""Units across each picture; a telephone shows them about as large as they are."""

Point = tuple[float, float]


def picture(height: float, parts: Iterable[str], caption: str) -> str:
    """Join the parts of a picture, on one line, so that Markdown leaves it as it is."""
    box = f'viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(caption)}"'
    drawn = f"<svg {box}>{''.join(parts)}</svg>"
    return (
        f'<figure class="drawn" data-search-exclude>{drawn}'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "middle") -> str:
    """Write words whose middle, start or end is at a place."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} class="{kind}">{escape(words)}</text>'


def box(
    x: float, y: float, width: float, height: float, colour: str = "ink", strength: float = 0.0
) -> str:
    """Draw a box, filled with as much of a colour as `strength` says, from 0 to 1."""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="3"'
    style = f"fill:var(--figure-{colour});fill-opacity:{strength:.2f};stroke:var(--figure-faint)"
    return f'<rect {place} style="{style}"/>'


def line(points: Sequence[Point], colour: str = "faint", style: str = "") -> str:
    """Draw a line through points."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    look = f"fill:none;stroke:var(--figure-{colour});stroke-width:1.5;{style}"
    return f'<polyline points="{path}" style="{look}"/>'


def arrow(begin: Point, end: Point, colour: str = "faint") -> str:
    """Draw an arrow."""
    (x0, y0), (x1, y1) = begin, end
    length = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-9)
    dx, dy = 6 * (x1 - x0) / length, 6 * (y1 - y0) / length
    left, right = (x1 - dx - dy / 2, y1 - dy + dx / 2), (x1 - dx + dy / 2, y1 - dy - dx / 2)
    return line([begin, end], colour) + line([left, end, right], colour)


def dot(x: float, y: float, colour: str = "ink") -> str:
    """Draw a dot."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" style="fill:var(--figure-{colour})"/>'


def cells(
    x: float, y: float, numbers: Sequence[float], *, size: float = 44, height: float = 22
) -> str:
    """Draw numbers side by side, in boxes that are as strong as the numbers are large.

    Parameters
    ----------
    x, y : float
        The middle of the row, and its upper edge.
    numbers : sequence of float
        Those above zero are blue, the others orange.
    size, height : float
        The width and the height of a box.
    """
    largest = max(map(abs, numbers), default=1.0) or 1.0
    left, parts = x - size * len(numbers) / 2, []
    for i, number in enumerate(numbers):
        colour = "forward" if number > 0 else "backward"
        strength = 0.5 * abs(number) / largest
        parts.append(box(left + i * size, y, size, height, colour, strength))
        middle = left + (i + 0.5) * size
        parts.append(text(middle, y + height / 2 + 4, f"{number:.2f}".replace("-", "−"), "small"))
    return "".join(parts)


def axes(left: float, top: float, right: float, bottom: float) -> str:
    """Draw two axes."""
    return line([(left, top), (left, bottom), (right, bottom)])


def dashed(points: Sequence[Point], colour: str) -> str:
    """Draw a dashed line through points."""
    return "".join(
        line([begin, end], colour, "stroke-dasharray:5 3") for begin, end in pairwise(points)
    )
