"""Local files that are written atomically."""

import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where temporary files of a killed process stay
    fcntl = None  # type: ignore[assignment]

MAGIC = frozenset("*?[")
"""Characters that turn a name into a glob pattern."""


def open_regular(path: Path) -> io.BufferedReader:
    """Open an untrusted file.

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is a pipe or a device, which may block forever.
    """
    wait_not = getattr(os, "O_NONBLOCK", 0)
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | wait_not))  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise ValueError("not a regular file")
    return file


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and move the file to `path` in one step afterwards.

    Parameters
    ----------
    path : Path
        Its folder must exist. If the path is not a regular file, such as a pipe, it is yielded
        itself.

    Raises
    ------
    OSError
        If the file cannot be written; an existing file is unchanged then.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    handle, temporary = _temporary(path)
    with ExitStack() as stack:
        if fcntl:
            stack.callback(os.close, handle)  # also releases the lock
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
    """Make a temporary file beside a path, which is locked while it is open.

    Its name is always the same, so that it replaces the file of a killed process.
    """
    hidden = (
        f".{path.name[:60]}."  # short enough for any file system, also with multi-byte characters
    )
    temporary = path.with_name(f"{hidden}part")
    _remove_left(temporary)
    with suppress(FileExistsError):
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        _lock(handle, wait=True)
        if os.fstat(handle).st_nlink:  # otherwise another process removed it before it was locked
            return handle, temporary
        os.close(handle)
    # Another process is writing the same file.
    import tempfile  # tagging usually does not need it

    handle, name = tempfile.mkstemp(prefix=hidden, dir=path.parent)
    return handle, Path(name)


def _remove_left(temporary: Path) -> None:
    """Remove the temporary file of a dead process, which is not locked."""
    if not fcntl:
        return
    with suppress(OSError):  # usually there is none
        handle = os.open(temporary, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            same = _lock(handle) and os.path.samestat(os.fstat(handle), temporary.lstat())
            if same:  # not a newer file with the same name
                temporary.unlink()
        finally:
            os.close(handle)


def _lock(handle: int, *, wait: bool = False) -> bool:
    if not fcntl:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # locked, or a file system without locks
        return False
    return True


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name, then move it to its path in one step.

    Parameters
    ----------
    path : Path
        Its folder must exist.
    write : callable
        Takes the temporary path, and writes the file there.

    Raises
    ------
    OSError
        If the file cannot be written; an existing file is unchanged then.
    """
    with whole_file(path) as temporary:
        write(temporary)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
