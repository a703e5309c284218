"""What a job is asked, and how far it has come; both lie in its folder of output."""

from pathlib import PurePosixPath
from typing import Literal

import msgspec

from windowclf.config.check import option_name
from windowclf.errors import OutputError, UsageError, one_line
from windowclf.system import filesystems
from windowclf.system.filesystems import TEMPORARY

RECORD = "_job.json"
ERRORS = "_errors"
"""The folder of the error table, a file for each partition that has errors."""


class Job(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes a job the same job.

    Parameters
    ----------
    model : str
        The digest of the model.
    text_column : str
        The column of the texts. Without it the column ``tokens`` is tagged.
    splitter : {"text", "line", "paragraph", "file", "pretokenized", "lines"}
        How texts are split, see `windowclf.tagging.texts.SPLITTERS`.
    max_characters : int
        Longer texts are errors.
    partition_bytes : int
        Files that are larger are cut.
    """

    model: str
    text_column: str = "text"
    splitter: Literal["text", "line", "paragraph", "file", "pretokenized", "lines"] = "text"
    max_characters: int = 1_000_000
    partition_bytes: int = 1 << 26


def begin(output: str, job: Job) -> set[str]:
    """Begin a job in a folder, or go on with it.

    Returns
    -------
    set of str
        The names of the partitions that are done.

    Raises
    ------
    UsageError
        If the folder has a job with other options.
    OutputError
        If it has files but no job, or cannot be written.
    DataError
        If it cannot be read.

    Notes
    -----
    What killed processes left is removed, and so are the errors of partitions that have no
    output: these are tried again.
    """
    there = filesystems.names_below(output)
    left = {name for name in there if _is_left(name)}
    there -= left
    record = filesystems.read_small(filesystems.below(output, RECORD))
    if record is None and there:
        raise OutputError(f"{output}: holds files but no job: give a new or an empty folder")
    if record is None:
        with filesystems.writing(filesystems.below(output, RECORD)) as file:
            file.write(msgspec.json.format(msgspec.json.encode(job)) + b"\n")
    else:
        _check_same(output, record, job)
    errors = {name for name in there if name.startswith(f"{ERRORS}/")}
    done = there - errors - {RECORD}
    for name in left | (errors - {errors_of(name) for name in done}):
        filesystems.remove(filesystems.below(output, name))
    return done


def remove_left(output: str) -> None:
    """Remove what killed processes left half-written.

    Raises
    ------
    OutputError
        If it cannot be removed.
    DataError
        If the folder cannot be read.
    """
    for name in filter(_is_left, filesystems.names_below(output)):
        filesystems.remove(filesystems.below(output, name))


def errors_of(name: str) -> str:
    """Say where in the folder the errors of a partition are.

    The name does not end as those of Parquet: readers such as Dask's and patterns would take the
    errors for rows of the output.
    """
    return f"{ERRORS}/{name}.errors"


def _check_same(output: str, record: bytes, job: Job) -> None:
    try:
        before = msgspec.json.decode(record, type=Job)
    except ValueError as error:  # of msgspec, or no UTF-8
        raise OutputError(
            f"{output}: holds no job of 'windowclf tag --engine': {RECORD}: {one_line(error)}"
        ) from None
    if before != job:
        differing = [
            "--pretokenized or --lines" if name == "splitter" else option_name(name)
            for name in Job.__struct_fields__
            if getattr(before, name) != getattr(job, name)
        ]
        raise UsageError(
            f"{output}: holds a job with other options: {', '.join(differing)}; "
            "give the same ones to go on, or another --output"
        )


def _is_left(name: str) -> bool:
    """Whether a file was being written when its process died."""
    last = PurePosixPath(name).name
    return last.startswith(".") and last.endswith(TEMPORARY)
