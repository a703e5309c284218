"""Optimisers, and schedules of the learning rate.

A step changes only the rows of a lookup table that the batch used, and only their state, as in
PyTorch's SparseAdam and lazy Adam.
"""

import math
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from windowclf.nn.arrays import FloatArray, Run
from windowclf.nn.parameter import Parameter, TableParameter

SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda _done: 1.0,
    "linear": lambda done: 1.0 - done,
    "cosine": lambda done: 0.5 * (1.0 + math.cos(math.pi * done)),
}
"""Each schedule takes the completed share of the training, in [0, 1), and returns a factor."""

_Grads = Mapping[str, FloatArray]


class Optimizer(Protocol):
    """Updates parameters from their gradients."""

    def step(self, rate: float, run: Run = map) -> None:
        """Update every parameter that has a gradient.

        Parameters
        ----------
        rate : float
            The learning rate ``η`` of this step.
        run : callable
            `map`, or a function like it that runs several calls at the same time.
        """

    def state(self) -> dict[str, FloatArray]:
        """Return the arrays that the next step depends on, by name; they are not copied."""


class _Stateful:
    """Base of the optimisers, with `slots` arrays of state for each parameter."""

    slots: tuple[str, ...] = ()

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self.parameters = parameters
        self._state = {
            f"{slot}.{name}": np.zeros_like(parameter.value)
            for slot in self.slots
            for name, parameter in parameters.items()
        }

    def state(self) -> dict[str, FloatArray]:
        return self._state

    def step(self, rate: float, run: Run = map) -> None:
        grads = {n: p.grad for n, p in self.parameters.items() if p.grad is not None}
        moving = sorted(grads, key=lambda name: grads[name].size, reverse=True)
        # The largest parameter is about as much work as all the others.
        pieces = [{name: grads[name] for name in names} for names in (moving[:1], moving[1:])]
        for _ in run(lambda piece: self._move(piece, rate), pieces):
            pass

    def _move(self, grads: _Grads, rate: float) -> None:
        for name, grad in grads.items():
            parameter = self.parameters[name]
            state = [self._state[f"{slot}.{name}"] for slot in self.slots]
            if isinstance(parameter, TableParameter) and parameter.rows is not None:
                rows = parameter.rows
                # `take` copies rows in half the time of indexing.
                value, *used = (array.take(rows, axis=0) for array in (parameter.value, *state))
                value -= self._change(grad, used, rate)
                parameter.value[rows] = value
                for array, changed in zip(state, used, strict=True):
                    array[rows] = changed
            else:
                parameter.value -= self._change(grad, state, rate)

    def _change(self, grad: FloatArray, state: list[FloatArray], rate: float) -> FloatArray:
        """Return the amount to subtract from the parameter; change the state in place."""
        raise NotImplementedError


class SGD(_Stateful):
    """Stochastic gradient descent, ``w ← w - η g``; with momentum ``v ← μ v + g``, ``w ← w - η v``.

    Parameters
    ----------
    parameters : mapping of str to Parameter
    momentum : float
        ``μ`` in [0, 1).
    """

    def __init__(self, parameters: Mapping[str, Parameter], momentum: float = 0.0) -> None:
        self.slots = ("velocity",) if momentum else ()
        self.momentum = momentum
        super().__init__(parameters)

    def _change(self, grad: FloatArray, state: list[FloatArray], rate: float) -> FloatArray:
        if not state:
            return rate * grad
        (velocity,) = state
        velocity *= self.momentum
        velocity += grad
        return rate * velocity


class Adagrad(_Stateful):
    """``G ← G + g²``, ``w ← w - η g / (√G + ε)`` (Duchi, Hazan and Singer 2011)."""

    slots = ("sum_of_squares",)
    epsilon = 1e-8

    def _change(self, grad: FloatArray, state: list[FloatArray], rate: float) -> FloatArray:
        (total,) = state
        total += grad * grad
        return rate * grad / (np.sqrt(total) + self.epsilon)


class Adam(_Stateful):
    """``m ← β₁m + (1-β₁)g``, ``v ← β₂v + (1-β₂)g²``, ``w ← w - η m̂ / (√v̂ + ε)``.

    ``m̂ = m / (1-β₁ᵗ)`` and ``v̂ = v / (1-β₂ᵗ)`` with ``t`` the number of steps (Kingma and Ba
    2015). The state stores ``m / (1-β₁)`` and ``v / (1-β₂)``, which saves two passes over the
    arrays.
    """

    slots = ("first_moment", "second_moment")
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        super().__init__(parameters)
        self._state["steps"] = np.zeros(1)

    def step(self, rate: float, run: Run = map) -> None:
        """Count the step, then move the parameters; see `Optimizer`."""
        self._state["steps"] += 1
        super().step(rate, run)

    def _change(self, grad: FloatArray, state: list[FloatArray], rate: float) -> FloatArray:
        m, v = state
        t = float(self._state["steps"][0])
        m *= self.beta1
        m += grad
        v *= self.beta2
        change = grad * grad
        v += change
        # Both corrections become one factor of the rate; ε is scaled along with √v.
        to_v = float(np.sqrt((1 - self.beta2) / (1 - self.beta2**t)))
        to_m = (1 - self.beta1) / (1 - self.beta1**t)
        np.sqrt(v, out=change)
        change += self.epsilon / to_v
        np.divide(m, change, out=change)
        change *= rate * to_m / to_v
        return change


def make_optimizer(
    name: str, parameters: Mapping[str, Parameter], momentum: float = 0.0
) -> Optimizer:
    """Make an optimiser by its name.

    Parameters
    ----------
    name : {"sgd", "adagrad", "adam"}
    parameters : mapping of str to Parameter
    momentum : float
        Momentum of "sgd"; the other optimisers ignore it.
    """
    if name == "sgd":
        return SGD(parameters, momentum)
    return {"adagrad": Adagrad, "adam": Adam}[name](parameters)
