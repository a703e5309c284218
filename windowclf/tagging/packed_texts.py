"""Texts that another process has tagged: packed there, unpacked as far as they are asked for."""

import marshal
import pickle
from collections.abc import Collection, Sequence
from functools import cached_property
from itertools import starmap
from typing import Any, NamedTuple

from msgspec.structs import astuple

from windowclf.tagging.tagged_text import Entity, TaggedText

PARTS = ("words", "tags", "entities")
"""What can be wanted of a tagged text."""


class PackedTexts(NamedTuple):
    """What was found in some texts.

    Attributes
    ----------
    token_counts : list of int
        For each text.
    parts : dict of str to bytes
        Those of `PARTS` that are wanted: a list of what each text has, by `marshal`, which packs
        strings that are often the same in a third of the time of others, and is read by the same
        Python that wrote it.
    """

    token_counts: list[int]
    parts: dict[str, bytes]


def pack_texts(tagged: Sequence[TaggedText], wanted: Collection[str]) -> PackedTexts:
    """Pack the wanted ones of `PARTS` of some texts."""
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
    except Exception as error:  # is raised where it would be without another process
        return pickle.dumps(error)


class UnpackedTexts:
    """Unpacks what was found in some texts, each part when it is first asked for."""

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
        """The entities of each text, or the error that they have."""
        return [
            found if isinstance(found, bytes) else [*starmap(Entity, found)]
            for found in self._part("entities")
        ]

    def _part(self, name: str) -> list[Any]:
        part: list[Any] = marshal.loads(self._parts.pop(name))  # noqa: S302  # of this program
        return part


class ReceivedText(TaggedText):
    """One of `UnpackedTexts`.

    Parameters
    ----------
    words : list of list of str, optional
        Where they are known here already.
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
