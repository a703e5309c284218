"""Texts or documents in, entities with character offsets out, as a stream."""

from collections.abc import Callable, Generator, Iterable, Iterator
from functools import cached_property, partial
from itertools import chain, starmap
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np
from msgspec.structs import replace

from windowclf.documents.document import Document, join_words
from windowclf.errors import shortened
from windowclf.system.arguments import check_count, check_pairs, check_texts
from windowclf.system.markup import Mark, marked
from windowclf.system.threads import stream
from windowclf.tagging.tagger import EncodedChunk, TaggedChunk, Tagger
from windowclf.text.tokenizer import Token, line_sentences, split_words, token_starts
from windowclf.text.units import TEXT_UNITS, check_text_unit

if TYPE_CHECKING:
    from windowclf.documents.formats.registry import Format

Splitter = Callable[[str], list[list[str]]]
"""Splits a text into sentences of tokens, each a stretch of the text, in order."""

C = TypeVar("C")
T = TypeVar("T")

_NAMES = 5
"""Entities that the representation of a text lists."""

BATCH_CHARACTERS = 1 << 16
"""About how many characters are tagged at once: some ten thousand tokens."""


class Entity(msgspec.Struct, frozen=True):
    """A labelled stretch of a text.

    Parameters
    ----------
    text : str
        ``source[start:end]``.
    start, end : int
        Character offsets.
    score : float
        Probability that it is an entity with this border and this label, from 0 to 1.
    """

    text: str
    label: str
    start: int
    end: int
    score: float

    def _asdict(self) -> dict[str, str | int | float]:
        """Return the fields by name, as a named tuple does: plain values that JSON can hold.

        Examples
        --------
        >>> Entity("Oslo", "LOC", 0, 4, 0.98)._asdict()
        {'text': 'Oslo', 'label': 'LOC', 'start': 0, 'end': 4, 'score': 0.98}
        """
        return msgspec.structs.asdict(self)


class TaggedText:
    """A text and its tags and entities, each made when it is asked for.

    A notebook shows it with its entities marked.

    Attributes
    ----------
    words : list of list of str
        The tokens of each sentence.
    """

    def __init__(
        self, text: str, words: list[list[str]], chunk: TaggedChunk, sentences: slice
    ) -> None:
        self.text = text
        self.words = words
        self._chunk, self._place = chunk, sentences

    def __repr__(self) -> str:
        names = [f"{shortened(found.text)} {found.label}" for found in self.entities[:_NAMES]]
        if len(self.entities) > _NAMES:
            names.append(f"and {len(self.entities) - _NAMES:,} more")
        return f"TaggedText({shortened(self.text)!r}: {', '.join(names) or 'no entity'})"

    def _repr_html_(self) -> str:
        """Show the text with its entities marked, as a notebook does by itself."""
        marks = [
            Mark(found.start, found.end, found.label, f"{found.label}, score {found.score:.3f}")
            for found in self.entities
        ]
        return marked(self.text, marks, self._chunk.labels)

    @cached_property
    def sentences(self) -> list[list[Token]]:
        """The tokens of each sentence, with character offsets."""
        starts = iter(self._starts)
        return [
            [Token(word, at, at + len(word)) for word, at in zip(words, starts, strict=False)]
            for words in self.words
        ]

    @cached_property
    def tags(self) -> list[list[str]]:
        """A tag for each token: IOB2, or plain labels."""
        return list(self._chunk.tags(self._place))

    @cached_property
    def entities(self) -> list[Entity]:
        """The entities, in order."""
        spans = self._chunk.entities_of(self._place)
        if not spans:
            return []
        starts, words = self._starts, [*chain.from_iterable(self.words)]
        entities = []
        for first, last, label, score in spans:
            start, end = starts[first], starts[last] + len(words[last])
            entities.append(Entity(self.text[start:end], label, start, end, score))
        return entities

    @cached_property
    def _starts(self) -> list[int]:
        starts: list[int] = token_starts(self.text, chain.from_iterable(self.words)).tolist()
        return starts


Answer = list[tuple[T, TaggedText]]
"""The items of a batch, and the tags and entities of each."""


def given_tokens(text: str) -> list[list[str]]:
    """Take a text as one sentence whose tokens are separated by white space."""
    words = text.split()
    return [words] if words else []


SPLITTERS: dict[str, Splitter] = {
    "text": split_words,
    **{unit: partial(split_words, unit=unit) for unit in TEXT_UNITS if unit != "auto"},
    "pretokenized": given_tokens,
    "lines": line_sentences,
}
"""How texts are split, by the names that jobs store: as CoNLL-2003 has it for the text units, of
which "text" is "auto"; "pretokenized" at white space; "lines" so that each line is a sentence."""


def unit_splitter(text_unit: str) -> Splitter:
    """Return the splitter of a text unit, one of `TEXT_UNITS`.

    Raises
    ------
    UsageError
        For another value.
    """
    if isinstance(text_unit, str) and text_unit == "auto":
        return split_words
    return SPLITTERS[check_text_unit(text_unit)]


def tag_texts(
    tagger: Tagger,
    texts: Iterable[str],
    *,
    split: Splitter = split_words,
    batch_size: int = 512,
    threads: int = 1,
) -> Iterator[TaggedText]:
    """Tag texts as they come; no more than a batch of them is held at a time.

    Parameters
    ----------
    split : callable
        Splits a text into sentences of tokens, each a stretch of the text, in order.
    batch_size : int
        Texts that are tagged at once, at the most; long ones are fewer.
    threads : int
        How many share the batches; with more than one, texts are taken some batches before their
        turn.

    Returns
    -------
    iterator of TaggedText
        One for each text, in order.

    Raises
    ------
    UsageError
        If `batch_size` is less than 1.
    """
    batches = cut(check_texts(texts, "texts"), len, check_count(batch_size, "batch_size"))
    answers = tag_batches(tagger, batches, str, split, threads=threads)
    return (tagged for answer in answers for _, tagged in answer)


def tag_with_contexts(
    tagger: Tagger,
    pairs: Iterable[tuple[str, C]],
    *,
    split: Splitter = split_words,
    batch_size: int = 512,
    threads: int = 1,
) -> Iterator[tuple[TaggedText, C]]:
    """Tag texts that each have a context, which comes back beside the text; see `tag_texts`."""
    size = check_count(batch_size, "batch_size")
    batches = cut(check_pairs(pairs, "texts"), lambda pair: len(pair[0]), size)
    answers = tag_batches(
        tagger, batches, itemgetter(0), lambda pair: split(pair[0]), threads=threads
    )
    return ((tagged, context) for answer in answers for (_, context), tagged in answer)


def tag_documents(
    tagger: Tagger,
    batches: Iterable[list[Document]],
    *,
    split: Splitter = split_words,
    threads: int | None = 1,
) -> Generator[Answer[Document], None, None]:
    """Tag batches of documents as they come.

    Parameters
    ----------
    batches : iterable of list of Document
        Each is tagged by itself, and in parts if it has long texts.
    split : callable
        Splits the text of a document that has no words.
    threads : int, optional
        How many share the work, see `thread_count`; with more than one, batches are taken before
        their turn.

    Returns
    -------
    iterator of list of tuple of Document and TaggedText
        In the order of the documents.
    """

    def words_of(document: Document) -> list[list[str]]:
        return split(document.text) if document.words is None else document.words

    parts = chain.from_iterable(
        cut(batch, lambda document: len(document.text), len(batch) or 1) for batch in batches
    )
    return tag_batches(tagger, parts, attrgetter("text"), words_of, threads=threads)


def tag_batches(
    tagger: Tagger,
    batches: Iterable[list[T]],
    text_of: Callable[[T], str],
    words_of: Callable[[T], list[list[str]]],
    *,
    threads: int | None = 1,
) -> Generator[Answer[T], None, None]:
    """Tag batches of items that have a text, as they come.

    With more than one of `threads`, one takes the batches and looks their words up, others score.

    Parameters
    ----------
    text_of, words_of : callable
        Take an item of a batch, and return its text and its sentences of tokens.
    threads : int, optional
        See `thread_count`.
    """

    def lookup(items: list[T]) -> tuple[list[T], list[list[list[str]]], list[EncodedChunk]]:
        words = [*map(words_of, items)]
        sizes = np.fromiter(map(len, words), np.intp, len(words))
        documents = np.repeat(np.arange(len(words)), sizes)
        return items, words, [*tagger.lookup_numbered([*chain.from_iterable(words)], documents)]

    def tag(looked_up: tuple[list[T], list[list[list[str]]], list[EncodedChunk]]) -> Answer[T]:
        items, words, chunks = looked_up
        chunk = tagger.tag(chunks)
        answer = []
        end = 0
        for item, sentences in zip(items, words, strict=True):
            start, end = end, end + len(sentences)
            answer.append((item, TaggedText(text_of(item), sentences, chunk, slice(start, end))))
        return answer

    return stream(tag, map(lookup, batches), threads)


def cut(items: Iterable[T], length: Callable[[T], int], size: int) -> Iterator[list[T]]:
    """Group texts, or items that have one, into batches that are tagged at once.

    Parameters
    ----------
    length : callable
        Counts the characters of an item.
    size : int
        Items of a batch, at the most. A batch also ends with the item that brings it to
        `BATCH_CHARACTERS`.
    """
    batch: list[T] = []
    characters = 0
    for item in items:
        batch.append(item)
        characters += length(item)
        if len(batch) == size or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def documents_of(answer: Answer[Document], form: "Format") -> list[Document]:
    """Replace the labels that documents came with by those that were found.

    Parameters
    ----------
    answer : list of tuple of Document and TaggedText
    form : Format
        The format of the file to write. Where it has words, they are those that were tagged; else
        they are those that the document came with.
    """
    if form.name == "conll":
        return [*chain.from_iterable(starmap(_rows, answer))]
    if form.name == "docbin":
        return [
            replace(document, words=tagged.words, tags=None, spans=tagged.entities)
            for document, tagged in answer
        ]
    return [replace(document, tags=None, spans=tagged.entities) for document, tagged in answer]


def _rows(document: Document, tagged: TaggedText) -> list[Document]:
    """Split a document that is only a text into sentences: their rows are all that is written."""
    if document.fields or document.words is not None:
        return [replace(document, words=tagged.words, tags=tagged.tags, spans=None)]
    return [
        Document(join_words([words]), [words], [tags])
        for words, tags in zip(tagged.words, tagged.tags, strict=True)
    ]
