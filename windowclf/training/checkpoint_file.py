"""The files of a checkpoint: safetensors and JSON, each replaced atomically, the manifest last.

As in a model folder, the name of each array file contains a part of its checksum. The files of the
previous checkpoint therefore remain until ``checkpoint.json`` names the new ones, and arrays that
did not change are not written again.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta
from safetensors import SafetensorError
from safetensors.numpy import load, save

from windowclf.errors import ModelError
from windowclf.model.manifest import FileEntry, Sealed, file_entry, map_file
from windowclf.model.record import Epoch
from windowclf.system.files import write_whole
from windowclf.training.loop import Progress

FORMAT = 1
CHECKPOINT = "checkpoint.json"
KINDS = ("now", "best", "optimizer", "lessons")
"""Kinds of arrays. The last one holds the teachers' scores, under their name in 0.1.0."""

Array = npt.NDArray[Any]
Arrays = Mapping[str, Array]


class Checkpoint(Sealed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of ``checkpoint.json``.

    Parameters
    ----------
    format : int
        `FORMAT` of the program that wrote it.
    options : dict
        The options that the training was started with, see `Checkpoints`.
    read : dict of str to str
        Checksums of the inputs of the training.
    teachers : int
        Number of teachers whose training is complete.
    progress : Progress
        Progress of the current network: the next teacher, or the network that they teach.
    of_teachers, epochs : list of Epoch
        Completed epochs of the teachers and of the network.
    files : dict of str to FileEntry
        Array files by the kinds of `KINDS`: the current parameters, the best parameters, the
        optimiser's state, and the teachers' scores.
    sha256 : str
        See `Sealed`.
    """

    WHAT = "checkpoint"
    FILE = CHECKPOINT
    NEWEST = FORMAT
    LARGEST = 2**26  # enough for tens of thousands of epochs
    LARGEST_OF = dict.fromkeys(KINDS, 2**40)
    CURE = "remove {folder} and train again from the start"

    format: int = FORMAT
    options: dict[str, Any] = msgspec.field(name="asked")
    read: dict[str, str]
    teachers: Annotated[int, Meta(ge=0)]
    progress: Progress
    of_teachers: list[Epoch]
    epochs: list[Epoch]
    files: dict[str, FileEntry] = msgspec.field(default_factory=dict)
    sha256: str = ""


damaged = Checkpoint.damaged
read_checkpoint = Checkpoint.read_from


def write_checkpoint(folder: Path, checkpoint: Checkpoint, arrays: Mapping[str, Arrays]) -> None:
    """Write a checkpoint; the previous one remains intact until the new one is complete.

    Parameters
    ----------
    folder : Path
        Created if it does not exist.
    checkpoint : Checkpoint
        The manifest; its `files` are filled in here.
    arrays : mapping of str to mapping of str to array
        Arrays by the kinds of `KINDS`, then by name.

    Raises
    ------
    ModelError
        If a file cannot be written.
    """
    entries: dict[str, FileEntry] = {}
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = {path.name for path in folder.iterdir()}
        for kind, named in arrays.items():
            content = save({name: np.ascontiguousarray(array) for name, array in named.items()})
            entry = entries[kind] = file_entry(kind, ".safetensors", content)
            path = folder / entry.name
            if entry.name not in before or path.stat().st_size != entry.size:
                written.append(path)
                _write(path, content)
        checkpoint = msgspec.structs.replace(checkpoint, files=entries).sealed()
        _write(folder / CHECKPOINT, msgspec.json.encode(checkpoint))
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        with suppress(OSError):  # the folder is not empty, or was never created
            folder.rmdir()
        raise ModelError(
            f"{error.filename or folder}: cannot write the checkpoint: {error.strerror}"
        ) from None
    kept = {entry.name for entry in entries.values()} | {CHECKPOINT}
    _remove(folder, before - kept)


def _write(path: Path, content: bytes) -> None:
    write_whole(path, lambda temporary: temporary.write_bytes(content))


def remove_checkpoint(folder: Path) -> None:
    """Remove a checkpoint, the manifest first; nothing happens if there is none."""
    _remove(folder, {CHECKPOINT})
    with suppress(OSError):
        _remove(folder, {path.name for path in folder.iterdir()})
        folder.rmdir()


def _remove(folder: Path, names: set[str]) -> None:
    """Remove files of a checkpoint, including unfinished files of a killed process."""
    ours = (CHECKPOINT, *(f"{kind}-" for kind in KINDS))
    for name in names:
        if name.lstrip(".").startswith(ours):
            with suppress(OSError):  # the checkpoint is complete, even if old files remain
                (folder / name).unlink()


def read_arrays(folder: Path, checkpoint: Checkpoint, kind: str) -> dict[str, Array]:
    """Read the arrays of a kind of `KINDS`.

    Parameters
    ----------
    checkpoint : Checkpoint
        The manifest from `read_checkpoint`.

    Raises
    ------
    ModelError
        If the file is missing, or is not the one that the manifest names.
    """
    content = map_file(folder, checkpoint, kind)[:]
    try:
        arrays: dict[str, Array] = load(content)
    except (ValueError, TypeError, KeyError, SafetensorError) as error:
        raise damaged(folder / checkpoint.files[kind].name, error) from None
    return arrays


def copy_arrays(arrays: Arrays, places: Arrays, path: Path) -> None:
    """Copy the arrays of a file into existing arrays of the same names, shapes and types.

    Raises
    ------
    ModelError
        If names, shapes or types differ.
    """
    if arrays.keys() != places.keys():
        raise damaged(path, f"expected the arrays {', '.join(places)}")
    for name, place in places.items():
        array = arrays[name]
        if (array.shape, array.dtype) != (place.shape, place.dtype):
            raise damaged(
                path,
                f"{name} is {array.dtype} {array.shape}, expected {place.dtype} {place.shape}",
            )
        np.copyto(place, array)
