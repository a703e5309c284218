"""Files of word vectors: GloVe text, word2vec text and word2vec binary, with or without gzip.

The format is detected from the content, never from the name. gensim also reads these formats, but
takes ten times as long for text, guesses gzip from the name and does not report the faulty line.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from windowclf.errors import VectorsError, quoted
from windowclf.system.content import HEAD_BYTES, kind_of, marked_encoding, wide_encoding
from windowclf.vectors.word_vectors import WordRows

# Each digit matches in one way only, so the time is linear in the length.
_NUMBER = re.compile(rb"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_HEADER = re.compile(rb"\s*(\d{1,12})\s+(\d{1,6})\s*")
_PRINTABLE = re.compile(rb"[\t\r\n\x20-\x7e]*")
_INFINITE = 2.0**128 - 2.0**103  # numbers from here on become infinite in float32
_ABSURD = 1e12  # larger than in any vector, unlike bytes of letters or of split numbers
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REST_OF_WORD = re.compile(rb"[\x21-\x7e\x80-\xff]{1,60} ")
_MOST_COLUMNS = 4096  # limit for Arrow, which needs some kilobytes per column
_BLOCK_LINES = 8192
_BLOCK_BYTES = 1 << 20
_LONGEST_LINE = 1 << 20
_FORMATS = "GloVe text, word2vec text or word2vec binary (gzip or not)"


class _Row(NamedTuple):
    line: int  # number of the line, from 1
    word: bytes
    values: bytes  # numbers separated by single spaces


def read_file(path: Path, limit: int | None = None) -> WordRows:
    """Read a file of word vectors.

    Bytes of a word that are not UTF-8 become U+FFFD. If a word occurs twice, its first vector is
    used. In text files, a word may contain spaces: the last `d` fields are the vector.

    Parameters
    ----------
    limit : int, optional
        Largest number of rows to read.

    Raises
    ------
    VectorsError
        If the file is missing, empty, truncated or in an unknown format, or has rows of different
        lengths, a value that is not a finite number, or a header with a wrong count.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if not zipped:
                return _read_stream(file, path, limit)
            with gzip.open(file) as stream:
                return _read_stream(stream, path, limit)
    except ValueError as error:  # the name contains NUL
        raise VectorsError(f"{str(path)!r}: cannot be read ({error})") from error
    except FileNotFoundError as error:
        raise VectorsError(f"{path}: no such file of word vectors") from error
    except (EOFError, zlib.error) as error:
        raise VectorsError(f"{path}: damaged gzip file ({error}): download it again") from error
    except OSError as error:
        reason = error.strerror or error
        raise VectorsError(f"{path}: cannot be read ({reason}); expected {_FORMATS}") from error


def _read_stream(stream: BinaryIO | gzip.GzipFile, path: Path, limit: int | None) -> WordRows:
    first = stream.readline(_LONGEST_LINE)
    if not first:
        raise VectorsError(f"{path}: empty file; expected {_FORMATS}")
    if kind := kind_of(first[:HEAD_BYTES]):
        raise VectorsError(f"{path}: this is {kind.name}; {kind.cure}; expected {_FORMATS}")
    encoding = marked_encoding(first) or wide_encoding(first[:HEAD_BYTES])
    if encoding and encoding != "utf-8":
        raise VectorsError(
            f"{path}: the text is {encoding.upper()}, not UTF-8; convert it with: "
            f"iconv -f {encoding} -t utf-8"
        )
    header = _HEADER.fullmatch(first.removeprefix(b"\xef\xbb\xbf"))
    if header is None:
        first = first.removeprefix(b"\xef\xbb\xbf")
        lines = _lines(first, stream, 1)
        return _read_text(lines, path, None, _width(first, path), limit)
    count, width = int(header[1]), int(header[2])
    if count == 0 or width == 0:
        raise VectorsError(f"{path}:1: the header declares {count} words of {width} numbers")
    # `second` may be a text line, or the beginning of the binary records.
    second = stream.readline(_LONGEST_LINE)
    if _is_binary(second, width):
        return _read_binary(stream, second, path, count, width, limit)
    return _read_text(_lines(second, stream, 2), path, count, width, limit)


def _lines(
    first: bytes, stream: BinaryIO | gzip.GzipFile, start: int
) -> Iterator[tuple[int, bytes]]:
    """Yield lines, beginning with one that is already read; none exceeds `_LONGEST_LINE`."""
    following = iter(partial(stream.readline, _LONGEST_LINE), b"")
    return enumerate(chain([first], following), start)


def _width(line: bytes, path: Path) -> int:
    """Return the number of values after the word on the first line of a file without header."""
    fields = line.split()
    for i, field in enumerate(fields[1:], start=1):
        if _NUMBER.fullmatch(field):
            return len(fields) - i
    raise VectorsError(f"{path}:1: no word with its numbers; expected {_FORMATS}")


def _is_binary(second: bytes, width: int) -> bool:
    """Distinguish float32 records from a line of text, which may be faulty."""
    fields = second.split()
    numbers = [_NUMBER.fullmatch(field) is not None for field in fields]
    if len(fields) > width and all(numbers[-width:]):
        return False
    values = second.partition(b" ")[2][: 4 * width]
    return bool(fields) and not (_PRINTABLE.fullmatch(values) and any(numbers[1:]))


def _read_text(
    lines: Iterator[tuple[int, bytes]],
    path: Path,
    count: int | None,
    width: int,
    limit: int | None,
) -> WordRows:
    """Parse rows of a word and `width` numbers in blocks; the header declares `count` words."""
    given = (_split(number, line, width, path) for number, line in lines if line.strip())
    rows = islice(given, limit)
    words: list[str] = []
    blocks: list[NDArray[np.float32]] = []
    while block := list(islice(rows, _BLOCK_LINES)):
        words += [row.word.decode(errors="replace") for row in block]
        blocks.append(_numbers(block, path))
    if count is not None and not min(count, limit or count) <= len(words) <= count:
        raise VectorsError(
            f"{path}:1: the header declares {count} words, the file has {len(words)}: "
            "it is truncated or the header is wrong"
        )
    return _first_of_each(words, np.concatenate(blocks))


def _split(number: int, line: bytes, width: int, path: Path) -> _Row:
    if len(line) == _LONGEST_LINE:
        raise VectorsError(f"{path}:{number}: a line of {_LONGEST_LINE:,} bytes or more")
    word, _, values = line.rstrip().partition(b" ")
    if values and values.count(b" ") == width - 1:
        return _Row(number, word, values)
    fields = line.split()  # the word contains spaces or tabs, or the row has another length
    spare = len(fields) - width
    if spare < 1 or (spare > 1 and _NUMBER.fullmatch(fields[spare - 1])):
        found = next((i for i, f in enumerate(fields[1:]) if _NUMBER.fullmatch(f)), len(fields) - 1)
        raise VectorsError(
            f"{path}:{number}: {len(fields) - 1 - found} numbers after the word; "
            f"expected {width}, as at the top of the file"
        )
    return _Row(number, b" ".join(fields[:spare]), b" ".join(fields[spare:]))


def _numbers(block: list[_Row], path: Path) -> NDArray[np.float32]:
    """Parse the numbers of some rows, by Arrow if it can read all of them."""
    width = block[0].values.count(b" ") + 1
    if width > _MOST_COLUMNS:
        return _numbers_checked(block, path)
    import pyarrow as pa
    from pyarrow import csv

    names = [str(i) for i in range(width)]
    # Values are rounded to float64 first, as NumPy and gensim do.
    types = dict.fromkeys(names, pa.float64())
    try:
        columns = csv.read_csv(
            pa.BufferReader(b"\n".join(row.values for row in block)),
            csv.ReadOptions(column_names=names, block_size=_BLOCK_BYTES),
            csv.ParseOptions(delimiter=" ", quote_char=False),
            csv.ConvertOptions(column_types=types),
        )
    except pa.ArrowInvalid:  # raised also for a plus sign
        return _numbers_checked(block, path)
    numbers = np.empty((len(columns), width), dtype=np.float32)
    with np.errstate(over="ignore"):
        for i, column in enumerate(columns.columns):
            numbers[:, i] = column
    if len(numbers) != len(block) or not np.isfinite(numbers).all():
        return _numbers_checked(block, path)
    return numbers


def _numbers_checked(block: list[_Row], path: Path) -> NDArray[np.float32]:
    """Parse numbers one by one, so that an error names the first one that is not finite."""
    numbers = np.empty((len(block), block[0].values.count(b" ") + 1), dtype=np.float32)
    for i, row in enumerate(block):
        values = row.values.split(b" ")
        for value in values:
            if not _NUMBER.fullmatch(value.strip(b"\t")) or abs(float(value)) >= _INFINITE:
                raise VectorsError(
                    f"{path}:{row.line}: {quoted(value.decode(errors='replace'))} "
                    "is not a finite number"
                )
        numbers[i] = [float(value) for value in values]
    return numbers


def _read_binary(
    stream: BinaryIO | gzip.GzipFile,
    start: bytes,
    path: Path,
    count: int,
    width: int,
    limit: int | None,
) -> WordRows:
    """Read records of a word, a space and `width` little-endian float32 values."""
    wanted = count if limit is None else min(limit, count)
    size = 4 * width
    words: list[str] = []
    values = bytearray()
    buffer, position = start, 0
    while len(words) < wanted:
        space = buffer.find(b" ", position)
        end = space + 1 + size
        if space < 0 or len(buffer) < end:
            if space < 0 and len(buffer) - position > _LONGEST_LINE:
                raise VectorsError(
                    f"{path}: word {len(words) + 1} has more than {_LONGEST_LINE:,} bytes; "
                    f"expected {_FORMATS}"
                )
            more = stream.read(_BLOCK_BYTES)
            if not more:
                _check_records(words, _rows(values, width), path)
                raise VectorsError(
                    f"{path}: ends within word {len(words) + 1} of the {count} words of {width} "
                    "numbers that its header declares: it is truncated, the header is wrong, or "
                    "words contain spaces"
                )
            buffer, position = buffer[position:] + more, 0
            continue
        # The original word2vec ends each record with a newline, gensim does not.
        words.append(buffer[position:space].lstrip(b"\n").decode(errors="replace"))
        values += buffer[space + 1 : end]
        position = end
    rows = _rows(values, width)
    _check_records(words, rows, path)
    if wanted == count and (buffer[position:] + stream.read(_BLOCK_BYTES)).strip():
        raise VectorsError(
            f"{path}: goes on after the {count} words of {width} numbers that its header "
            "declares: the header is wrong, or the last word contains a space"
        )
    return _first_of_each(words, rows)


def _rows(values: bytearray, width: int) -> NDArray[np.float32]:
    return np.frombuffer(values, dtype="<f4").astype(np.float32).reshape(-1, width)


def _check_records(words: list[str], rows: NDArray[np.float32], path: Path) -> None:
    """Raise an error if binary records were split at wrong positions.

    A word ends at a space. If a word contains a space, its rest is read as numbers, and the next
    word begins with bytes of numbers.
    """
    infinite = np.flatnonzero(~np.isfinite(rows).all(axis=1)).tolist()
    absurd = np.flatnonzero((np.abs(rows) >= _ABSURD).any(axis=1)).tolist()
    wrong = {i for i in absurd if i not in infinite or _begins_with_a_word(rows[i])}
    for i, word in enumerate(words):
        if _CONTROL.search(word) or (i and "\ufffd" in word and _begins_with_a_word(rows[i - 1])):
            wrong.add(max(i - 1, 0))
    if infinite and not wrong:
        raise VectorsError(
            f"{path}: the vector of word {infinite[0] + 1}, {quoted(words[infinite[0]])}, has a "
            "value that is not a finite number"
        )
    if wrong:
        i = min(wrong)
        raise VectorsError(
            f"{path}: word {i + 1}, {quoted(words[i])}, is not followed by {rows.shape[1]} "
            "numbers: the header is wrong, or words contain spaces, which end a word in word2vec's "
            "binary format; save the vectors as text (binary=False), or with _ for spaces"
        )


def _begins_with_a_word(row: NDArray[np.float32]) -> bool:
    return _REST_OF_WORD.match(row.astype("<f4").tobytes()) is not None


def _first_of_each(words: list[str], rows: NDArray[np.float32]) -> WordRows:
    first: dict[str, int] = {}
    for i, word in enumerate(words):
        first.setdefault(word, i)
    if len(first) == len(words):
        return WordRows(words, rows)
    return WordRows(list(first), rows[list(first.values())])
