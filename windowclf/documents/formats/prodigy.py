"""JSONL with Prodigy's tasks, whose spans begin and end at token borders."""

from collections.abc import Sequence
from typing import Any, BinaryIO

import msgspec

from windowclf.documents.document import Document, with_words
from windowclf.documents.formats.jsonl import read
from windowclf.documents.formats.records import other_fields
from windowclf.documents.formats.registry import WriteOptions
from windowclf.documents.formats.spacy_tokens import cut_tokens

__all__ = ["Writer", "read"]

_OWN = ("text", "tokens", "spans", "answer", "_task_hash")  # the hash depends on the spans


class Writer:
    """Writes each document as a line: text, tokens, spans if it is labelled, and other fields.

    Documents with spans are written as accepted. Tokens are split at span borders.
    """

    def __init__(self, file: BinaryIO, options: WriteOptions) -> None:
        del options  # Prodigy reads the text from "text" alone
        self._file = file
        self._encoder = msgspec.json.Encoder(enc_hook=str)

    def write(self, documents: Sequence[Document]) -> None:
        """Append documents."""
        self._file.write(self._encoder.encode_lines([*map(_record, documents)]))

    def close(self) -> None:
        """Do nothing: the format has no end."""


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
