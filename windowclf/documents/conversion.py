"""From one format of labelled documents to another."""

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from windowclf.documents.document import Document, LabelledSpan, with_spans, with_words, word_tags
from windowclf.documents.formats.arrow_rows import ArrowRow
from windowclf.documents.formats.registry import (
    FORMATS,
    Format,
    ReadOptions,
    WriteOptions,
    format_of,
)
from windowclf.documents.places import can_read_again, find_tag, search_documents
from windowclf.documents.span_borders import check_spans
from windowclf.errors import DataError, UsageError, error_context
from windowclf.system.streams import open_input, open_output
from windowclf.tags.recognition import Pair, TagError, TagStyle, position, recognise
from windowclf.tags.schemes import OUTSIDE, Scheme, spans

LABELLED = ("conll", "jsonl", "parquet", "docbin")
"""Names of the formats that hold documents with spans and words."""

_OF_SPANS = ("entities", "spans", "label", "sentences")
_LIST = re.compile(rb"\[")
_LIST_OF_PARTS = re.compile(rb"\[\s*[\[{\]]")  # of spans or of sentences
_WITH_WORDS = ("conll", "docbin")  # formats that hold no text without


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion wrote.

    Parameters
    ----------
    documents, sentences, spans : int
        Sentences are those of documents that are split into words.
    notes : tuple of str
        What was guessed about the tags, what was not regular in them, and what is written in
        another way than it was, a line each.
    """

    documents: int
    sentences: int
    spans: int
    notes: tuple[str, ...] = ()


def labelled_format(path: str, name: str | None, option: str) -> Format:
    """Tell the format of a file of labelled documents.

    Parameters
    ----------
    path : str
        An end that tells none, such as that of ``eng.train``, means CoNLL.
    name : str, optional
        Of the format, if given.
    option : str
        What gives it, for messages.

    Raises
    ------
    UsageError
        If the format holds no labels, or the path is "-" and no format is given.
    """
    if name is None:
        if path == "-":
            raise UsageError(f"- has no name that tells its format: say {option}")
        form = format_of(path)
        name = "conll" if form is None or form.name == "text" else form.name
    if name not in LABELLED:
        raise UsageError(
            f"{path}: {name} holds no spans; expected {', '.join(LABELLED)}, which {option} says"
        )
    return FORMATS[name]


def convert_file(
    source: str,
    output: str,
    source_format: Format,
    output_format: Format,
    options: ReadOptions | None = None,
    *,
    scheme: Scheme | None = None,
    output_scheme: Scheme | None = None,
) -> Conversion:
    """Write the documents of a file in another format.

    Parameters
    ----------
    source, output : str
        "-" is stdin, or stdout. What ends in .gz or .zst is packed.
    source_format, output_format : Format
        Of those that are `LABELLED`.
    options : ReadOptions, optional
        How the source is read; the text has the same column in the output.
    scheme : Scheme, optional
        Of the tags that are read. If not given, it is recognised, but for plain labels.
    output_scheme : Scheme, optional
        Of the tags that are written; IOB2 if not given, or plain if `scheme` is.

    Raises
    ------
    UsageError
        If both are one file.
    DataError
        For a file that cannot be read or written, and for what the output cannot hold.
    """
    options = options or ReadOptions()
    if "-" not in (source, output) and _same_file(source, output):
        raise UsageError(f"{output} is the input, too; choose another output")
    if output_scheme is None:
        output_scheme = Scheme.PLAIN if scheme is Scheme.PLAIN else Scheme.IOB2
    name = "stdin" if source == "-" else source
    documents = sentences = found_spans = 0
    notes: list[str] = []
    joined = 0
    given = _Source(source, name, source_format, options)
    with given.read() as batches, open_output(output) as written:
        write_options = WriteOptions(options.text_column, output_scheme)
        writer = output_format.writer(written, write_options)
        for batch, style in given.with_style(batches, scheme, notes):
            found = [_for_output(document, style, options, name) for document in batch]
            if output_format.name in _WITH_WORDS:
                found = [with_words(document, exact=True) for document in found]
            if output_format.name == "conll" and output_scheme is Scheme.PLAIN:
                for document in found:
                    _check_plain(document, name)
            if output_format.name == "conll" and output_scheme is Scheme.IO:
                joined += sum(map(_joined_by_io, found))
            with error_context(name):
                writer.write(found)
            documents += len(found)
            sentences += sum(len(document.words or ()) for document in found)
            found_spans += sum(len(document.spans or ()) for document in found)
        with error_context(name):
            writer.close()
    if joined:
        were = "1 span was" if joined == 1 else f"{joined:,} spans were"
        notes.append(
            f"io does not show where the next span of the same label begins: {were} joined with "
            "the span before; another --output-scheme keeps them apart"
        )
    notes += write_options.columns.notes()
    return Conversion(documents, sentences, found_spans, tuple(notes))


class _Source(NamedTuple):
    """What is converted."""

    path: str
    name: str
    form: Format
    options: ReadOptions

    @contextmanager
    def read(self) -> Iterator[Iterator[list[Document]]]:
        with open_input(self.path) as file:
            if self.form.name == "parquet" and not file.seekable():
                file = io.BytesIO(file.read())  # it is read from its end
            yield self.form.read(file, self.name, self.options)

    def with_style(
        self, batches: Iterator[list[Document]], scheme: Scheme | None, notes: list[str]
    ) -> Iterator[tuple[list[Document], TagStyle | None]]:
        """Yield batches, and from the first one with tags on how these are written.

        All tags have to be seen to know it, so a file is read twice, and a stream is kept.
        """
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
                with self.read() as again:
                    style = recognise(_tags(again), scheme)
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
            number, _ = search_documents(chain.from_iterable(kept), search)
            return f"{self.name}, document {before + number}"
        return find_tag(self.path, self.form, self.options, search) or self.name


def _tags(batches: Iterable[list[Document]]) -> Iterator[Sequence[str]]:
    for document in chain.from_iterable(batches):
        yield from document.tags or ()


def _joined_by_io(document: Document) -> int:
    """Count the spans whose borders tags of IO do not show."""
    left = sum(len(spans(tags, Scheme.IO)) for tags in word_tags(document, Scheme.IO))
    return len(document.spans or ()) - left


def _for_output(
    document: Document, style: TagStyle | None, options: ReadOptions, name: str
) -> Document:
    """Give a document spans for its tags, and fields without the keys of what was read."""
    fields = _other_fields(document.fields, options)
    if document.tags is None or style is None:
        return replace(document, fields=fields)
    with error_context(_document(name, document)):
        tags = [style.convert(sentence) for sentence in document.tags]
        read = with_spans(replace(document, tags=tags), style.target).spans or ()
        found = [LabelledSpan(span.start, span.end, span.label) for span in read]
        found = check_spans(document.text, found)  # a token may have spaces at its ends
    return replace(document, tags=None, spans=found, fields=fields)


def _other_fields(fields: Mapping[str, Any], options: ReadOptions) -> Mapping[str, Any]:
    if isinstance(fields, ArrowRow):
        return fields.without_labels()
    tokens = str(options.tokens_column or "tokens")
    tags = ("tags", "ner_tags") if options.tags_column is None else (str(options.tags_column),)
    read = {key for key in _OF_SPANS if _LIST_OF_PARTS.match(_json(fields.get(key)))}
    if _LIST.match(_json(fields.get(tokens))):
        read.update(key for key in (tokens, *tags) if _LIST.match(_json(fields.get(key))))
    return {key: value for key, value in fields.items() if key not in read}


def _json(value: Any) -> bytes:
    return bytes(value) if isinstance(value, msgspec.Raw) else b""


def _check_plain(document: Document, name: str) -> None:
    """Refuse spans that plain labels cannot spell: of several words, or called O."""
    with error_context(_document(name, document)):
        tags = chain.from_iterable(word_tags(document, Scheme.PLAIN))
        if sum(tag != OUTSIDE for tag in tags) != len(document.spans or ()):
            raise DataError(
                "plain labels cannot spell its spans, which need one word each and another label "
                "than O; choose another --output-scheme"
            )


def _document(name: str, document: Document) -> str:
    return f"{name}: document {document.text[:40]!r}"


def _same_file(one: str, two: str) -> bool:
    try:
        return one == two or Path(one).samefile(two)
    except (OSError, ValueError):  # one is not there, which reading it will tell
        return False
