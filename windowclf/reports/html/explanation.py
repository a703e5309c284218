"""The page that explains a tag, and its fragment for other pages."""

from collections.abc import Iterable
from typing import Any

from windowclf.explanation.result import Explanation
from windowclf.reports.attribution import (
    attribution,
    clipped,
    margin_share,
    nearby,
    share_name,
    tag_label,
    tag_meaning,
)
from windowclf.reports.html.page import fragment, hues, render
from windowclf.reports.wording import signed

CONTEXT = 30
"""Number of words shown on each side."""
TAGS = 20
"""Number of tags whose scores are shown, the highest first."""
FIRST = 8
"""Number of words of the sentence mean in rows of their own; the others share a row."""


def explanation_page(explanation: Explanation) -> str:
    """Render an explanation as an HTML page without scripts or other files."""
    title = f"Why “{clipped(explanation.word)}” is {explanation.tag}"
    return render("explanation.html", title, **_values(explanation))


def explanation_fragment(explanation: Explanation) -> str:
    """Render an explanation as a fragment for a page with `style.css`; its headings are ``h2``."""
    return fragment("_explanation.html", **_values(explanation))


def _values(explanation: Explanation) -> dict[str, Any]:
    tag, runner_up = explanation.tag, explanation.runner_up
    rows = attribution(explanation)
    numbers = [row.margin_share for row in rows]
    numbers += [part.margin_share for row in rows for part in row.parts]
    labels = {tag_label(other) for other in explanation.tags} - {"O"}
    probability = dict(zip(explanation.tags, explanation.probabilities, strict=True))
    score = dict(zip(explanation.tags, explanation.scores, strict=True))
    ranked = sorted(explanation.tags, key=lambda other: -score[other])
    return {
        "explanation": explanation,
        "words": nearby(explanation, CONTEXT),
        "hue": hues(sorted(labels)).get(tag_label(tag), ""),
        "probability": probability,
        "score": score,
        "ranked": ranked[:TAGS],
        "unshown": len(ranked[TAGS:]),
        "meanings": [(other, tag_meaning(other)) for other in dict.fromkeys((tag, runner_up))],
        "rows": rows,
        "places": [row.place for row in rows],
        "margin_share": margin_share(explanation, explanation.scores),
        "scale": _Scale(numbers),
        "score_scale": _Scale(explanation.scores),
        "unit_scale": _Scale(unit.margin for unit in explanation.units),
        "cause_scale": _Scale(cause.z for unit in explanation.units for cause in unit.causes),
        "share_name": share_name,
        "first": FIRST,
        "signed": signed,
    }


class _Scale:
    """Scales numbers to bars from a common zero: positive to the right, negative to the left."""

    def __init__(self, numbers: Iterable[float]) -> None:
        with_zero = [0.0, *numbers]
        self._low, high = min(with_zero), max(with_zero)
        self._length = high - self._low or 1.0

    def bar(self, number: float) -> dict[str, str]:
        """Return the edges of a bar and the position of zero, in percent of the width."""
        left, right = sorted([0.0, number])
        return {
            "left": self._percent(left),
            "width": f"{100 * (right - left) / self._length:.2f}%",
            "zero": self._percent(0.0),
        }

    def _percent(self, number: float) -> str:
        return f"{100 * (number - self._low) / self._length:.2f}%"
