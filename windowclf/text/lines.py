"""Lines of UTF-8 text: of a file, or of a stream as they come.

Only a line feed, or a carriage return and a line feed, ends a line: a token may hold the other
characters that Python takes for line breaks.
"""

import codecs
import gzip
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from windowclf.errors import DataError

CHUNK_BYTES = 1 << 16
"""What is read at once at the most: some hundred lines, so that they are tagged as a batch."""


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Read a text file line by line; gunzip it on the way if its name ends in .gz.

    Parameters
    ----------
    path : str or Path

    Yields
    ------
    number : int
        From 1.
    line : str
        Without its line break; the first one without a byte-order mark.

    Raises
    ------
    DataError
        If the file cannot be read or is not UTF-8.
    """
    path = Path(path)
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                yield number, _decode(raw.rstrip(b"\r\n"), path, number)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error


def line_chunks(path: str | Path) -> Iterator[list[str]]:
    """Read lines in groups: as many as have come, so that a slow stream is answered at once.

    Parameters
    ----------
    path : str or Path
        A text file, or "-" for stdin.

    Yields
    ------
    list of str
        Lines without their breaks, at least one.

    Raises
    ------
    DataError
        If the file cannot be read or is not UTF-8.
    """
    if path == "-":
        yield from _chunks(sys.stdin.buffer, "stdin")
        return
    try:
        with Path(path).open("rb") as file:
            yield from _chunks(file, path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _chunks(file: BinaryIO, name: str | Path) -> Iterator[list[str]]:
    number = 1
    pieces: list[bytes] = []  # of a line that is not whole yet
    while data := file.read1(CHUNK_BYTES):  # type: ignore[attr-defined]
        head, found, tail = data.rpartition(b"\n")
        if not found:
            pieces.append(data)
            continue
        lines = b"".join([*pieces, head]).split(b"\n")
        pieces = [tail]
        yield [_decode(line.removesuffix(b"\r"), name, n) for n, line in enumerate(lines, number)]
        number += len(lines)
    if last := b"".join(pieces):
        yield [_decode(last.removesuffix(b"\r"), name, number)]


def _decode(line: bytes, name: str | Path, number: int) -> str:
    try:
        return (line.removeprefix(codecs.BOM_UTF8) if number == 1 else line).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name}:{number}: byte 0x{error.object[error.start]:02x} is not UTF-8; "
            f"convert it, such as with: iconv -f latin1 -t utf-8"
        ) from error


def _unreadable(path: str | Path, error: Exception) -> DataError:
    return DataError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}")
