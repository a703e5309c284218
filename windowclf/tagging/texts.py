"""Texts in, entities with character offsets out, as a stream."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain

import msgspec
import numpy as np

from windowclf.errors import UsageError
from windowclf.tagging.chunk import TaggedChunk
from windowclf.tagging.tagger import FoundSentences, Tagger
from windowclf.text.tokenizer import Token, split_words, token_starts
from windowclf.threads import Workers, thread_count

Splitter = Callable[[str], list[list[str]]]
"""Splits a text into sentences of tokens, each a stretch of the text, in order."""

_FoundTexts = tuple[list[str], list[list[list[str]]], list[FoundSentences]]

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


def given_tokens(text: str) -> list[list[str]]:
    """Take a text as one sentence whose tokens are separated by white space."""
    words = text.split()
    return [words] if words else []


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
    if batch_size < 1:
        raise UsageError(f"batch_size: expected at least 1, got {batch_size}")
    batches = _batches(texts, batch_size)
    return chain.from_iterable(
        tag_batches(tagger, batches, split=split, threads=thread_count(threads))
    )


def tag_batches(
    tagger: Tagger, batches: Iterable[list[str]], *, split: Splitter, threads: int
) -> Iterator[list[TaggedText]]:
    """Tag batches of texts as they come; see `tag_texts`.

    With more than one of `threads`, one splits the texts and looks their words up, others score.
    """

    def find(batch: list[str]) -> _FoundTexts:
        words = [split(text) for text in batch]
        texts = [number for number, found in enumerate(words) for _ in found]
        return batch, words, list(tagger.find([*chain.from_iterable(words)], texts))

    def tag(found: _FoundTexts) -> list[TaggedText]:
        batch, words, sentences = found
        chunk = tagger.tag(sentences)
        ends = np.cumsum([len(found) for found in words]).tolist()
        return [
            TaggedText(text, found, chunk, slice(end - len(found), end))
            for text, found, end in zip(batch, words, ends, strict=True)
        ]

    with Workers(threads, 2) as workers:
        yield from workers.stream(tag, map(find, batches))


def _batches(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        batch.append(text)
        characters += len(text)
        if len(batch) == size or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
