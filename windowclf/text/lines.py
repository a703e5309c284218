"""Lines of text from a file or from a stream as they arrive, in UTF-8 or another encoding.

Only a line feed, or a carriage return and a line feed, ends a line: a token may contain the other
characters that Python treats as line breaks.
"""

import codecs
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

from windowclf.errors import DataError
from windowclf.system.content import (
    HEAD_BYTES,
    check_kind,
    codec_name,
    encoding_of,
    is_mostly_utf8,
    marked_encoding,
    wide_encoding,
)
from windowclf.system.streams import open_input

CHUNK_BYTES = 1 << 16
"""Largest number of bytes to read at once: some hundred lines, which are tagged as a batch."""

_MARK_BYTES = 4  # length of the longest byte-order mark
_SAMPLE_BYTES = 1 << 14  # enough to detect the encoding of a text that is not UTF-8

LONGEST_LINE = 1 << 28
"""Largest length of a line in bytes: a compressed file of a few kilobytes may contain a line that
fills the memory."""


class BadLine(str):
    """Placeholder for a line that cannot be decoded.

    Attributes
    ----------
    error : DataError
        The reason.
    """

    __slots__ = ("error",)
    error: DataError

    def __new__(cls, error: DataError) -> "BadLine":  # noqa: D102
        line = super().__new__(cls)
        line.error = error
        return line


def read_lines(path: str | Path, encoding: str = "utf-8") -> Iterator[tuple[int, str]]:
    """Read a text file line by line; decompress it if it is compressed with gzip or Zstandard.

    Parameters
    ----------
    encoding : str
        Any encoding that Python knows.

    Yields
    ------
    number : int
        Number of the line, from 1.
    line : str
        The line without its line break and without a byte-order mark.

    Raises
    ------
    DataError
        If the file cannot be read, is not text in that encoding, or has a line longer than
        `LONGEST_LINE`.
    """
    with open_input(path) as file:
        chunks = line_chunks(file, str(path), encoding=encoding, has_option=False)
        for number, line in enumerate(chain.from_iterable(chunks), 1):
            yield number, line.rstrip("\r")


def line_chunks(
    file: BinaryIO,
    name: str,
    *,
    keep_ends: bool = False,
    encoding: str = "utf-8",
    has_option: bool = True,
    keep_bad: bool = False,
) -> Iterator[list[str]]:
    """Read lines in groups of as many as are available, so that a slow stream is not delayed.

    Parameters
    ----------
    file : BinaryIO
        A file with a method ``read1``.
    name : str
        Name of the file, for messages.
    keep_ends : bool
        Whether lines keep their line breaks.
    encoding : str
        Any encoding that Python knows. A byte-order mark at the start is dropped.
    has_option : bool
        Whether the user can set the encoding, for messages.
    keep_bad : bool
        Whether a line that cannot be decoded is yielded as a `BadLine`.

    Yields
    ------
    list of str
        One line or more.

    Raises
    ------
    UsageError
        If the encoding is unknown.
    DataError
        If the file is not plain text, such as a PDF document; or, after the lines before it are
        yielded, if a line cannot be decoded or is longer than `LONGEST_LINE`.
    """
    codec = codec_name(encoding)
    if codec not in ("utf-8", "utf-8-sig"):
        file = cast(BinaryIO, _Recoded(file, name, codec))

    def texts(lines: list[bytes], first: int, end: bytes) -> Iterator[list[str]]:
        found: list[str] = []
        for number, line in enumerate(lines, first):
            given = line + end if keep_ends else line.removesuffix(b"\r")
            if number == 1:
                given = given.removeprefix(codecs.BOM_UTF8)
            try:
                found.append(given.decode("utf-8"))
            except UnicodeDecodeError as error:
                after_ascii = is_ascii and all(map(str.isascii, found))
                place, rest = f"{name}:{number}", lines[number - first :]
                bad = _not_utf8(error, place, rest, after_ascii=after_ascii, has_option=has_option)
                if keep_bad:
                    found.append(BadLine(bad))
                    continue
                if found:
                    yield found
                raise bad from error
        yield found

    number = 1
    is_ascii = True  # so far
    pieces: list[bytes] = []  # pieces of a line that is not complete yet
    waiting = 0  # number of their bytes
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
        if number == 1:
            _check_head(b"\n".join([*lines, tail])[:HEAD_BYTES], name, has_option=has_option)
        pieces, waiting = [tail], len(tail)
        yield from texts(lines, number, b"\n")
        is_ascii = is_ascii and head.isascii()
        number += len(lines)
    if last := b"".join(pieces):
        if number == 1:
            _check_head(last[:HEAD_BYTES], name, has_option=has_option)
        yield from texts([last], number, b"")


def _check_head(head: bytes, name: str, *, has_option: bool) -> None:
    """Reject files that are not plain text, even if their bytes are valid UTF-8."""
    check_kind(head, name)
    encoding = marked_encoding(head) or wide_encoding(head)
    if encoding not in (None, "utf-8"):
        raise DataError(
            f"{name}:1: the text is {encoding.upper()}, not UTF-8; "
            f"{_iconv(encoding, has_option=has_option)}"
        )


def _not_utf8(
    error: UnicodeDecodeError,
    place: str,
    lines: list[bytes],
    *,
    after_ascii: bool,
    has_option: bool,
) -> DataError:
    """Make the error for lines that are not UTF-8, with a guess of their encoding."""
    place = f"{place}: byte 0x{error.object[error.start]:02x} is not UTF-8"
    sample = b"\n".join(lines[:_SAMPLE_BYTES])[:_SAMPLE_BYTES]
    if is_mostly_utf8(sample) or not after_ascii:
        return DataError(
            f"{place}, though the text around it is; the file is damaged or mixes encodings: "
            "remove what is broken with: iconv -c -f utf-8 -t utf-8"
        )
    encoding = encoding_of(sample)
    if encoding is None:
        return DataError(
            f"{place}, and the encoding cannot be detected; "
            f"{_iconv('ENCODING', has_option=has_option)}"
        )
    known = "Windows-1252 or Latin-1" if encoding == "cp1252" else encoding
    return DataError(f"{place}; it seems to be {known}: {_iconv(encoding, has_option=has_option)}")


def _iconv(encoding: str, *, has_option: bool) -> str:
    other = f", or set `encoding={encoding!r}`" if has_option else ""
    return f"convert it with: iconv -f {encoding} -t utf-8{other}"


class _Recoded:
    """Recodes a file in another encoding to UTF-8 while it is read."""

    def __init__(self, file: BinaryIO, name: str, encoding: str) -> None:
        self._file, self._name, self._encoding = file, name, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._number = 1  # number of the current line
        self._is_start = True
        self._error: DataError | None = None

    def read1(self, size: int) -> bytes:
        """Return the bytes available so far; empty at the end."""
        while not self._error:
            data = self._file.read1(size)  # type: ignore[attr-defined]
            if self._is_start:
                while len(data) < _MARK_BYTES and (
                    more := self._file.read1(size)  # type: ignore[attr-defined]
                ):
                    data += more
                self._check_mark(data)
            text = self._decode(data)
            if self._is_start and text:
                text = text.removeprefix("\ufeff")
                self._is_start = False
            self._number += text.count("\n")
            if text or not (data or self._error):
                return text.encode()
        raise self._error

    def _check_mark(self, data: bytes) -> None:
        """Raise an error if the byte-order mark belongs to another encoding."""
        marked = marked_encoding(data[:HEAD_BYTES])
        if marked and not self._encoding.startswith(marked):
            raise DataError(
                f"{self._name}:1: its byte-order mark shows {marked}, not {self._encoding}; "
                f"set that encoding"
            )
        if marked:  # the mark also shows the byte order
            self._decoder = codecs.getincrementaldecoder(marked)()

    def _decode(self, data: bytes) -> str:
        """Decode bytes up to the first error, which is stored."""
        before = self._decoder.getstate()
        try:
            return self._decoder.decode(data, final=not data)
        except UnicodeError as error:
            self._decoder.setstate(before)
            self._decoder.errors = "replace"
            text = self._decoder.decode(data, final=not data).partition("\ufffd")[0]
            number = self._number + text.count("\n")
            reason = getattr(error, "reason", error)
            self._error = DataError(
                f"{self._name}:{number}: not {self._encoding}, although this encoding was set "
                f"({reason}); set the encoding of the file"
            )
            return text


class Lines:
    """The lines of an open file one by one; `waits` shows whether the next must still be read.

    Parameters
    ----------
    chunks : iterator of list of str
        Chunks from `line_chunks`.
    failed : callable, optional
        Called with the error of a `BadLine`, which is then left out; without it, bad lines are
        yielded like all others.

    Attributes
    ----------
    number : int
        Number of the last line, from 1.
    """

    def __init__(
        self, chunks: Iterator[list[str]], failed: Callable[[DataError], object] | None = None
    ) -> None:
        self._chunks, self._failed = chunks, failed
        self._come: deque[str] = deque()
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while True:
            if not self._come:
                self._come.extend(next(self._chunks))
            self.number += 1
            line = self._come.popleft()
            if not (isinstance(line, BadLine) and self._failed):
                return line
            self._failed(line.error)

    def give_back(self, lines: Sequence[str]) -> None:
        """Push back the last lines, to be read again."""
        self._come.extendleft(reversed(lines))
        self.number -= len(lines)

    @property
    def waits(self) -> bool:
        """Whether the next line must still be read from the file."""
        return not self._come
