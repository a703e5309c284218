"""A cache of the projected rows of words, within a limit of memory."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import chain, count, repeat
from threading import RLock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from windowclf.lexicon.features import name_form
from windowclf.lexicon.lexicon import PADDING, Lexicon
from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.projection import RowProduct, Rows
from windowclf.text.token_pattern import SIGN, part_of_name

PAD = 0
"""Number of the word past the ends of a sentence."""
_FEW_WORDS = 256
"""Initial number of words; the capacity doubles when it is full."""
_ROWS_A_WORD = 3
"""Average number of rows per word; most words occur in few slots of the windows."""


class Found(NamedTuple):
    """The result of looking up the words of ``N`` tokens.

    Attributes
    ----------
    words : int array, shape (N,)
        The number of each token's word in `cache`.
    names : int array, shape (N,)
        The number of each token's name, the same in any letter case; 0 if it is not a name.
    parts : int array, shape (N,)
        Result of `windowclf.text.token_pattern.part_of_name` for each word.
    cache : ProjectionCache
        The cache that the numbers refer to.
    """

    words: IntArray
    names: IntArray
    parts: npt.NDArray[np.int8]
    cache: "ProjectionCache"


class ProjectionCache:
    """Looks words up and caches their rows; each row is computed when it is first needed.

    Several threads may use a cache at the same time.

    Parameters
    ----------
    product : RowProduct
        Computes the rows of the network.
    first : RowProduct, optional
        Computes the rows of the first pass.
    memory : int
        Largest size of the rows in bytes. When the cache is full, `renewed` keeps the most
        frequent words.
    """

    def __init__(
        self, lexicon: Lexicon, product: RowProduct, first: RowProduct | None, memory: int
    ) -> None:
        self._lexicon, self._product, self._first = lexicon, product, first
        self._memory = memory
        self._capacity: int = max(memory // (2 * product.hidden), 1)
        self._lock = RLock()
        self._numbers: dict[Hashable, int] = {}  # number of each word
        self._name_numbers: dict[str, int] = {}
        self._words = 0
        self._features = np.empty((_FEW_WORDS, len(lexicon.features)), dtype=np.int32)
        self._names = np.empty(_FEW_WORDS, dtype=np.int32)
        self._parts = np.empty(_FEW_WORDS, dtype=np.int8)
        self._met = np.empty(_FEW_WORDS, dtype=np.int32)
        self._row_of = np.empty((product.slots, _FEW_WORDS), dtype=np.int32)
        width = 0 if first is None else first.slots * first.hidden
        self._first_rows = np.empty((_FEW_WORDS, width), dtype=np.int16)
        # The operating system allocates the memory only when it is written.
        self._pool: Rows = np.empty((self._capacity, product.hidden), dtype=np.int16)
        self._rows = 0
        padding = np.full((1, len(lexicon.features)), PADDING, dtype=np.int32)
        self._append(padding, np.zeros(1, np.int32), np.array([SIGN], np.int8))

    @property
    def is_full(self) -> bool:
        """Whether the rows or the words have reached their limit."""
        return self._rows >= self._capacity or self._words * _ROWS_A_WORD > self._capacity

    def renewed(self) -> "ProjectionCache":
        """Make a cache with the more frequent half of the words."""
        new = type(self)(self._lexicon, self._product, self._first, self._memory)
        with self._lock:
            most = min(self._words, self._capacity // _ROWS_A_WORD) // 2
            often = np.argsort(-self._met[: self._words], kind="stable")[:most]
            often = np.sort(often[often != PAD])
            keys = list(self._numbers)  # ordered by number, from 1
            kept = [keys[number - 1] for number in often.tolist()]
            new._name_numbers = dict(self._name_numbers)
            new._append(self._features[often], self._names[often], self._parts[often])
            new._numbers = {key: number for number, key in enumerate(kept, PAD + 1)}
        return new

    def lookup(self, sentences: Sequence[Sequence[str]]) -> Found:
        """Look up all tokens of some sentences."""
        keys: list[Hashable] = list(chain.from_iterable(sentences))
        tags = self._lexicon.gazetteer_tags(sentences) if self._lexicon.gazetteers else []
        if tags:  # the same word counts as another one at another position in a gazetteer name
            keys = list(zip(keys, *tags, strict=True))
        words = np.fromiter(map(self._numbers.get, keys, repeat(-1)), np.intp, len(keys))
        new = np.flatnonzero(words < 0)
        if len(new):
            firsts: defaultdict[Hashable, int] = defaultdict(count().__next__)
            which = [firsts[keys[i]] for i in new.tolist()]
            words[new] = self._add(list(firsts), split=bool(tags))[which]
        self._met[words] += 1
        return Found(words, self._names[words], self._parts[words], self)

    def _add(self, keys: Sequence[Any], *, split: bool) -> IntArray:
        """Assign numbers to new words, shape (n,); another thread may have added them already."""
        with self._lock:
            numbers = np.fromiter(map(self._numbers.get, keys, repeat(-1)), np.intp, len(keys))
            new = np.flatnonzero(numbers < 0)
            if len(new):
                keys = [keys[i] for i in new.tolist()]
                words, *tags = zip(*keys, strict=True) if split else (keys,)
                parts = np.fromiter(map(part_of_name, words), np.int8, len(words))
                features = self._lexicon.ids(words, tags)
                begin = self._append(features, self._number_names(words), parts)
                numbers[new] = np.arange(begin, self._words)
                self._numbers.update(zip(keys, numbers[new].tolist(), strict=True))
        return numbers

    def _number_names(self, words: Sequence[str]) -> npt.NDArray[np.int32]:
        """Assign to each word with a capital the number of its name, to others 0."""
        names = self._name_numbers
        forms = map(name_form, words)
        numbers = (names.setdefault(form, len(names) + 1) if form else 0 for form in forms)
        return np.fromiter(numbers, np.int32, len(words))

    def _append(self, features: IntArray, names: IntArray, parts: IntArray) -> int:
        """Append words and compute their first-pass rows; return the number of the first word."""
        begin, end = self._words, self._words + len(features)
        if end > len(self._names):
            room = max(end, 2 * len(self._names))
            for name in ("_features", "_names", "_parts", "_met", "_first_rows"):
                setattr(self, name, _longer(getattr(self, name), room))
            self._row_of = np.ascontiguousarray(_longer(self._row_of.T, room).T)
        self._features[begin:end] = features
        self._names[begin:end] = names
        self._parts[begin:end] = parts
        self._met[begin:end] = 0
        self._row_of[:, begin:end] = -1
        if self._first is not None:
            e = self._first.vectors(features)
            self._first.project(e, range(self._first.slots), self._first_rows[begin:end])
        self._words = end
        return begin

    def first_rows(self) -> Rows:
        """Return the rows of the first pass: the row of slot ``k`` of word ``w`` is ``w S + k``."""
        if self._first is None:
            raise ValueError("the model has no first pass")
        return self._first_rows.reshape(-1, self._first.hidden)

    def rows(self, words: Sequence[IntArray]) -> tuple[Rows, Sequence[IntArray]]:
        """Return the rows of words, and compute those that are missing.

        Parameters
        ----------
        words : sequence of int array
            For each slot, the words whose row of that slot is needed.

        Returns
        -------
        pool : int16 array, shape (m, H)
            The rows in the cache.
        rows : list of int array
            For each slot, the index in the pool of each word's row.
        """
        with self._lock:
            found = [of.take(of_slot) for of, of_slot in zip(self._row_of, words, strict=True)]
            missing = [
                np.unique(of_slot[rows < 0]) for of_slot, rows in zip(words, found, strict=True)
            ]
            new = np.unique(np.concatenate(missing))
            if len(new):
                e = self._product.vectors(self._features[new])
                for slot, of_slot in enumerate(missing):
                    self._project(slot, of_slot, e[np.searchsorted(new, of_slot)])
                found = [of.take(of_slot) for of, of_slot in zip(self._row_of, words, strict=True)]
            return self._pool, found

    def _project(self, slot: int, words: IntArray, e: FloatArray) -> None:
        begin, end = self._rows, self._rows + len(words)
        if end > len(self._pool):
            self._pool = _longer(self._pool, max(end, len(self._pool) * 3 // 2))
        self._product.project(e, range(slot, slot + 1), self._pool[begin:end])
        self._row_of[slot, words] = np.arange(begin, end)
        self._rows = end


def _longer(array: npt.NDArray[Any], room: int) -> npt.NDArray[Any]:
    """Copy an array into a longer one; views of the old array remain valid."""
    longer = np.empty((room, *array.shape[1:]), dtype=array.dtype)
    longer[: len(array)] = array
    return longer
