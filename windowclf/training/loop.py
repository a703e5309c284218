"""The training loop: it yields what happens. Whoever runs it prints, saves and stops."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import numpy as np

from windowclf.config.config import Config
from windowclf.errors import TrainingError
from windowclf.evaluation.metrics import Scores
from windowclf.model.record import Epoch
from windowclf.nn.network import Network
from windowclf.nn.objective import Objective
from windowclf.nn.optimizers import SCHEDULES, make_optimizer
from windowclf.system.threads import Workers
from windowclf.training.batches import TrainingBatches
from windowclf.training.data_parallel import Replicas
from windowclf.training.epoch_sums import EpochSums
from windowclf.training.generator_state import (
    GeneratorState,
    generator_from,
    generator_state,
    set_generator,
)


@dataclass(frozen=True, slots=True)
class BatchDone:
    """One batch is done.

    Parameters
    ----------
    epoch, batch, batches : int
        Counted from 1; `batches` in an epoch.
    tokens : int
        Tokens of the batch.
    loss : float
        Mean over the batch.
    """

    epoch: int
    batch: int
    batches: int
    tokens: int
    loss: float


class Progress(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How far the training of a network has come: what the loop knows besides its arrays.

    Parameters
    ----------
    epoch : int
        The one under way, counted from 1.
    batch : int
        How many of its batches are done.
    sums : EpochSums
        What they came to.
    best_f1 : float
        Of the epochs before; -1 without a dev text.
    best_epoch : int
    begun : GeneratorState, optional
        Where the generator of the first part stood when the epoch began, to draw its order.
    generators : list of GeneratorState
        Where that of each part stands.
    """

    epoch: int = 1
    batch: int = 0
    sums: EpochSums = msgspec.field(default_factory=EpochSums)
    best_f1: float = -1.0
    best_epoch: int = 0
    begun: GeneratorState | None = None
    generators: list[GeneratorState] = []


class Training:
    """Trains a network, from the start or from where an earlier training stood.

    Parameters
    ----------
    network : Network
    objective : Objective
    batches : TrainingBatches
    config : Config
    rng : numpy.random.Generator
        Draws the order of the sentences and all that is dropped.

    Attributes
    ----------
    parameters : dict of str to Parameter
    optimizer : Optimizer
    """

    def __init__(
        self,
        network: Network,
        objective: Objective,
        batches: TrainingBatches,
        config: Config,
        rng: np.random.Generator,
    ) -> None:
        self.parameters = {**network.parameters(), **objective.parameters()}
        moved = dict(self.parameters)
        if config.freeze_vectors:
            del moved["L_word"]
        self.optimizer = make_optimizer(config.optimizer, moved, config.momentum)
        self._batches, self._config = batches, config
        self._replicas = Replicas(network, objective, batches, rng)
        self._at = Progress()

    def progress(self) -> Progress:
        """Say how far it has come; with the parameters and the optimiser's state, that is all."""
        states = [generator_state(rng) for rng in self._replicas.rngs]
        return msgspec.structs.replace(self._at, generators=states)

    def restore(self, progress: Progress) -> None:
        """Go on from there; the parameters and the optimiser's state are those of then.

        Raises
        ------
        ValueError
            If it is of a training with more parts of a batch, or fewer.
        """
        for rng, state in zip(self._replicas.rngs, progress.generators, strict=True):
            set_generator(rng, state)
        self._at = progress

    def run(
        self, evaluate: Callable[[], Scores] | None, workers: Workers
    ) -> Iterator[BatchDone | Epoch]:
        """Train; yield after each batch and after each epoch.

        Parameters
        ----------
        evaluate : callable or None
            Scores the network on the dev text; without it, training runs its full
            length and every epoch counts as the best.
        workers : Workers
            Share the parts of a batch.

        Yields
        ------
        BatchDone or Epoch

        Raises
        ------
        TrainingError
            If the loss is no longer finite.
        """
        at, config = self._at, self._config
        while at.epoch <= config.epochs and at.epoch - 1 - at.best_epoch < config.patience:
            yield from self._batches_of_epoch(workers)
            for name, parameter in self.parameters.items():
                if not np.isfinite(parameter.value).all():
                    what = f"parameter {name} is not finite"
                    raise diverged(what, at.epoch, len(self._batches), self._rate())
            scores = evaluate() if evaluate else None
            best = scores is None or scores.total.f1 > at.best_f1
            if best:
                at.best_f1, at.best_epoch = scores.total.f1 if scores else -1.0, at.epoch
            done = at.sums.epoch(at.epoch, self._rate(), scores, best=best)
            at.epoch, at.batch, at.sums = at.epoch + 1, 0, EpochSums()
            yield done

    def _batches_of_epoch(self, workers: Workers) -> Iterator[BatchDone]:
        """Train on the batches of the epoch that are not done yet."""
        at, rng = self._at, self._replicas.rngs[0]
        begun = generator_from(at.begun) if at.batch and at.begun else None
        if not begun:
            at.begun = generator_state(rng)
        resumed = time.perf_counter()
        for parts in self._batches.epoch(rng, begun, at.batch):
            at.batch += 1
            found = self._replicas.add_gradients(parts, workers)
            if not math.isfinite(found.loss):
                raise diverged(f"the loss is {found.loss}", at.epoch, at.batch, self._rate())
            at.sums.add(found, self.parameters)
            with np.errstate(over="ignore", invalid="ignore"):  # looked for after the epoch
                self.optimizer.step(self._rate(), workers.run)
            for parameter in self.parameters.values():
                parameter.clear_grad()
            at.sums.seconds += time.perf_counter() - resumed
            yield BatchDone(at.epoch, at.batch, len(self._batches), found.tokens, found.loss)
            resumed = time.perf_counter()

    def _rate(self) -> float:
        """Compute the learning rate of the batch that is under way, or was done last."""
        at, n = self._at, len(self._batches)
        done = ((at.epoch - 1) * n + at.batch - 1) / (self._config.epochs * n)
        return self._config.rate * SCHEDULES[self._config.schedule](done)


def diverged(what: str, epoch: int, batch: int, rate: float) -> TrainingError:
    """Say what is no longer finite, and where, and what may help."""
    return TrainingError(
        f"{what} at epoch {epoch}, batch {batch}: try a learning rate under {rate:.2g}"
    )
