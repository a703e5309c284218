"""A batch in parts, whose gradients are computed at the same time and then added up.

Into how many parts a batch falls depends on the batch alone, so the same seed gives the same
model on any number of threads. A part also fits the processor's cache where the batch does not.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import NamedTuple, TypeVar

import numpy as np

from windowclf.nn.arrays import IntArray, Run
from windowclf.nn.network import Network
from windowclf.nn.objective import Objective
from windowclf.nn.parameter import Parameter, TableParameter
from windowclf.system.threads import Workers
from windowclf.training.batches import BatchSource

_Part = TypeVar("_Part", Network, Objective)


class BatchSums(NamedTuple):
    """What a batch came to.

    Attributes
    ----------
    loss : float
        The mean over its examples.
    sensitivities : list of float
        ``‖δ^(l)‖`` of each layer, the scores last.
    """

    loss: float
    examples: int
    tokens: int
    sensitivities: list[float]


class Replicas:
    """A network, and replicas of it that collect the gradients of further parts.

    Parameters
    ----------
    network, objective, batches
        The first two collect the gradients of the first part, and of the whole batch in the end.
    rng : numpy.random.Generator
        Draws what is dropped in the first part; its children do so in the others.

    Attributes
    ----------
    rngs : list of numpy.random.Generator
        That of each part.
    """

    def __init__(
        self,
        network: Network,
        objective: Objective,
        batches: BatchSource,
        rng: np.random.Generator,
    ) -> None:
        others = range(batches.parts - 1)
        self._batches = batches
        self._networks = [network, *(replica(network) for _ in others)]
        self._objectives = [objective, *(replica(objective) for _ in others)]
        self.rngs = [rng, *rng.spawn(batches.parts - 1)]
        every = zip(self._networks, self._objectives, strict=True)
        named = [{**n.parameters(), **o.parameters()} for n, o in every]
        self._replicas: list[tuple[Parameter, ...]] = list(
            zip(*(parameters.values() for parameters in named), strict=True)
        )

    def add_gradients(self, parts: Sequence[IntArray], workers: Workers) -> BatchSums:
        """Compute the mean loss of a batch; add its gradients to those of the network.

        Parameters
        ----------
        parts : sequence of int array
            From `BatchSource.epoch`.
        """
        n = len(parts)
        if n == 1:
            one = self._networks[0], self._objectives[0], self.rngs[0], parts[0]
            return self._of_part(*one, workers.run)
        several = self._networks[:n], self._objectives[:n], self.rngs[:n], parts
        found = workers.run(self._of_part, *several)
        examples = sum(part.examples for part in found)
        shares = [part.examples / examples for part in found]
        for replicas in self._replicas:
            reduce_gradients(replicas[:n], shares)
        norms = np.array([part.sensitivities for part in found]) * np.array(shares)[:, None]
        return BatchSums(
            loss=sum(part.loss * share for part, share in zip(found, shares, strict=True)),
            examples=examples,
            tokens=sum(part.tokens for part in found),
            sensitivities=np.sqrt((norms * norms).sum(axis=0)).tolist(),
        )

    def _of_part(
        self,
        network: Network,
        objective: Objective,
        rng: np.random.Generator,
        chosen: IntArray,
        run: Run = map,
    ) -> BatchSums:
        batch = self._batches.part(chosen, rng)
        with np.errstate(over="ignore", invalid="ignore"):  # the loop looks for both
            s, backward = network.forward(batch, rng, run)
            loss, ds = objective.loss(s, batch.tags(), batch.lengths)
            norms = backward(ds)
        return BatchSums(loss, objective.examples(batch.lengths), len(s), norms)


def replica(whole: _Part) -> _Part:
    """Copy a network or an objective: it shares all values, and collects gradients of its own."""
    shared = {id(parameter.value): parameter.value for parameter in whole.parameters().values()}
    copied = deepcopy(whole, shared)
    for parameter in copied.parameters().values():
        parameter.clear_grad()
    return copied


def reduce_gradients(replicas: Sequence[Parameter], shares: Sequence[float]) -> None:
    """Move the gradients of the replicas of a parameter to the first of them.

    Parameters
    ----------
    replicas : sequence of Parameter
        The first ends with the sum of all gradients, each times its share; the others with none.
    shares : sequence of float
    """
    first = replicas[0]
    grads = [s * p.grad for p, s in zip(replicas, shares, strict=True) if p.grad is not None]
    tables = [p for p in replicas if isinstance(p, TableParameter)]
    rows = [table.rows for table in tables if table.rows is not None]
    for parameter in replicas:
        parameter.clear_grad()
    if grads and isinstance(first, TableParameter):
        first.add_row_grad(np.concatenate(rows), np.concatenate(grads))
    elif grads:
        first.grad = sum(grads[1:], grads[0])
