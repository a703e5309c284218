"""Texts that another process has tagged: packed there, and unpacked here on demand."""

import marshal
import pickle
from collections.abc import Collection, Sequence
from functools import cached_property
from itertools import starmap
from typing import Any, NamedTuple

from msgspec.structs import astuple

from windowclf.tagging.tagged_text import Entity, TaggedText

PARTS = ("words", "tags", "entities")
"""Parts of a tagged text that can be requested."""


class PackedTexts(NamedTuple):
    """Results for some texts.

    Attributes
    ----------
    token_counts : list of int
        Number of tokens of each text.
    parts : dict of str to bytes
        The requested `PARTS`: for each a list with an item per text, packed by `marshal`. For many
        equal strings it takes a third of the time of other packers, and the same Python reads it.
    """

    token_counts: list[int]
    parts: dict[str, bytes]


def pack_texts(tagged: Sequence[TaggedText], wanted: Collection[str]) -> PackedTexts:
    """Pack the requested `PARTS` of some texts."""
    lists: dict[str, list[Any]] = {}
    if "words" in wanted:
        lists["words"] = [text.words for text in tagged]
    if "tags" in wanted:
        lists["tags"] = [text.tags for text in tagged]
    if "entities" in wanted:
        lists["entities"] = [_packed_entities(text) for text in tagged]
    parts = {name: marshal.dumps(found) for name, found in lists.items()}
    return PackedTexts([text.token_count for text in tagged], parts)


def _packed_entities(tagged: TaggedText) -> Any:
    try:
        return [*map(astuple, tagged.entities)]
    except Exception as error:  # raised again in the process that reads the entities
        return pickle.dumps(error)


class UnpackedTexts:
    """Unpacks the results for some texts, each part on first use."""

    def __init__(self, packed: PackedTexts, labels: Sequence[str]) -> None:
        self.token_counts, self._parts = packed
        self.labels = labels

    @cached_property
    def words(self) -> list[list[list[str]]]:
        """The words of each text."""
        return self._part("words")

    @cached_property
    def tags(self) -> list[list[list[str]]]:
        """The tags of each text."""
        return self._part("tags")

    @cached_property
    def entities(self) -> list[list[Entity] | bytes]:
        """The entities of each text, or a pickled error."""
        return [
            found if isinstance(found, bytes) else [*starmap(Entity, found)]
            for found in self._part("entities")
        ]

    def _part(self, name: str) -> list[Any]:
        part: list[Any] = marshal.loads(self._parts.pop(name))  # noqa: S302  # of this program
        return part


class ReceivedText(TaggedText):
    """One text of `UnpackedTexts`.

    Parameters
    ----------
    words : list of list of str, optional
        The words of the text, if this process already knows them.
    """

    def __init__(
        self, text: str, found: UnpackedTexts, number: int, words: list[list[str]] | None
    ) -> None:
        self.text = text
        self._found, self._number = found, number
        if words is not None:
            self.words = words

    @property
    def _labels(self) -> Sequence[str]:
        return self._found.labels

    @cached_property
    def token_count(self) -> int:  # noqa: D102
        return self._found.token_counts[self._number]

    @cached_property
    def words(self) -> list[list[str]]:  # type: ignore[override]  # noqa: D102
        return self._found.words[self._number]

    @cached_property
    def tags(self) -> list[list[str]]:  # noqa: D102
        return self._found.tags[self._number]

    @cached_property
    def entities(self) -> list[Entity]:  # noqa: D102
        found = self._found.entities[self._number]
        if isinstance(found, bytes):
            raise pickle.loads(found)  # noqa: S301  # of this program
        return found
