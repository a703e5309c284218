"""Stdin, stdout and stderr as the program finds them: closed, or in the encoding of a locale."""

import io
import os
import sys
from pathlib import Path


def prepare_streams() -> bool:
    """Set the encodings of stdout and stderr, and put something where a stream is closed.

    Off a terminal stdout is UTF-8, whatever the locale: a file is read elsewhere. A terminal keeps
    its encoding; a character that it lacks is a question mark.

    Returns
    -------
    bool
        Whether there is a stdout to write results to.
    """
    has_stdout = sys.stdout is not None
    for number in range(3):  # else a file that is opened later would be taken for the stream
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
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
