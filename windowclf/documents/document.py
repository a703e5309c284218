"""A text with labelled spans: the form of annotated documents from all file formats."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any

import msgspec
from msgspec.structs import replace

from windowclf.documents.sentence import Sentence
from windowclf.documents.span_borders import CharacterSpan, fit_words
from windowclf.errors import DataError, quoted
from windowclf.tags.schemes import Scheme, Span, encode, spans
from windowclf.text.tokenizer import split_words, token_starts


class LabelledSpan(msgspec.Struct, frozen=True, omit_defaults=True):
    """A labelled span of a text.

    Parameters
    ----------
    start, end : int
        Character offsets.
    score : float, optional
        Confidence of a tagger, from 0 to 1.
    """

    start: int
    end: int
    label: str
    score: float | None = None


class Document(msgspec.Struct, frozen=True):
    """A text with its words, labels and other fields.

    Parameters
    ----------
    words : list of list of str, optional
        The tokens of each sentence, in the order and spelling of the text. None: the text is not
        split yet.
    tags : list of list of str, optional
        A tag for each word, in the scheme of the file.
    spans : sequence of CharacterSpan, optional
        Sorted spans without overlap, as from `check_spans`. None: the document has no labels, or
        only `tags`.
    fields : mapping of str to Any
        All fields of its record.
    place : str
        Its place in the file, such as "train.jsonl:7"; empty if unknown.
    layout : Any
        Details of its file that a writer of the same format needs to reproduce it.
    """

    text: str
    words: list[list[str]] | None = None
    tags: list[list[str]] | None = None
    spans: Sequence[CharacterSpan] | None = None
    fields: Mapping[str, Any] = msgspec.field(default_factory=dict)
    layout: Any = None
    place: str = ""


def join_words(words: Iterable[Iterable[str]]) -> str:
    """Join sentences to a text, with a space between words and a line for each sentence."""
    return "\n".join(map(" ".join, words))


def with_spans(document: Document, scheme: Scheme) -> Document:
    """Convert the tags of a document to spans.

    Parameters
    ----------
    document : Document
        It is returned unchanged if it has no tags.
    scheme : Scheme
        Scheme of its tags.

    Raises
    ------
    DataError
        If a tag is neither ``O`` nor a prefix with a label.
    """
    if document.tags is None or document.words is None:
        return document
    words = [*chain.from_iterable(document.words)]
    starts = token_starts(document.text, words)
    found = []
    before = 0
    for tags in document.tags:
        for first, last, label in spans(tags, scheme):
            end = before + last - 1
            span = LabelledSpan(starts[before + first], starts[end] + len(words[end]), label)
            found.append(span)
        before += len(tags)
    return replace(document, tags=None, spans=found)


def with_words(
    document: Document, split: Callable[[str], list[list[str]]] = split_words, *, exact: bool
) -> Document:
    """Split a document into sentences of words, so that no span crosses a sentence border.

    Parameters
    ----------
    document : Document
        It is returned unchanged if it has words.
    split : callable
        Splits a text into sentences of words.
    exact : bool
        Whether to split a word at every span border within it. If False, it is split only where it
        would belong to two spans.
    """
    if document.words is not None:
        return document
    words = split(document.text)
    if document.spans:
        words = fit_words(document.text, words, document.spans, exact=exact)
    return replace(document, words=words)


def word_tags(document: Document, scheme: Scheme) -> list[list[str]]:
    """Convert the spans of a document to tags of its words.

    A word that lies partly in a span belongs to the span.

    Parameters
    ----------
    document : Document
        A document with words and spans.

    Raises
    ------
    DataError
        If two spans share a word, or a span crosses the end of a sentence.
    """
    sentences = document.words or []
    words = [*chain.from_iterable(sentences)]
    starts = token_starts(document.text, words)
    ends = [start + len(word) for start, word in zip(starts, words, strict=True)]
    borders = [0, *accumulate(map(len, sentences))]
    aligned: list[list[Span]] = [[] for _ in sentences]
    taken = 0
    for span in document.spans or ():
        first, last = bisect_right(ends, span.start), bisect_left(starts, span.end)
        here = f"span {span.start}:{span.end}"
        if first >= last:
            raise DataError(f"{here} contains no token")
        if first < taken:
            raise DataError(
                f"{here} shares the token {quoted(words[first])} with the previous span; "
                "put a space between them or join the spans"
            )
        number = bisect_right(borders, first) - 1
        if last > borders[number + 1]:
            raise DataError(f"{here} extends beyond the end of its sentence")
        aligned[number].append(Span(first - borders[number], last - borders[number], span.label))
        taken = last
    return [
        encode(found, len(sentence), scheme)
        for found, sentence in zip(aligned, sentences, strict=True)
    ]


def tags_of(document: Document, scheme: Scheme) -> list[list[str]] | None:
    """Return the tags of a document's words, from its spans if needed; None if unlabelled.

    Raises
    ------
    DataError
        See `word_tags`.
    """
    if document.tags is None and document.spans is not None:
        return word_tags(document, scheme)
    return document.tags


def to_sentences(
    document: Document,
    number: int | None = None,
    split: Callable[[str], list[list[str]]] = split_words,
) -> Iterator[Sentence]:
    """Yield the sentences of a document, with its own tags or IOB2 tags for its spans.

    Parameters
    ----------
    number : int, optional
        Becomes `Sentence.document`.
    split : callable
        Splits the text of a document without words, see `with_words`.
    """
    document = with_words(document, split, exact=False)
    tags = tags_of(document, Scheme.IOB2)
    for i, words in enumerate(document.words or ()):
        yield Sentence(words, None if tags is None else tags[i], number)
