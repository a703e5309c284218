"""The options and the progress of a job, which are stored in its output folder."""

from pathlib import PurePosixPath
from typing import Literal

import msgspec

from windowclf.config.check import option_name
from windowclf.errors import OutputError, UsageError, one_line
from windowclf.system import filesystems
from windowclf.system.filesystems import TEMPORARY

RECORD = "_job.json"
ERRORS = "_errors"
"""The folder of the error table, with a file for each partition that has errors."""


class Job(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options that identify a job.

    Parameters
    ----------
    model : str
        The digest of the model.
    text_column : str
        The column with the texts. In a table without it, the column ``tokens`` is tagged.
    splitter : {"text", "line", "paragraph", "file", "pretokenized", "lines"}
        Name of the function that splits texts, see `windowclf.tagging.texts.SPLITTERS`.
    max_characters : int
        Length above which a text is an error.
    partition_bytes : int
        Size above which a file is split.
    """

    model: str
    text_column: str = "text"
    splitter: Literal["text", "line", "paragraph", "file", "pretokenized", "lines"] = "text"
    max_characters: int = 1_000_000
    partition_bytes: int = 1 << 26


def begin(output: str, job: Job) -> set[str]:
    """Start or resume a job in a folder.

    Returns
    -------
    set of str
        The names of the finished partitions.

    Raises
    ------
    UsageError
        If the folder has a job with other options.
    OutputError
        If the folder has files but no job, or cannot be written.
    DataError
        If the folder cannot be read.

    Notes
    -----
    Unfinished files of killed processes are removed, and also the errors of partitions without
    output, which are tried again.
    """
    there = filesystems.names_below(output)
    left = {name for name in there if _is_left(name)}
    there -= left
    record = filesystems.read_small(filesystems.below(output, RECORD))
    if record is None and there:
        raise OutputError(f"{output}: contains files but no job: give a new or empty folder")
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
    """Remove unfinished files of killed processes.

    Raises
    ------
    OutputError
        If a file cannot be removed.
    DataError
        If the folder cannot be read.
    """
    for name in filter(_is_left, filesystems.names_below(output)):
        filesystems.remove(filesystems.below(output, name))


def errors_of(name: str) -> str:
    """Return the path of a partition's errors in the output folder.

    It does not have the extension of Parquet, so that readers such as Dask's and glob patterns do
    not take the errors for output.
    """
    return f"{ERRORS}/{name}.errors"


def _check_same(output: str, record: bytes, job: Job) -> None:
    try:
        before = msgspec.json.decode(record, type=Job)
    except ValueError as error:  # from msgspec, or not UTF-8
        raise OutputError(
            f"{output}: not a job of 'windowclf tag --engine': {RECORD}: {one_line(error)}"
        ) from None
    if before != job:
        differing = [
            "--pretokenized or --lines" if name == "splitter" else option_name(name)
            for name in Job.__struct_fields__
            if getattr(before, name) != getattr(job, name)
        ]
        raise UsageError(
            f"{output}: contains a job with other options: {', '.join(differing)}; "
            "use the same ones to continue, or choose another --output"
        )


def _is_left(name: str) -> bool:
    """Whether a file was being written when its process died."""
    last = PurePosixPath(name).name
    return last.startswith(".") and last.endswith(TEMPORARY)
