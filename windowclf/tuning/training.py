"""The training of one trial, in this process or on the worker of a cluster."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import asdict

from windowclf.classifier import WindowClassifier
from windowclf.config.config import Config
from windowclf.corpora.sources import Corpus
from windowclf.errors import TrainingError
from windowclf.model.record import Epoch
from windowclf.training.fit import Listener
from windowclf.training.loop import BatchDone, NetworkBegins


@dataclass(frozen=True, slots=True)
class Material:
    """What all trials are trained with; see `WindowClassifier.fit`."""

    corpus: Corpus
    vectors: str = "bundled"
    gazetteers: Mapping[str, str | Path | Iterable[str]] | None = None


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to.

    Parameters
    ----------
    classifier : WindowClassifier
        Is not fitted if the training diverged in its first epoch.
    diverged : bool
        Whether the loss was no longer finite; the best epoch before counts.
    """

    classifier: WindowClassifier
    diverged: bool

    @property
    def f1(self) -> float:
        """On the dev text, of the best epoch; 0 if there was none."""
        record = self.classifier.model.record if self.classifier.is_fitted else None
        epochs = record.epochs if record else []
        return max((epoch.f1 or 0.0 for epoch in epochs), default=0.0)


def train(
    material: Material,
    config: Config,
    *,
    heard: Callable[[int, float], None],
    listener: Listener | None = None,
    threads: int | None = None,
) -> Trained:
    """Train by the settings of a trial.

    Parameters
    ----------
    material : Material
    config : Config
    heard : callable
        Is told of each epoch's number, of all networks where there are teachers, and F1. It may
        end the training by an exception, as may the listener.
    listener : callable, optional
        Is told of each batch and each epoch, before `heard`.
    threads : int, optional
        See `WindowClassifier.fit`.

    Raises
    ------
    DataError
        If the corpus or a gazetteer cannot be used.
    VectorsError
        If the word vectors cannot be read.
    """
    epochs = 0

    def hear(event: BatchDone | Epoch | NetworkBegins) -> None:
        nonlocal epochs
        if listener and not isinstance(event, NetworkBegins):  # a trial is shown in one line
            listener(event)
        if isinstance(event, Epoch) and event.f1 is not None:
            epochs += 1
            heard(epochs, event.f1)

    classifier = WindowClassifier(**asdict(config))
    try:
        classifier.fit(
            material.corpus,
            vectors=material.vectors,
            gazetteers=material.gazetteers,
            listener=hear,
            threads=threads,
        )
    except TrainingError:
        return Trained(classifier, diverged=True)
    return Trained(classifier, diverged=False)
