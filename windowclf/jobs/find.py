"""Which files a job reads, wherever they are."""

from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from fsspec.implementations.local import LocalFileSystem

from windowclf.documents.formats.registry import FORMATS, format_of
from windowclf.documents.paths import MAGIC, find_inputs
from windowclf.errors import DataError
from windowclf.system import filesystems as stores

_PARQUET = FORMATS["parquet"]


class Found(NamedTuple):
    """A file that a name stands for.

    Attributes
    ----------
    url : str
    path : str
        In its store.
    place : str
        Below the folder, or below what the pattern leaves fixed.
    size : int
        Bytes, 0 if its store does not say.
    """

    url: str
    path: str
    place: str
    size: int


def find(name: str, output: str) -> list[Found]:
    """Find the files of a name, sorted.

    Parameters
    ----------
    name : str
        A file, a folder (all below it whose names end as Parquet's do), or a pattern. Files and
        folders below that, whose names begin with "_" or ".", are no data, and left out.
    output : str
        A folder; what is below it is left out, too.

    Raises
    ------
    UsageError
        If fsspec knows no such store.
    DataError
        If there is no such file, or it cannot be listed.
    """
    store, path = stores.open_store(name)
    local = isinstance(store, LocalFileSystem)
    with stores.reading_of(name):
        files = sorted(_find_local(path) if local else _find_elsewhere(name, store, path))
    files = [file for file in files if not _is_hidden(file.place)]
    if not files:
        raise DataError(
            f"{name}: no file there that ends in {' or '.join(_PARQUET.suffixes)}, or fits the "
            "pattern; names that begin with '_' or '.' are left out"
        )
    written, folder = stores.open_store(output)
    folder = folder.rstrip("/") + "/"
    return [file for file in files if store is not written or not file.path.startswith(folder)]


def _find_local(path: str) -> Iterator[Found]:
    is_folder = Path(path).is_dir()
    try:
        inputs, _ = find_inputs([path])
    except DataError:
        if is_folder:  # which has no file of any format: to say so of Parquet is enough
            return
        raise
    for each, place, form in inputs:
        if not Path(each).is_file():
            raise DataError(f"{each}: expected a file or a folder")
        if form is _PARQUET or not is_folder:
            at = Path(each).as_posix()
            yield Found(at, at, place.as_posix(), Path(each).stat().st_size)


def _find_elsewhere(name: str, store: Any, path: str) -> Iterator[Found]:
    try:
        info = store.info(path)  # a name may have characters of patterns
    except FileNotFoundError:
        if MAGIC.isdisjoint(path):
            raise
        files = store.glob(path, detail=True)
        base = "/".join(takewhile(MAGIC.isdisjoint, path.split("/")))
    else:
        if info["type"] == "directory":
            below = store.find(path, detail=True)
            files = {each: of for each, of in below.items() if format_of(each) is _PARQUET}
            base = path
        else:
            files = {path: info}
            base = path.rpartition("/")[0]
    url_of = _spelled(name, store, path)
    for each, of in files.items():
        if of["type"] != "directory":
            place = each.removeprefix(base.rstrip("/") + "/")
            yield Found(url_of(each), each, place, of.get("size") or 0)


def _spelled(name: str, store: Any, path: str) -> Callable[[str], str]:
    """Spell paths of a store as a name does: with its host, or a store around the store."""
    before, found, after = name.partition(path.rstrip("/"))
    if "://" not in f"{before}{found}" or not found.strip("/"):
        return lambda each: str(store.unstrip_protocol(each))
    chained = after[after.find("::") :] if "::" in after else ""
    return lambda each: f"{before}{each}{chained}"


def _is_hidden(place: str) -> bool:
    return any(part.startswith(("_", ".")) for part in place.split("/"))
