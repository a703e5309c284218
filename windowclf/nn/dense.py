"""A fully connected layer."""

from collections.abc import Callable

from windowclf.nn.arrays import FloatArray
from windowclf.nn.parameter import Parameter


def dense_layer(
    U: Parameter, b: Parameter, a: FloatArray
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Compute ``s = Uᵀ a + b``.

    Parameters
    ----------
    U : Parameter, shape (H, K)
    b : Parameter, shape (K,)
    a : float array, shape (N, H)

    Returns
    -------
    s : float array, shape (N, K)
    backward : callable
        Takes ``∂J/∂s``, shape (N, K); adds ``∂J/∂U = a (∂J/∂s)ᵀ`` and ``∂J/∂b = ∂J/∂s``, summed
        over the batch; returns ``∂J/∂a = U ∂J/∂s``, shape (N, H).
    """

    def backward(ds: FloatArray) -> FloatArray:
        U.add_grad(a.T @ ds)
        b.add_grad(ds.sum(axis=0))
        da: FloatArray = ds @ U.value.T
        return da

    return a @ U.value + b.value, backward
