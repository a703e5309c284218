"""A check of gradients against finite differences."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from windowclf.nn.arrays import FloatArray
from windowclf.nn.parameter import Parameter, TableParameter

TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class GradientCheck:
    """The result of the check of one parameter.

    Parameters
    ----------
    shape : tuple of int
    checked : int
        Number of elements that were compared.
    error : float
        The largest relative error among them.
    """

    name: str
    shape: tuple[int, ...]
    checked: int
    error: float

    @property
    def passed(self) -> bool:
        """Whether the error is below `TOLERANCE`; NaN does not pass."""
        return self.error < TOLERANCE


def full_gradient(parameter: Parameter) -> FloatArray:
    """Return the gradient as a full array with zeros where no gradient was added."""
    grad = np.zeros_like(parameter.value)
    if isinstance(parameter, TableParameter):
        if parameter.rows is not None and parameter.grad is not None:
            grad[parameter.rows] = parameter.grad
    elif parameter.grad is not None:
        grad += parameter.grad
    return grad


def check_gradients(
    loss_and_gradients: Callable[[], float],
    parameters: Mapping[str, Parameter],
    rng: np.random.Generator,
    *,
    loss: Callable[[], float] | None = None,
    samples: int = 100,
    steps: Sequence[float] = (1e-3, 1e-4, 1e-5, 1e-6),
) -> Iterator[GradientCheck]:
    """Compare each parameter's gradient with differences of the loss.

    The numerical gradient is ``(J(w-2h) - 8 J(w-h) + 8 J(w+h) - J(w+2h)) / 12h``, whose error
    falls with ``h⁴``. The relative error of an element is ``|g - n| / max(|g|, |n|, s)``, where
    ``s`` is a thousandth of the largest gradient of that parameter, or 1e-6: below it, the
    difference of two losses has too few significant digits to compare.

    Parameters
    ----------
    loss_and_gradients : callable
        Computes the loss and accumulates the gradients; must be deterministic.
    parameters : mapping of str to Parameter
        The parameters to check, in float64.
    rng : numpy.random.Generator
        Chooses which elements of a large parameter are compared.
    loss : callable, optional
        Computes the same loss without the backward pass, which saves half of the time.
    samples : int
        Largest number of elements to compare per parameter; at most a fifth have no gradient.
    steps : sequence of float
        Values of ``h``. The next one is tried where the last one fails, because a kink of ReLU or
        of a margin may lie within the longer step. A wrong gradient fails with every step.

    Yields
    ------
    GradientCheck
        One for each parameter, in order.
    """
    for parameter in parameters.values():
        parameter.clear_grad()
    loss_and_gradients()
    analytic = {name: full_gradient(parameter) for name, parameter in parameters.items()}
    for name, parameter in parameters.items():
        flat, grad = parameter.value.reshape(-1), analytic[name].reshape(-1)
        order = rng.permutation(flat.size)
        alive, dead = order[grad[order] != 0], order[grad[order] == 0]
        chosen = np.concatenate([alive[: samples - samples // 5], dead[: samples // 5]])
        floor = max(1e-3 * float(np.abs(grad).max(initial=0.0)), 1e-6)
        errors = np.full(len(chosen), np.inf)
        for step in steps:
            for i in np.flatnonzero(~(errors < TOLERANCE)):
                numeric = _difference(loss or loss_and_gradients, flat, chosen[i], step)
                exact = grad[chosen[i]]
                error = abs(exact - numeric) / max(abs(exact), abs(numeric), floor)
                errors[i] = min(errors[i], error)
        largest = float(errors.max(initial=0.0))
        yield GradientCheck(name, parameter.value.shape, len(chosen), largest)
    for parameter in parameters.values():
        parameter.clear_grad()


def _difference(loss: Callable[[], float], flat: FloatArray, index: int, step: float) -> float:
    kept = flat[index]
    total = 0.0
    for distance, weight in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
        flat[index] = kept + distance * step
        total += weight * loss()
    flat[index] = kept
    return total / (12 * step)
