"""Conversion of the spans in files to spans of their text, by the user's options."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from windowclf.documents.document import LabelledSpan
from windowclf.documents.reading import ReadOptions
from windowclf.documents.span_borders import check_spans
from windowclf.documents.span_offsets import READINGS, fits, misfits
from windowclf.errors import DataError, quoted


class FileSpan(msgspec.Struct, frozen=True):
    """A labelled span as it is in a file.

    Parameters
    ----------
    start, end : int
        Offsets in the unit of the file.
    text : str, optional
        The text of the span, from which the unit can be detected.
    """

    start: int
    end: int
    label: str
    score: float | None = None
    text: str | None = None


def fit_spans(
    text: str, spans: Sequence[FileSpan], options: ReadOptions, where: str
) -> list[LabelledSpan]:
    """Convert the offsets of spans, sort the spans and resolve overlaps.

    Parameters
    ----------
    where : str
        The file and the line, for the report.

    Raises
    ------
    DataError
        If a span exceeds the text, is blank or has no label; if it cuts a word with
        ``spans="refuse"``; or if it overlaps another one with ``overlaps="refuse"``.
    """
    offsets = [(span.start, span.end, span.text) for span in spans]
    options.report.offsets.add(text, offsets, where, options.spans)
    read = READINGS[options.spans]
    found = []
    for span in spans:
        start, end = read(text, span.start, span.end)
        if not 0 <= start < end <= len(text):
            raise DataError(
                f"span {quoted(span.start)}:{quoted(span.end)} does not fit a text of {len(text)} "
                f"characters{_cure(text, spans)}"
            )
        if options.spans == "refuse" and misfits(text, start, end, span.text):
            what = "cuts a word" if span.text is None else f"is not {quoted(span.text)}"
            raise DataError(
                f"span {start}:{end} {quoted(text[start:end])} {what}{_cure(text, spans)}"
            )
        inside = text[start:end]
        if inside.strip():  # spans may differ only in white space at their ends
            start += len(inside) - len(inside.lstrip())
            end -= len(inside) - len(inside.rstrip())
        found.append(LabelledSpan(start, end, span.label, span.score))
    kept = resolve_overlaps(found, options, where)
    if options.overlaps == "refuse":
        for one, two in pairwise(sorted(kept, key=lambda span: (span.start, span.end))):
            if two.start < one.end and one.label and two.label:
                raise DataError(
                    f"span {two.start}:{two.end} overlaps span {one.start}:{one.end}; "
                    "keep one of overlapping spans with `overlaps='longest'`"
                )
    return check_spans(text, kept)


def resolve_overlaps(
    spans: Sequence[LabelledSpan], options: ReadOptions, where: str
) -> list[LabelledSpan]:
    """Drop duplicate spans, and resolve overlapping ones by the options.

    With ``overlaps="refuse"``, overlapping spans are returned unchanged.
    """
    unique: dict[tuple[int, int, str], LabelledSpan] = {}
    for span in spans:
        unique.setdefault((span.start, span.end, span.label), span)
    found = [*unique.values()]
    if len(found) < len(spans):
        options.report.add("duplicate spans dropped", where, len(spans) - len(found))
    if options.overlaps == "refuse" or len(found) < 2:
        return found
    if options.overlaps == "longest":  # the sort is stable: of equal length, the first listed
        found.sort(key=lambda span: span.start - span.end)
    kept: list[LabelledSpan] = []  # sorted by start
    for span in found:
        place = bisect_left(kept, span.start, key=lambda other: other.start)
        clash = next(
            (o for o in kept[max(place - 1, 0) : place + 1] if _overlap(o, span)),
            None,
        )
        if clash is None:
            kept.insert(place, span)
        else:
            here = f"{where}: {span.start}:{span.end} beside {clash.start}:{clash.end}"
            options.report.add("overlapping spans dropped", here)
    return kept


def _overlap(one: LabelledSpan, two: LabelledSpan) -> bool:
    return one.start < two.end and two.start < one.end


def _cure(text: str, spans: Sequence[FileSpan]) -> str:
    """Name the interpretation of the offsets that makes all spans of a text fit."""
    for name, read in READINGS.items():
        if name != "refuse" and all(
            fits(text, *read(text, span.start, span.end), span.text) for span in spans
        ):
            return f"; all spans of this text fit with `spans={name!r}`"
    return ""
