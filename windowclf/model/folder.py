"""The folder of a model: what may be written there, and what a killed process has left in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from windowclf.errors import ModelError
from windowclf.model.manifest import KINDS, MANIFEST, TIMES, read_manifest
from windowclf.system.files import write_whole

CHECKPOINT_FOLDER = "checkpoint"
"""Where in the folder of a model its training is kept until it has ended."""
REPORT = "report.html"
"""The report of the training: beside the model, but no part of it."""
_LEFT = re.compile(
    rf"({'|'.join(KINDS)})-[0-9a-f]{{12}}\.[a-z.]+"
    rf"|\.(({'|'.join(KINDS)})-[0-9a-f]{{12}}\.[a-z.]+|{MANIFEST}|{TIMES}|{REPORT})\.(part|\w{{8}})"
    rf"|{TIMES}|\.writable|\.\.writable\.(part|\w{{8}})"
)
"""Names of the files that a model is made of or by, but for its manifest."""


def remove_left(folder: Path) -> None:
    """Remove what a process that was killed has left of a model beside the one that is whole.

    Nothing else may be writing a model there.
    """
    try:
        there = (folder / MANIFEST).exists()
        entries = read_manifest(folder).files.values() if there else ()
        named = {entry.name for entry in entries} | ({TIMES} if there else set())
    except ModelError:
        return  # of a damaged model each file may be needed yet
    for path in _left(folder):
        if path.name not in named:
            with suppress(OSError):
                path.unlink()


def _left(folder: Path) -> list[Path]:
    """List what a save may have left: temporary files, and whole ones of a model or a training."""
    whole = (folder / MANIFEST).exists() or (folder / CHECKPOINT_FOLDER).is_dir()
    found = (path for path in folder.iterdir() if _LEFT.fullmatch(path.name))
    return [path for path in found if whole or path.name.startswith(".")]


@contextmanager
def without_report(folder: Path, manifest: bytes) -> Iterator[None]:
    """Remove the report of a model that is written over; it is back if that fails.

    Parameters
    ----------
    manifest : bytes
        Of the new model: the report of the same one stays.
    """
    report, aside = folder / REPORT, folder / f".{REPORT}.part"
    with suppress(OSError):
        if (folder / MANIFEST).read_bytes() != manifest:
            report.replace(aside)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            aside.replace(report)
        raise
    with suppress(OSError):
        aside.unlink()


def check_output(folder: Path) -> None:
    """Refuse a folder into which a model cannot be written, before any work is done.

    Raises
    ------
    ModelError
        If it is a file, holds something else than a model and the checkpoint of a training, or
        cannot be written to.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise ModelError(f"{folder}: is a file: expected a folder, new or with a model")
        if folder.is_dir():
            ours = {*_left(folder), folder / CHECKPOINT_FOLDER}
            if not ours.issuperset(folder.iterdir()) and not (folder / MANIFEST).exists():
                raise ModelError(
                    f"{folder}: holds files but no model: give a new or an empty folder"
                )
            write_whole(folder / ".writable", Path.touch)
            (folder / ".writable").unlink(missing_ok=True)
        else:
            folder.mkdir(parents=True)
    except OSError as error:
        raise ModelError(f"{folder}: cannot write the model there: {error.strerror}") from None
