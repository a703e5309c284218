"""Stdin, stdout and stderr at the start of the process: closed, or in a locale's encoding."""

import io
import os
import sys
from pathlib import Path


def prepare_streams() -> bool:
    """Set the encodings of stdout and stderr, and open the null device for closed streams.

    Stdout is UTF-8 in any locale unless it is a terminal, because files may be read elsewhere. A
    terminal keeps its encoding; characters outside it become question marks.

    Returns
    -------
    bool
        Whether stdout was open, so that results can be written.
    """
    has_stdout = sys.stdout is not None
    for number in range(3):  # otherwise a file opened later would get this number
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # to the end
    for stream, errors in ((sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            encoding = None if _is_terminal(stream) else "utf-8"
            stream.reconfigure(
                encoding=encoding, errors=errors if encoding is None else "backslashreplace"
            )
    return has_stdout


def _is_terminal(stream: io.TextIOWrapper) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # the caller has closed it
        return False
