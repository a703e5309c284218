"""The training loop. It yields events; its caller prints, saves and stops."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from windowclf.config.config import Config
from windowclf.errors import TrainingError
from windowclf.evaluation.metrics import Scores
from windowclf.model.record import Epoch
from windowclf.nn.arrays import IntArray
from windowclf.nn.network import Network
from windowclf.nn.objective import Objective
from windowclf.nn.optimizers import SCHEDULES, make_optimizer
from windowclf.nn.parameter import Parameter
from windowclf.system.threads import Workers
from windowclf.training.batches import BatchSource
from windowclf.training.data_parallel import BatchSums, Replicas

_Hex = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
_Sum = float | None
"""None stands for a sum that overflowed, because JSON has no infinity."""


@dataclass(frozen=True, slots=True)
class NetworkBegins:
    """The training of a network begins; reported if there are several networks.

    Parameters
    ----------
    name : str
        Name of the network, such as "teacher 1 of 2".
    aside : bool
        Whether it is trained after the main network; its epochs are then not reported, and its
        batches may not be.
    """

    name: str
    aside: bool = False


@dataclass(frozen=True, slots=True)
class BatchDone:
    """One batch is done.

    Parameters
    ----------
    epoch, batch, batches : int
        Number of the epoch and of the batch in it, from 1, and the number of batches per epoch.
    tokens : int
        Number of tokens in the batch.
    loss : float
        Mean loss of the batch.
    """

    epoch: int
    batch: int
    batches: int
    tokens: int
    loss: float


class EpochSums(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Sums over the batches of an epoch, from which its record is made.

    Parameters
    ----------
    loss : float
        Sum of the losses of all examples.
    sensitivities : list of float
        Sum of ``‖δ^(l)‖`` for each layer.
    gradients : dict of str to float
        Sum of the gradient norms for each parameter.
    seconds : float
        Time spent on training, without evaluation.
    """

    loss: float = 0.0
    examples: int = 0
    tokens: int = 0
    batches: int = 0
    sensitivities: list[_Sum] = []
    gradients: dict[str, _Sum] = {}
    seconds: float = 0.0

    def add(self, batch: BatchSums, parameters: Mapping[str, Parameter]) -> None:
        """Add a batch, with the norms of the parameters' current gradients."""
        self.loss += batch.loss * batch.examples
        self.examples += batch.examples
        self.tokens += batch.tokens
        self.batches += 1
        previous = self.sensitivities or [0.0] * len(batch.sensitivities)
        both = zip(previous, batch.sensitivities, strict=True)
        self.sensitivities = [_add(a, b) for a, b in both]
        with np.errstate(over="ignore", invalid="ignore"):  # an overflow is recorded as None
            for name, parameter in parameters.items():
                grad = parameter.grad
                norm = 0.0 if grad is None else float(np.sqrt(np.vdot(grad, grad)))
                self.gradients[name] = _add(self.gradients.get(name, 0.0), norm)

    def epoch(self, epoch: int, rate: float, scores: Scores | None, *, best: bool) -> Epoch:
        """Make the record of the epoch."""
        layers = [f"delta{i}" for i in range(1, len(self.sensitivities))] + ["delta_s"]
        sensitivities = dict(zip(layers, self.sensitivities, strict=True))
        return Epoch(
            epoch=epoch,
            loss=self.loss / self.examples,
            rate=rate,
            seconds=self.seconds,
            tokens_per_second=self.tokens / self.seconds,
            sensitivities=self._means(sensitivities),
            gradients=self._means(self.gradients),
            precision=scores.total.precision if scores else None,
            recall=scores.total.recall if scores else None,
            f1=scores.total.f1 if scores else None,
            average_precision=scores.average_precision if scores else None,
            best=best,
        )

    def _means(self, sums: Mapping[str, _Sum]) -> dict[str, _Sum]:
        return {name: None if a is None else a / self.batches for name, a in sums.items()}


class GeneratorState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state of a PCG64, NumPy's generator.

    Parameters
    ----------
    state, inc : str
        The two 128-bit numbers of PCG64, as 32 hexadecimal digits.
    has_uint32 : int
        1 if half of the last number drawn is not used yet, else 0.
    uinteger : int
        The unused half.
    """

    state: _Hex
    inc: _Hex
    has_uint32: Annotated[int, Meta(ge=0, le=1)]
    uinteger: Annotated[int, Meta(ge=0, lt=2**32)]


class Progress(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Progress of the training of a network: the state of the loop except its arrays.

    Parameters
    ----------
    epoch : int
        The current epoch, from 1.
    batch : int
        Number of completed batches of this epoch.
    sums : EpochSums
        Sums over these batches.
    best_f1 : float
        Best F1 of the previous epochs; -1 without a dev text.
    begun : GeneratorState, optional
        State of the first part's generator when the epoch began; it draws the order of batches.
    generators : list of GeneratorState
        State of the generator of each part of a batch.
    """

    epoch: int = 1
    batch: int = 0
    sums: EpochSums = msgspec.field(default_factory=EpochSums)
    best_f1: float = -1.0
    best_epoch: int = 0
    begun: GeneratorState | None = None
    generators: list[GeneratorState] = []


class Training:
    """Trains a network, from the start or from where an earlier training stopped.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the order of the batches and the dropout masks.

    Attributes
    ----------
    parameters : dict of str to Parameter
        Parameters of the network and of the objective.
    """

    def __init__(
        self,
        network: Network,
        objective: Objective,
        batches: BatchSource,
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
        """Return the state of the loop, without the parameters and the optimiser's state."""
        states = [_state(rng) for rng in self._replicas.rngs]
        return msgspec.structs.replace(self._at, generators=states)

    def restore(self, progress: Progress) -> None:
        """Resume; the caller sets the parameters and the optimiser's state.

        Raises
        ------
        ValueError
            If the batches of the saved training had a different number of parts.
        """
        for rng, state in zip(self._replicas.rngs, progress.generators, strict=True):
            _set_state(rng, state)
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
            Compute the parts of a batch in parallel.

        Raises
        ------
        TrainingError
            If the loss is no longer finite.
        """
        at, config, n = self._at, self._config, len(self._batches)
        while at.epoch <= config.epochs and at.epoch - 1 - at.best_epoch < config.patience:
            resumed = time.perf_counter()
            for parts in self._batches_left():
                at.batch += 1
                found = self._replicas.add_gradients(parts, workers)
                if not math.isfinite(found.loss):
                    raise self._diverged(f"the loss is {found.loss}", at.batch)
                for parameter in self.parameters.values():
                    parameter.hold_fixed()
                at.sums.add(found, self.parameters)
                with np.errstate(over="ignore", invalid="ignore"):  # checked after the epoch
                    self.optimizer.step(self._rate(), workers.run)
                for parameter in self.parameters.values():
                    parameter.clear_grad()
                at.sums.seconds += time.perf_counter() - resumed
                yield BatchDone(at.epoch, at.batch, n, found.tokens, found.loss)
                resumed = time.perf_counter()
            for name, parameter in self.parameters.items():
                if not np.isfinite(parameter.value).all():
                    raise self._diverged(f"parameter {name} is not finite", n)
            scores = evaluate() if evaluate else None
            best = scores is None or scores.total.f1 > at.best_f1
            if best:
                at.best_f1, at.best_epoch = scores.total.f1 if scores else -1.0, at.epoch
            done = at.sums.epoch(at.epoch, self._rate(), scores, best=best)
            at.epoch, at.batch, at.sums = at.epoch + 1, 0, EpochSums()
            yield done

    def _batches_left(self) -> Iterator[list[IntArray]]:
        """Begin an epoch, or resume it with the order of batches drawn at its beginning."""
        at, rng = self._at, self._replicas.rngs[0]
        begun = None
        if at.batch and at.begun:
            begun = np.random.default_rng(0)
            _set_state(begun, at.begun)
        else:
            at.begun = _state(rng)
        return self._batches.epoch(rng, begun, at.batch)

    def _rate(self) -> float:
        """Compute the learning rate of the current or last batch."""
        at, n = self._at, len(self._batches)
        # An epoch may have more batches than expected; they keep the last rate.
        done = ((at.epoch - 1) * n + min(at.batch, n) - 1) / (self._config.epochs * n)
        return self._config.rate * SCHEDULES[self._config.schedule](done)

    def _diverged(self, what: str, batch: int) -> TrainingError:
        return TrainingError(
            f"{what} at epoch {self._at.epoch}, batch {batch}: "
            f"try a learning rate under {self._rate():.2g}"
        )


def _state(rng: np.random.Generator) -> GeneratorState:
    found: Any = rng.bit_generator.state
    return GeneratorState(
        state=f"{found['state']['state']:032x}",
        inc=f"{found['state']['inc']:032x}",
        has_uint32=found["has_uint32"],
        uinteger=found["uinteger"],
    )


def _set_state(rng: np.random.Generator, state: GeneratorState) -> None:
    rng.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": int(state.state, 16), "inc": int(state.inc, 16)},
        "has_uint32": state.has_uint32,
        "uinteger": state.uinteger,
    }


def _add(a: _Sum, b: float) -> _Sum:
    return None if a is None or not math.isfinite(a + b) else a + b
