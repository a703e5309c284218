"""spaCy's DocBin: documents as its pipelines train on them.

A ``Doc`` is tokens alone: its text is theirs with what stands between them. What else is known of
a document, its other fields, scores, and words that are not all of its tokens, is JSON in
``doc.user_data["windowclf"]``.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import msgspec

from windowclf.documents.document import Document, LabelledSpan, with_words
from windowclf.documents.formats.registry import WriteOptions
from windowclf.documents.reading import ReadOptions
from windowclf.documents.span_borders import check_spans
from windowclf.errors import DataError, MissingExtraError, UsageError, one_line
from windowclf.system.content import HEAD_BYTES, ZLIB, check_kind
from windowclf.tags.schemes import Scheme, Span, encode
from windowclf.text.tokenizer import token_starts

if TYPE_CHECKING:
    from spacy.tokens import Doc, DocBin
    from spacy.vocab import Vocab

KEY = "windowclf"
"""Of the user data of a Doc."""

LARGEST = 1 << 30
"""Bytes of a file, unpacked."""

_BATCH = 256
_ENCODER = msgspec.json.Encoder(enc_hook=str)


class _Rest(msgspec.Struct, omit_defaults=True):
    """What the tokens of a Doc do not tell."""

    fields: dict[str, msgspec.Raw] = {}
    text_key: str | None = None  # that of `fields` whose value is the text
    sentences: list[list[str]] | None = None
    scores: list[tuple[int, int, float]] = []  # of the spans that begin and end there


def read(file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
    """Read the documents of a DocBin.

    Words are its tokens but for white space; where no sentences are marked, they are one.
    Spans are ``doc.ents``. Other annotation is left out.

    Parameters
    ----------
    name : str
        For messages.

    Raises
    ------
    MissingExtraError
        Without spaCy.
    DataError
        If it is no DocBin, or more than `LARGEST`; documents count from 0.
    """
    del options
    batch = []
    for number, doc in enumerate(_docs(file, name)):
        try:
            batch.append(_document(doc))
        except (DataError, UsageError, msgspec.MsgspecError, RecursionError) as error:
            raise DataError(f"{name}, document {number}: {error}") from None
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _docs(file: BinaryIO, name: str) -> "Iterator[Doc]":
    DocBin, Vocab = _spacy()
    data = file.read()
    check_kind(data[:HEAD_BYTES], name, ZLIB)
    _check_size(data, name)
    try:
        yield from DocBin().from_bytes(data).get_docs(Vocab())
    except Exception as error:  # of any kind: spaCy trusts the file
        raise DataError(
            f"{name}: cannot be read as a DocBin of spaCy: {type(error).__name__}: "
            f"{one_line(error)}"
        ) from error


def _check_size(data: bytes, name: str) -> None:
    """Refuse what spaCy, which unpacks it at once, would fill the memory with."""
    stream = zlib.decompressobj()
    size = 0
    with suppress(zlib.error):  # which spaCy tells
        while data and size <= LARGEST:
            size += len(stream.decompress(data, 1 << 20))
            data = stream.unconsumed_tail
    if size > LARGEST:
        raise DataError(f"{name}: more than {LARGEST:,} bytes when unpacked; split it")


def _document(doc: "Doc") -> Document:
    text = doc.text
    rest = _rest(doc)
    if rest.text_key is not None:
        rest.fields[rest.text_key] = msgspec.Raw(msgspec.json.encode(text))
    words = rest.sentences
    if words is None:
        begins = [token.is_sent_start is True for token in doc]
        words = _sentences([token.text for token in doc], begins)
    if any("" in sentence for sentence in words):
        raise DataError("an empty word; expected each to hold a character")
    token_starts(text, chain.from_iterable(words))  # they stand in the text
    spans = None
    if doc.has_annotation("ENT_IOB"):
        scores = {(start, end): score for start, end, score in rest.scores}
        places = [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
        spans = check_spans(
            text, [LabelledSpan(*place, score=scores.get(place[:2])) for place in places]
        )
    return Document(text, words, spans=spans, fields=rest.fields)


def _sentences(tokens: Sequence[str], begins: Sequence[bool]) -> list[list[str]]:
    """Leave white space out, and begin a sentence where one is marked."""
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
    """Writes documents as Docs, together when it is closed.

    A word is cut where a span begins or ends in it, and what stands between two words is a token
    but for a single space; white space belongs to the sentence before it.

    Raises
    ------
    MissingExtraError
        Without spaCy.
    """

    def __init__(self, file: BinaryIO, options: WriteOptions) -> None:
        DocBin, Vocab = _spacy()
        self._file, self._options, self._vocab = file, options, Vocab()
        attributes = ["ENT_IOB", "ENT_TYPE", "SENT_START"]
        self._docs = DocBin(attributes, store_user_data=True)

    def write(self, documents: Sequence[Document]) -> None:
        """Add documents to those before.

        Raises
        ------
        DataError
            For a text that is no Unicode.
        """
        for document in documents:
            try:
                self._docs.add(self._doc(with_words(document, exact=True)))
            except UnicodeEncodeError as error:
                raise DataError(f"document {document.text[:40]!r}: {error}") from None

    def close(self) -> None:
        """Write the file."""
        self._file.write(self._docs.to_bytes())

    def _doc(self, document: Document) -> "Doc":
        from spacy.tokens import Doc

        text, spans = document.text, document.spans
        tokens = _tokens(document)
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
        rest = self._rest(document)
        if _sentences(words, begins) != document.words:
            rest.sentences = document.words
        if rest != _Rest():
            doc.user_data[KEY] = msgspec.json.encode(rest).decode()
        return doc

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


class _Token(NamedTuple):
    start: int
    end: int
    space: bool  # whether one follows
    begins: bool  # whether a sentence does with it


def _tokens(document: Document) -> list[_Token]:
    """Cut a text at the borders of its words and its spans."""
    text = document.text
    sentences = [words for words in document.words or () if words]
    words = [*chain.from_iterable(sentences)]
    starts: list[int] = token_starts(text, words).tolist()
    begins = {starts[number] for number in accumulate(map(len, sentences[:-1]))}
    cuts = {0, len(text), *starts}
    cuts.update(start + len(word) for start, word in zip(starts, words, strict=True))
    for span in document.spans or ():
        cuts |= {span.start, span.end}
    tokens: list[_Token] = []
    for start, end in pairwise(sorted(cuts)):
        begin = start in begins or not tokens
        if text[start] == " " and tokens and not tokens[-1].space:
            tokens[-1] = tokens[-1]._replace(space=True)
            start += 1
        if start < end:
            tokens.append(_Token(start, end, space=False, begins=begin))
    return tokens


def _spacy() -> tuple[type["DocBin"], type["Vocab"]]:
    try:
        from spacy.tokens import DocBin
        from spacy.vocab import Vocab
    except ImportError:
        raise MissingExtraError("a .spacy file", "spacy") from None
    return DocBin, Vocab
