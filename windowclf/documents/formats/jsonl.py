"""JSON: a record a line, or all records in one value, in any shape that `records` reads."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, BinaryIO

import msgspec

from windowclf.documents.document import Document, tags_of
from windowclf.documents.formats.records import (
    TOKENS_KEYS,
    RecordLayout,
    pair_record,
    plain,
    read_record,
)
from windowclf.documents.formats.registry import WriteOptions, batches
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, quoted
from windowclf.tags.schemes import Scheme, convert
from windowclf.text.lines import Lines, line_chunks

_EXPECTED = "expected one JSON object a line, or a JSON list of objects"
_LISTS_OF_RECORDS = ("annotations", "data", "examples", "documents", "records", "rows", "tasks")

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


def read(file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
    """Read the documents of a file, as many as have come.

    A line is a record, or a list of records, see `records.read_record`; or the whole file is one
    JSON value that holds them. All values of a record are fields, byte for byte.

    Raises
    ------
    DataError
        For a record that cannot be read, after the documents before it.
    """
    lines = Lines(line_chunks(file, name))
    return batches(_documents(lines, name, options), lines)


def _documents(lines: Lines, name: str, options: ReadOptions) -> Iterator[Document | None]:
    head: list[str] = []
    for line in lines:
        if not line.strip():
            yield None
            continue
        if not head and _goes_on(line):
            head = [line, *_until_filled(lines)]
            if line.strip() in ("[", "{") or not _is_json(head[-1]):
                yield from _of_value("\n".join([*head, *lines]), name, options)
                return
            for number, early in enumerate(head, lines.number - len(head) + 1):
                if early.strip():
                    yield from _of_line(early, f"{name}:{number}", options)
            continue
        head = head or [line]
        yield from _of_line(line, f"{name}:{lines.number}", options)


def _of_line(line: str, where: str, options: ReadOptions) -> Iterator[Document | None]:
    try:
        records = _listed(line) if line.lstrip()[0] == "[" else [_FIELDS.decode(line)]
    except (msgspec.MsgspecError, RecursionError, DataError) as error:
        options.failed(DataError(f"{where}: {error}; {_EXPECTED}"))
        return
    for number, record in enumerate(records, 1):
        here = where if len(records) == 1 else f"{where}, record {number}"
        yield from _of_record(record, here, options)


def _of_value(text: str, name: str, options: ReadOptions) -> Iterator[Document | None]:
    try:
        records = _listed(text) if text.lstrip()[0] == "[" else [_FIELDS.decode(text)]
    except (msgspec.MsgspecError, RecursionError, DataError) as error:
        raise DataError(f"{name}:1: {error}; {_EXPECTED}") from error
    if len(records) == 1:
        records = _inner_records(records[0], options) or records
    for number, record in enumerate(records, 1):
        yield from _of_record(record, f"{name}, record {number}", options)


def _of_record(record: Any, where: str, options: ReadOptions) -> Iterator[Document | None]:
    try:
        if isinstance(record, msgspec.Raw):
            if bytes(record) == b"null":
                options.report.add("nulls left out that stand for a record", where)
                return
            is_pair = memoryview(record)[:1] == b"["
            record = pair_record(plain(record)) if is_pair else _FIELDS.decode(record)
        parts = _paragraphs(record)
        for part in [record] if parts is None else parts:
            yield read_record(part, options, where)
    except (msgspec.MsgspecError, RecursionError, DataError) as error:
        options.failed(DataError(f"{where}: {error}"))


def _listed(text: str) -> list[Any]:
    """Read a list as records, or as the one pair of a text and its annotations."""
    items = _ITEMS.decode(text)
    if items and memoryview(items[0])[:1] == b'"':
        return [pair_record(items)]
    return list(items)


def _inner_records(record: Any, options: ReadOptions) -> list[Any] | None:
    """Find the list of records in an object that holds one beside facts about all of them."""
    if isinstance(record, msgspec.Raw):
        return None
    if any(key in record for key in (options.text_column, *TOKENS_KEYS)):
        return None
    for key in _LISTS_OF_RECORDS:
        if memoryview(record.get(key, b""))[:1] == b"[":
            return list(_ITEMS.decode(record[key]))
    return None


def _paragraphs(record: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Read the sentences of a document as spaCy 2 wrote its training data."""
    paragraphs = plain(record["paragraphs"]) if "paragraphs" in record else None
    if not isinstance(paragraphs, list):
        return None
    try:
        found = []
        for sentence in chain.from_iterable(p["sentences"] for p in paragraphs):
            tokens = sentence["tokens"]
            tags = convert([token["ner"] for token in tokens], Scheme.BILOU, Scheme.IOB2)
            found.append({"tokens": [token["orth"] for token in tokens], "tags": tags})
    except (LookupError, TypeError, AttributeError) as error:
        raise DataError(
            f"paragraphs: {quoted(error)}: expected sentences of tokens with orth and ner, as "
            "spaCy 2 has them"
        ) from None
    return found


def _goes_on(line: str) -> bool:
    """Whether a line is the beginning of a longer JSON value."""
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
    except (msgspec.DecodeError, RecursionError):
        return False
    return line.lstrip()[:1] in ("{", "[")


def _until_filled(lines: Lines) -> Iterator[str]:
    """Give the lines up to the next one that is not blank."""
    for line in lines:
        yield line
        if line.strip():
            return


class Writer:
    """Writes a line a document: its fields, and over them its text and spans, or its tags."""

    def __init__(self, file: BinaryIO, options: WriteOptions) -> None:
        self._file, self._options = file, options
        self._encoder = msgspec.json.Encoder(enc_hook=str)

    def write(self, documents: Sequence[Document]) -> None:
        """Write documents after those before."""
        records = [record(document, self._options) for document in documents]
        self._file.write(self._encoder.encode_lines(records))

    def close(self) -> None:
        """Write nothing more."""


def record(document: Document, options: WriteOptions) -> dict[str, Any]:
    """Make a document the record of one line.

    Parameters
    ----------
    document : Document
        With "tokens" among its fields, which are its words, it gets ``tags``; else the text,
        ``entities`` if its spans are known and ``sentences`` if its words are.
    """
    fields: dict[str, Any] = dict(document.fields)
    layout = document.layout
    tokens = layout.tokens if isinstance(layout, RecordLayout) else "tokens"
    if document.words is not None and tokens and _is_list(fields.get(tokens)):
        tags = tags_of(document, options.scheme)
        if tags is not None:
            fields["tags"] = [*chain.from_iterable(tags)]
        return fields
    fields[options.text_column] = document.text
    if document.spans is not None:
        fields["entities"] = document.spans
    if document.words is not None:
        fields["sentences"] = document.words
    return fields


def _is_list(value: Any) -> bool:
    if isinstance(value, msgspec.Raw):
        return bytes(value).startswith(b"[")
    return isinstance(value, list)
