"""Batches of texts as work that processes share; see `windowclf.system.shared_work`."""

import marshal
from collections.abc import Callable, Collection, Sequence
from itertools import chain
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from windowclf.tagging.packed_texts import (
    PARTS,
    PackedTexts,
    ReceivedText,
    UnpackedTexts,
    pack_texts,
)
from windowclf.tagging.tagged_text import TaggedText
from windowclf.tagging.tagger import Tagger

Splitter = Callable[[str], list[list[str]]]
"""A function that splits a text into sentences of tokens; each token is a stretch of the text."""

T = TypeVar("T")

Answer = list[tuple[T, TaggedText]]
"""The items of a batch, and the tags and entities of each."""


class PackedBatch(NamedTuple):
    """Texts, the packed words of those that come with words, and the requested parts."""

    texts: list[str]
    words: bytes | None
    wanted: Collection[str]


class TextWork(Generic[T]):
    """Tags batches of items that have a text, each batch independently.

    Parameters
    ----------
    text_of : callable
        Returns the text of an item.
    split : callable
        Splits a text into sentences of words.
    words_of : callable, optional
        Returns the words of an item, or None if its text must be split.

    Attributes
    ----------
    wanted : collection of str
        The `PARTS` to transfer from other processes, by default all. It may change between
        batches.
    """

    def __init__(
        self,
        tagger: Tagger,
        text_of: Callable[[T], str],
        split: Splitter,
        *,
        words_of: Callable[[T], list[list[str]] | None] | None = None,
    ) -> None:
        self._tagger, self._split = tagger, split
        self._text_of, self._words_of = text_of, words_of
        self.wanted: Collection[str] = PARTS

    def size(self, items: list[T]) -> int:
        """Count the characters of a batch."""
        return sum(len(self._text_of(item)) for item in items)

    def here(self, items: list[T]) -> Answer[T]:
        """Tag a batch."""
        texts, words = self._texts(items), self._words(items)
        return [*zip(items, self._tag(texts, words), strict=True)]

    def pack(self, items: list[T]) -> PackedBatch:
        """Pack the texts of a batch."""
        words = self._words(items)
        packed = None if words is None else marshal.dumps(words)
        return PackedBatch(self._texts(items), packed, self.wanted)

    def there(self, packed: PackedBatch) -> PackedTexts:
        """Tag the texts of a batch, and pack the requested parts."""
        texts, words, wanted = packed
        given = None if words is None else marshal.loads(words)  # noqa: S302  # of this program
        return pack_texts(self._tag(texts, given), wanted)

    def unpack(self, items: list[T], done: PackedTexts) -> Answer[T]:
        """Pair the items with their results."""
        found = UnpackedTexts(done, self._tagger.finder.labels)
        words = self._words(items) or [None] * len(items)
        return [
            (item, ReceivedText(self._text_of(item), found, number, given))
            for number, (item, given) in enumerate(zip(items, words, strict=True))
        ]

    def _texts(self, items: list[T]) -> list[str]:
        return [*map(self._text_of, items)]

    def _words(self, items: list[T]) -> list[list[list[str]] | None] | None:
        return None if self._words_of is None else [*map(self._words_of, items)]

    def _tag(
        self, texts: list[str], given: Sequence[list[list[str]] | None] | None
    ) -> list[TaggedText]:
        if given is None:
            words = [*map(self._split, texts)]
        else:
            pairs = zip(texts, given, strict=True)
            words = [self._split(text) if known is None else known for text, known in pairs]
        sizes = np.fromiter(map(len, words), np.intp, len(words))
        documents = np.repeat(np.arange(len(words)), sizes)
        sentences = [*chain.from_iterable(words)]
        chunk = self._tagger.tag(self._tagger.lookup_numbered(sentences, documents))
        ends = np.cumsum(sizes).tolist()
        return [
            TaggedText(text, found, chunk, slice(end - len(found), end))
            for text, found, end in zip(texts, words, ends, strict=True)
        ]
