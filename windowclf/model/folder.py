"""The folder of a model: checks before writing, and removal of a killed process's files."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from windowclf.errors import ModelError
from windowclf.model.manifest import KINDS, MANIFEST, TIMES, read_manifest
from windowclf.system.files import write_whole

CHECKPOINT_FOLDER = "checkpoint"
"""Subfolder for the checkpoints of a training until it has ended."""
REPORT = "report.html"
"""The report of the training, which is next to the model but not part of it."""
_LEFT = re.compile(
    rf"({'|'.join(KINDS)})-[0-9a-f]{{12}}\.[a-z.]+"
    rf"|\.(({'|'.join(KINDS)})-[0-9a-f]{{12}}\.[a-z.]+|{MANIFEST}|{TIMES}|{REPORT})\.(part|\w{{8}})"
    rf"|{TIMES}|\.writable|\.\.writable\.(part|\w{{8}})"
)
"""Pattern of the names of model and training files, except the manifest."""


def remove_left(folder: Path) -> None:
    """Remove the incomplete files of a killed process from the folder of a complete model.

    No other process may write a model there at the same time.
    """
    try:
        there = (folder / MANIFEST).exists()
        entries = read_manifest(folder).files.values() if there else ()
        named = {entry.name for entry in entries} | ({TIMES} if there else set())
    except ModelError:
        return  # any file may still be needed to repair a damaged model
    for path in _left(folder):
        if path.name not in named:
            with suppress(OSError):
                path.unlink()


def _left(folder: Path) -> list[Path]:
    """List files that a save may have left: temporary files, and files of a model or training."""
    whole = (folder / MANIFEST).exists() or (folder / CHECKPOINT_FOLDER).is_dir()
    found = (path for path in folder.iterdir() if _LEFT.fullmatch(path.name))
    return [path for path in found if whole or path.name.startswith(".")]


@contextmanager
def without_report(folder: Path, manifest: bytes) -> Iterator[None]:
    """Remove the report of a model that is overwritten, and restore it if writing fails.

    Parameters
    ----------
    manifest : bytes
        Manifest of the new model. If the model does not change, the report is kept.
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
    """Check, before any work is done, that a model can be written to a folder.

    Raises
    ------
    ModelError
        If it is a file, contains anything but a model and the checkpoint of a training, or cannot
        be written.
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
