"""Data parallelism: the gradients of a batch's parts are computed in parallel and then summed.

The number of parts depends only on the batch, so the same seed gives the same model with any
number of threads. A part may also fit into the processor's cache when the whole batch does not.
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
    """Loss and statistics of a batch.

    Attributes
    ----------
    loss : float
        Mean loss of its examples.
    sensitivities : list of float
        ``‖δ^(l)‖`` of each layer, the scores last.
    """

    loss: float
    examples: int
    tokens: int
    sensitivities: list[float]


class Replicas:
    """A network, with a replica for each further part of a batch.

    Parameters
    ----------
    network, objective, batches
        Network and objective accumulate the gradients of the first part, and in the end those of
        the whole batch.
    rng : numpy.random.Generator
        Draws the dropout of the first part; generators spawned from it serve the others.

    Attributes
    ----------
    rngs : list of numpy.random.Generator
        The generator of each part.
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
            The examples of each part, from `BatchSource.epoch`.
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
        with np.errstate(over="ignore", invalid="ignore"):  # the training loop checks for both
            s, backward = network.forward(batch, rng, run)
            loss, ds = objective.loss(s, batch.tags(), batch.lengths)
            norms = backward(ds)
        return BatchSums(loss, objective.examples(batch.lengths), len(s), norms)


def replica(whole: _Part) -> _Part:
    """Copy a network or an objective; the copy shares all values but has its own gradients."""
    shared = {id(parameter.value): parameter.value for parameter in whole.parameters().values()}
    copied = deepcopy(whole, shared)
    for parameter in copied.parameters().values():
        parameter.clear_grad()
    return copied


def reduce_gradients(replicas: Sequence[Parameter], shares: Sequence[float]) -> None:
    """Reduce the gradients of a parameter's replicas into the first one.

    Parameters
    ----------
    replicas : sequence of Parameter
        The first one receives the weighted sum of all gradients; the others are cleared.
    shares : sequence of float
        Weight of each replica's gradient.
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
