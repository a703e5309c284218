"""A text with its tags and entities, which are computed on first use."""

from collections.abc import Sequence
from functools import cached_property
from itertools import chain

import msgspec

from windowclf.errors import shortened
from windowclf.system.markup import Mark, marked
from windowclf.tagging.tagged_chunk import TaggedChunk
from windowclf.text.tokenizer import Token, token_starts

_NAMES = 5
"""Number of entities that the repr of a text lists."""


class Entity(msgspec.Struct, frozen=True):
    """A stretch of a text with a label.

    Parameters
    ----------
    text : str
        ``source[start:end]``.
    start, end : int
        Character offsets in the text.
    score : float
        Calibrated probability, from 0 to 1, that the borders and the label are right.
    """

    text: str
    label: str
    start: int
    end: int
    score: float

    def _asdict(self) -> dict[str, str | int | float]:
        """Return the fields by name, as a named tuple does; all values are valid JSON.

        Examples
        --------
        >>> Entity("Oslo", "LOC", 0, 4, 0.98)._asdict()
        {'text': 'Oslo', 'label': 'LOC', 'start': 0, 'end': 4, 'score': 0.98}
        """
        return msgspec.structs.asdict(self)


class TaggedText:
    """A text with its tags and entities, each computed on first use.

    A notebook displays it with its entities highlighted.

    Attributes
    ----------
    words : list of list of str
        The tokens of each sentence.
    """

    words: list[list[str]]

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
        """Render the text with its entities highlighted; notebooks call this."""
        marks = [
            Mark(found.start, found.end, found.label, f"{found.label}, score {found.score:.3f}")
            for found in self.entities
        ]
        return marked(self.text, marks, self._labels)

    @property
    def _labels(self) -> Sequence[str]:
        return self._chunk.labels

    @cached_property
    def token_count(self) -> int:
        """Number of tokens."""
        return sum(map(len, self.words))

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
        """The tags of each sentence, one per token: IOB2, or plain labels."""
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
        return token_starts(self.text, chain.from_iterable(self.words))
