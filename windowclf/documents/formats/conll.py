"""CoNLL column files: a token and its labels per line, an empty line after each sentence.

Rows cannot represent the exact text and the fields of a document, so these are written before the
rows, in a comment that other readers skip: ``# document = {"text": "In  Oslo", "id": 7}``.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import BinaryIO, TextIO

import msgspec
from msgspec.structs import replace

from windowclf.documents.document import Document, join_words, tags_of, with_words
from windowclf.documents.formats.conll_columns import Columns
from windowclf.documents.formats.conll_layout import (
    ColumnLayout,
    layout_of,
    unwritable,
    write_lines,
)
from windowclf.documents.formats.conll_lines import DOCUMENT, RECORD, Block, plain_rows
from windowclf.documents.formats.conll_rows import RowReader
from windowclf.documents.formats.registry import WriteOptions, batches
from windowclf.documents.reading import ReadOptions, open_lines
from windowclf.documents.sentence import Sentence
from windowclf.documents.span_borders import fit_words
from windowclf.errors import DataError, UsageError
from windowclf.text.tokenizer import token_starts

_UNWRITABLE = frozenset(" \t\r\n")


def read(file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
    """Read the documents of a file in batches, as soon as they arrive.

    The role of each column is detected from the first sentences, unless the options set columns
    by number, or by name if the file names them. Cells are separated by tabs if the line contains
    one, else by spaces. A mark (``-DOCSTART-``, ``# newdoc``, ``#begin document``) begins a
    document; in a file without marks, each sentence is a document. Before a sentence, lines that
    begin with ``#`` are comments unless they fit the columns; within a sentence, they are comments
    if they begin with ``#`` and a space and do not fit. A token that looks like a mark or a comment
    has a space before it.

    Raises
    ------
    DataError
        If a row has other columns than the first row, has no token or tag, or has a tag unlike
        those of the first sentences, or if the comment of a document does not fit its rows. The
        documents before it are yielded first.
    UsageError
        If the file lacks a column that the options name.
    """
    reader = RowReader(open_lines(file, name, options), name, options)
    return batches(_read(reader, name, options), reader)


def _read(reader: RowReader, name: str, options: ReadOptions) -> Iterator[Document | None]:
    """Yield the documents of a file; None while the next lines have not arrived."""
    part: list[Block] = []
    for block in reader:
        if block is None:
            yield None
            continue
        if not block.tokens and block.record is None:  # only lines after the last sentence
            if part:
                part.append(block)
            elif block.lines:
                what = "comments after the last sentence left out"
                options.report.add(what, f"{name}: {block.lines[0][:80]}")
            continue
        if part and (block.record or block.document != part[0].document):
            yield from _documents(part, reader.columns, name, options)
            part = []
        part.append(block)
        if block.document is None:
            yield from _documents(part, reader.columns, name, options)
            part = []
    if part:
        yield from _documents(part, reader.columns, name, options)


def _documents(
    part: list[Block], columns: Columns | None, name: str, options: ReadOptions
) -> Iterator[Document]:
    try:
        yield _document(part, columns, name, options.text_column)
    except DataError as error:
        options.failed(error)


def _document(part: list[Block], columns: Columns | None, name: str, text_column: str) -> Document:
    sentences = [block for block in part if block.tokens]
    words = [block.tokens for block in sentences]
    tags = None
    if part[0].tags is not None:
        tags = [block.tags or [] for block in sentences]
    if any(block.text is not None for block in part):
        text = "\n".join(block.text or " ".join(block.tokens) for block in sentences)
    else:
        text = join_words(words)
    layout = layout_of(part, columns, words, text)
    if part[0].record is None:
        return Document(text, words, tags, layout=layout)
    number, record = part[0].record
    try:
        fields = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
        if text_column not in fields:
            raise DataError(f"no key {text_column!r}; name the key of the text with `text_column`")
        text = msgspec.json.decode(fields[text_column], type=str)
        token_starts(text, chain.from_iterable(words))
    except (msgspec.MsgspecError, RecursionError, DataError, UsageError) as error:
        raise DataError(
            f"{name}:{number}: comment of a document: {error}; correct or remove it"
        ) from None
    return Document(text, words, tags, fields=fields, layout=layout)


def write_conll(sentences: Iterable[Sentence], file: TextIO) -> None:
    """Write sentences as lines of token, tab and tag; without tags, of the token alone.

    A mark is written at the start of each document. A space is written before a token that a reader
    would take for a mark or a comment.

    Parameters
    ----------
    file : text file
        A UTF-8 file, opened without translation of line breaks (``newline=""``).

    Raises
    ------
    DataError
        If a token or a tag is empty or contains a space, a tab or a line break.
    """
    document: int | None = None
    marked = False  # whether a sentence without a document needs a mark, too
    for sentence in sentences:
        if sentence.document != document or (marked and sentence.document is None):
            file.write(f"{DOCUMENT}\n\n")
            marked = True
        document = sentence.document
        file.write(_rows(sentence.tokens, sentence.tags))


def _rows(tokens: Sequence[str], tags: Sequence[str] | None) -> str:
    """Write the rows of a sentence and the empty line after it."""
    for cell in chain(tokens, tags or ()):
        if not cell or not _UNWRITABLE.isdisjoint(cell):
            raise unwritable(cell)
    return "\n".join([*plain_rows(tokens, tags), "", ""])


class Writer:
    """Writes the rows of documents in the layout of their column file, with new tags.

    Documents from other files are written in the form of `write_conll`, with a comment for their
    exact text and fields.
    """

    def __init__(self, file: BinaryIO, options: WriteOptions) -> None:
        self._file, self._options = file, options
        self._encoder = msgspec.json.Encoder(enc_hook=str)
        self._marked = False  # whether each document needs a mark
        self._labelled: bool | None = None
        self._width: int | None = None

    def write(self, documents: Sequence[Document]) -> None:
        """Append documents; white space in labels is replaced.

        Raises
        ------
        DataError
            If a token does not fit a column, two labels would be written alike, or documents have
            different columns.
        """
        for document in documents:
            try:
                text = self._text(document)
            except DataError as error:
                raise DataError(f"document {document.text[:40]!r}: {error}") from None
            self._file.write(text.encode())

    def close(self) -> None:
        """Do nothing: the format has no end."""

    def _text(self, document: Document) -> str:
        document = _with_fitting_words(document)
        tags = tags_of(document, self._options.scheme)
        words = [sentence for sentence in document.words or () if sentence]
        layout = document.layout
        if not isinstance(layout, ColumnLayout) or layout.words != words:
            layout = None
        if words:
            self._check_columns(tags is not None, layout)
        record = {**document.fields, self._options.text_column: document.text}
        text = join_words(words) if layout is None else layout.text
        says_all = bool(words) and len(record) == 1 and document.text == text
        comment = None if says_all else f"{RECORD}{self._encoder.encode(record).decode()}"
        is_marked = layout is not None and layout.marked
        self._marked = self._marked or is_marked or not says_all or len(words) > 1
        mark = f"{DOCUMENT}\n\n" if self._marked and not is_marked else ""
        if layout is not None:
            found = None if tags is None else [self._write_tags(each) for each in tags if each]
            return mark + write_lines(layout, found, self._options.scheme, comment)
        written = repeat(None) if tags is None else map(self._write_tags, filter(None, tags))
        rows = map(_rows, words, written)
        if comment is None:
            return mark + "".join(rows)
        return f"{mark}{comment}\n" + ("".join(rows) or "\n")

    def _check_columns(self, labelled: bool, layout: ColumnLayout | None) -> None:
        if self._labelled is None:
            self._labelled = labelled
        if self._labelled != labelled:
            raise DataError(
                "some documents have labels and some have none, but all rows of a column "
                "file have the same columns: write them to two files"
            )
        width = layout.width_of(labelled) if layout else 1 + labelled
        if self._width is None:
            self._width = width
        if self._width != width and not (layout and layout.columns.varying):
            raise DataError(
                f"its rows have {width} columns, but earlier rows have {self._width}: write to a "
                "folder, with a separate file for each input"
            )

    def _write_tags(self, tags: Sequence[str]) -> list[str]:
        return self._options.columns.write(tags, self._options.scheme)


def _with_fitting_words(document: Document) -> Document:
    if document.words is None:
        return with_words(document, exact=True)
    if document.tags is not None or not document.spans:
        return document
    words = fit_words(document.text, document.words, document.spans, exact=True)
    return replace(document, words=words)
