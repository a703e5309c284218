"""Checkpoints: a training is saved to disk while it runs, and can be resumed after a stop."""

import dataclasses
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import fields

from windowclf.config.config import ADDED
from windowclf.errors import DataError
from windowclf.model.model import Model
from windowclf.model.record import Epoch
from windowclf.training.checkpoint_file import (
    CHECKPOINT,
    Array,
    Arrays,
    Checkpoint,
    copy_arrays,
    damaged,
    read_arrays,
    read_checkpoint,
    remove_checkpoint,
    write_checkpoint,
)
from windowclf.training.data import TrainingData
from windowclf.training.distillation import TeacherScores
from windowclf.training.loop import BatchDone, Training

EPOCH_SECONDS = 10.0
"""Shortest time between checkpoints at the ends of epochs. A checkpoint has the size of three
models; writing one after every epoch of a second would dominate training on few sentences."""


@dataclass(slots=True)
class History:
    """Results of a training so far; it grows while the training runs.

    Parameters
    ----------
    of_teachers, epochs : list of Epoch
        The epochs of the teachers, and of the network itself.
    """

    teacher_scores: TeacherScores
    of_teachers: list[Epoch] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)


class Stopped(KeyboardInterrupt):
    """The training ended because of `Checkpoints.stop`; its checkpoint is written."""


class Checkpoints:
    """Writes checkpoints of a training, each one complete before the previous one is removed.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoints, used for nothing else.
    options : mapping, optional
        The options that the training was started with, in JSON types; saved but not interpreted.
    every : float
        Seconds between checkpoints; at the end of an epoch `EPOCH_SECONDS` are enough. With 0,
        every batch is followed by a checkpoint.
    resume : bool
        Whether to resume from the checkpoint in the folder.

    Attributes
    ----------
    options : dict
        After a resumption, the options of the checkpoint.
    under_way : bool
        Whether batches are being trained, so that `stop` takes effect soon.
    kept : bool
        Whether there is a checkpoint of this training.

    Raises
    ------
    ModelError
        On resuming, if the checkpoint is missing, damaged, or written by a newer windowclf.
    """

    def __init__(
        self,
        folder: Path,
        options: Mapping[str, Any] | None = None,
        *,
        every: float = 60.0,
        resume: bool = False,
    ) -> None:
        self.folder = folder
        self.every = every
        self.under_way = self.kept = False
        self._saved = read_checkpoint(folder) if resume else None
        self.options = self._saved.options if self._saved else dict(options or {})
        self._stopping = False
        self._written = time.monotonic()
        self._read: dict[str, str] = {}
        self._history = History(TeacherScores(0, np.zeros(0, dtype=np.float32)))

    def stop(self) -> None:
        """End the training with `Stopped` after the current batch and a checkpoint."""
        self._stopping = True

    def discard(self) -> None:
        """Remove the checkpoint at the end of the training."""
        remove_checkpoint(self.folder)

    def begin(self, model: Model, data: TrainingData, history: History) -> None:
        """Register the training; on resumption, restore the results so far.

        Parameters
        ----------
        model : Model
            The untrained model.
        history : History
            The history, still empty; filled in on resumption.

        Raises
        ------
        DataError
            If the checkpoint belongs to another text or other vectors.
        ModelError
            If the checkpoint is damaged.
        """
        self._read = _checksums(model, data)
        self._history, saved = history, self._saved
        if saved is None:
            return
        both = saved.read | self._read
        changed = [name for name in both if saved.read.get(name) != self._read.get(name)]
        if changed:
            raise DataError(
                f"{self.folder}: {' and '.join(changed)} changed since the training began: restore "
                f"what was there, or remove {self.folder} and train again from the start"
            )
        if saved.teachers > history.teacher_scores.teachers:
            raise damaged(self.folder / CHECKPOINT, "it has more teachers than the settings")
        history.of_teachers += saved.of_teachers
        history.epochs += saved.epochs
        shapes = [p.value for p in model.objective.parameters().values()]
        for _ in range(saved.teachers):
            history.teacher_scores.transitions.append([np.zeros_like(array) for array in shapes])
        self._fill(saved, "lessons", history.teacher_scores.arrays())

    def restore(self, training: Training, best: Arrays) -> None:
        """Restore the state of the checkpoint if it was written while this network was trained.

        Parameters
        ----------
        best : mapping of str to array
            Arrays for the parameters of the best epoch so far; filled in.

        Raises
        ------
        ModelError
            If the checkpoint is damaged.
        """
        self.under_way = True
        if self._saved is None:
            return
        for kind, places in _arrays(training, best).items():
            self._fill(self._saved, kind, places)
        try:
            training.restore(self._saved.progress)
        except ValueError as error:
            raise damaged(self.folder / CHECKPOINT, str(error)) from None
        self._saved, self.kept = None, True

    def after(self, event: BatchDone | Epoch, training: Training, best: Arrays) -> None:
        """Write a checkpoint if one is due.

        Raises
        ------
        Stopped
            If `stop` was called.
        ModelError
            If the checkpoint cannot be written.
        """
        elapsed = time.monotonic() - self._written
        due = min(self.every, EPOCH_SECONDS) if isinstance(event, Epoch) else self.every
        if elapsed >= due or self._stopping:
            history = self._history
            checkpoint = Checkpoint(
                options=self.options,
                read=self._read,
                teachers=len(history.teacher_scores.transitions),
                progress=training.progress(),
                of_teachers=history.of_teachers,
                epochs=history.epochs,
            )
            arrays = {**_arrays(training, best), "lessons": history.teacher_scores.arrays()}
            write_checkpoint(self.folder, checkpoint, arrays)
            self._written, self.kept = time.monotonic(), True
        if self._stopping:
            raise Stopped

    def _fill(self, saved: Checkpoint, kind: str, places: Arrays) -> None:
        path = self.folder / saved.files[kind].name
        copy_arrays(read_arrays(self.folder, saved, kind), places, path)


def _arrays(training: Training, best: Arrays) -> dict[str, Arrays]:
    now = {name: parameter.value for name, parameter in training.parameters.items()}
    return {"now": now, "best": best, "optimizer": training.optimizer.state()}


def _checksums(model: Model, data: TrainingData) -> dict[str, str]:
    """Compute checksums of all inputs of a training, by names for messages."""
    train = data.train
    arrays = [getattr(train, part.name) for part in dataclasses.fields(train)]
    weights = [] if data.weights is None else [data.weights]
    dev = [sentence.tokens for sentence in data.dev], data.gold
    values = [parameter.value for parameter in model.parameters().values()]
    # Settings keep their names of 0.1.0, so that its trainings can be resumed.
    found = [(f, getattr(model.config, f.name)) for f in fields(model.config)]
    settings = ((f.encode_name, v) for f, v in found if f.name not in ADDED or v != f.default)
    config = f"Config({', '.join(f'{name}={value!r}' for name, value in settings)})"
    checksums = {
        "the training text": _checksum(model.labels, *arrays, *weights),
        "the dev text": _checksum(dev),
        "the word vectors or gazetteers": _checksum(model.lexicon.values, *values),
        "the settings": _checksum(config),
    }
    if unlabelled := [(s.tokens, s.document) for s in data.resources.unlabelled]:
        checksums["the unlabelled text"] = _checksum(unlabelled)
    if base := data.resources.base:
        of_base = [parameter.value for parameter in base.parameters().values()]
        checksums["the model it begins with"] = _checksum(
            (base.labels, base.lexicon.values), *of_base
        )
    if teachers := data.resources.teachers.values():
        arrays = [p.value for teacher in teachers for p in teacher.parameters().values()]
        known = [(teacher.labels, teacher.lexicon.values) for teacher in teachers]
        checksums["the trained teachers"] = _checksum(known, *arrays)
    return checksums


def _checksum(facts: object, *arrays: Array) -> str:
    text = facts if isinstance(facts, str) else repr(facts)
    digest = hashlib.sha256(text.encode())
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
