"""The pictures of the tutorial, drawn from the numbers that its code has computed."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from website.svg import (
    WIDTH,
    Point,
    arrow,
    axes,
    box,
    cells,
    dashed,
    dot,
    line,
    picture,
    text,
)

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

MIDDLE = WIDTH / 2
COLOURS = ("forward", "backward", "ink", "faint")


def network(
    words: Sequence[str], x: Floats, a: Floats, s: Floats, classes: Sequence[str], caption: str
) -> str:
    """Draw one window from its words up to the scores of the classes."""
    scored = zip(_spread(len(classes), 52), classes, strict=True)
    parts = [text(at, 14, name) for at, name in scored]
    parts += [cells(MIDDLE, 22, s, size=52), text(62, 38, "s", anchor="end")]
    parts += [arrow((MIDDLE, 88), (MIDDLE, 50), "forward")]
    parts += [text(MIDDLE + 10, 74, "Uᵀ, b_u", "forward", "start")]
    parts += [cells(MIDDLE, 92, a), text(84, 108, "a = f(z)", anchor="end")]
    parts += [arrow((MIDDLE, 158), (MIDDLE, 120), "forward")]
    parts += [text(MIDDLE + 10, 144, "W, b", "forward", "start")]
    return picture(226, [*parts, *_window(words, x, 162, "x")], caption)


def backward(
    words: Sequence[str],
    dx: Floats,
    delta: Floats,
    ds: Floats,
    classes: Sequence[str],
    caption: str,
) -> str:
    """Draw the signals of one window on their way down to the words."""
    scored = zip(_spread(len(classes), 52), classes, strict=True)
    parts = [text(at, 14, name) for at, name in scored]
    parts += [cells(MIDDLE, 22, ds, size=52), text(62, 38, "∂J/∂s", anchor="end")]
    parts += [arrow((MIDDLE, 50), (MIDDLE, 88), "backward")]
    parts += [text(MIDDLE + 10, 74, "U, then f′(z) ⊙", "backward", "start")]
    parts += [cells(MIDDLE, 92, delta), text(62, 108, "δ", anchor="end")]
    parts += [arrow((MIDDLE, 120), (MIDDLE, 158), "backward")]
    parts += [text(MIDDLE + 10, 144, "Wᵀ", "backward", "start")]
    return picture(226, [*parts, *_window(words, dx, 162, "∂J/∂x")], caption)


def _window(words: Sequence[str], x: Floats, top: float, name: str) -> list[str]:
    width = 44 * len(x) / len(words)
    parts = [cells(MIDDLE + 20, top, x), text(62, top + 16, name, anchor="end")]
    for at, word in zip(_spread(len(words), width), words, strict=True):
        parts += [line([(at + 20 - width / 2 + 4, top + 28), (at + 20 + width / 2 - 4, top + 28)])]
        parts += [text(at + 20, top + 46, word)]
    return parts


def _spread(count: int, width: float) -> list[float]:
    return [MIDDLE + (i - (count - 1) / 2) * width for i in range(count)]


def shares(
    words: Sequence[str],
    sentence: Sequence[int],
    windows: Ints,
    dx: Floats,
    dL: Floats,
    caption: str,
) -> str:
    """Draw what each slot of each window adds to the gradient of a word's row.

    Parameters
    ----------
    words : sequence of str
        The word of each row of L.
    sentence : sequence of int
        The rows of one sentence.
    windows : int array, shape (N, 2c+1)
    dx : float array, shape (N, 2c+1, d)
    dL : float array, shape (V, d)
    """
    n, slots = windows.shape
    side = slots // 2
    columns = [0] * side + list(sentence) + [0] * side
    width = min(58.0, (WIDTH - 90) / len(columns))
    left, largest = 84.0, float(np.linalg.norm(dx, axis=2).max())
    parts = [text(left + (i + 0.5) * width, 14, words[row]) for i, row in enumerate(columns)]
    for t in range(n):
        top = 24 + 26 * t
        parts.append(text(left - 8, top + 16, f"window {t + 1}", "small", "end"))
        for k in range(slots):
            norm = float(np.linalg.norm(dx[t, k]))
            parts.append(
                box(left + (t + k) * width, top, width, 22, "backward", norm / largest / 2)
            )
            parts.append(text(left + (t + k + 0.5) * width, top + 15, f"{norm:.2f}", "small"))
    top = 40 + 26 * n
    parts.append(text(8, top + 4, "length of the sum, row by row of L:", anchor="start"))
    each = (WIDTH - 16) / len(words)
    for row, word in enumerate(words):
        norm = float(np.linalg.norm(dL[row]))
        at = 8 + (row + 0.5) * each
        parts.append(box(at - 34, top + 14, 68, 22, "backward", min(norm / largest / 2, 0.9)))
        parts += [text(at, top + 29, f"{norm:.2f}", "small"), text(at, top + 52, word)]
    return picture(top + 60, parts, caption)


def chart(
    series: Mapping[str, Sequence[Point]],
    caption: str,
    *,
    across: str,
    up: str,
    logarithmic: bool = False,
) -> str:
    """Draw lines through points, each with its name.

    Parameters
    ----------
    series : mapping of str to sequence of pair of float
        The points of each line, from left to right.
    across, up : str
        What the axes have.
    logarithmic : bool
        Whether both axes are.
    """
    scaled = {
        name: [(math.log10(x), math.log10(y)) if logarithmic else (x, y) for x, y in points]
        for name, points in series.items()
    }
    xs, ys = zip(*(point for points in scaled.values() for point in points), strict=True)
    x_ticks, y_ticks = (_ticks(min(values), max(values), logarithmic) for values in (xs, ys))
    low_x, high_x = min(*xs, x_ticks[0]), max(*xs, x_ticks[-1])
    low_y, high_y = min(*ys, y_ticks[0]), max(*ys, y_ticks[-1])
    left, right, top, bottom = 52.0, WIDTH - 14.0, 16.0 + 18 * len(series), 250.0

    def at(x: float, y: float) -> Point:
        return (
            left + (x - low_x) / (high_x - low_x) * (right - left),
            bottom - (y - low_y) / (high_y - low_y) * (bottom - top),
        )

    parts = [axes(left, top, right, bottom)]
    for i, (name, points) in enumerate(scaled.items()):
        draw = dashed if i % 2 else line
        parts.append(draw([at(*point) for point in points], COLOURS[i]))
        parts.append(draw([(left, 12 + 18 * i), (left + 26, 12 + 18 * i)], COLOURS[i]))
        parts.append(text(left + 34, 16 + 18 * i, name, anchor="start"))
    parts += [
        text(at(value, low_y)[0], bottom + 16, _mark(value, logarithmic), "small")
        for value in x_ticks
    ]
    parts += [
        text(left - 6, at(low_x, value)[1] + 4, _mark(value, logarithmic), "small", "end")
        for value in y_ticks
    ]
    middle = f"translate(12 {(top + bottom) / 2:.0f}) rotate(-90)"
    parts += [
        text((left + right) / 2, bottom + 34, across),
        f'<g transform="{middle}">{text(0, 0, up)}</g>',
    ]
    return picture(bottom + 42, parts, caption)


def _ticks(low: float, high: float, logarithmic: bool) -> list[float]:
    """Choose round numbers that cover a range: powers of ten for a logarithmic axis."""
    size = max(high - low, 1e-9) / 4
    power = 10.0 ** math.floor(math.log10(size))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= size * 0.999)
    if logarithmic:
        step = max(round(step), 1)
    return [step * n for n in range(math.floor(low / step), math.ceil(high / step) + 1)]


def _mark(value: float, logarithmic: bool) -> str:
    return f"1e{value:.0f}" if logarithmic else f"{value:.3g}".replace("-", "−")


def word_map(
    words: Sequence[str], groups: Sequence[int], before: Floats, after: Floats, caption: str
) -> str:
    """Draw word vectors of two dimensions: where each begins, as an arrow to where it ends.

    Parameters
    ----------
    words : sequence of str
    groups : sequence of int
        Which colour each word has.
    before, after : float array, shape (V, 2)
    """
    both = np.concatenate([before, after])
    low, high = both.min(axis=0), both.max(axis=0)
    height = 320.0

    def at(point: Floats) -> Point:
        x, y = (point - low) / (high - low)
        return 14 + float(x) * (WIDTH - 76), height - 24 - float(y) * (height - 48)

    parts, labels = [], list[Point]()
    for word, group, begin, end in zip(words, groups, before, after, strict=True):
        colour = COLOURS[group]
        x, y = at(end)
        parts += [arrow(at(begin), (x, y), "faint"), dot(x, y, colour)]
        # A label moves up or down until it covers no other.
        offsets = sorted((13 * n for n in range(-8, 9)), key=abs)
        free = (
            o for o in offsets if all(abs(x - a) > 46 or abs(y + o - b) > 11 for a, b in labels)
        )
        below = next(free, 0)
        labels.append((x, y + below))
        parts.append(text(x + 7, y + below + 4, word, f"{colour} small", "start"))
    return picture(height, parts, caption)


def projections(words: Sequence[str], window: Sequence[int], norms: Floats, caption: str) -> str:
    """Draw the table of projected words, and the rows of it that one window adds up.

    Parameters
    ----------
    words : sequence of str
        The distinct words.
    window : sequence of int
        Which of these stand in the slots of a window.
    norms : float array, shape (n, 2c+1)
        The length of each projected word.
    """
    n, slots = norms.shape
    left, width, largest = 78.0, 56.0, float(norms.max())
    parts = [
        text(left + (k + 0.5) * width, 14, f"k = {k - slots // 2}".replace("-", "−"))
        for k in range(slots)
    ]
    for row, word in enumerate(words):
        top = 24 + 24 * row
        parts.append(text(left - 10, top + 16, word, anchor="end"))
        for k in range(slots):
            chosen = window[k] == row
            strength = 0.5 * float(norms[row, k]) / largest
            colour = "backward" if chosen else "forward"
            parts.append(box(left + k * width, top, width, 20, colour, strength))
            parts.append(text(left + (k + 0.5) * width, top + 14, f"{norms[row, k]:.2f}", "small"))
            if chosen:
                begin = (left + slots * width + 4, top + 10)
                parts.append(arrow(begin, (WIDTH - 56, 24 + 12 * n), "backward"))
    parts.append(text(WIDTH - 26, 28 + 12 * n, "z − b", "backward"))
    return picture(30 + 24 * n, parts, caption)
