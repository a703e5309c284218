"""Files wherever fsspec opens them: on a disk, in a store of objects, on a cluster."""

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
"""The end of the names of files that are being written, which begin with a dot."""


def open_store(url: str) -> tuple[Any, str]:
    """Give the store of a path or a URL, and the path in it.

    Raises
    ------
    UsageError
        If fsspec knows no such store, or its package is not there.
    DataError
        If it does not answer.
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
        Below the folder that was named, or below what the pattern leaves fixed.
    size : int
        Bytes; 0 if its store does not say.
    """

    path: str
    place: PurePosixPath
    size: int


def find(name: str) -> tuple[list[Found], bool]:
    """Find the files of a URL, sorted, and say whether it is a folder.

    Hidden files are found only if they are named themselves.

    Parameters
    ----------
    name : str
        A file, a folder, which is searched with all folders in it, or a pattern.

    Raises
    ------
    UsageError
        If fsspec knows no such store.
    DataError
        If there is no such file, or it cannot be listed.
    """
    store, path = open_store(name)
    url_of = _speller(name, store, path)
    is_folder = False
    with reading_of(name):
        try:
            info = store.info(path)  # a name may have characters of patterns
        except FileNotFoundError:
            if MAGIC.isdisjoint(path):
                raise
            files = store.glob(path, detail=True)
            base = "/".join(takewhile(MAGIC.isdisjoint, path.split("/")))
            if not files:
                raise DataError(f"{name}: no such file; the pattern fits none") from None
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
    """Spell paths of a store as a name does: with its host, or a store around the store."""
    before, found, after = name.partition(path.rstrip("/"))
    if "://" not in f"{before}{found}" or not found.strip("/"):
        return lambda each: str(store.unstrip_protocol(each))
    chained = after[after.find("::") :] if "::" in after else ""
    return lambda each: f"{before}{each}{chained}"


def names_below(folder: str) -> set[str]:
    """List all files below a folder, by their places in it; none if it is not there."""
    store, path = open_store(folder)
    with reading_of(folder):
        store.invalidate_cache()
        try:
            found = store.find(path)
        except FileNotFoundError:  # most stores find none instead
            return set()
    return {each.removeprefix(path.rstrip("/") + "/") for each in found}


def below(folder: str, name: str) -> str:
    """Name a file in a folder."""
    return f"{folder.rstrip('/')}/{name}"


def local_folder(folder: str) -> Path | None:
    """Give a folder of this machine as a path; None if it is elsewhere."""
    store, path = open_store(folder)
    return Path(path) if isinstance(store, LocalFileSystem) else None


@contextmanager
def reading(url: str) -> Iterator[BinaryIO]:
    """Open a file, which can seek.

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
    """Read a small file; None if it is not there.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    store, path = open_store(url)
    with reading_of(url):
        try:
            return cast(bytes, store.cat_file(path))
        except FileNotFoundError:
            return None


@contextmanager
def writing(url: str) -> Iterator[BinaryIO]:
    """Write a file that is there whole or not at all; its folder is made.

    Raises
    ------
    OutputError
        If it cannot be written.
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
    # Here first: a store may show what was sent before an error as if it were whole.
    with _writing(url), TemporaryDirectory() as here:
        part = Path(here) / "part"
        with part.open("wb") as file:
            yield file
        with _writing(url, Exception):
            store.makedirs(folder, exist_ok=True)
            store.put_file(str(part), temporary)
            store.mv(temporary, path)


def remove(url: str) -> None:
    """Remove a file that may be there.

    Raises
    ------
    OutputError
        If it is there, and cannot be removed.
    """
    store, path = open_store(url)
    with _writing(url, Exception), suppress(FileNotFoundError):
        store.rm_file(path)


# Each store has errors of its own, which are not all OSError.


@contextmanager
def reading_of(name: str) -> Iterator[None]:
    """Say in a line what a store says when it is read."""
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
    # What an error of the system says, without its number.
    strerror = getattr(error, "strerror", None)
    return one_line(Exception(strerror) if strerror else error) or type(error).__name__
