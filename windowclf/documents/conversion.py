"""Conversion of labelled documents from one file format to another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replace_options
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from windowclf.documents.document import Document, LabelledSpan, with_spans, with_words, word_tags
from windowclf.documents.formats.arrow_rows import ArrowRow
from windowclf.documents.formats.conll_layout import ColumnLayout
from windowclf.documents.formats.registry import (
    DIALECTS,
    FORMATS,
    Format,
    WriteOptions,
    format_of,
)
from windowclf.documents.opening import read_documents
from windowclf.documents.paths import labelled_files
from windowclf.documents.places import can_read_again, find_tag, search_documents
from windowclf.documents.reading import ReadOptions, ReadReport
from windowclf.documents.span_borders import check_spans
from windowclf.errors import DataError, UsageError, error_context
from windowclf.system.streams import open_output
from windowclf.tags.recognition import Pair, TagError, TagStyle, position, recognise
from windowclf.tags.schemes import OUTSIDE, Scheme, spans
from windowclf.text.tokenizer import split_words

READABLE = tuple(name for name, form in FORMATS.items() if name not in ("text", *DIALECTS))
WRITABLE = tuple(name for name, form in FORMATS.items() if name != "text" and form.writable)
"""Names of the labelled formats that can be read, and of those that can be written."""

_WITH_WORDS = ("conll", "docbin")  # formats that cannot store a text without words


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion wrote.

    Parameters
    ----------
    documents, sentences, spans : int
        Numbers that were written; sentences are counted where documents are split into words.
    notes : tuple of str
        One line for each guess about the tags, each irregularity in them, and each change in how
        something is written.
    """

    documents: int
    sentences: int
    spans: int
    notes: tuple[str, ...] = ()


def labelled_format(
    path: str, name: str | None, option: str, known: Sequence[str] = READABLE
) -> Format:
    """Return the format of a labelled file, by its name or by the file extension.

    Parameters
    ----------
    path : str
        An unknown extension, such as that of ``eng.train``, means CoNLL.
    name : str, optional
        The name of the format; by default it is taken from `path`.
    option : str
        The option that sets `name`, for messages.
    known : sequence of str
        `READABLE` or `WRITABLE`.

    Raises
    ------
    UsageError
        If the format has no labels, or the path is "-" and `name` is None.
    """
    if name is None:
        if path == "-":
            raise UsageError(f"- has no file extension: name its format with {option}")
        form = format_of(path)
        name = "conll" if form is None or form.name == "text" else form.name
    if name not in known:
        raise UsageError(f"{path}: expected one of the formats {', '.join(known)} for {option}")
    return FORMATS[name]


def convert_file(
    source: str,
    output: str,
    source_format: Format | None,
    output_format: Format,
    options: ReadOptions | None = None,
    *,
    scheme: Scheme | None = None,
    output_scheme: Scheme | None = None,
) -> Conversion:
    """Write the documents of a file, or of the files in a folder, in another format.

    Parameters
    ----------
    source, output : str
        "-" is stdin or stdout. Files that end in .gz or .zst are compressed.
    source_format : Format, optional
        The format of the source; by default it is detected for each file.
    options : ReadOptions, optional
        How the source is read, with a report of the changes made while reading. The output has the
        text in the same column.
    scheme : Scheme, optional
        Scheme of the tags in the source. By default it is detected, except for plain labels.
    output_scheme : Scheme, optional
        Scheme of the tags in the output. By default it is IOB2, or plain if `scheme` is plain.

    Raises
    ------
    UsageError
        If source and output are the same file.
    DataError
        If a file cannot be read or written, or the output format cannot represent a document.
    """
    options = options or ReadOptions()
    sources = [(source, source_format)] if source_format else labelled_files(source, options)
    if output != "-" and any(_same_file(path, output) for path, _ in sources):
        raise UsageError(f"{output} is also the input; choose another output")
    if output_scheme is None:
        output_scheme = Scheme.PLAIN if scheme is Scheme.PLAIN else Scheme.IOB2
    split = partial(split_words, unit=options.text_unit or "auto")
    documents = sentences = found_spans = 0
    notes: list[str] = []
    joined = 0
    with open_output(output) as written:
        write_options = WriteOptions(options.text_column, output_scheme)
        writer = output_format.writer(written, write_options)
        for path, form in sources:
            given = _Source(path, form, options)
            for found in given.labelled(scheme, notes):
                if output_format.name != "conll":
                    _count_lost_columns(found, given)
                if output_format.name in _WITH_WORDS:
                    found = [with_words(document, split, exact=True) for document in found]
                if output_format.name == "conll" and output_scheme is Scheme.PLAIN:
                    for document in found:
                        _check_plain(document, given.name)
                if output_format.name == "conll" and output_scheme is Scheme.IO:
                    joined += sum(map(_joined_by_io, found))
                with error_context(given.name):
                    writer.write(found)
                documents += len(found)
                sentences += sum(len(document.words or ()) for document in found)
                found_spans += sum(len(document.spans or ()) for document in found)
        with error_context("stdout" if output == "-" else output):
            writer.close()
    if joined:
        were = "1 span was" if joined == 1 else f"{joined:,} spans were"
        notes.append(
            f"io does not mark the border between adjacent spans with the same label: {were} "
            "joined to the previous span; another `output_scheme` keeps them apart"
        )
    notes += write_options.columns.notes()
    return Conversion(documents, sentences, found_spans, tuple(notes))


def labelled_documents(
    path: str, form: Format, options: ReadOptions, notes: list[str], scheme: Scheme | None = None
) -> Iterator[list[Document]]:
    """Read the documents of a file, with spans in place of tags.

    Parameters
    ----------
    path : str
        "-" is stdin.
    notes : list of str
        Notes on guesses and irregularities in the tags are appended to it.
    scheme : Scheme, optional
        Scheme of the tags. By default it is detected, except for plain labels.

    Yields
    ------
    list of Document
        Documents without tags, and without the labels among their fields.

    Raises
    ------
    DataError
        If the file or a record cannot be read.
    """
    return _Source(path, form, options).labelled(scheme, notes)


class _Source(NamedTuple):
    """An input file of a conversion."""

    path: str
    form: Format
    options: ReadOptions

    @property
    def name(self) -> str:
        """For messages."""
        return "stdin" if self.path == "-" else self.path

    def labelled(self, scheme: Scheme | None, notes: list[str]) -> Iterator[list[Document]]:
        """Yield batches of documents with spans; see `labelled_documents`."""
        for batch, style in self.with_style(scheme, notes):
            yield [_for_output(document, style, self.name) for document in batch]

    def with_style(
        self, scheme: Scheme | None, notes: list[str]
    ) -> Iterator[tuple[list[Document], TagStyle | None]]:
        """Yield batches with the style of their tags, or None before the first batch with tags.

        The style depends on all tags, so a file is read twice, and a stream is kept in memory.
        """
        batches = read_documents(self.path, self.form, self.options)
        number = 0
        for batch in batches:
            if any(document.tags is not None for document in batch):
                break
            number += len(batch)
            yield batch, None
        else:
            return
        rest: Iterable[list[Document]] = chain([batch], batches)
        kept: list[list[Document]] = []
        try:
            if scheme is Scheme.PLAIN:
                style = TagStyle(scheme, {})
            elif can_read_again(self.path):
                again = replace_options(self.options, report=ReadReport())
                style = recognise(_tags(read_documents(self.path, self.form, again)), scheme)
            else:
                rest = kept = list(rest)
                style = recognise(_tags(kept), scheme)
        except TagError as error:
            raise DataError(f"{self._place(error.tag, kept, number)}: {error}") from None
        notes += [f"{self.name}: {remark}" for remark in style.remarks]
        if style.irregular:
            place = self._place(style.first_irregular, kept, number)
            notes.append(f"{place}: {style.describe_irregular()}")
        for batch in rest:
            yield batch, style

    def _place(self, wanted: str | Pair, kept: list[list[Document]], before: int) -> str:
        search = partial(position, wanted=wanted)
        if kept:
            number, *_ = search_documents(chain.from_iterable(kept), search)
            return f"{self.name}, document {before + number}"
        return find_tag(self.path, self.form, self.options, search) or self.name


def _tags(batches: Iterable[list[Document]]) -> Iterator[Sequence[str]]:
    for document in chain.from_iterable(batches):
        yield from document.tags or ()


def _count_lost_columns(documents: Iterable[Document], given: _Source) -> None:
    """Count the documents with columns that the output format cannot represent."""
    lost = sum(isinstance(d.layout, ColumnLayout) and d.layout.others > 0 for d in documents)
    if lost:
        what = "documents whose columns besides tokens and tags are left out"
        given.options.report.add(what, given.name, lost)


def _joined_by_io(document: Document) -> int:
    """Count the spans that IO tags do not separate from the previous span."""
    left = sum(len(spans(tags, Scheme.IO)) for tags in word_tags(document, Scheme.IO))
    return len(document.spans or ()) - left


def _for_output(document: Document, style: TagStyle | None, name: str) -> Document:
    """Return a document with spans for its tags, and without the input's own keys in its fields."""
    fields = _other_fields(document)
    if document.tags is None or style is None:
        return replace(document, fields=fields)
    with error_context(_document(name, document)):
        tags = [style.convert(sentence) for sentence in document.tags]
        read = with_spans(replace(document, tags=tags), style.target).spans or ()
        found = [LabelledSpan(span.start, span.end, span.label) for span in read]
        found = check_spans(document.text, found)  # a token may begin or end with spaces
    return replace(document, tags=None, spans=found, fields=fields)


def _other_fields(document: Document) -> Mapping[str, Any]:
    if isinstance(document.fields, ArrowRow):
        return document.fields.without_labels()
    read: frozenset[str] = getattr(document.layout, "labels", frozenset())
    return {key: value for key, value in document.fields.items() if key not in read}


def _check_plain(document: Document, name: str) -> None:
    """Raise an error for spans that plain labels cannot express: several words, or the label O."""
    with error_context(_document(name, document)):
        tags = chain.from_iterable(word_tags(document, Scheme.PLAIN))
        if sum(tag != OUTSIDE for tag in tags) != len(document.spans or ()):
            raise DataError(
                "plain labels need spans of one word each with a label other than O; choose "
                "another `output_scheme`"
            )


def _document(name: str, document: Document) -> str:
    return f"{name}: document {document.text[:40]!r}"


def _same_file(one: str, two: str) -> bool:
    try:
        return one == two or Path(one).samefile(two)
    except (OSError, ValueError):  # a missing file is reported when it is read
        return False
