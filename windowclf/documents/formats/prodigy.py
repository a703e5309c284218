"""Prodigy: JSONL of its tasks, whose spans begin and end with tokens."""

from collections.abc import Sequence
from typing import Any, BinaryIO

import msgspec

from windowclf.documents.document import Document, with_words
from windowclf.documents.formats.jsonl import read
from windowclf.documents.formats.records import other_fields
from windowclf.documents.formats.registry import WriteOptions
from windowclf.documents.formats.spacy_tokens import cut_tokens

__all__ = ["Writer", "read"]

_OWN = ("text", "tokens", "spans", "answer", "_task_hash")  # the hash is one of the spans


class Writer:
    """Writes a line a document: its text and tokens, its spans if they are known, other fields.

    What has spans is written as accepted. A token is cut where a span begins or ends in it.
    """

    def __init__(self, file: BinaryIO, options: WriteOptions) -> None:
        del options  # Prodigy reads the text from "text" alone
        self._file = file
        self._encoder = msgspec.json.Encoder(enc_hook=str)

    def write(self, documents: Sequence[Document]) -> None:
        """Write documents after those before."""
        self._file.write(self._encoder.encode_lines([*map(_record, documents)]))

    def close(self) -> None:
        """Write nothing more."""


def _record(document: Document) -> dict[str, Any]:
    text = document.text
    tokens = cut_tokens(with_words(document, exact=True))
    record: dict[str, Any] = {
        "text": text,
        "tokens": [
            {
                "text": text[token.start : token.end],
                "start": token.start,
                "end": token.end,
                "id": number,
                "ws": token.space,
            }
            for number, token in enumerate(tokens)
        ],
    }
    if document.spans is not None:
        first = {token.start: number for number, token in enumerate(tokens)}
        last = {token.end: number for number, token in enumerate(tokens)}
        record["spans"] = [
            {
                "start": span.start,
                "end": span.end,
                "token_start": first[span.start],
                "token_end": last[span.end],
                "label": span.label,
            }
            for span in document.spans
        ]
        record["answer"] = "accept"
    others = other_fields(document)
    return record | {name: value for name, value in others.items() if name not in _OWN}
