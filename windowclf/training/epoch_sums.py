"""What the batches of an epoch add up to, of which its record is made."""

from collections.abc import Mapping

import msgspec
import numpy as np

from windowclf.evaluation.metrics import Scores
from windowclf.model.record import Epoch
from windowclf.nn.parameter import Parameter
from windowclf.training.data_parallel import BatchSums

_Sum = float | None
"""JSON has no infinity: None is a sum past the range of the type."""


class EpochSums(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Adds up what an epoch's record is made of.

    Parameters
    ----------
    loss : float
        The losses of all examples.
    examples, tokens, batches : int
    sensitivities : list of float
        ``‖δ^(l)‖`` of each layer.
    gradients : dict of str to float
        The norm of each parameter's gradient.
    seconds : float
        Time of training.
    """

    loss: float = 0.0
    examples: int = 0
    tokens: int = 0
    batches: int = 0
    sensitivities: list[_Sum] = []
    gradients: dict[str, _Sum] = {}
    seconds: float = 0.0

    def add(self, batch: BatchSums, parameters: Mapping[str, Parameter]) -> None:
        """Add a batch, and the norms of the gradients that the parameters have of it."""
        self.loss += batch.loss * batch.examples
        self.examples += batch.examples
        self.tokens += batch.tokens
        self.batches += 1
        previous = self.sensitivities or [0.0] * len(batch.sensitivities)
        both = zip(previous, batch.sensitivities, strict=True)
        self.sensitivities = [_add(a, b) for a, b in both]
        for name, parameter in parameters.items():
            before = self.gradients.get(name, 0.0)
            with np.errstate(over="ignore"):  # None stands for what is past the range
                norm = 0.0 if parameter.grad is None else float(np.linalg.norm(parameter.grad))
            self.gradients[name] = _add(before, norm)

    def epoch(self, epoch: int, rate: float, scores: Scores | None, *, best: bool) -> Epoch:
        """Make the record of the epoch; see `Epoch`."""
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


def _add(a: _Sum, b: float) -> _Sum:
    return None if a is None or not np.isfinite(a + b) else a + b
