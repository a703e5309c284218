"""One training at a time in a folder."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from windowclf.errors import ModelError

try:
    import fcntl
except ImportError:  # Windows, where two trainings are not kept apart
    fcntl = None  # type: ignore[assignment]


@contextmanager
def only_training(folder: Path) -> Iterator[None]:
    """Keep other trainings out of a folder; the system gives it free when the process dies.

    The folder itself is locked, so no file is left in it. A file system that knows no locks is
    used without.

    Parameters
    ----------
    folder : Path
        Must exist.

    Raises
    ------
    ModelError
        If another training is at work there.
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
                    f"{folder}: another training is writing there: wait for its end, or give "
                    f"another --output"
                ) from None
        yield
    finally:
        os.close(handle)
