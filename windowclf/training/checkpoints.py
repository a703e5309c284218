"""A training that is kept on the disk while it goes on, and goes on from there after a stop."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from windowclf.errors import DataError
from windowclf.model.model import Model
from windowclf.model.record import Epoch
from windowclf.nn.arrays import FloatArray
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
from windowclf.training.loop import BatchDone, Training
from windowclf.training.texts import Texts


@dataclass(slots=True)
class TeacherScores:
    """What the teachers of a network said.

    Parameters
    ----------
    scores : float array, shape (T, K)
        Of the training text, added up and divided by the number that there will be.
    transitions : list of lists of arrays
        Of each teacher that is done, its moves between tags.
    """

    scores: FloatArray
    transitions: list[list[FloatArray]] = field(default_factory=list)

    def arrays(self) -> dict[str, Array]:
        """Name the arrays."""
        named = {
            f"moves{teacher}.{i}": array
            for teacher, arrays in enumerate(self.transitions)
            for i, array in enumerate(arrays)
        }
        return {"scores": self.scores, **named}


class Stopped(KeyboardInterrupt):
    """The training ended because `Checkpoints.stop` asked for it; its checkpoint is written."""


class Checkpoints:
    """Writes checkpoints of a training; of each, the one before is kept until it is whole.

    Parameters
    ----------
    folder : Path
        Where they go; nothing else should be there.
    asked : mapping, optional
        What the training was started with, for JSON: it is kept, and not looked into.
    every : float
        Seconds from one checkpoint to the next; there is one at the end of each epoch too. 0:
        after every batch.
    resume : bool
        Whether to go on from the checkpoint that is there.

    Attributes
    ----------
    asked : dict
        On resuming, that of the checkpoint.
    under_way : bool
        Whether `stop` will be heard soon: batches are being trained on.
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
        asked: Mapping[str, Any] | None = None,
        *,
        every: float = 60.0,
        resume: bool = False,
    ) -> None:
        self.folder = folder
        self.every = every
        self.under_way = self.kept = False
        self._saved = read_checkpoint(folder) if resume else None
        self.asked = self._saved.asked if self._saved else dict(asked or {})
        self._stopping = False
        self._written = time.monotonic()
        self._read: dict[str, str] = {}
        self._of_teachers: list[Epoch] = []
        self._epochs: list[Epoch] = []
        self._teacher_scores = TeacherScores(np.zeros(0, dtype=np.float32))

    def stop(self) -> None:
        """Ask that training end after the batch under way, and its checkpoint, by `Stopped`."""
        self._stopping = True

    def discard(self) -> None:
        """Remove the checkpoint: the training has ended."""
        remove_checkpoint(self.folder)

    def begin(
        self,
        model: Model,
        texts: Texts,
        teacher_scores: TeacherScores,
        of_teachers: list[Epoch],
        epochs: list[Epoch],
    ) -> None:
        """Hear what is trained; on resuming, fill in what was done.

        Parameters
        ----------
        model : Model
            Not trained yet.
        texts : Texts
        teacher_scores : TeacherScores
        of_teachers, epochs : list of Epoch
            Empty; will be added to.

        Raises
        ------
        DataError
            If the checkpoint is of another text, or of other vectors.
        ModelError
            If it is damaged.
        """
        self._read = _checksums(model, texts)
        self._teacher_scores, self._of_teachers, self._epochs = teacher_scores, of_teachers, epochs
        if self._saved is None:
            return
        changed = [
            name for name, digest in self._read.items() if self._saved.read.get(name) != digest
        ]
        if changed:
            raise DataError(
                f"{self.folder}: {' and '.join(changed)} changed since the training began: give "
                f"back what was there, or remove {self.folder} and train anew"
            )
        of_teachers += self._saved.of_teachers
        epochs += self._saved.epochs
        if self._saved.teachers > model.config.teachers:
            raise damaged(self.folder / CHECKPOINT, "it has more teachers than were asked for")
        shapes = [p.value for p in model.objective.parameters().values()]
        for _ in range(self._saved.teachers):
            teacher_scores.transitions.append([np.zeros_like(array) for array in shapes])
        self._fill(self._saved, "lessons", teacher_scores.arrays())

    def restore(self, training: Training, best: Arrays) -> None:
        """Set a training that begins to where the checkpoint was, if it was under way there.

        Parameters
        ----------
        training : Training
        best : mapping of str to array
            The parameters of the best epoch so far.

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
        """Write a checkpoint if it is time.

        Raises
        ------
        Stopped
            If `stop` asked for it.
        ModelError
            If it cannot be written.
        """
        due = time.monotonic() - self._written >= self.every
        if due or self._stopping or isinstance(event, Epoch):
            checkpoint = Checkpoint(
                asked=self.asked,
                read=self._read,
                teachers=len(self._teacher_scores.transitions),
                progress=training.progress(),
                of_teachers=self._of_teachers,
                epochs=self._epochs,
            )
            arrays = {**_arrays(training, best), "lessons": self._teacher_scores.arrays()}
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


def _checksums(model: Model, texts: Texts) -> dict[str, str]:
    """Compute checksums of all that a training depends on, by what a person calls it."""
    train = texts.train
    arrays = [getattr(train, part.name) for part in fields(train)]
    dev = [sentence.tokens for sentence in texts.dev], texts.gold
    values = [parameter.value for parameter in model.parameters().values()]
    return {
        "the training text": _checksum(model.labels, *arrays),
        "the dev text": _checksum(dev),
        "the word vectors or gazetteers": _checksum(model.lexicon.values, *values),
        "the settings": _checksum(model.config),
    }


def _checksum(facts: object, *arrays: Array) -> str:
    digest = hashlib.sha256(repr(facts).encode())
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
