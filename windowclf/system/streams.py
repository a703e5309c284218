"""What is read and written as a stream: a file here or in any store, packed or not, stdin, stdout.

fsspec, which opens the stores, is imported when the first of their URLs comes.
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

COMPRESSED = (".gz", ".zst")
"""Ends of the names of files that are packed by gzip and by Zstandard."""

_BUFFER_BYTES = 1 << 16
_URL = re.compile(r"[a-z][a-z0-9+.-]+(::[a-z][a-z0-9+.-]+)*://")

OnBytesRead = Callable[[int], object]
"""Is called with the number of bytes of a file that have been read, as they lie on the disk."""


def is_url(name: str | Path) -> bool:
    """Whether a name is the URL of a file in a store, such as ``s3://bucket/file``."""
    return isinstance(name, str) and _URL.match(name) is not None


class Source(io.RawIOBase):
    """Reads from another file, which it leaves open, what comes at once; errors are one line.

    Parameters
    ----------
    file : BinaryIO
        Of a method ``read1``, if it has one, so that a slow stream is answered at once.
    name : str
        For messages.
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
        """Read at most as many bytes as the buffer holds."""
        try:
            data = self._read(len(buffer))
        except WindowclfError:  # of the source that this one unpacks
            raise
        except Exception as error:  # stores have errors of their own
            raise _unreadable(self._name, error) from error
        buffer[: len(data)] = data
        self._bytes += len(data)
        if self._watch:
            self._watch(self._bytes)
        return len(data)


@contextmanager
def open_input(path: str | Path, watch: OnBytesRead | None = None) -> Iterator[BinaryIO]:
    """Open a file, or stdin, for reading.

    Its method ``read1`` gives what has come, so that a slow stream is answered at once.

    Parameters
    ----------
    path : str or Path
        "-" is stdin; a URL is opened by fsspec. What ends in .gz or .zst is unpacked on the way,
        and so is what begins as such a file does under another name.
    watch : callable, optional
        Is called with the number of bytes that have been read, before they are unpacked.

    Raises
    ------
    DataError
        Here and on reading, if it cannot be read.
    UsageError
        If fsspec knows no such store.
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
    """Whether stdin has nothing to read yet; False if that cannot be told."""
    try:
        return not select.select([sys.stdin], [], [], 0)[0]
    except (OSError, ValueError, TypeError):  # it is closed, or no stream of the system
        return False


@contextmanager
def open_output(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file, which is written whole or not at all, or stdout.

    Parameters
    ----------
    path : str or Path
        "-" is stdout; a URL is opened by fsspec. What ends in .gz or .zst is packed on the way.

    Raises
    ------
    DataError
        Here, on writing or at the end, if it cannot be written.
    OutputError
        If a store cannot be written to.
    BrokenPipeError
        If nobody reads stdout any more.
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
    except OSError as error:  # readers raise none, so that it is of the file written
        if isinstance(error, BrokenPipeError) and name == "stdout":
            raise
        raise DataError(f"{name}: cannot be written: {error.strerror or error}") from error


def _packing(file: BinaryIO, name: str) -> str:
    """Say how a file is packed: as its name says, or else as it begins; "" if it is not."""
    suffix = Path(name).suffix.lower()
    if suffix in COMPRESSED:
        return suffix
    try:
        if isinstance(file, io.BufferedReader):
            head = file.peek(4)
        else:  # of a store: it can seek
            head = file.read(4)
            file.seek(0)
    except Exception:  # reading will raise it again, with the name of the file
        return ""
    return ".gz" if head.startswith(GZIP) else ".zst" if head.startswith(ZSTD) else ""


def _gunzip(file: Source) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=cast(BinaryIO, file), mode="rb"))


def _unzstd(file: Source) -> BinaryIO:
    import pyarrow

    return cast(BinaryIO, pyarrow.CompressedInputStream(pyarrow.PythonFile(file, "r"), "zstd"))


def _compressed(file: BinaryIO, suffix: str) -> BinaryIO:
    import pyarrow

    # The GzipFile of Python 3.12 and newer complains on stderr after a write that failed.
    codec = "gzip" if suffix == ".gz" else "zstd"
    return cast(BinaryIO, pyarrow.CompressedOutputStream(pyarrow.PythonFile(file, "w"), codec))


def _unreadable(name: str, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
    return DataError(f"{name}: cannot be read: {reason}")
