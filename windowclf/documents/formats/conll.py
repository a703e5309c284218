"""CoNLL column files: a token and its labels a line, a blank line after each sentence.

What rows cannot hold of a document, its text as it was and its fields, stands before them in
a comment that other readers skip: ``# document = {"text": "In  Oslo", "id": 7}``.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import BinaryIO, TextIO

import msgspec
from msgspec.structs import replace

from windowclf.documents.document import Document, join_words, tags_of, with_words
from windowclf.documents.formats.conll_rows import (
    DOCUMENT,
    RECORD,
    Block,
    column_number,
    no_sentence,
    read_rows,
    write_rows,
)
from windowclf.documents.formats.registry import WriteOptions, batches
from windowclf.documents.reading import ReadOptions
from windowclf.documents.sentence import Sentence
from windowclf.documents.span_borders import fit_words
from windowclf.errors import DataError, UsageError
from windowclf.system.streams import open_input
from windowclf.text.lines import Lines, line_chunks
from windowclf.text.tokenizer import token_starts


def read_conll(
    path: str | Path, *, tokens_column: int = 0, tags_column: int = -1
) -> Iterator[Sentence]:
    """Read the sentences of a column file.

    Columns are separated by tabs if the line holds one, else by spaces. A mark
    (``-DOCSTART-``) begins a document. Comments are skipped. A comment begins with ``#`` and a
    space, and either has not the tabs or the number of columns of the first row, or begins
    a sentence in the manner ``# key = value``. Any other ``#`` is a token, and so is what
    looks like a mark or a comment but has a space before it.

    Parameters
    ----------
    path : str or Path
        UTF-8 text, packed if the name ends in ``.gz`` or ``.zst``; "-" is stdin.
    tokens_column, tags_column : int, optional
        Where the tokens and the tags stand, from 0; from the end if negative.

    Yields
    ------
    Sentence
        Without tags if the first row has one column.

    Raises
    ------
    DataError
        If the file cannot be read, holds no sentence, or has a row that lacks columns.
    UsageError
        If the file has no such column.
    """
    empty = True
    with open_input(path) as file:
        for block in read_rows(_numbered(file, str(path)), str(path), tokens_column, tags_column):
            if block.tokens:
                empty = False
                yield Sentence(block.tokens, block.tags, block.document)
    if empty:
        raise no_sentence(str(path))


def read(file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
    """Read the documents of a file as `read_conll` does, as many as have come.

    A document is what a mark begins; where there is none, each sentence is one.

    Raises
    ------
    DataError
        As `read_conll`, and for the comment of a document that does not fit its rows; after
        the documents before it.
    UsageError
        If the file has no such column.
    """
    lines = Lines(line_chunks(file, name))
    blocks = read_rows(
        ((lines.number, line.rstrip("\r")) for line in lines),
        name,
        column_number(options.tokens_column, "--tokens-column", default=0),
        column_number(options.tags_column, "--tags-column", default=-1),
    )
    parts = _by_document(blocks)
    return batches((_document(part, name, options.text_column) for part in parts), lines)


def _numbered(file: BinaryIO, name: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(chain.from_iterable(line_chunks(file, name)), 1):
        yield number, line.rstrip("\r")


def _by_document(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    part: list[Block] = []
    for block in blocks:
        if part and (block.record or block.document != part[0].document):
            yield part
            part = []
        part.append(block)
        if block.document is None:
            yield part
            part = []
    if part:
        yield part


def _document(part: list[Block], name: str, text_column: str) -> Document:
    words = [block.tokens for block in part if block.tokens]
    tags = None
    if part[0].tags is not None:
        tags = [block.tags or [] for block in part if block.tokens]
    if part[0].record is None:
        return Document(join_words(words), words, tags)
    number, record = part[0].record
    try:
        fields = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
        if text_column not in fields:
            raise DataError(f"no key {text_column!r}; name that of the text with --text-column")
        text = msgspec.json.decode(fields[text_column], type=str)
        token_starts(text, chain.from_iterable(words))
    except (msgspec.MsgspecError, RecursionError, DataError, UsageError) as error:
        raise DataError(
            f"{name}:{number}: comment of a document: {error}; mend it, or leave it out"
        ) from None
    return Document(text, words, tags, fields=fields)


def write_conll(sentences: Iterable[Sentence], file: TextIO) -> None:
    """Write sentences as lines of token, tab and tag; of the token alone without tags.

    A mark is written where a document begins. A token that `read_conll` would take for a mark
    or a comment has a space before it.

    Parameters
    ----------
    file : text file
        UTF-8, opened without translation of line breaks (``newline=""``).

    Raises
    ------
    DataError
        For a token or a tag that is empty or holds a space, a tab or a line break.
    """
    document: int | None = None
    marked = False  # then a sentence that stands alone needs a mark of its own
    for sentence in sentences:
        if sentence.document != document or (marked and sentence.document is None):
            file.write(f"{DOCUMENT}\n\n")
            marked = True
        document = sentence.document
        file.write(write_rows(sentence.tokens, sentence.tags))


class Writer:
    """Writes documents as `write_conll` does sentences, with a comment where rows tell not all."""

    def __init__(self, file: BinaryIO, options: WriteOptions) -> None:
        self._file, self._options = file, options
        self._encoder = msgspec.json.Encoder(enc_hook=str)
        self._marked = False  # then each document needs a mark
        self._labelled: bool | None = None

    def write(self, documents: Sequence[Document]) -> None:
        """Write documents after those before, without the white space of their labels.

        Raises
        ------
        DataError
            For a token that does not fit a column, for two labels that would be written alike,
            and for labels that some documents have and some have not.
        """
        for document in documents:
            try:
                text = self._text(document)
            except DataError as error:
                raise DataError(f"document {document.text[:40]!r}: {error}") from None
            self._file.write(text.encode())

    def close(self) -> None:
        """Write nothing more."""

    def _text(self, document: Document) -> str:
        document = _with_fitting_words(document)
        tags = tags_of(document, self._options.scheme)
        words = [sentence for sentence in document.words or () if sentence]
        if words:
            if self._labelled is None:
                self._labelled = tags is not None
            if self._labelled != (tags is not None):
                raise DataError(
                    "some documents have labels and some have none, but all rows of a column "
                    "file have the same columns: write them to two files"
                )
        written = repeat(None) if tags is None else map(self._write_tags, filter(None, tags))
        rows = map(write_rows, words, written)
        record = {**document.fields, self._options.text_column: document.text}
        told = bool(words) and len(record) == 1 and document.text == join_words(words)
        self._marked = self._marked or not told or len(words) > 1
        mark = f"{DOCUMENT}\n\n" if self._marked else ""
        if told:
            return mark + "".join(rows)
        comment = f"{RECORD}{self._encoder.encode(record).decode()}\n"
        return mark + comment + ("".join(rows) or "\n")

    def _write_tags(self, tags: Sequence[str]) -> list[str]:
        return self._options.columns.write(tags, self._options.scheme)


def _with_fitting_words(document: Document) -> Document:
    if document.words is None:
        return with_words(document, exact=True)
    if document.tags is not None or not document.spans:
        return document
    words = fit_words(document.text, document.words, document.spans, exact=True)
    return replace(document, words=words)
