"""A hash table of strings in arrays, built and queried without a loop.

Strings are UTF-8 in one text, each followed by a line feed. The hash of a string of up to seven
bytes is unique; for longer strings the bytes are compared.
"""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

END = "\n"
"""Separates strings; no known string contains it."""
_PIECE = 8  # number of bytes that are read together, as one number
_LONG = np.uint64(0xFF) << np.uint64(56)  # marks a long string; not the length of a short one
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd, so that the product is invertible
_SHIFT = np.uint64(32)
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(_PIECE + 1)], dtype=np.uint64)

_Hashes = npt.NDArray[np.uint64]
_Places = npt.NDArray[np.integer[Any]]


class Strings:
    """Strings in one text, with their hashes.

    Parameters
    ----------
    text : bytes
        UTF-8 text of the strings, separated by `END`.

    Attributes
    ----------
    starts, lengths : int array, shape (n,)
        Start and length of each string in bytes.
    hashes : uint64 array, shape (n,)
        Hash of each string.
    """

    def __init__(self, text: bytes) -> None:
        self._bytes = np.frombuffer(text + bytes(_PIECE), dtype=np.uint8)
        ends = np.flatnonzero(self._bytes[: len(text)] == ord(END)).astype(np.uint32)
        self.starts = np.append(np.uint32(0), ends + np.uint32(1))
        self.lengths = np.append(ends, np.uint32(len(text))) - self.starts
        # The eight bytes from each byte on, as views of the same memory.
        self._pieces = np.ndarray((len(text) + 1,), np.dtype("<u8"), self._bytes, strides=(1,))
        self.hashes = self._hash()

    @classmethod
    def of(cls, strings: Sequence[str]) -> "Strings":
        """Join one string or more; a string that contains `END` is replaced by an unknown one."""
        text = END.join(strings)
        if text.count(END) >= max(len(strings), 1):
            text = END.join([string if END not in string else "\0" * 9 for string in strings])
        return cls(text.encode("utf-8", "surrogatepass"))

    def list(self, which: _Places) -> list[str]:
        """Return some of the strings."""
        starts = self.starts[which].tolist()
        ends = (self.starts[which] + self.lengths[which]).tolist()
        text = self._bytes.tobytes().decode("latin-1")  # one character per byte, to cut by bytes
        cut = [text[start:end] for start, end in zip(starts, ends, strict=True)]
        return [one if one.isascii() else one.encode("latin-1").decode() for one in cut]

    def piece(self, number: int, which: _Places) -> _Hashes:
        """Return the eight bytes from ``8 * number`` on as a number, padded with 0 at the end.

        The strings must not end before.
        """
        taken: _Hashes = self._pieces[self.starts[which] + np.uint32(_PIECE * number)]
        taken &= _MASKS[np.minimum(self.lengths[which] - np.uint32(_PIECE * number), _PIECE)]
        return taken

    def _hash(self) -> _Hashes:
        which = np.arange(len(self.starts))
        hashes = self.piece(0, which)
        short = self.lengths < _PIECE
        hashes[short] |= self.lengths[short].astype(np.uint64) << np.uint64(56)
        which = np.flatnonzero(~short)
        number = 1
        rest = which
        while len(rest := rest[self.lengths[rest] > _PIECE * number]):
            hashes[rest] = _mixed(hashes[rest]) ^ self.piece(number, rest)
            number += 1
        hashes[which] = _mixed(hashes[which] ^ self.lengths[which]) | _LONG
        return _mixed(hashes)


def _mixed(hashes: _Hashes) -> _Hashes:
    """Mix each bit into the higher ones; different numbers remain different."""
    hashes = hashes * _MULTIPLIER
    hashes ^= hashes >> _SHIFT
    hashes *= _MULTIPLIER
    return hashes


class DictionaryOfStrings:
    """Does the same as `HashedStrings` with a dictionary, for few strings."""

    def __init__(self, strings: Strings, which: _Places, numbers: npt.NDArray[np.int32]) -> None:
        self._numbers = dict(zip(strings.list(which), numbers.tolist(), strict=True))

    def find(self, strings: Sequence[str]) -> npt.NDArray[np.int32]:
        """Return the number of each string; -1 for one that is not among these."""
        return np.fromiter(map(self._numbers.get, strings, repeat(-1)), np.int32, len(strings))


class HashedStrings:
    """Maps some strings of a text to numbers.

    Parameters
    ----------
    strings : Strings
    which : int array, shape (n,)
        Indices of the strings that can be found, each once.
    numbers : int32 array, shape (n,)
        The numbers of these strings.
    """

    def __init__(self, strings: Strings, which: _Places, numbers: npt.NDArray[np.int32]) -> None:
        self._strings = strings
        hashes = strings.hashes[which]
        order = np.argsort(hashes)
        self._hashes = hashes[order]
        self._which = which[order].astype(np.uint32)
        self._numbers = numbers[order]
        bits = max(len(which).bit_length(), 1)
        self._shift = np.uint64(64 - bits)
        counts = np.bincount((self._hashes >> self._shift).astype(np.intp), minlength=1 << bits)
        self._begins = np.append(0, np.cumsum(counts)).astype(np.uint32)

    def find(self, queries: Strings) -> npt.NDArray[np.int32]:
        """Return the number of each string; -1 for one that is not among these."""
        hashes = queries.hashes
        if not len(self._numbers):
            return np.full(len(hashes), -1, dtype=np.int32)
        at = np.full(len(hashes), -1, dtype=np.intp)
        buckets = (hashes >> self._shift).astype(np.intp)
        ends = self._begins[buckets + 1]
        left, places = np.arange(len(hashes)), self._begins[buckets]
        while len(left := left[inside := places < ends[left]]):
            places = places[inside]
            same = self._hashes[places] == hashes[left]
            at[left[same]] = places[same]
            left, places = left[~same], places[~same] + np.uint32(1)
        hits = np.flatnonzero(at >= 0)
        equal = self._equal(queries, hits, self._which[at[hits]])
        for i in hits[~equal].tolist():  # hash collisions, which are very rare
            at[i] = self._search(queries, i, range(at[i] + 1, int(ends[i])))
        return np.where(at >= 0, self._numbers[at], np.int32(-1))

    def _search(self, queries: Strings, string: int, places: Iterable[int]) -> int:
        this = np.array([string])
        return next(
            (p for p in places if self._equal(queries, this, self._which[p : p + 1])[0]), -1
        )

    def _equal(
        self, queries: Strings, these: _Places, those: npt.NDArray[np.uint32]
    ) -> npt.NDArray[np.bool_]:
        """Compare strings that have the same hash, pair by pair."""
        known = self._strings
        equal: npt.NDArray[np.bool_] = queries.lengths[these] == known.lengths[those]
        rest = np.flatnonzero(equal & (queries.lengths[these] >= _PIECE))
        number = 0
        while len(rest := rest[queries.lengths[these[rest]] > _PIECE * number]):
            differ = queries.piece(number, these[rest]) != known.piece(number, those[rest])
            equal[rest[differ]] = False
            rest = rest[~differ]
            number += 1
        return equal
