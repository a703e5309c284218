"""JSONL: text with spans of characters, or tokens with tags, one JSON object a line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, BinaryIO, TypeVar

import msgspec

from windowclf.documents.document import Document, LabelledSpan, join_words, tags_of
from windowclf.documents.formats.registry import ReadOptions, WriteOptions, batches
from windowclf.documents.span_borders import check_spans
from windowclf.errors import DataError, UsageError
from windowclf.text.lines import Lines, line_chunks
from windowclf.text.tokenizer import token_starts

_T = TypeVar("_T")
_Fields = Mapping[str, msgspec.Raw]

_EXPECTED = "expected one JSON object a line"
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_WORDS = msgspec.json.Decoder(list[str])
_SENTENCES = msgspec.json.Decoder(list[list[str]])
_SPANS = msgspec.json.Decoder(list[LabelledSpan | tuple[int, int, str]])

# What other values of these keys are, such as a "label" of the whole text, is left alone.
_LIST = re.compile(rb"\[")
_LIST_OF_LISTS = re.compile(rb"\[\s*[\[\]]")
_LIST_OF_SPANS = re.compile(rb"\[\s*[\[{\]]")


def read(file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
    """Read the documents of a file, as many as have come.

    A line is ``{"text": "...", "entities": [...]}`` (or ``"spans"`` or ``"label"``), where an
    entity is an object with ``start``, ``end`` and ``label`` or the array ``[start, end,
    label]``, in characters, and where ``"sentences"`` may give the words; or ``{"tokens":
    [...], "tags": [...]}`` (or ``"ner_tags"``). All its values are fields, byte for byte.

    Raises
    ------
    DataError
        For a line that is none of these, after the documents before it.
    """
    lines = Lines(line_chunks(file, name))
    return batches(_documents(lines, name, options), lines)


def _documents(lines: Lines, name: str, options: ReadOptions) -> Iterator[Document | None]:
    for line in lines:
        try:
            yield _document(_FIELDS.decode(line), options) if line.strip() else None
        except (msgspec.MsgspecError, RecursionError, DataError) as error:
            expected = "" if isinstance(error, DataError) else f"; {_EXPECTED}"
            raise DataError(f"{name}:{lines.number}: {error}{expected}") from error


def _document(fields: _Fields, options: ReadOptions) -> Document:
    tokens_key = str(options.tokens_column or "tokens")
    tags_keys = ("tags", "ner_tags") if options.tags_column is None else (str(options.tags_column),)
    tokens = _first(fields, (tokens_key,), _WORDS, _LIST)
    if tokens is not None:
        tags = _first(fields, tags_keys, _WORDS, _LIST)
        if tags is not None and len(tags) != len(tokens):
            raise DataError(f"{len(tokens)} tokens but {len(tags)} tags; expected as many")
        if "" in tokens:
            raise DataError("an empty token; expected each to hold a character")
        return Document(
            join_words([tokens]), [tokens], None if tags is None else [tags], fields=fields
        )
    text = _first(fields, (options.text_column,), _TEXT)
    if text is None:
        raise DataError(f'neither "{tokens_key}" nor "{options.text_column}"; expected one of them')
    found = _first(fields, ("entities", "spans", "label"), _SPANS, _LIST_OF_SPANS)
    spans = None
    if found is not None:
        spans = check_spans(text, (LabelledSpan(*s) if isinstance(s, tuple) else s for s in found))
    words = _first(fields, ("sentences",), _SENTENCES, _LIST_OF_LISTS)
    for sentence in words or ():
        if "" in sentence:
            raise DataError("an empty word in sentences; expected each to hold a character")
    try:
        token_starts(text, chain.from_iterable(words or ()))
    except UsageError as error:
        raise DataError(f"sentences: {error}") from None
    return Document(text, words, None, spans, fields)


def _first(
    fields: _Fields,
    keys: Sequence[str],
    decoder: msgspec.json.Decoder[_T],
    shape: re.Pattern[bytes] | None = None,
) -> _T | None:
    """Decode the value of the first key that has one, of that shape."""
    for key in keys:
        raw = bytes(fields.get(key, b"null"))
        if raw == b"null" or (shape and not shape.match(raw)):
            continue
        try:
            return decoder.decode(raw)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `$")
            raise DataError(f"{message} - at `$.{key}{path or '`'}; {_EXPECTED}") from error
    return None


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
    if document.words is not None and _is_list(fields.get("tokens")):
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
