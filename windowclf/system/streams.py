"""Streams for reading and writing: local and remote files, compressed or not, stdin and stdout.

fsspec, which opens remote files, is imported at the first URL.
"""

import gzip
import io
import os
import re
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from windowclf.errors import DataError, WindowclfError
from windowclf.system.content import GZIP, ZSTD
from windowclf.system.files import whole_file
from windowclf.system.packages import require

COMPRESSED = (".gz", ".zst")
"""File extensions of gzip and Zstandard."""

_BUFFER_BYTES = 1 << 16
_URL = re.compile(r"[a-z][a-z0-9+.-]+(::[a-z][a-z0-9+.-]+)*://")

OnBytesRead = Callable[[int], object]
"""A callback for the number of bytes read from a file, before decompression."""


def is_url(name: str | Path) -> bool:
    """Whether a name is the URL of a file in a store, such as ``s3://bucket/file``."""
    return isinstance(name, str) and _URL.match(name) is not None


class Source(io.RawIOBase):
    """Reads the available bytes of another file, which stays open; errors are one line.

    Parameters
    ----------
    file : BinaryIO
        Its method ``read1`` is used if it has one, so that data of a slow stream is not delayed.
    name : str
        Name of the file, for messages.
    """

    def __init__(self, file: BinaryIO, name: str, watch: OnBytesRead | None = None) -> None:
        self._file, self._name, self._watch = file, name, watch
        self._read: Callable[[int], bytes] = getattr(file, "read1", file.read)
        self._bytes = 0

    def readable(self) -> bool:  # noqa: D102
        return True

    def seekable(self) -> bool:  # noqa: D102
        return self._file.seekable()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:  # noqa: D102
        return self._file.seek(offset, whence)

    def tell(self) -> int:  # noqa: D102
        return self._file.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read at most as many bytes as fit into the buffer."""
        try:
            data = self._read(len(buffer))
        except WindowclfError:  # from the source that this one decompresses
            raise
        except Exception as error:  # stores have their own errors
            raise _unreadable(self._name, error) from error
        buffer[: len(data)] = data
        self._bytes += len(data)
        if self._watch:
            self._watch(self._bytes)
        return len(data)


@contextmanager
def open_input(path: str | Path, watch: OnBytesRead | None = None) -> Iterator[BinaryIO]:
    """Open a file, or stdin, for reading.

    Its method ``read1`` returns the available data, so that a slow stream is not delayed.

    Parameters
    ----------
    path : str or Path
        "-" is stdin; a URL is opened by fsspec. Gzip and Zstandard files are decompressed, by their
        extension .gz or .zst or by their first bytes.
    watch : callable, optional
        Called with the number of bytes read so far, before decompression.

    Raises
    ------
    DataError
        If the file cannot be opened or, later, read.
    UsageError
        If fsspec does not support the URL.
    """
    name = str(path)
    if name == "-":
        if sys.stdin is None:  # as Python has it if the process began without
            raise DataError("stdin: cannot be read: it is closed; name a file, or write to it")
        yield io.BufferedReader(Source(sys.stdin.buffer, "stdin", watch))
        return
    with ExitStack() as stack:
        if is_url(path):
            from windowclf.system.filesystems import reading

            file = stack.enter_context(reading(name))
        else:
            try:
                file = stack.enter_context(Path(path).open("rb"))
            except (OSError, ValueError) as error:  # ValueError: a name with NUL
                raise _unreadable(name, error) from error
        suffix = _packing(file, name)
        source = Source(file, name, watch)
        if suffix:
            source = Source(_gunzip(source) if suffix == ".gz" else _unzstd(source), name)
        yield io.BufferedReader(source, _BUFFER_BYTES)


def stdin_waits() -> bool:
    """Whether stdin has nothing to read yet; False if this cannot be determined."""
    try:
        return not select.select([sys.stdin], [], [], 0)[0]
    except (OSError, ValueError, TypeError):  # closed, or not a stream of the system
        return False


@contextmanager
def open_output(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file for atomic writing, or stdout.

    Parameters
    ----------
    path : str or Path
        "-" is stdout; a URL is opened by fsspec. Files that end in .gz or .zst are compressed.

    Raises
    ------
    DataError
        If the file cannot be opened, written or closed.
    OutputError
        If a store cannot be written to.
    BrokenPipeError
        If the reader of stdout has exited.
    """
    if str(path) == "-":
        if sys.stdout is None:  # as Python has it if the process began without
            raise DataError("stdout: cannot be written: it is closed; name a file")
        with _written("stdout"):
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    with _written(path), ExitStack() as stack:
        if is_url(path):
            from windowclf.system.filesystems import writing

            file = stack.enter_context(writing(str(path)))
        else:
            temporary = stack.enter_context(whole_file(Path(path)))
            file = stack.enter_context(temporary.open("wb"))
        suffix = Path(path).suffix.lower()
        if suffix in COMPRESSED:
            file = stack.enter_context(_compressed(file, suffix))
        yield file


@contextmanager
def _written(name: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # readers never raise OSError, so it comes from the output
        if isinstance(error, BrokenPipeError) and name == "stdout":
            raise
        raise DataError(f"{name}: cannot be written: {error.strerror or error}") from error


def _packing(file: BinaryIO, name: str) -> str:
    """Return the compression of a file, by its extension or its first bytes; "" without any."""
    suffix = Path(name).suffix.lower()
    if suffix in COMPRESSED:
        return suffix
    try:
        if isinstance(file, io.BufferedReader):
            head = file.peek(4)
        else:  # a file of a store is seekable
            head = file.read(4)
            file.seek(0)
    except Exception:  # reading will raise it again, with the file's name
        return ""
    return ".gz" if head.startswith(GZIP) else ".zst" if head.startswith(ZSTD) else ""


def _gunzip(file: Source) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=cast(BinaryIO, file), mode="rb"))


def _unzstd(file: Source) -> BinaryIO:
    require("a file compressed with Zstandard", "pyarrow")
    import pyarrow

    return cast(BinaryIO, pyarrow.CompressedInputStream(pyarrow.PythonFile(file, "r"), "zstd"))


def _compressed(file: BinaryIO, suffix: str) -> BinaryIO:
    require(f"writing a file whose name ends in {suffix}", "pyarrow")
    import pyarrow

    # GzipFile in Python 3.12 and later complains on stderr after a failed write.
    codec = "gzip" if suffix == ".gz" else "zstd"
    return cast(BinaryIO, pyarrow.CompressedOutputStream(pyarrow.PythonFile(file, "w"), codec))


def _unreadable(name: str, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
    return DataError(f"{name}: cannot be read: {reason}")
