"""Exclusive locks on folders."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from windowclf.errors import ModelError

# The library filelock would also work on Windows, but it cannot lock a folder: its lock file would
# stay in the user's folder after a kill, or be in a place that other machines do not see.
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def exclusive_lock(folder: Path, work: str) -> Iterator[None]:
    """Lock a folder for this process; the system releases the lock if the process dies.

    The folder itself is locked, so no lock file remains. On a file system without locks, nothing is
    locked.

    Parameters
    ----------
    folder : Path
        An existing folder.
    work : str
        Name of the work, for messages, such as "training".

    Raises
    ------
    ModelError
        If another process has locked the folder.
    """
    if not fcntl:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise ModelError(
                    f"{folder}: another {work} is writing there: wait for its end, or choose "
                    f"another --output"
                ) from None
        yield
    finally:
        os.close(handle)
