"""The words that tagging has met, each with its projected rows, within a limit of memory."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import chain, count, repeat
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from windowclf.lexicon.features import name_form
from windowclf.lexicon.lexicon import PADDING, Lexicon
from windowclf.nn.arrays import FloatArray
from windowclf.nn.projection import Projection, WordRows
from windowclf.text.token_pattern import part_of_name

_NOTHING, _PAD, _FIRST = 0, 1, 2
"""Word 0 has rows of zeros, word 1 stands past a sentence's ends."""


class Found(NamedTuple):
    """The words of ``N`` tokens, looked up.

    Attributes
    ----------
    places : int array, shape (N,)
        Where the rows of each token's word are among `rows`.
    rows : WordRows
    names : int array, shape (N,)
        The same number for the same name in any letter case; 0: not a name.
    parts : int array, shape (N,)
        What `windowclf.text.token_pattern.part_of_name` says of each word.
    """

    places: npt.NDArray[np.intp]
    rows: WordRows
    names: npt.NDArray[np.intp]
    parts: npt.NDArray[np.int8]


class ProjectionCache:
    """Looks words up, and keeps the rows of the first that come: they make up most of any text.

    Several threads may use one at the same time.

    Parameters
    ----------
    memory : int
        Bytes of rows that are kept at the most; the system provides them when they are written.
    """

    def __init__(self, lexicon: Lexicon, projection: Projection, memory: int) -> None:
        self._lexicon, self._projection = lexicon, projection
        slots = projection.slots
        self._capacity = max(memory // projection.empty(1).nbytes, _FIRST)
        kept = projection.empty(self._capacity)
        kept[: _PAD * slots] = 0
        padding = np.full((1, len(lexicon.features)), PADDING, dtype=np.int32)
        projection.project(padding, kept[_PAD * slots : _FIRST * slots])
        self._rows = WordRows(kept, kept[:0], _PAD * slots)
        self._places: dict[Hashable, int] = {}
        self._names = np.zeros(self._capacity, dtype=np.intp)
        self._parts = np.zeros(self._capacity, dtype=np.int8)
        self._numbers: dict[str, int] = {}
        self._kept = _FIRST
        self._passed = 0
        self._lock = Lock()

    @property
    def is_stale(self) -> bool:
        """Whether so many words found no room that those that are kept may be from older texts."""
        return self._passed > 4 * self._capacity

    def lookup(self, sentences: Sequence[Sequence[str]]) -> Found:
        """Look up all tokens of some sentences; keep the rows of new words while there is room."""
        keys: list[Hashable] = list(chain.from_iterable(sentences))
        tags = self._lexicon.gazetteer_tags(sentences) if self._lexicon.gazetteers else []
        if tags:  # a word is another one where it has another place in a gazetteer's name
            keys = list(zip(keys, *tags, strict=True))
        places = np.fromiter(map(self._places.get, keys, repeat(-1)), np.intp, len(keys))
        rows = self._rows
        new = np.flatnonzero(places < 0)
        numbers_of_words = places // self._projection.slots
        names, parts = self._names[numbers_of_words], self._parts[numbers_of_words]
        if len(new):
            numbers: defaultdict[Hashable, int] = defaultdict(count().__next__)
            which = [numbers[keys[i]] for i in new.tolist()]
            of_new, own, named, parts_of_new = self._add(list(numbers), split=bool(tags))
            places[new], names[new] = of_new[which], named[which]
            parts[new] = parts_of_new[which]
            rows = rows._replace(own=own)
        return Found(places, rows, names, parts)

    def _add(
        self, keys: Sequence[Any], *, split: bool
    ) -> tuple[npt.NDArray[np.intp], FloatArray, npt.NDArray[np.intp], npt.NDArray[np.int8]]:
        """Project new words and keep as many as there is room for.

        Returns
        -------
        places : int array, shape (n,)
        own : float array, shape (m, H)
            The rows of the words that are not kept.
        names : int array, shape (n,)
        parts : int array, shape (n,)
        """
        words, *tags = zip(*keys, strict=True) if split else (keys,)
        slots = self._projection.slots
        features = self._lexicon.ids(words, tags)
        with self._lock:
            begin = self._kept
            room = min(len(words), self._capacity - begin)
            self._kept += room
            self._passed += len(words) - room
            names = self._number(words, room)
        end = begin + room
        self._projection.project(features[:room], self._rows.kept[begin * slots : end * slots])
        own = self._projection.empty(len(words) - room)
        self._projection.project(features[room:], own)
        self._names[begin:end] = names[:room]
        parts = np.fromiter(map(part_of_name, words), np.int8, len(words))
        self._parts[begin:end] = parts[:room]
        places = np.arange(begin, begin + len(words)) * slots
        places[room:] = ~(np.arange(len(words) - room) * slots)
        # Only now, with the rows written, may other threads find them.
        self._places.update(zip(keys[:room], places[:room].tolist(), strict=True))
        return places, own, names, parts

    def _number(self, words: Sequence[str], room: int) -> npt.NDArray[np.intp]:
        """Assign to each word with a capital the number of its name; 0 is for the others."""
        own: dict[str, int] = {}  # names of words that are not kept have negative ones
        named = []
        for i, word in enumerate(words):
            name = name_form(word)
            number = 0
            if name:
                number = self._numbers.get(name, 0)
                if not number and i < room:
                    number = self._numbers[name] = len(self._numbers) + 1
                elif not number:
                    number = own.setdefault(name, -1 - len(own))
            named.append(number)
        return np.array(named, dtype=np.intp)
