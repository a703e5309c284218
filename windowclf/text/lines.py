"""Lines of UTF-8 text: of a file, or of a stream as they come.

Only a line feed, or a carriage return and a line feed, ends a line: a token may hold the other
characters that Python takes for line breaks.
"""

import codecs
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from windowclf.errors import DataError
from windowclf.system.streams import open_input

CHUNK_BYTES = 1 << 16
"""What is read at once at the most: some hundred lines, so that they are tagged as a batch."""

LONGEST_LINE = 1 << 28
"""Bytes; a packed file of some kilobytes may hold a line that fills the memory."""


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Read a text file line by line; unpack it on the way if its name ends in .gz or .zst.

    Yields
    ------
    number : int
        From 1.
    line : str
        Without its line break; the first one without a byte-order mark.

    Raises
    ------
    DataError
        If the file cannot be read or is not UTF-8, or a line is longer than `LONGEST_LINE`.
    """
    with open_input(path) as file:
        for number, line in enumerate(chain.from_iterable(line_chunks(file, str(path))), 1):
            yield number, line.rstrip("\r")


def line_chunks(file: BinaryIO, name: str, *, keep_ends: bool = False) -> Iterator[list[str]]:
    """Read lines in groups: as many as have come, so that a slow stream is answered at once.

    Parameters
    ----------
    file : BinaryIO
        With a method ``read1``.
    name : str
        For messages.
    keep_ends : bool
        Whether lines keep their breaks.

    Yields
    ------
    list of str
        At least one.

    Raises
    ------
    DataError
        At a line that is not UTF-8, or longer than `LONGEST_LINE`; after those before it.
    """

    def text(line: bytes, number: int, end: bytes) -> str:
        line = line + end if keep_ends else line.removesuffix(b"\r")
        return _decode(line, name, number)

    def texts(lines: list[bytes], first: int) -> Iterator[list[str]]:
        found: list[str] = []
        try:
            for number, line in enumerate(lines, first):
                found.append(text(line, number, b"\n"))
        except DataError:
            if found:
                yield found
            raise
        yield found

    number = 1
    pieces: list[bytes] = []  # of a line that is not whole yet
    waiting = 0  # their bytes
    while data := file.read1(CHUNK_BYTES):  # type: ignore[attr-defined]
        head, found, tail = data.rpartition(b"\n")
        if not found:
            pieces.append(data)
            waiting += len(data)
            if waiting > LONGEST_LINE:
                raise DataError(
                    f"{name}:{number}: a line of more than {LONGEST_LINE:,} bytes; expected a file "
                    "of lines"
                )
            continue
        lines = b"".join([*pieces, head]).split(b"\n")
        pieces, waiting = [tail], len(tail)
        yield from texts(lines, number)
        number += len(lines)
    if last := b"".join(pieces):
        yield [text(last, number, b"")]


class Lines:
    """The lines of an open file one by one, from chunks: tells when the next may take its time.

    Parameters
    ----------
    chunks : iterator of list of str
        From `line_chunks`.

    Attributes
    ----------
    number : int
        Of the line read last, from 1.
    """

    def __init__(self, chunks: Iterator[list[str]]) -> None:
        self._chunks = chunks
        self._come: deque[str] = deque()
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self._come:
            self._come.extend(next(self._chunks))
        self.number += 1
        return self._come.popleft()

    def give_back(self, lines: Sequence[str]) -> None:
        """Take back lines that were read last, which come again."""
        self._come.extendleft(reversed(lines))
        self.number -= len(lines)

    @property
    def waits(self) -> bool:
        """Whether the next line is still to be read."""
        return not self._come


def _decode(line: bytes, name: str, number: int) -> str:
    try:
        return (line.removeprefix(codecs.BOM_UTF8) if number == 1 else line).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name}:{number}: byte 0x{error.object[error.start]:02x} is not UTF-8; "
            f"convert it, such as with: iconv -f latin1 -t utf-8"
        ) from error
