"""JSON: one record per line, or one value with all records, in any shape of `records`."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, BinaryIO

import msgspec

from windowclf.documents.document import Document, tags_of
from windowclf.documents.formats.json_values import plain
from windowclf.documents.formats.records import TOKENS_KEYS, RecordLayout, read_record
from windowclf.documents.formats.registry import WriteOptions, batches
from windowclf.documents.formats.tool_records import pair_record, read_paragraph
from windowclf.documents.reading import ReadOptions, open_lines
from windowclf.errors import DataError, quoted
from windowclf.text.lines import Lines

_EXPECTED = "expected one JSON object per line, or a JSON list of objects"
_LISTS_OF_RECORDS = ("annotations", "data", "examples", "documents", "records", "rows", "tasks")

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_TEXT_ALONE = RecordLayout(None, frozenset())
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


def read(file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
    """Read the documents of a file in batches, as soon as they arrive.

    A line is a record or a list of records, see `records.read_record`; or the whole file is one
    JSON value that contains them. All values of a record become fields, byte for byte.

    Raises
    ------
    DataError
        If a record cannot be read. The documents before it are yielded first.
    """
    lines = Lines(open_lines(file, name, options), options.failed)
    return batches(_documents(lines, name, options), lines)


def _documents(lines: Lines, name: str, options: ReadOptions) -> Iterator[Document | None]:
    head: list[str] = []
    for line in lines:
        document = _text_alone(line, options)
        if document is not None:
            head = head or [line]
            yield document
            continue
        if not line.strip():
            yield None
            continue
        if not head and _goes_on(line):
            head = [line, *_until_filled(lines)]
            # A line that ends in a comma may be part of an array with one record per line.
            goes_on = line.rstrip()[-1] in "[{,:"
            if goes_on or not _is_json(head[-1]):
                head += lines
                text = "\n".join(head)
                if not goes_on or _is_json(text) or not _is_json(_second(head)):
                    yield from _of_value(text, name, lines.number - len(head) + 1, options)
                    return
            for number, early in enumerate(head, lines.number - len(head) + 1):
                if early.strip():
                    yield from _of_line(early, f"{name}:{number}", options)
            continue
        head = head or [line]
        yield from _of_line(line, f"{name}:{lines.number}", options)


def _text_alone(record: str | msgspec.Raw, options: ReadOptions) -> Document | None:
    """Read only the text of a record, by a fast way that covers most records; else None."""
    if options.labels:
        return None
    try:
        fields = _FIELDS.decode(record)
        text = _TEXT.decode(fields[options.text_column])
    except (msgspec.MsgspecError, RecursionError, KeyError):
        return None  # read_record then raises the error
    words = (*TOKENS_KEYS, str(options.tokens_column), "sentences")
    if not fields.keys().isdisjoint(words):
        return None
    return Document(text, fields=fields, layout=_TEXT_ALONE)


def _of_line(line: str, where: str, options: ReadOptions) -> Iterator[Document | None]:
    try:
        records = _records(line, options, where)
    except (msgspec.MsgspecError, RecursionError, DataError) as error:
        options.failed(DataError(f"{where}: {error}; {_EXPECTED}"))
        return
    for number, record in enumerate(records, 1):
        here = where if len(records) == 1 else f"{where}, record {number}"
        yield from _of_record(record, here, options)


def _of_value(text: str, name: str, first: int, options: ReadOptions) -> Iterator[Document | None]:
    try:
        records = _records(text, options, f"{name}:{first}")
    except (msgspec.MsgspecError, RecursionError, DataError) as error:
        place = re.search(r"\(byte (\d+)\)", str(error))
        before = text.encode()[: int(place[1])] if place else text.rstrip().encode()
        number = first + before.count(b"\n")
        raise DataError(f"{name}:{number}: {error}; {_EXPECTED}") from error
    for number, record in enumerate(records, 1):
        yield from _of_record(record, f"{name}, record {number}", options)


def _records(text: str, options: ReadOptions, where: str) -> list[Any]:
    """Read a JSON value as records: an object, a list of them, or an object with such a list."""
    try:
        return _strictly(text, options)
    except msgspec.DecodeError:
        numbers = _without_nan(text)
        if numbers is None:
            raise
        options.report.add("JSON values with NaN or Infinity, read as null", where)
        return _strictly(numbers, options)


def _without_nan(text: str) -> str | None:
    """Replace NaN and infinities, which JSON lacks, by null; None if this does not help."""
    if "NaN" not in text and "Infinity" not in text:
        return None
    try:
        return json.dumps(json.loads(text, parse_constant=lambda _: None))
    except (ValueError, RecursionError):
        return None


def _strictly(text: str, options: ReadOptions) -> list[Any]:
    if text.lstrip()[0] == "[":
        return _listed(text)
    if text.strip() == "null":
        return [msgspec.Raw(b"null")]
    record = _FIELDS.decode(text)
    if options.text_column in record:
        return [record]
    return _inner_records(record) or [record]


def _of_record(record: Any, where: str, options: ReadOptions) -> Iterator[Document | None]:
    try:
        if isinstance(record, msgspec.Raw):
            if bytes(record) == b"null":
                options.report.add("nulls left out in place of records", where)
                return
            document = _text_alone(record, options)
            if document is not None:
                yield document
                return
            is_pair = bytes(record)[:1] == b"["
            record = pair_record(plain(record)) if is_pair else _FIELDS.decode(record)
        paragraphs = plain(record["paragraphs"]) if "paragraphs" in record else None
        if isinstance(paragraphs, list):
            for paragraph in paragraphs:
                yield read_paragraph(paragraph, options, where)
            return
        yield read_record(record, options, where)
    except (msgspec.MsgspecError, RecursionError, DataError) as error:
        options.failed(DataError(f"{where}: {error}"))


def _listed(text: str) -> list[Any]:
    """Read a list as records, or as a single pair of a text and its annotations."""
    items = _ITEMS.decode(text)
    if items and bytes(items[0])[:1] == b'"':
        return [pair_record(items)]
    if items and bytes(memoryview(items[0])[:1]) not in (b"{", b"[", b"n"):
        raise DataError(f"expected a list of records, got one with {quoted(plain(items[0]))}")
    return list(items)


def _inner_records(record: Mapping[str, msgspec.Raw]) -> list[Any] | None:
    """Find the list of records in an object with other facts about the data set."""
    if not record.keys().isdisjoint(TOKENS_KEYS):
        return None
    for key in _LISTS_OF_RECORDS:
        if bytes(record.get(key, b""))[:1] == b"[":
            items = _ITEMS.decode(record[key])
            filled = next((item for item in items if bytes(item) != b"null"), b"")
            if bytes(filled)[:1] == b"[" or (key != "annotations" and bytes(filled)[:1] == b"{"):
                return list(items)
    return None


def _second(lines: Sequence[str]) -> str:
    return next((line for line in lines[1:] if line.strip()), "")


def _goes_on(line: str) -> bool:
    """Whether a line is the start of a longer JSON value."""
    try:
        msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        return "truncated" in str(error)
    except RecursionError:
        pass
    return False


def _is_json(line: str) -> bool:
    try:
        msgspec.json.decode(line)
    except RecursionError:
        return False
    except msgspec.DecodeError:
        if _without_nan(line) is None:
            return False
    return line.lstrip()[:1] in ("{", "[")


def _until_filled(lines: Lines) -> Iterator[str]:
    """Yield the lines up to the next one that is not blank."""
    for line in lines:
        yield line
        if line.strip():
            return


class Writer:
    """Writes each document as a line: its fields, updated by its text and spans or its tags."""

    def __init__(self, file: BinaryIO, options: WriteOptions) -> None:
        self._file, self._options = file, options
        self._encoder = msgspec.json.Encoder(enc_hook=str)

    def write(self, documents: Sequence[Document]) -> None:
        """Append documents."""
        records = [record(document, self._options) for document in documents]
        self._file.write(self._encoder.encode_lines(records))

    def close(self) -> None:
        """Do nothing: the format has no end."""


def record(document: Document, options: WriteOptions) -> dict[str, Any]:
    """Convert a document to the record of its line.

    Parameters
    ----------
    document : Document
        If "tokens" is among its fields, the record gets ``tags``; otherwise it gets the text,
        ``entities`` if there are labels, and ``sentences`` if there are words.
    """
    fields: dict[str, Any] = dict(document.fields)
    layout = document.layout
    tokens, key = "tokens", options.text_column
    if isinstance(layout, RecordLayout):
        tokens, key = layout.tokens or "", layout.text or key
    if document.words is not None and tokens and _is_list(fields.get(tokens)):
        tags = tags_of(document, options.scheme)
        if tags is not None:
            fields["tags"] = [*chain.from_iterable(tags)]
        return fields
    fields[key] = document.text
    if document.spans is not None:
        fields["entities"] = document.spans
    if document.words is not None:
        fields["sentences"] = document.words
    return fields


def _is_list(value: Any) -> bool:
    if isinstance(value, msgspec.Raw):
        return bytes(value).startswith(b"[")
    return isinstance(value, list)
