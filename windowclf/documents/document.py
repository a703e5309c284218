"""A text with labelled stretches: what annotated files hold, whatever their format."""

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
    """A labelled stretch of a text, as files have it.

    Parameters
    ----------
    start, end : int
        Character offsets.
    score : float, optional
        How sure a tagger was, from 0 to 1.
    """

    start: int
    end: int
    label: str
    score: float | None = None


class Document(msgspec.Struct, frozen=True):
    """A text, and what is known of it.

    Parameters
    ----------
    words : list of list of str, optional
        The tokens of each sentence, each a stretch of the text, in order; None: the text is not
        split yet.
    tags : list of list of str, optional
        A tag for each of `words`, in the scheme of their file.
    spans : sequence of CharacterSpan, optional
        In order, without overlap, as `check_spans` gives them. None: without labels, or
        with `tags` alone.
    fields : mapping of str to Any
        All that its record holds.
    place : str
        Where its file has it, such as "train.jsonl:7"; empty if that is not known.
    layout : Any
        How its file had it: what a writer of the same format needs to write it likewise.
    """

    text: str
    words: list[list[str]] | None = None
    tags: list[list[str]] | None = None
    spans: Sequence[CharacterSpan] | None = None
    fields: Mapping[str, Any] = msgspec.field(default_factory=dict)
    layout: Any = None
    place: str = ""


def join_words(words: Iterable[Iterable[str]]) -> str:
    """Write sentences as a text: a space between two words, a line for each sentence."""
    return "\n".join(map(" ".join, words))


def with_spans(document: Document, scheme: Scheme) -> Document:
    """Read the spans off a document's tags.

    Parameters
    ----------
    document : Document
        One without tags is returned as it is.
    scheme : Scheme
        Of its tags.

    Raises
    ------
    DataError
        For a tag that is neither ``O`` nor a prefix with a label.
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
    """Split a document into sentences of words, no span across two sentences.

    Parameters
    ----------
    document : Document
        One that has words is returned as it is.
    split : callable
        Splits a text into sentences of words.
    exact : bool
        Whether a word is cut where a span begins or ends in it; if not, only where it would
        belong to two spans.
    """
    if document.words is not None:
        return document
    words = split(document.text)
    if document.spans:
        words = fit_words(document.text, words, document.spans, exact=exact)
    return replace(document, words=words)


def word_tags(document: Document, scheme: Scheme) -> list[list[str]]:
    """Spell the spans of a document as tags of its words.

    A word that a span cuts through belongs to it, whole.

    Parameters
    ----------
    document : Document
        With words and spans.

    Raises
    ------
    DataError
        If two spans share a word, or one goes on past its sentence.
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
            raise DataError(f"{here} holds no token")
        if first < taken:
            raise DataError(
                f"{here} shares the token {quoted(words[first])} with the span before it; "
                "put a space between them or join the spans"
            )
        number = bisect_right(borders, first) - 1
        if last > borders[number + 1]:
            raise DataError(f"{here} goes on past the end of its sentence")
        aligned[number].append(Span(first - borders[number], last - borders[number], span.label))
        taken = last
    return [
        encode(found, len(sentence), scheme)
        for found, sentence in zip(aligned, sentences, strict=True)
    ]


def tags_of(document: Document, scheme: Scheme) -> list[list[str]] | None:
    """Return the tags of a document's words, those of its spans if it has none; None if unlabelled.

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
    """Yield the sentences of a document: with its own tags, or IOB2 for its spans.

    Parameters
    ----------
    number : int, optional
        The number of the document.
    split : callable
        Splits the text of a document that has no words, see `with_words`.
    """
    document = with_words(document, split, exact=False)
    tags = tags_of(document, Scheme.IOB2)
    for i, words in enumerate(document.words or ()):
        yield Sentence(words, None if tags is None else tags[i], number)
