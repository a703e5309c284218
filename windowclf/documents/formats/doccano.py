"""JSONL for doccano's import, with spans as ``"label": [[start, end, label], ...]``."""

from collections.abc import Sequence
from typing import Any, BinaryIO

import msgspec

from windowclf.documents.document import Document
from windowclf.documents.formats.jsonl import read
from windowclf.documents.formats.records import other_fields
from windowclf.documents.formats.registry import WriteOptions

__all__ = ["Writer", "read"]


class Writer:
    """Writes each document as a line: its text, its spans if it is labelled, and other fields."""

    def __init__(self, file: BinaryIO, options: WriteOptions) -> None:
        self._file, self._options = file, options
        self._encoder = msgspec.json.Encoder(enc_hook=str)

    def write(self, documents: Sequence[Document]) -> None:
        """Append documents."""
        self._file.write(self._encoder.encode_lines([*map(self._record, documents)]))

    def close(self) -> None:
        """Do nothing: the format has no end."""

    def _record(self, document: Document) -> dict[str, Any]:
        key = self._options.text_column
        record: dict[str, Any] = {key: document.text}
        if document.spans is not None:
            record["label"] = [[span.start, span.end, span.label] for span in document.spans]
        others = other_fields(document)
        return record | {name: v for name, v in others.items() if name not in (key, "label")}
