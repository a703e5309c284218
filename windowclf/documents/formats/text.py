"""Plain text: a line, a paragraph or a file a document; written with its spans in brackets."""

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from windowclf.documents.document import Document
from windowclf.documents.formats.registry import WriteOptions, batches
from windowclf.documents.reading import ReadOptions, open_lines
from windowclf.documents.span_borders import CharacterSpan
from windowclf.text.lines import BadLine, Lines
from windowclf.text.units import paragraphs

Mark = Callable[[str, str], str]
"""Shows a span by its label and its text."""

_ONE_LINE = str.maketrans("\r\n", "  ")


def read(file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
    """Read the texts of a file, as many as have come; `text_unit` says what is one text."""
    chunks = open_lines(file, name, options)
    if options.text_unit in (None, "line"):
        for found in chunks:
            yield [Document(line) for line in found if not _is_bad(line, options)]
        return
    lines = Lines(chunks, options.failed)
    if options.text_unit == "paragraph":
        texts = (Document(text, layout="paragraph") for text in paragraphs(lines))
        yield from batches(texts, lines)
    else:
        text = "\n".join(lines)
        yield [Document(text, layout=options.text_unit)]


def _is_bad(line: str, options: ReadOptions) -> bool:
    if isinstance(line, BadLine):
        options.failed(line.error)
    return isinstance(line, BadLine)


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
    """Writes a line a document, in which line breaks become spaces.

    A document that was read as a paragraph or as a file keeps its lines, and an empty line follows
    a paragraph.
    """

    def __init__(self, file: BinaryIO, options: WriteOptions, mark: Mark = in_brackets) -> None:
        del options
        self._file, self._mark = file, mark

    def write(self, documents: Sequence[Document]) -> None:
        """Write documents after those before."""
        self._file.write("".join(map(self._marked, documents)).encode())

    def close(self) -> None:
        """Write nothing more."""

    def _marked(self, document: Document) -> str:
        text = mark_spans(document.text, document.spans or (), self._mark)
        if document.layout == "paragraph":
            return f"{text}\n\n"
        return f"{text if document.layout == 'file' else text.translate(_ONE_LINE)}\n"
