"""spaCy's DocBin, the format of its training data.

A ``Doc`` consists of tokens and the white space between them. The other fields of a document, its
scores, and words that differ from the tokens are stored as JSON in
``doc.user_data["windowclf"]``. A document from a DocBin is written with its original ``Doc``, in
which only the entities are replaced.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import msgspec

from windowclf.documents.document import Document, LabelledSpan, with_words
from windowclf.documents.formats.registry import WriteOptions
from windowclf.documents.formats.spacy_tokens import cut_tokens
from windowclf.documents.reading import ReadOptions, ReadReport
from windowclf.documents.span_borders import CharacterSpan, check_spans
from windowclf.documents.span_policy import FileSpan, fit_spans
from windowclf.errors import (
    DataError,
    MissingExtraError,
    UsageError,
    join_names,
    one_line,
    quoted,
)
from windowclf.system.content import HEAD_BYTES, ZLIB, check_kind
from windowclf.tags.schemes import Scheme, Span, encode
from windowclf.text.tokenizer import token_starts

if TYPE_CHECKING:
    from spacy.tokens import Doc, DocBin
    from spacy.vocab import Vocab

KEY = "windowclf"
"""Key in the user data of a Doc."""

LARGEST = 1 << 30
"""Largest size of a file in bytes, after decompression."""

_BATCH = 256
_ATTRIBUTES = ("ENT_IOB", "ENT_TYPE", "SENT_START")
_ENCODER = msgspec.json.Encoder(enc_hook=str)


class _Rest(msgspec.Struct, omit_defaults=True):
    """The data of a document that the tokens of a Doc cannot represent."""

    fields: dict[str, msgspec.Raw] = {}
    text_key: str | None = None  # key of the text in `fields`
    sentences: list[list[str]] | None = None
    scores: list[tuple[int, int, float]] = []  # start, end and score of spans


class DocLayout(NamedTuple):
    """The Doc that a document was read from.

    Attributes
    ----------
    attributes : frozenset of int
        Ids of the attributes in its DocBin.
    where : str
        Its file and its number in it.
    """

    doc: "Doc"
    attributes: frozenset[Any]
    report: ReadReport
    where: str


def read(file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
    """Read the documents of a DocBin.

    The words are the tokens without white space; without sentence marks they are one sentence.
    The spans are ``doc.ents``; without entities, they are those of the only span group, or of the
    group "sc".

    Parameters
    ----------
    name : str
        Name of the file, for messages, in which documents count from 0.

    Raises
    ------
    MissingExtraError
        If spaCy is not installed.
    DataError
        If the file is not a DocBin, or larger than `LARGEST`.
    """
    batch = []
    packed = _docbin(file, name)
    for number, doc in enumerate(_docs(packed, name)):
        where = f"{name}, document {number}"
        try:
            batch.append(_document(doc, packed, options, where))
        except (DataError, UsageError, msgspec.MsgspecError, RecursionError) as error:
            options.failed(DataError(f"{where}: {error}"))
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _docbin(file: BinaryIO, name: str) -> "DocBin":
    DocBin, _ = _spacy()
    data = file.read()
    check_kind(data[:HEAD_BYTES], name, ZLIB)
    _check_size(data, name)
    with _readable(name):
        return DocBin().from_bytes(data)


def _docs(packed: "DocBin", name: str) -> "Iterator[Doc]":
    _, Vocab = _spacy()
    with _readable(name):
        yield from packed.get_docs(Vocab())


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # any error, because spaCy does not check the file
        raise DataError(
            f"{name}: cannot be read as a DocBin of spaCy: {type(error).__name__}: "
            f"{one_line(error)}"
        ) from error


def _check_size(data: bytes, name: str) -> None:
    """Raise an error for a file that would fill the memory, because spaCy decompresses it whole."""
    stream = zlib.decompressobj()
    size = 0
    with suppress(zlib.error):  # spaCy reports it
        while data and size <= LARGEST:
            size += len(stream.decompress(data, 1 << 20))
            data = stream.unconsumed_tail
    if size > LARGEST:
        raise DataError(f"{name}: more than {LARGEST:,} bytes after decompression; split it")


def _document(doc: "Doc", packed: "DocBin", options: ReadOptions, where: str) -> Document:
    text = doc.text
    rest = _rest(doc)
    if rest.text_key is not None:
        rest.fields[rest.text_key] = msgspec.Raw(msgspec.json.encode(text))
    words = rest.sentences
    if words is None:
        words = _sentences(*_words(doc))
    if any("" in sentence for sentence in words):
        raise DataError("an empty word; expected at least one character")
    token_starts(text, chain.from_iterable(words))  # checks that they occur in the text
    layout = DocLayout(doc, frozenset(packed.attrs), options.report, where)
    spans = _spans(doc, rest, options, where) if options.labels else None
    return Document(text, words, None, spans, rest.fields, layout, where)


def _spans(doc: "Doc", rest: _Rest, options: ReadOptions, where: str) -> list[LabelledSpan] | None:
    if doc.has_annotation("ENT_IOB"):
        scores = {(start, end): score for start, end, score in rest.scores}
        places = [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
        return check_spans(
            doc.text, [LabelledSpan(*place, score=scores.get(place[:2])) for place in places]
        )
    groups = {name: group for name, group in doc.spans.items() if len(group)}
    if not groups:
        return None
    name = "sc" if "sc" in groups else next(iter(groups))
    if name != "sc" and len(groups) > 1:
        names = join_names([quoted(other) for other in groups])
        options.report.add(
            "documents without entities, whose span groups were not read", f"{where}: {names}"
        )
        return None
    options.report.add(f"documents whose spans were read from the span group {name!r}", where)
    found = [FileSpan(span.start_char, span.end_char, span.label_) for span in groups[name]]
    return fit_spans(doc.text, found, options, where)


def _words(doc: "Doc") -> tuple[list[str], list[bool]]:
    return [token.text for token in doc], [token.is_sent_start is True for token in doc]


def _set_entities(doc: "Doc", spans: Sequence[CharacterSpan] | None) -> bool:
    """Replace the entities of a Doc that differ; return False if spans do not fit its tokens."""
    if spans is None:
        return True
    known = {(ent.start_char, ent.end_char, ent.label_): ent for ent in doc.ents}
    wanted = [(span.start, span.end, span.label) for span in spans]
    if [*known] == wanted and doc.has_annotation("ENT_IOB"):
        return True  # keeps tokens without annotation as they are
    found = [known.get(place) or doc.char_span(*place) for place in wanted]
    entities = [span for span in found if span is not None]
    if len(entities) < len(found):
        return False
    doc.set_ents(entities)
    for token in doc:
        if not token.ent_type:
            token.ent_kb_id = token.ent_id = 0
    return True


def _sentences(tokens: Sequence[str], begins: Sequence[bool]) -> list[list[str]]:
    """Group the tokens without white space into the marked sentences."""
    sentences: list[list[str]] = [[]]
    for token, begin in zip(tokens, begins, strict=True):
        if begin:
            sentences.append([])
        if not token.isspace():
            sentences[-1].append(token)
    return [words for words in sentences if words]


def _rest(doc: "Doc") -> _Rest:
    found = doc.user_data.get(KEY)
    return msgspec.json.decode(found, type=_Rest) if isinstance(found, str) else _Rest()


class Writer:
    """Writes documents as Docs, all of them when it is closed.

    Words are split at span borders. Characters between two words become a token, except for a
    single space; white space belongs to the sentence before it.

    Raises
    ------
    MissingExtraError
        If spaCy is not installed.
    """

    def __init__(self, file: BinaryIO, options: WriteOptions) -> None:
        DocBin, Vocab = _spacy()
        self._file, self._options, self._vocab = file, options, Vocab()
        self._docs = DocBin(_ATTRIBUTES, store_user_data=True)

    def write(self, documents: Sequence[Document]) -> None:
        """Append documents.

        Raises
        ------
        DataError
            If a text is not valid Unicode.
        """
        for document in documents:
            try:
                doc = self._kept(document)
                if doc is None:
                    doc = self._doc(with_words(document, exact=True))
                self._docs.add(doc)
            except UnicodeEncodeError as error:
                raise DataError(f"document {document.text[:40]!r}: {error}") from None

    def close(self) -> None:
        """Write the file."""
        self._file.write(self._docs.to_bytes())

    def _kept(self, document: Document) -> "Doc | None":
        """Set the entities of a document's original Doc, if they fit its tokens."""
        layout = document.layout
        if not isinstance(layout, DocLayout):
            return None
        doc = layout.doc.copy()
        if doc.text != document.text or not _set_entities(doc, document.spans):
            what = "documents whose other annotation was dropped, because entities do not fit it"
            layout.report.add(what, layout.where)
            return None
        self._add_attributes(layout.attributes)
        words, begins = _words(doc)
        self._set_rest(doc, document, _sentences(words, begins) != document.words)
        return doc

    def _add_attributes(self, attributes: frozenset[Any]) -> None:
        """Store more attributes, also of the Docs stored so far."""
        if attributes <= {*self._docs.attrs}:
            return
        DocBin, _ = _spacy()
        wanted = sorted(attributes.union(self._docs.attrs))
        self._docs = DocBin(wanted, True, self._docs.get_docs(self._vocab))

    def _doc(self, document: Document) -> "Doc":
        from spacy.tokens import Doc

        text, spans = document.text, document.spans
        tokens = cut_tokens(document)
        words = [text[token.start : token.end] for token in tokens]
        begins = [token.begins for token in tokens]
        tags = None
        if spans is not None:
            first = {token.start: i for i, token in enumerate(tokens)}
            last = {token.end: i for i, token in enumerate(tokens, 1)}
            found = [Span(first[span.start], last[span.end], span.label) for span in spans]
            tags = encode(found, len(tokens), Scheme.IOB2)
        spaces = [token.space for token in tokens]
        doc = Doc(self._vocab, words, spaces, sent_starts=[*begins], ents=tags)
        self._set_rest(doc, document, _sentences(words, begins) != document.words)
        return doc

    def _set_rest(self, doc: "Doc", document: Document, keep_words: bool) -> None:
        rest = self._rest(document)
        if keep_words:
            rest.sentences = document.words
        if rest != _Rest():
            doc.user_data[KEY] = msgspec.json.encode(rest).decode()
        elif isinstance(doc.user_data.get(KEY), str):
            del doc.user_data[KEY]

    def _rest(self, document: Document) -> _Rest:
        rest = _Rest()
        key = self._options.text_column
        if document.fields.keys() - {key}:
            rest.fields = {
                name: msgspec.Raw(b"null" if name == key else _ENCODER.encode(value))
                for name, value in document.fields.items()
            }
            rest.text_key = key if key in document.fields else None
        for span in document.spans or ():
            if (score := getattr(span, "score", None)) is not None:
                rest.scores.append((span.start, span.end, score))
        return rest


def _spacy() -> tuple[type["DocBin"], type["Vocab"]]:
    try:
        from spacy.tokens import DocBin
        from spacy.vocab import Vocab
    except ImportError:
        raise MissingExtraError("a .spacy file", "spacy") from None
    return DocBin, Vocab
