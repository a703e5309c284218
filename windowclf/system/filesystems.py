"""Files on any file system of fsspec: a disk, an object store, a cluster."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, NamedTuple, cast
from uuid import uuid4

from windowclf.errors import DataError, OutputError, UsageError, WindowclfError, one_line
from windowclf.system.files import MAGIC, whole_file
from windowclf.system.packages import whole_install

with whole_install("a file in a store"):
    import fsspec
    from fsspec.implementations.local import LocalFileSystem

TEMPORARY = ".part"
"""Suffix of unfinished files, whose names begin with a dot."""


def open_store(url: str) -> tuple[Any, str]:
    """Return the file system of a path or a URL, and the path in it.

    Raises
    ------
    UsageError
        If fsspec does not support it, or its package is missing.
    DataError
        If the store does not answer.
    """
    try:
        return cast(tuple[Any, str], fsspec.url_to_fs(url))
    except (ValueError, ImportError) as error:
        raise UsageError(f"{url}: cannot be opened: {one_line(error)}") from None
    except Exception as error:
        raise DataError(f"{url}: cannot be opened: {_reason(error)}") from None


class Found(NamedTuple):
    """A file of a store.

    Parameters
    ----------
    path : str
        Its URL.
    place : PurePosixPath
        Its path relative to the folder, or to the fixed part of the pattern.
    size : int
        Size in bytes; 0 if it is unknown.
    """

    path: str
    place: PurePosixPath
    size: int


def find(name: str) -> tuple[list[Found], bool]:
    """Return the files of a URL, sorted, and whether it is a folder.

    A hidden file is found only by its own name.

    Parameters
    ----------
    name : str
        The URL of a file, of a folder, which is searched recursively, or a pattern.

    Raises
    ------
    UsageError
        If fsspec does not support the URL.
    DataError
        If no file exists, or the folder cannot be listed.
    """
    store, path = open_store(name)
    url_of = _speller(name, store, path)
    is_folder = False
    with reading_of(name):
        try:
            info = store.info(path)  # a file name may look like a pattern
        except FileNotFoundError:
            if MAGIC.isdisjoint(path):
                raise
            files = store.glob(path, detail=True)
            base = "/".join(takewhile(MAGIC.isdisjoint, path.split("/")))
            if not files:
                raise DataError(f"{name}: no such file, and no match for the pattern") from None
        else:
            if info["type"] != "directory":
                return [
                    Found(
                        url_of(path), PurePosixPath(path.rpartition("/")[2]), info.get("size") or 0
                    )
                ], False
            is_folder, base = True, path
            files = store.find(path, detail=True)
    found = []
    for each, info in files.items():
        place = PurePosixPath(each.removeprefix(base.rstrip("/") + "/"))
        if info["type"] != "directory" and not any(part.startswith(".") for part in place.parts):
            found.append(Found(url_of(each), place, info.get("size") or 0))
    return sorted(found), is_folder


def _speller(name: str, store: Any, path: str) -> Callable[[str], str]:
    """Return a function that turns paths of a store into URLs in the style of `name`."""
    before, found, after = name.partition(path.rstrip("/"))
    if "://" not in f"{before}{found}" or not found.strip("/"):
        return lambda each: str(store.unstrip_protocol(each))
    chained = after[after.find("::") :] if "::" in after else ""
    return lambda each: f"{before}{each}{chained}"


def names_below(folder: str) -> set[str]:
    """List the relative paths of all files below a folder; empty if it does not exist."""
    store, path = open_store(folder)
    with reading_of(folder):
        store.invalidate_cache()
        try:
            found = store.find(path)
        except FileNotFoundError:  # most stores return an empty list instead
            return set()
    return {each.removeprefix(path.rstrip("/") + "/") for each in found}


def below(folder: str, name: str) -> str:
    """Return the URL or path of a file in a folder."""
    return f"{folder.rstrip('/')}/{name}"


def local_folder(folder: str) -> Path | None:
    """Return a local folder as a path; None if it is remote."""
    store, path = open_store(folder)
    return Path(path) if isinstance(store, LocalFileSystem) else None


@contextmanager
def reading(url: str) -> Iterator[BinaryIO]:
    """Open a file as a seekable stream.

    Raises
    ------
    DataError
        If it cannot be opened.
    """
    store, path = open_store(url)
    with reading_of(url):
        file = store.open(path, "rb")
    with file:
        yield cast(BinaryIO, file)


def read_small(url: str) -> bytes | None:
    """Read a small file; None if it does not exist.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    store, path = open_store(url)
    with reading_of(url):
        try:
            return cast(bytes, store.cat_file(path))
        except FileNotFoundError:
            return None


@contextmanager
def writing(url: str) -> Iterator[BinaryIO]:
    """Write a file atomically, and make its folder if needed.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    store, path = open_store(url)
    if isinstance(store, LocalFileSystem):
        with _writing(url):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            with whole_file(Path(path)) as part, part.open("wb") as file:
                yield file
        return
    folder = path.rpartition("/")[0]
    temporary = f"{folder}/.{uuid4().hex}{TEMPORARY}"
    # Written locally first, because a store may show a partial upload as a complete file.
    with _writing(url), TemporaryDirectory() as here:
        part = Path(here) / "part"
        with part.open("wb") as file:
            yield file
        with _writing(url, Exception):
            store.makedirs(folder, exist_ok=True)
            store.put_file(str(part), temporary)
            store.mv(temporary, path)


def remove(url: str) -> None:
    """Remove a file if it exists.

    Raises
    ------
    OutputError
        If it exists and cannot be removed.
    """
    store, path = open_store(url)
    with _writing(url, Exception), suppress(FileNotFoundError):
        store.rm_file(path)


# Each store has its own errors, and not all of them are OSError.


@contextmanager
def reading_of(name: str) -> Iterator[None]:
    """Convert errors of a store while reading to errors of one line."""
    try:
        yield
    except WindowclfError:
        raise
    except FileNotFoundError:
        raise DataError(f"{name}: no such file or folder") from None
    except Exception as error:
        raise DataError(f"{name}: cannot be read: {_reason(error)}") from None


@contextmanager
def _writing(name: str, errors: type[Exception] = OSError) -> Iterator[None]:
    try:
        yield
    except errors as error:
        raise OutputError(f"{name}: cannot be written: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    # The message of a system error, without its number.
    strerror = getattr(error, "strerror", None)
    return one_line(Exception(strerror) if strerror else error) or type(error).__name__
