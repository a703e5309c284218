"""The values of a lexicon in a file: all strings, sorted and packed in small blocks.

Few words are looked up in the blocks that may contain them, so that tagging one sentence does not
read half a million words. For many words, all blocks are combined in one hash table of arrays.
"""

import struct
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from mmap import mmap
from threading import RLock
from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from windowclf.errors import ModelError
from windowclf.lexicon.hashed_strings import END, DictionaryOfStrings, HashedStrings, Strings

MAGIC = b"\x89words\r\n"
HEAD = struct.Struct("<8sI")
"""`MAGIC` and the size of the packed header in bytes."""
_LENGTH = struct.Struct("<I")
_PLANES = 4  # bytes per number; the lowest bytes of all numbers come first, which compresses better
_MOST_TIMES = 100  # largest accepted decompression ratio of a block; words reach about 3
_LARGEST_HEADER = 2**24
_FEW = 64
"""Largest number of strings to look up in single blocks; for more, the hash table is as fast."""
_FEW_IN_ALL = 64 * _FEW
_MANY = 2**15
"""From this many strings on, a dictionary takes so much memory that arrays are better, though
slightly slower."""

Numbers = npt.NDArray[np.int32]
Kind = Literal["strings", "clusters", "names"]
_Size = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Table(msgspec.Struct, frozen=True):
    """The values of one feature.

    Parameters
    ----------
    count : int
        Number of values: strings in the blocks, or clusters.
    clusters : list of str, optional
        Names of the clusters; the number of a string is the index of its cluster.
    is_sorted : bool
        Whether the number of a string is its index among the feature's sorted strings.
    names : list of str, optional
        All values of a gazetteer, which are not looked up.
    """

    name: str
    count: _Size
    clusters: list[str] | None = None
    is_sorted: bool = False
    names: list[str] | None = None

    @property
    def kind(self) -> Kind:
        """The kind of the values; a table of names has no strings in the blocks."""
        if self.names is not None:
            return "names"
        return "strings" if self.clusters is None else "clusters"


class Header(msgspec.Struct, frozen=True):
    """The header of a file.

    Parameters
    ----------
    tables : list of Table
        One table per feature.
    firsts : list of str
        The first string of each block.
    sizes : list of int
        Size of each packed block in bytes.
    counts : list of list of int
        For each block, the number of its strings that have a number in each table.
    """

    tables: list[Table]
    firsts: list[str]
    sizes: list[_Size]
    counts: list[list[_Size]]


class Block(NamedTuple):
    """A block of consecutive sorted strings.

    Attributes
    ----------
    text : bytes
        The strings, separated by `END`.
    has : bool array, shape (tables, n)
        Whether each string has a number in each table.
    numbers : int32 array, shape (m,)
        Numbers of the tables that are not sorted, table after table.
    """

    text: bytes
    has: npt.NDArray[np.bool_]
    numbers: Numbers

    def packed(self) -> bytes:
        """Pack the block as compressed bytes."""
        planes = self.numbers.astype("<i4").view(np.uint8).reshape(-1, _PLANES).T
        parts = (_LENGTH.pack(len(self.text)), self.text, np.packbits(self.has, axis=1).tobytes())
        return zlib.compress(b"".join((*parts, planes.tobytes())), 9)

    @classmethod
    def unpack(cls, packed: bytes | bytearray, is_sorted: npt.NDArray[np.bool_]) -> "Block":
        """Read the result of `packed`; raise a ValueError if it is damaged."""
        content = unzip(packed)
        (length,) = _LENGTH.unpack_from(content)
        start = _LENGTH.size + length
        text = content[_LENGTH.size : start]
        strings = text.count(END.encode()) + 1
        rows = -(-strings // 8)
        bits = np.frombuffer(content, np.uint8, len(is_sorted) * rows, start)
        has = np.unpackbits(bits.reshape(-1, rows), axis=1, count=strings).astype(bool)
        planes = np.frombuffer(content, np.uint8, offset=start + bits.size).reshape(_PLANES, -1)
        numbers = np.ascontiguousarray(planes.T).view("<i4").reshape(-1)
        if len(numbers) != np.count_nonzero(has[~is_sorted]):
            raise ValueError("more or fewer numbers than strings have")
        return cls(text, has, numbers)


def unzip(packed: bytes | bytearray, most: int | None = None) -> bytes:
    """Unpack a part of the file; raise a ValueError if it would fill the memory."""
    stream = zlib.decompressobj()
    most = _MOST_TIMES * len(packed) if most is None else most
    try:
        content = stream.decompress(packed, most)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not stream.eof:
        raise ValueError(f"a part is cut off, or more than {most:,} bytes")
    return content


class PackedValues:
    """The values of a lexicon in the packed content of a file; see `windowclf.lexicon.packing`.

    Several threads may use it at the same time.

    Parameters
    ----------
    content : mmap, bytes or bytearray
        The whole content of the file.

    Raises
    ------
    ValueError
        If the header is invalid, or does not fit the file.
    """

    def __init__(self, content: mmap | bytes | bytearray) -> None:
        if content[: len(MAGIC)] != MAGIC or len(content) < HEAD.size:
            raise ValueError("no packed words, or cut off")
        _, length = HEAD.unpack_from(content)
        start = HEAD.size + length
        packed = unzip(content[HEAD.size : start], _LARGEST_HEADER)
        header = msgspec.msgpack.decode(packed, type=Header)
        self._content = content
        self._all = {table.name: table for table in header.tables}
        self._tables = [table for table in header.tables if table.names is None]
        self._place = {table.name: place for place, table in enumerate(self._tables)}
        self._is_sorted = np.array([table.is_sorted for table in self._tables], dtype=bool)
        self._firsts = header.firsts
        self._ends = [start, *(start + np.cumsum(header.sizes)).tolist()]
        shape = (len(header.sizes), len(self._tables))
        self._counts = np.array(header.counts, dtype=np.intp).reshape(shape)
        before = np.cumsum(self._counts, axis=0)
        self._before = before - self._counts
        counts = before[-1].tolist() if len(before) else [0] * len(self._tables)
        if (
            len(self._all) != len(header.tables)
            or len(header.firsts) != len(header.sizes)
            or self._ends[-1] != len(content)
            or any(
                table.clusters is None and table.count != count
                for table, count in zip(self._tables, counts, strict=True)
            )
        ):
            raise ValueError("its parts do not fit its header")
        for table in header.tables:
            known = table.names if table.names is not None else table.clusters
            if known is not None and (table.count != len(known) or table.is_sorted):
                raise ValueError("its parts do not fit its header")
        self._blocks: dict[int, tuple[list[str], Block]] = {}
        self._asked = 0
        self._last: tuple[Sequence[str], Strings] | None = None
        self._lock = RLock()

    @property
    def names(self) -> list[str]:
        """The features, in order."""
        return list(self._all)

    def kind(self, name: str) -> Kind:
        """Return the kind of the values of a feature."""
        return self._all[name].kind

    def count(self, name: str) -> int:
        """Count the values of a feature."""
        return self._all[name].count

    def cluster_names(self, name: str) -> list[str]:
        """Return the names of the clusters of a feature."""
        return self._all[name].clusters or []

    def find(self, name: str, strings: Sequence[str]) -> Numbers:
        """Look up strings.

        Parameters
        ----------
        strings : sequence of str
            The strings. Must not be changed afterwards, because the next call may reuse them.

        Returns
        -------
        int32 array, shape (n,)
            The index of each string among the values of the feature, or of its cluster; -1 for
            unknown strings.

        Raises
        ------
        ModelError
            If a part that is read is damaged.
        """
        if not strings:
            return np.empty(0, dtype=np.int32)
        with self._lock:
            if "_found_by" not in self.__dict__:
                self._asked += len(strings)
                if len(strings) <= _FEW and self._asked <= _FEW_IN_ALL:
                    return self._find_few(self._place[name], strings)
            finder = self._found_by[self._place[name]]
        if isinstance(finder, DictionaryOfStrings):
            return finder.find(strings)
        last = self._last  # several files of clusters look up the same words
        if last is None or last[0] is not strings:
            self._last = last = (strings, Strings.of(strings))
        return finder.find(last[1])

    def _find_few(self, place: int, strings: Iterable[str]) -> Numbers:
        return np.array([self._find_one(place, string) for string in strings], dtype=np.int32)

    def _find_one(self, place: int, string: str) -> int:
        number = bisect_right(self._firsts, string) - 1
        if number < 0:
            return -1
        strings, block = self._block(number)
        i = bisect_left(strings, string)
        if i == len(strings) or strings[i] != string or not block.has[place, i]:
            return -1
        rank = int(np.count_nonzero(block.has[place, :i]))
        if self._is_sorted[place]:
            return int(self._before[number, place]) + rank
        before = np.flatnonzero(~self._is_sorted[:place])
        return int(block.numbers[self._counts[number, before].sum() + rank])

    def _block(self, number: int) -> tuple[list[str], Block]:
        if number not in self._blocks:
            block = self._read(number)
            self._check(block.numbers, self._table_of_numbers(self._counts[number : number + 1]))
            try:
                self._blocks[number] = block.text.decode().split(END), block
            except UnicodeDecodeError as error:
                raise _damaged(str(error)) from None
        return self._blocks[number]

    def _read(self, number: int) -> Block:
        packed = self._content[self._ends[number] : self._ends[number + 1]]
        try:
            block = Block.unpack(packed, self._is_sorted)
        except (ValueError, struct.error) as error:
            raise _damaged(str(error)) from None
        if block.has.sum(axis=1).tolist() != self._counts[number].tolist():
            raise _damaged("other strings than its header counts")
        return block

    def _table_of_numbers(self, counts: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Return the table of each number of some blocks, shape (m,); see `Block`."""
        tables = np.flatnonzero(~self._is_sorted)
        return np.repeat(np.tile(tables, len(counts)), counts[:, tables].reshape(-1))

    def _check(self, numbers: Numbers, tables: npt.NDArray[np.intp]) -> None:
        """Raise an error for a number that is out of range for its table."""
        limits = np.array([table.count for table in self._tables], dtype=np.intp)
        if ((numbers < 0) | (numbers >= limits[tables])).any():
            raise _damaged("a number without a value")

    @cached_property
    def _found_by(self) -> list[HashedStrings | DictionaryOfStrings]:
        """The hash table or dictionary of each table."""
        text, entries = self._read_all()
        self._blocks.clear()
        strings = Strings(text)
        kinds = ((HashedStrings if len(e[0]) > _MANY else DictionaryOfStrings) for e in entries)
        return [kind(strings, *entry) for kind, entry in zip(kinds, entries, strict=True)]

    def _read_all(self) -> tuple[bytes, list[tuple[npt.NDArray[np.intp], Numbers]]]:
        """Read all blocks: their strings, and for each table the strings with their numbers."""
        blocks = [self._read(number) for number in range(len(self._firsts))]
        text = END.encode().join([block.text for block in blocks])
        try:
            text.decode()
        except UnicodeDecodeError as error:
            raise _damaged(str(error)) from None
        empty = np.empty((len(self._tables), 0), dtype=bool)
        has = np.concatenate([empty, *(block.has for block in blocks)], axis=1)
        every = np.concatenate([np.empty(0, np.int32), *(block.numbers for block in blocks)])
        table_of = self._table_of_numbers(self._counts)
        self._check(every, table_of)
        entries = []
        for place, table in enumerate(self._tables):
            which = np.flatnonzero(has[place])
            is_own = table_of == place
            own = np.arange(len(which), dtype=np.int32) if table.is_sorted else every[is_own]
            entries.append((which, own))
        return text, entries

    @cached_property
    def lists(self) -> dict[str, list[str]]:
        """All values by feature, as for `Lexicon`.

        Raises
        ------
        ModelError
            If the file is damaged.
        """
        text, entries = self._read_all()
        strings = np.array(text.decode().split(END), dtype=object)
        found = {}
        for table, (which, numbers) in zip(self._tables, entries, strict=True):
            order = np.argsort(numbers, kind="stable")
            values: list[str] = strings[which[order]].tolist()
            if table.clusters is not None:
                ends = np.cumsum(np.bincount(numbers, minlength=table.count)).tolist()
                cuts = zip(table.clusters, [0, *ends], ends, strict=False)
                values = [" ".join([name, *values[start:end]]) for name, start, end in cuts]
            elif not np.array_equal(numbers[order], np.arange(table.count)):
                raise _damaged("two values with one number")
            found[table.name] = values
        return {
            name: found[name] if table.names is None else table.names
            for name, table in self._all.items()
        }


def _damaged(what: str) -> ModelError:
    return ModelError(f"damaged model: its lexicon has {what}; train or download the model again")
