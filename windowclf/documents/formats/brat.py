"""brat's standoff annotation (read-only): ``name.ann`` has the spans of ``name.txt``."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path, PurePath
from typing import BinaryIO, NamedTuple

from windowclf.documents.document import Document
from windowclf.documents.reading import ReadOptions
from windowclf.documents.span_offsets import misfits
from windowclf.documents.span_policy import FileSpan, fit_spans
from windowclf.errors import DataError, quoted
from windowclf.system.streams import COMPRESSED, is_url, open_input

_SPAN = re.compile(r"T\S*\t\s*(\S+)((?:[ ;]+\d+ +\d+)+) *(?:\t(.*))?")
_OTHER = re.compile(r"[A-Za-z#*]\S*\t")
_PIECE = re.compile(r"(\d{1,18}) +(\d{1,18})")
_EXPECTED = "expected a line of brat, such as T1, tab, PER 0 5, tab, Paris"


class _Span(NamedTuple):
    label: str
    pieces: list[tuple[int, int]]  # sorted by start
    shown: str | None


def read(file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
    """Read an annotation, and its text from the file beside it.

    Lines that begin with T are spans. A discontinuous span is read as one span that covers all its
    parts. Events, relations, attributes, normalizations and notes are only counted.

    Parameters
    ----------
    name : str
        The path of the .ann file or of the .txt file; the other one is read from the same folder.

    Raises
    ------
    DataError
        If the other file is missing, or a line or a span cannot be read.
    """
    bare, suffix, packed = _parts(name)
    other = ".ann" if suffix == ".txt" else ".txt"
    own = _decoded(file, name, options.encoding)
    path = _beside(bare + other, packed)
    if path is None:
        raise DataError(
            f"{name}: no file {quoted(PurePath(bare + other).name)} beside it; brat keeps a text "
            "in name.txt and its annotation in name.ann"
        )
    if suffix == ".txt" and not options.labels:
        text, annotation = own, ""
    else:
        with open_input(path) as beside:
            found = _decoded(beside, path, options.encoding)
        text, annotation = (own, found) if suffix == ".txt" else (found, own)
    where = path if suffix == ".txt" else name
    fields = {"id": PurePath(bare).name}
    try:
        if options.labels:
            given = _spans(annotation, where, options)
            document = _document(text, given, options, where, fields)
        else:
            document = Document(text.removeprefix("\ufeff"), fields=fields)
    except DataError as error:
        options.failed(error)
        return
    yield [document]


def _parts(name: str) -> tuple[str, str, str]:
    """Split a name into the shared part, .ann or .txt, and the extension of a compressed file."""
    packed = next((end for end in COMPRESSED if name.lower().endswith(end)), "")
    packed = name[len(name) - len(packed) :]
    bare = name.removesuffix(packed)
    suffix = PurePath(bare).suffix
    if suffix.lower() in (".ann", ".txt"):
        return bare[: -len(suffix)], suffix.lower(), packed
    return bare, "", packed


def _beside(path: str, packed: str) -> str | None:
    if is_url(path):
        return path + packed
    names = dict.fromkeys([path + packed, path, *(path + end for end in COMPRESSED)])
    try:
        return next((name for name in names if Path(name).is_file()), None)
    except (OSError, ValueError):  # ValueError: a name with NUL
        return None


def _decoded(file: BinaryIO, name: str, encoding: str) -> str:
    data = file.read()
    try:
        return data.decode(encoding)
    except UnicodeError as error:
        raise DataError(
            f"{name}: cannot be decoded as {encoding} ({error.args[-1]}); name its `encoding`"
        ) from None


def _spans(annotation: str, where: str, options: ReadOptions) -> list[_Span]:
    spans = []
    for number, line in enumerate(annotation.removeprefix("\ufeff").split("\n"), 1):
        line = line.removesuffix("\r")
        if not line.strip():
            continue
        found = _SPAN.fullmatch(line)
        here = f"{where}:{number}"
        if found is None and not line.startswith("T") and _OTHER.match(line):
            what = "annotations of brat that are not spans, such as events and relations, not read"
            options.report.add(what, f"{here}: {quoted(line)}")
            continue
        pieces = [
            (int(start), int(end)) for start, end in _PIECE.findall(found[2] if found else "")
        ]
        if found is None or not pieces:
            raise DataError(f"{here}: {quoted(line)}; {_EXPECTED}")
        spans.append(_Span(found[1], sorted(pieces), found[3]))
    return spans


def _document(
    source: str, given: list[_Span], options: ReadOptions, where: str, fields: dict[str, str]
) -> Document:
    text, spans = _as_counted(source, given)
    if text != source.removeprefix("\ufeff"):
        what = "texts of brat whose line breaks were read as one character each, as their spans do"
        options.report.add(what, where)
    for span in given:
        if not _is_whole(source, span, 0):
            options.report.add(
                "discontinuous spans read as the stretch that covers them",
                f"{where}: {span.label} {quoted(span.shown)}",
            )
    try:
        found = fit_spans(text, spans, options, where)
        return Document(text, spans=found, fields=fields, place=where)
    except DataError as error:
        raise DataError(f"{where}: {error}") from None


def _as_counted(source: str, given: Sequence[_Span]) -> tuple[str, list[FileSpan]]:
    r"""Read a text in the way its spans count: with or without a byte-order mark, ``\r\n`` as one.

    The first of the readings with the fewest misfitting spans is used.
    """
    bare = source.removeprefix("\ufeff")
    readings = [(bare, 0)]
    if bare != source:
        readings.append((bare, 1))
    if "\r\n" in bare:
        readings += [(bare.replace("\r\n", "\n"), skipped) for _, skipped in readings[:]]
    best: tuple[int, str, list[FileSpan]] | None = None
    for text, skipped in readings:
        spans = [_file_span(text, span, skipped) for span in given]
        wrong = sum(misfits(text, span.start, span.end, span.text) for span in spans)
        if best is None or wrong < best[0]:
            best = wrong, text, spans
        if not wrong:
            break
    return (bare, []) if best is None else best[1:]


def _file_span(text: str, span: _Span, skipped: int) -> FileSpan:
    start = span.pieces[0][0] - skipped
    end = max(end for _, end in span.pieces) - skipped
    shown = span.shown if span.shown and _is_whole(text, span, skipped) else None
    return FileSpan(start, end, span.label, text=shown)


def _is_whole(text: str, span: _Span, skipped: int) -> bool:
    """Whether only white space, such as a line break, is between the pieces of a span."""
    return not any(
        text[max(end - skipped, 0) : max(start - skipped, 0)].strip()
        for (_, end), (start, _) in pairwise(span.pieces)
    )
