"""What a job is cut into."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from windowclf.documents.formats.registry import format_of
from windowclf.errors import UsageError
from windowclf.jobs.find import Found, find
from windowclf.system import filesystems as stores

if TYPE_CHECKING:
    from pyarrow.parquet import FileMetaData


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
        Files, folders and patterns; see `windowclf.jobs.find.find`.
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
    for name in names:
        for found in find(name, output):
            files.setdefault(found.url, found)
    for found in files.values():
        form = format_of(found.place)
        if form and form.name != "parquet":
            raise UsageError(
                f"{found.url}: is {form.name}; a job reads Parquet: leave --engine away, or "
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


def _cut(found: Found, partition_bytes: int) -> Iterator[Partition]:
    footer = read_footer(found.url) if found.size > partition_bytes else None
    sizes = _group_sizes(footer) if footer else []
    runs = [*group_runs(sizes, partition_bytes)]
    if len(runs) < 2:  # or it cannot be read, which is told later
        yield Partition(found.url, found.place, found.size)
        return
    place = PurePosixPath(found.place)
    for number, (start, stop) in enumerate(runs):
        name = str(place.with_name(f"{place.stem}-{number:05d}{place.suffix}"))
        yield Partition(found.url, name, sum(sizes[start:stop]), (start, stop))


def read_footer(url: str) -> "FileMetaData | None":
    """Read what Parquet has at its end; None if it cannot be read, for whatever reason."""
    from pyarrow.parquet import read_metadata

    try:
        with stores.reading(url) as file:
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
