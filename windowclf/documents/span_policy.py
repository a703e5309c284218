"""Spans as files have them, made spans of their text by the rules that the user chose."""

from collections.abc import Sequence

import msgspec

from windowclf.documents.document import LabelledSpan
from windowclf.documents.reading import ReadOptions
from windowclf.documents.span_borders import check_spans
from windowclf.documents.span_offsets import READINGS, cuts_word, fits
from windowclf.errors import DataError, quoted


class FileSpan(msgspec.Struct, frozen=True):
    """A labelled stretch as a file has it.

    Parameters
    ----------
    start, end : int
        Offsets in what the file counts.
    text : str, optional
        The stretch itself, which shows what the offsets count.
    """

    start: int
    end: int
    label: str
    score: float | None = None
    text: str | None = None


def fit_spans(
    text: str, spans: Sequence[FileSpan], options: ReadOptions, where: str
) -> list[LabelledSpan]:
    """Read the offsets of spans, and put the spans in order without overlap.

    Parameters
    ----------
    where : str
        The file and the line, for what is counted.

    Raises
    ------
    DataError
        If a span does not fit the text, is blank or has no label; if it cuts a word and the
        options refuse this; or if it overlaps another and the options keep none of them.
    """
    offsets = [(span.start, span.end, span.text) for span in spans]
    options.report.offsets.add(text, offsets, where, options.spans)
    read = READINGS.get(options.spans)
    found = []
    for span in spans:
        start, end = read(text, span.start, span.end) if read else (span.start, span.end)
        if not 0 <= start < end <= len(text):
            raise DataError(
                f"span {quoted(start)}:{quoted(end)} does not fit a text of {len(text)} "
                f"characters{_cure(text, spans)}"
            )
        if options.spans == "refuse" and (cuts_word(text, start) or cuts_word(text, end)):
            raise DataError(
                f"span {start}:{end} {quoted(text[start:end])} cuts a word{_cure(text, spans)}"
            )
        found.append(LabelledSpan(start, end, span.label, span.score))
    return check_spans(text, resolve_overlaps(found, options, where))


def resolve_overlaps(
    spans: Sequence[LabelledSpan], options: ReadOptions, where: str
) -> list[LabelledSpan]:
    """Keep one of identical spans, and of overlapping ones those that the options choose.

    With ``overlaps="refuse"``, overlapping spans are returned as they are.
    """
    unique = {(span.start, span.end, span.label): span for span in reversed(spans)}
    found = [*reversed(unique.values())]
    if len(found) < len(spans):
        options.report.add("duplicate spans dropped", where, len(spans) - len(found))
    if options.overlaps == "refuse" or len(found) < 2:
        return found
    if options.overlaps == "longest":  # the sort is stable: of equal length, the first listed
        found.sort(key=lambda span: span.start - span.end)
    kept: list[LabelledSpan] = []
    for span in found:
        clash = next((o for o in kept if o.start < span.end and span.start < o.end), None)
        if clash is None:
            kept.append(span)
        else:
            here = f"{where}: {span.start}:{span.end} beside {clash.start}:{clash.end}"
            options.report.add("overlapping spans dropped", here)
    return kept


def _cure(text: str, spans: Sequence[FileSpan]) -> str:
    """Name the reading by which all spans of a text fit."""
    for name, read in READINGS.items():
        if all(fits(text, *read(text, span.start, span.end), span.text) for span in spans):
            return f"; all spans of this text fit with `spans={name!r}`"
    return ""
