"""Where documents are read from and written to: files, packed or not, stdin and stdout."""

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from windowclf.errors import DataError
from windowclf.system.files import OnBytesRead, Source, open_source, whole_file


@contextmanager
def open_input(path: str | Path, watch: OnBytesRead | None = None) -> Iterator[BinaryIO]:
    """Open a file, or stdin, for reading.

    Its method ``read1`` gives what has come, so that a slow stream is answered at once.

    Parameters
    ----------
    path : str or Path
        "-" is stdin. What ends in .gz or .zst is unpacked on the way.
    watch : callable, optional
        Is told how many bytes have been read, before they are unpacked.

    Raises
    ------
    DataError
        Here and on reading, if it cannot be read.
    """
    if str(path) == "-":
        yield io.BufferedReader(Source(sys.stdin.buffer, "stdin", watch))
        return
    with open_source(path, watch) as file:
        yield file


@contextmanager
def open_output(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file, which is written whole or not at all, or stdout.

    Parameters
    ----------
    path : str or Path
        "-" is stdout. What ends in .gz or .zst is packed on the way.

    Raises
    ------
    DataError
        Here, on writing or at the end, if it cannot be written.
    BrokenPipeError
        If nobody reads stdout any more.
    """
    if str(path) == "-":
        with _written("stdout"):
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    path = Path(path)
    with _written(path), whole_file(path) as temporary, temporary.open("wb") as file:
        if path.suffix.lower() == ".gz":
            with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                yield cast(BinaryIO, packed)
        elif path.suffix.lower() == ".zst":
            with _zstd(file) as packed:
                yield packed
        else:
            yield file


@contextmanager
def _written(name: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # readers raise none, so that it is of the file written
        if isinstance(error, BrokenPipeError) and name == "stdout":
            raise
        raise DataError(f"{name}: cannot be written: {error.strerror or error}") from error


def _zstd(file: BinaryIO) -> BinaryIO:
    import pyarrow

    return cast(BinaryIO, pyarrow.CompressedOutputStream(pyarrow.PythonFile(file, "w"), "zstd"))
