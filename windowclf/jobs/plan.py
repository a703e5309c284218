"""What a job is cut into."""

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
    """What is tagged at once, and is written whole or not at all.

    Parameters
    ----------
    source : str
        Where its file is.
    name : str
        Of its file of output, in the folder of the job.
    size : int
        Bytes that are read, about.
    groups : tuple of int, optional
        The first of its row groups, and the first beyond; None: all of the file.
    """

    source: str
    name: str
    size: int
    groups: tuple[int, int] | None = None


def plan_partitions(names: Sequence[str], output: str, partition_bytes: int) -> list[Partition]:
    """Cut the files of a job into partitions.

    Parameters
    ----------
    names : sequence of str
        Files, folders (all below them whose names end as Parquet's do) and patterns, each here or
        in a store. Files and folders below them whose names begin with "_" or "." are left out.
    output : str
        The folder of the job; files below it are no input.
    partition_bytes : int
        A file that is larger is cut between its row groups.

    Returns
    -------
    list of Partition
        In the order of the names, sorted within each; a file that is named twice is there once.

    Raises
    ------
    UsageError
        If a file is of another format, two have one place in the output, or all are below it.
    DataError
        If a name stands for no file.
    """
    partitions: dict[str, Partition] = {}
    files: dict[str, Found] = {}
    for found in chain.from_iterable(map(_find, names)):
        files.setdefault(found.path, found)
    for found in _outside(output, files.values()):
        form = format_of(found.place)
        if form and form is not _PARQUET:
            raise UsageError(
                f"{found.path}: is {form.name}; a job reads Parquet: leave --engine away, or "
                "write it as Parquet by 'windowclf convert' or another tool"
            )
        for partition in _cut(found, partition_bytes):
            before = partitions.setdefault(partition.name, partition)
            if before is not partition:
                raise UsageError(
                    f"{partition.name} would be the output of {before.source} and of "
                    f"{partition.source}; give one pattern or folder for both"
                )
    if not partitions:
        raise UsageError(f"{', '.join(names)}: all of it is below --output; give another folder")
    return list(partitions.values())


def _find(name: str) -> list[Found]:
    """Find the files of a name, sorted."""
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
            f"{name}: no file there that ends in {' or '.join(_PARQUET.suffixes)}, or fits the "
            "pattern; names that begin with '_' or '.' are left out"
        )
    return found


def _outside(folder: str, files: Iterable[Found]) -> Iterator[Found]:
    """Leave out what is below a folder."""
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
    if len(runs) < 2:  # or it cannot be read, which is told later
        yield Partition(found.path, str(found.place), found.size)
        return
    place = found.place
    for number, (start, stop) in enumerate(runs):
        name = str(place.with_name(f"{place.stem}-{number:05d}{place.suffix}"))
        yield Partition(found.path, name, sum(sizes[start:stop]), (start, stop))


def read_footer(url: str) -> "FileMetaData | None":
    """Read what Parquet has at its end; None if it cannot be read, for whatever reason."""
    from pyarrow.parquet import read_metadata

    try:
        with reading(url) as file:
            return read_metadata(file)
    except Exception:  # stores have errors of their own
        return None


def group_runs(sizes: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """Group neighbours that have `most` bytes together at the most, or are one."""
    start = total = 0
    for i, size in enumerate(sizes):
        if i > start and total + size > most:
            yield start, i
            start, total = i, 0
        total += size
    if sizes:
        yield start, len(sizes)


def _group_sizes(footer: "FileMetaData") -> list[int]:
    """Count the bytes of each row group, as they lie in the file."""
    groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
    return [
        sum(group.column(i).total_compressed_size for i in range(group.num_columns))
        for group in groups
    ]
