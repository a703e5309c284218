"""The training loop of pretraining: a generator of what happens."""

import math
import time
from collections.abc import Callable, Iterator

import numpy as np

from windowclf.nn.arrays import IntArray
from windowclf.nn.network import Network
from windowclf.nn.optimizers import SCHEDULES, make_optimizer
from windowclf.pretraining.corruption import Corruption
from windowclf.pretraining.ranking import add_gradients
from windowclf.pretraining.result import PretrainEpoch
from windowclf.pretraining.settings import PretrainSettings
from windowclf.training.loop import BatchDone, diverged


def train_ranking(
    network: Network,
    epoch_batches: Callable[[np.random.Generator], Iterator[IntArray]],
    total: int,
    corrupt: Corruption,
    settings: PretrainSettings,
    *,
    measure: Callable[[], float | None],
    rng: np.random.Generator,
) -> Iterator[BatchDone | PretrainEpoch]:
    """Train a network to rank; yield after each batch and after each epoch.

    Parameters
    ----------
    network : Network
    epoch_batches : callable
        Given a generator, yields the windows of an epoch, int arrays of shape (N, 2c+1).
    total : int
        Windows of an epoch; the learning rate falls by them.
    corrupt : Corruption
    settings : PretrainSettings
    measure : callable
        Returns the share of held-out windows that outrank their replicas, or None.
    rng : numpy.random.Generator
        Draws the order, the corrupting words and all that is dropped.

    Yields
    ------
    BatchDone or PretrainEpoch

    Raises
    ------
    TrainingError
        If the loss or a parameter is no longer finite.
    """
    parameters = network.parameters()
    optimizer = make_optimizer(settings.optimizer, parameters)
    batches = math.ceil(total / settings.batch_size)
    for epoch in range(1, settings.epochs + 1):
        sum_of_losses, seen, start = 0.0, 0, time.perf_counter()
        for number, real in enumerate(epoch_batches(rng), 1):
            # Where rare words were pruned, `total` is too small: the last rate is then kept.
            done = (epoch - 1 + (min(number, batches) - 1) / batches) / settings.epochs
            rate = settings.rate * SCHEDULES["linear"](done)
            with np.errstate(over="ignore", invalid="ignore"):  # told in one line instead
                loss = add_gradients(network, real, corrupt(real, rng), rng)
                optimizer.step(rate)
            if not math.isfinite(loss):
                raise diverged(f"the loss is {loss}", epoch, number, rate)
            for parameter in parameters.values():
                parameter.clear_grad()
            sum_of_losses += loss * len(real)
            seen += len(real)
            yield BatchDone(epoch, number, max(batches, number), len(real), loss)
        seconds = time.perf_counter() - start
        if not all(np.isfinite(parameter.value).all() for parameter in parameters.values()):
            raise diverged("a parameter is not finite", epoch, number, rate)
        yield PretrainEpoch(
            epoch=epoch,
            loss=sum_of_losses / seen,
            seconds=seconds,
            tokens_per_second=seen / seconds,
            held_out=measure(),
        )
