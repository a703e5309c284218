"""One piece of work at a time in a folder."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from windowclf.errors import ModelError

# The library filelock would also keep two apart on Windows, but it cannot lock a folder: its lock
# file would stay in the user's folder after a kill, or lie where other machines do not see it.
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def exclusive_lock(folder: Path, work: str) -> Iterator[None]:
    """Keep others out of a folder; the system gives it free when the process dies.

    The folder itself is locked, so no file is left in it. A file system that knows no locks is
    used without.

    Parameters
    ----------
    folder : Path
        Must exist.
    work : str
        What goes on there, for messages.

    Raises
    ------
    ModelError
        If another process is at work there.
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
                    f"{folder}: another {work} is writing there: wait for its end, or give "
                    f"another --output"
                ) from None
        yield
    finally:
        os.close(handle)
