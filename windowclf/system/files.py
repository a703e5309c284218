"""Files on this machine's disks: written whole or not at all."""

import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where what a killed process left stays
    fcntl = None  # type: ignore[assignment]

MAGIC = frozenset("*?[")
"""Characters that make a name a pattern."""


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
