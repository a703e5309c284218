"""Texts in, entities with character offsets out, as a stream."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import Generic, NamedTuple, TypeVar

import msgspec
import numpy as np

from windowclf.errors import UsageError
from windowclf.system.threads import Workers, thread_count
from windowclf.tagging.chunk import TaggedChunk
from windowclf.tagging.tagger import FoundSentences, Tagger
from windowclf.text.tokenizer import Token, line_sentences, split_words, token_starts

Splitter = Callable[[str], list[list[str]]]
"""Splits a text into sentences of tokens, each a stretch of the text, in order."""

C = TypeVar("C")
T = TypeVar("T")

BATCH_CHARACTERS = 1 << 16
"""Characters of texts that are tagged at once, about: some ten thousand tokens."""


class Entity(msgspec.Struct, frozen=True):
    """A labelled stretch of a text.

    Parameters
    ----------
    text : str
        ``source[start:end]``.
    label : str
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


class TaggedText:
    """A text with what was found in it, each part made when it is asked for.

    Attributes
    ----------
    text : str
    words : list of list of str
        The tokens of each sentence.
    """

    def __init__(
        self, text: str, words: list[list[str]], chunk: TaggedChunk, sentences: slice
    ) -> None:
        self.text = text
        self.words = words
        self._chunk, self._place = chunk, sentences

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
        found = self._chunk.entities_of(self._place)
        if not found:
            return []
        starts, words = self._starts, [*chain.from_iterable(self.words)]
        entities = []
        for first, last, label, score in found:
            start, end = starts[first], starts[last] + len(words[last])
            entities.append(Entity(self.text[start:end], label, start, end, score))
        return entities

    @cached_property
    def _starts(self) -> list[int]:
        starts: list[int] = token_starts(self.text, chain.from_iterable(self.words)).tolist()
        return starts


class SplitTexts(NamedTuple, Generic[C]):
    """Texts that are split already.

    Attributes
    ----------
    texts : list of str
    words : list of list of list of str
        The tokens of each sentence of each text.
    context
        Comes back with the answer.
    """

    texts: list[str]
    words: list[list[list[str]]]
    context: C


def given_tokens(text: str) -> list[list[str]]:
    """Take a text as one sentence whose tokens are separated by white space."""
    words = text.split()
    return [words] if words else []


SPLITTERS: dict[str, Splitter] = {
    "text": split_words,
    "pretokenized": given_tokens,
    "lines": line_sentences,
}
"""How texts are split: as CoNLL-2003 has it, at white space, or so that a line is a sentence."""


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
    tagger : Tagger
    texts : iterable of str
    split : callable
        Splits a text into sentences of tokens, each a stretch of the text, in order.
    batch_size : int
        Texts that are tagged at once, at the most; long ones are fewer.
    threads : int
        Share the batches; with more than one, texts are taken some batches before their turn.

    Returns
    -------
    iterator of TaggedText
        One for each text, in order.

    Raises
    ------
    UsageError
        If `batch_size` is less than 1.
    """
    pairs = ((text, None) for text in texts)
    tagged = tag_with_contexts(tagger, pairs, split=split, batch_size=batch_size, threads=threads)
    return map(itemgetter(0), tagged)


def tag_with_contexts(
    tagger: Tagger,
    pairs: Iterable[tuple[str, C]],
    *,
    split: Splitter = split_words,
    batch_size: int = 512,
    threads: int = 1,
) -> Iterator[tuple[TaggedText, C]]:
    """Tag texts that each have a context, which comes back beside the text; see `tag_texts`."""
    batches = cut(pairs, lambda pair: len(pair[0]), batch_size)

    def split_batches() -> Iterator[SplitTexts[list[C]]]:
        for batch in batches:
            texts = [text for text, _ in batch]
            yield SplitTexts(texts, [*map(split, texts)], [context for _, context in batch])

    answers = tag_split(tagger, split_batches(), threads=thread_count(threads))
    return chain.from_iterable(zip(*answer, strict=True) for answer in answers)


def tag_split(
    tagger: Tagger, batches: Iterable[SplitTexts[C]], *, threads: int
) -> Iterator[tuple[list[TaggedText], C]]:
    """Tag batches of texts that are split already, as they come.

    With more than one of `threads`, one takes the batches and looks their words up, others score.

    Parameters
    ----------
    tagger : Tagger
    batches : iterable of SplitTexts
    threads : int

    Yields
    ------
    tagged : list of TaggedText
        One for each text of a batch.
    context
        Of the batch.
    """

    def find(batch: SplitTexts[C]) -> tuple[SplitTexts[C], list[FoundSentences]]:
        numbers = [number for number, words in enumerate(batch.words) for _ in words]
        return batch, list(tagger.find([*chain.from_iterable(batch.words)], numbers))

    def tag(found: tuple[SplitTexts[C], list[FoundSentences]]) -> tuple[list[TaggedText], C]:
        (texts, words, context), sentences = found
        chunk = tagger.tag(sentences)
        ends = np.cumsum([len(found) for found in words]).tolist()
        return [
            TaggedText(text, found, chunk, slice(end - len(found), end))
            for text, found, end in zip(texts, words, ends, strict=True)
        ], context

    with Workers(threads) as workers:
        yield from workers.stream(tag, map(find, batches))


def cut(items: Iterable[T], length: Callable[[T], int], size: int) -> Iterator[list[T]]:
    """Group texts, or what has one, into batches that are tagged at once.

    Parameters
    ----------
    items : iterable
    length : callable
        Counts the characters of an item.
    size : int
        Items of a batch, at the most; it has `BATCH_CHARACTERS` too, and what its last item has
        beyond.

    Raises
    ------
    UsageError
        If `size` is less than 1.
    """
    if size < 1:
        raise UsageError(f"batch_size: expected at least 1, got {size}")
    return _cut(items, length, size)


def _cut(items: Iterable[T], length: Callable[[T], int], size: int) -> Iterator[list[T]]:
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
