"""Splitting the input of a job into partitions."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec
from fsspec.implementations.local import LocalFileSystem

from windowclf.documents.formats.registry import FORMATS, format_of
from windowclf.documents.paths import list_files
from windowclf.errors import DataError, UsageError
from windowclf.system.filesystems import Found, find, open_store, reading

if TYPE_CHECKING:
    from pyarrow.parquet import FileMetaData

_PARQUET = FORMATS["parquet"]


class Partition(msgspec.Struct, frozen=True):
    """A part of the input that is tagged as a unit and written atomically.

    Parameters
    ----------
    source : str
        Path or URL of its file.
    name : str
        Name of its file in the output folder.
    size : int
        Approximate size in bytes.
    groups : tuple of int, optional
        Its range of row groups, without the end. None: the whole file.
    """

    source: str
    name: str
    size: int
    groups: tuple[int, int] | None = None


def plan_partitions(names: Sequence[str], output: str, partition_bytes: int) -> list[Partition]:
    """Split the files of a job into partitions.

    Parameters
    ----------
    names : sequence of str
        Files, folders (all files below them with an extension of Parquet) and patterns, local or
        as URLs. Files and folders below them whose names begin with "_" or "." are skipped.
    output : str
        The output folder; files below it are not input.
    partition_bytes : int
        Size above which a file is split between its row groups.

    Returns
    -------
    list of Partition
        The partitions in the order of the names, sorted within each name, without duplicates.

    Raises
    ------
    UsageError
        If a file has another format, two files have the same place in the output, or all files are
        below it.
    DataError
        If there is no file for a name.
    """
    partitions: dict[str, Partition] = {}
    files: dict[str, Found] = {}
    for found in chain.from_iterable(map(_find, names)):
        files.setdefault(found.path, found)
    for found in _outside(output, files.values()):
        form = format_of(found.place)
        if form and form is not _PARQUET:
            raise UsageError(
                f"{found.path}: is {form.name}; a job reads Parquet: leave out --engine, or "
                "convert it to Parquet with 'windowclf convert' or another tool"
            )
        for partition in _cut(found, partition_bytes):
            before = partitions.setdefault(partition.name, partition)
            if before is not partition:
                raise UsageError(
                    f"{partition.name} would be the output of both {before.source} and "
                    f"{partition.source}; use one pattern or folder for both"
                )
    if not partitions:
        raise UsageError(f"{', '.join(names)}: all files are below --output; choose another folder")
    return list(partitions.values())


def _find(name: str) -> list[Found]:
    """Return the sorted files of a name."""
    store, path = open_store(name)
    if isinstance(store, LocalFileSystem):
        here, is_folder = list_files(path)
        if other := next((each for each, _ in here if not Path(each).is_file()), None):
            raise DataError(f"{other}: expected a file or a folder")
        found = sorted(
            Found(Path(each).as_posix(), PurePosixPath(place), Path(each).stat().st_size)
            for each, place in here
        )
    else:
        found, is_folder = find(name)
    found = [
        each
        for each in found
        if not any(part.startswith(("_", ".")) for part in each.place.parts)
        and (not is_folder or format_of(each.place) is _PARQUET)
    ]
    if not found:
        raise DataError(
            f"{name}: no file was found; expected a file that ends in "
            f"{' or '.join(_PARQUET.suffixes)}, or matches the pattern; names that begin with '_' "
            "or '.' are skipped"
        )
    return found


def _outside(folder: str, files: Iterable[Found]) -> Iterator[Found]:
    """Leave out files below a folder."""
    store, path = open_store(folder)
    path = path.rstrip("/") + "/"
    for found in files:
        at, file = open_store(found.path)
        if at is not store or not file.startswith(path):
            yield found


def _cut(found: Found, partition_bytes: int) -> Iterator[Partition]:
    footer = read_footer(found.path) if found.size > partition_bytes else None
    sizes = _group_sizes(footer) if footer else []
    runs = [*group_runs(sizes, partition_bytes)]
    if len(runs) < 2:  # or the file cannot be read, which is reported later
        yield Partition(found.path, str(found.place), found.size)
        return
    place = found.place
    for number, (start, stop) in enumerate(runs):
        name = str(place.with_name(f"{place.stem}-{number:05d}{place.suffix}"))
        yield Partition(found.path, name, sum(sizes[start:stop]), (start, stop))


def read_footer(url: str) -> "FileMetaData | None":
    """Read the footer of a Parquet file; None if it cannot be read for any reason."""
    from pyarrow.parquet import read_metadata

    try:
        with reading(url) as file:
            return read_metadata(file)
    except Exception:  # stores have their own errors
        return None


def group_runs(sizes: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """Group adjacent row groups up to a total of `most` bytes; a larger one forms its own group."""
    start = total = 0
    for i, size in enumerate(sizes):
        if i > start and total + size > most:
            yield start, i
            start, total = i, 0
        total += size
    if sizes:
        yield start, len(sizes)


def _group_sizes(footer: "FileMetaData") -> list[int]:
    """Return the size of each row group in the file, in bytes."""
    groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
    return [
        sum(group.column(i).total_compressed_size for i in range(group.num_columns))
        for group in groups
    ]
