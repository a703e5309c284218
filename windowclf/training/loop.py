"""The training loop: a generator of what happens. Whoever runs it prints, saves and stops."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from windowclf.config import Config
from windowclf.errors import TrainingError
from windowclf.metrics import Scores
from windowclf.nn.network import Network
from windowclf.nn.objective import Objective
from windowclf.nn.optimizers import make_optimizer
from windowclf.nn.parameter import Parameter
from windowclf.nn.schedules import SCHEDULES
from windowclf.threads import Workers
from windowclf.training.batches import TrainingBatches
from windowclf.training.history import Epoch
from windowclf.training.parts import BatchSums, Replicas


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


def train(
    network: Network,
    objective: Objective,
    batches: TrainingBatches,
    config: Config,
    *,
    evaluate: Callable[[], Scores] | None,
    rng: np.random.Generator,
    workers: Workers,
) -> Iterator[BatchDone | Epoch]:
    """Train a network; yield after each batch and after each epoch.

    Parameters
    ----------
    network : Network
    objective : Objective
    batches : TrainingBatches
    config : Config
    evaluate : callable or None
        Scores the network on the dev text; without it, training runs its full
        length and every epoch counts as the best.
    rng : numpy.random.Generator
        Draws the order of the sentences and all that is dropped.
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
    parameters = {**network.parameters(), **objective.parameters()}
    moved = dict(parameters)
    if config.freeze_vectors:
        del moved["L_word"]
    optimizer = make_optimizer(config.optimizer, moved, config.momentum)
    replicas = Replicas(network, objective, batches, rng)
    best_f1, best_epoch = -1.0, 0
    for epoch in range(1, config.epochs + 1):
        sums = _EpochSums(parameters)
        seconds = 0.0
        resumed = time.perf_counter()
        for number, parts in enumerate(batches.epoch(rng), 1):
            done = ((epoch - 1) * len(batches) + number - 1) / (config.epochs * len(batches))
            rate = config.rate * SCHEDULES[config.schedule](done)
            found = replicas.add_gradients(parts, workers)
            if not math.isfinite(found.loss):
                raise diverged(f"the loss is {found.loss}", epoch, number, rate)
            sums.add(found)
            with np.errstate(over="ignore", invalid="ignore"):  # looked for after the epoch
                optimizer.step(rate, workers.run)
            for parameter in parameters.values():
                parameter.clear_grad()
            seconds += time.perf_counter() - resumed
            yield BatchDone(epoch, number, len(batches), found.tokens, found.loss)
            resumed = time.perf_counter()
        for name, parameter in parameters.items():
            if not np.isfinite(parameter.value).all():
                raise diverged(f"parameter {name} is not finite", epoch, len(batches), rate)
        scores = evaluate() if evaluate else None
        best = scores is None or scores.total.f1 > best_f1
        if best:
            best_f1, best_epoch = scores.total.f1 if scores else -1.0, epoch
        yield sums.epoch(epoch, rate, seconds, scores, best=best)
        if epoch - best_epoch >= config.patience:
            return


def diverged(what: str, epoch: int, batch: int, rate: float) -> TrainingError:
    """Say what is no longer finite, and where, and what may help."""
    return TrainingError(
        f"{what} at epoch {epoch}, batch {batch}: try a learning rate under {rate:.2g}"
    )


class _EpochSums:
    """Adds up what an epoch's record is made of."""

    def __init__(self, parameters: dict[str, Parameter]) -> None:
        self.parameters = parameters
        self.loss = 0.0
        self.examples = self.tokens = self.batches = 0
        self.sensitivities: list[float] = []
        self.gradients = dict.fromkeys(parameters, 0.0)

    def add(self, batch: BatchSums) -> None:
        self.loss += batch.loss * batch.examples
        self.examples += batch.examples
        self.tokens += batch.tokens
        self.batches += 1
        previous = self.sensitivities or [0.0] * len(batch.sensitivities)
        self.sensitivities = [a + b for a, b in zip(previous, batch.sensitivities, strict=True)]
        for name, parameter in self.parameters.items():
            if parameter.grad is not None:
                self.gradients[name] += float(np.linalg.norm(parameter.grad))

    def epoch(
        self, epoch: int, rate: float, seconds: float, scores: Scores | None, *, best: bool
    ) -> Epoch:
        layers = [f"delta{i}" for i in range(1, len(self.sensitivities))] + ["delta_s"]
        return Epoch(
            epoch=epoch,
            loss=self.loss / self.examples,
            rate=rate,
            seconds=seconds,
            tokens_per_second=self.tokens / seconds,
            sensitivities={
                layer: total / self.batches
                for layer, total in zip(layers, self.sensitivities, strict=True)
            },
            gradients={name: total / self.batches for name, total in self.gradients.items()},
            precision=scores.total.precision if scores else None,
            recall=scores.total.recall if scores else None,
            f1=scores.total.f1 if scores else None,
            average_precision=scores.average_precision if scores else None,
            best=best,
        )
