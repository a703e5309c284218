"""Plain text: a line a document, read as it comes; written with its spans in brackets."""

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from windowclf.documents.document import Document
from windowclf.documents.formats.registry import WriteOptions
from windowclf.documents.reading import ReadOptions
from windowclf.documents.span_borders import CharacterSpan
from windowclf.text.lines import line_chunks

Mark = Callable[[str, str], str]
"""Shows a span by its label and its text."""

_ONE_LINE = str.maketrans("\r\n", "  ")


def read(file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
    """Read a text a line, as many as have come."""
    del options
    for lines in line_chunks(file, name):
        yield [Document(line) for line in lines]


def in_brackets(label: str, text: str) -> str:
    """Show a span as ``[LOC Paris]``."""
    return f"[{label} {text}]"


def mark_spans(text: str, spans: Sequence[CharacterSpan], mark: Mark = in_brackets) -> str:
    """Show the spans within their text: ``[LOC Paris] is in [LOC France]``.

    Parameters
    ----------
    spans : sequence of CharacterSpan
        In order, without overlap.
    """
    parts = []
    end = 0
    for span in spans:
        parts += [text[end : span.start], mark(span.label, text[span.start : span.end])]
        end = span.end
    return "".join([*parts, text[end:]])


class Writer:
    """Writes a line a document; line breaks within it become spaces."""

    def __init__(self, file: BinaryIO, options: WriteOptions, mark: Mark = in_brackets) -> None:
        del options
        self._file, self._mark = file, mark

    def write(self, documents: Sequence[Document]) -> None:
        """Write documents after those before."""
        lines = [
            mark_spans(document.text, document.spans or (), self._mark).translate(_ONE_LINE) + "\n"
            for document in documents
        ]
        self._file.write("".join(lines).encode())

    def close(self) -> None:
        """Write nothing more."""
