"""Wrong entities, marked in their sentences."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from windowclf.evaluation.entity_errors import EntityError
from windowclf.tags.schemes import Span

CONTEXT = 12
"""Words that are shown on each side, at the most."""


class Piece(NamedTuple):
    """A part of a sentence.

    Attributes
    ----------
    text : str
    gold, predicted : str or None
        The label of the span that it is in.
    """

    text: str
    gold: str | None
    predicted: str | None


class Mistake(NamedTuple):
    """A wrong entity, as a page shows it.

    Attributes
    ----------
    error : EntityError
    pieces : list of Piece
        What joined is its sentence; words that are far from it are left out.
    """

    error: EntityError
    pieces: list[Piece]


def mistakes(errors: Sequence[EntityError]) -> list[Mistake]:
    """Mark wrong entities in their sentences."""
    return [Mistake(error, _pieces(error)) for error in errors]


def _pieces(error: EntityError) -> list[Piece]:
    spans = [span for span in (error.gold, error.predicted) if span]
    begin = max(min(span.start for span in spans) - CONTEXT, 0)
    end = min(max(span.end for span in spans) + CONTEXT, len(error.tokens))
    parts = [Piece("… ", None, None)] if begin else []
    for i in range(begin, end):
        parts.append(Piece(error.tokens[i], _label(error.gold, i), _label(error.predicted, i)))
        if i + 1 < end:  # a space is in the spans that both words are in
            inside = (
                _label(span, i) and _label(span, i + 1) for span in (error.gold, error.predicted)
            )
            parts.append(Piece(" ", *inside))
    if end < len(error.tokens):
        parts.append(Piece(" …", None, None))
    return [
        Piece("".join(part.text for part in run), *marks)
        for marks, run in groupby(parts, key=lambda part: part[1:])
    ]


def _label(span: Span | None, token: int) -> str | None:
    return span.label if span and span.start <= token < span.end else None
