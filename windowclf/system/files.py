"""Files that are unpacked while they are read, and files that are written whole or not at all."""

import gzip
import io
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from windowclf.errors import DataError

try:
    import fcntl
except ImportError:  # Windows, where what a killed process left stays
    fcntl = None  # type: ignore[assignment]

COMPRESSED = (".gz", ".zst")
"""Ends of the names of files that are packed by gzip and by Zstandard."""

_BUFFER_BYTES = 1 << 16

OnBytesRead = Callable[[int], object]
"""Is told how many bytes of a file have been read, as they lie on the disk."""


class Source(io.RawIOBase):
    """Reads from another file, which it leaves open, what comes at once; errors are one line.

    Parameters
    ----------
    file : BinaryIO
        With a method ``read1``.
    name : str
        For messages.
    watch : callable, optional
    """

    def __init__(self, file: BinaryIO, name: str, watch: OnBytesRead | None = None) -> None:
        self._file, self._name, self._watch = file, name, watch
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
            data: bytes = self._file.read1(len(buffer))  # type: ignore[attr-defined]
        except (OSError, EOFError, zlib.error) as error:
            raise _unreadable(self._name, error) from error
        buffer[: len(data)] = data
        self._bytes += len(data)
        if self._watch:
            self._watch(self._bytes)
        return len(data)


@contextmanager
def open_source(path: str | Path, watch: OnBytesRead | None = None) -> Iterator[BinaryIO]:
    """Open a file, unpacked on the way if its name ends in .gz or .zst.

    Parameters
    ----------
    path : str or Path
    watch : callable, optional

    Raises
    ------
    DataError
        Here and on reading, if it cannot be read.
    """
    suffix = Path(path).suffix.lower()
    with ExitStack() as stack:
        try:
            raw = stack.enter_context(Path(path).open("rb"))
        except (OSError, ValueError) as error:  # ValueError: a name with NUL
            raise _unreadable(path, error) from error
        source = Source(raw, str(path), watch)
        if suffix in COMPRESSED:
            unpack = _gunzip if suffix == ".gz" else _unzstd
            source = Source(unpack(source), str(path))
        yield io.BufferedReader(source, _BUFFER_BYTES)


def _gunzip(file: Source) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=cast(BinaryIO, file), mode="rb"))


def _unzstd(file: Source) -> BinaryIO:
    import pyarrow

    return cast(BinaryIO, pyarrow.CompressedInputStream(pyarrow.PythonFile(file, "r"), "zstd"))


def open_regular(path: Path) -> io.BufferedReader:
    """Open a file that a stranger may have made.

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is a pipe or a device, which may block for ever.
    """
    wait_not = getattr(os, "O_NONBLOCK", 0)
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | wait_not))  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise ValueError("not a regular file")
    return file


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside a file's place, and move what is written there in one step.

    Parameters
    ----------
    path : Path
        Its folder must exist. What is there and no file, such as a pipe, is given itself.

    Raises
    ------
    OSError
        If it cannot be written; the file that was there before is untouched.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    handle, temporary = _temporary(path)
    with ExitStack() as stack:
        if fcntl:
            stack.callback(os.close, handle)  # and with it the lock is gone
        else:
            os.close(handle)
        try:
            yield temporary
            temporary.chmod(0o666 & ~_umask())
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _temporary(path: Path) -> tuple[int, Path]:
    """Make a file beside another's place, locked as long as it is open.

    Its name is always the same, so that what a killed process left there makes way for it.
    """
    hidden = f".{path.name[:60]}."  # short enough for any file system, whatever the characters
    temporary = path.with_name(f"{hidden}part")
    _remove_left(temporary)
    with suppress(FileExistsError):
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        _lock(handle, wait=True)
        if os.fstat(handle).st_nlink:  # else it was taken for left before it was locked
            return handle, temporary
        os.close(handle)
    # Another process writes the same file just now.
    import tempfile  # which tagging does without

    handle, name = tempfile.mkstemp(prefix=hidden, dir=path.parent)
    return handle, Path(name)


def _remove_left(temporary: Path) -> None:
    """Remove a temporary file whose process is no more: nobody has it locked."""
    if not fcntl:
        return
    with suppress(OSError):  # most often there is none
        handle = os.open(temporary, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            same = _lock(handle) and os.path.samestat(os.fstat(handle), temporary.lstat())
            if same:  # and not one of that name that was made since
                temporary.unlink()
        finally:
            os.close(handle)


def _lock(handle: int, *, wait: bool = False) -> bool:
    if not fcntl:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # it is locked, or its file system knows no locks
        return False
    return True


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, then move it there in one step.

    Parameters
    ----------
    path : Path
        Its folder must exist.
    write : callable
        Is given the temporary path to write to.

    Raises
    ------
    OSError
        If it cannot be written; the file that was there before is untouched.
    """
    with whole_file(path) as temporary:
        write(temporary)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _unreadable(name: str | Path, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
    return DataError(f"{name}: cannot be read: {reason}")
