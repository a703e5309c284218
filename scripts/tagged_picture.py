"""Draw texts that the bundled model tagged, as an SVG that needs no fonts and no other file."""

import re
import sys
from html import escape
from itertools import pairwise
from pathlib import Path

from windowclf import load
from windowclf.tagging.tagged_text import Entity

TEXTS = (
    "Shares in Nvidia rose 4.2 percent in New York while Toyota fell in Tokyo.",
    "my flight from oslo to buenos aires was cancelled so lufthansa put me up in madrid",
    "1. Iga Swiatek (Poland) beat Coco Gauff (U.S.) 6-2 6-3",
    "Hi Priya, has the Lisbon office signed?",
)
PICTURE = Path(__file__).parent.parent / "docs" / "images" / "tagged.svg"
WIDTH, MARGIN, LINE, BREAK = 720, 24, 32, 12
LETTER, SMALL = 8.4, 6.0
"""Width of a letter of the text and of a label. ``textLength`` forces it in any font."""
PAD = 5

STYLE = """
text { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 14px }
.label { font-size: 10px; font-weight: 700 }
.card { fill: #fff; stroke: #d0d7de } .text { fill: #1f2328 }
.PER { fill: #dbe9ff } .label.PER { fill: #0b4fb3 }
.ORG { fill: #ffe8cc } .label.ORG { fill: #8a4500 }
.LOC { fill: #d8f3dc } .label.LOC { fill: #1b6b32 }
.MISC { fill: #f0e2fb } .label.MISC { fill: #6b2fa0 }
@media (prefers-color-scheme: dark) {
.card { fill: #0d1117; stroke: #30363d } .text { fill: #e6edf3 }
.PER { fill: #12315f } .label.PER { fill: #9cc7ff }
.ORG { fill: #55300a } .label.ORG { fill: #ffc27d }
.LOC { fill: #123f20 } .label.LOC { fill: #86dc9c }
.MISC { fill: #40205c } .label.MISC { fill: #d9b3ff }
}"""


def pieces(text: str, entities: list[Entity]) -> list[tuple[str, str, bool]]:
    """Cut a text into words and entities: each with its label, and whether a space precedes it."""
    borders = sorted({0, len(text)} | {at for e in entities for at in (e.start, e.end)})
    labels = {entity.start: entity.label for entity in entities}
    cut = []
    for start, end in pairwise(borders):
        part = text[start:end]
        if start in labels:
            cut.append((part, labels[start], text[:start].endswith(" ")))
        else:
            cut += [
                (word[0], "", text[: start + word.start()].endswith(" "))
                for word in re.finditer(r"\S+", part)
            ]
    return cut


def draw_text(words: str, x: float, y: float, kind: str, letter: float) -> str:
    """Draw words that are exactly as wide as they have letters."""
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" textLength="{letter * len(words):.1f}" '
        f'lengthAdjust="spacingAndGlyphs">{escape(words, quote=False)}</text>'
    )


def draw(texts: list[tuple[str, list[Entity]]]) -> str:
    """Draw the texts one below the other, each with its entities marked."""
    drawn = []
    y = MARGIN + 18.0
    for text, entities in texts:
        x = float(MARGIN)
        for words, label, spaced in pieces(text, entities):
            width = LETTER * len(words) + (3 * PAD + SMALL * len(label) if label else 0)
            if spaced:
                x += LETTER
                if x + width > WIDTH - MARGIN:
                    x, y = float(MARGIN), y + LINE
            if label:
                drawn.append(
                    f'<rect class="{label}" x="{x:.1f}" y="{y - 17:.1f}" width="{width:.1f}" '
                    f'height="24" rx="5"/>'
                )
                drawn.append(draw_text(words, x + PAD, y, "text", LETTER))
                at = x + 2 * PAD + LETTER * len(words)
                drawn.append(draw_text(label, at, y - 1, f"label {label}", SMALL))
            else:
                drawn.append(draw_text(words, x, y, "text", LETTER))
            x += width
        y += LINE + BREAK
    height = round(y - LINE - BREAK + MARGIN + PAD)
    title = "Texts that the bundled model tagged: persons, organisations and locations are marked"
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" aria-label="{title}">',
            f"<title>{title}</title>",
            f"<style>{STYLE}\n</style>",
            f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" '
            'rx="8"/>',
            *drawn,
            "</svg>\n",
        )
    )


def main() -> None:
    """Draw the picture into the file of the command line, or into its place in docs."""
    classifier = load(Path(__file__).parent.parent / "data" / "model")
    picture = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    picture.write_text(draw([(text, classifier.tag(text)) for text in TEXTS]), encoding="utf-8")


if __name__ == "__main__":
    main()
