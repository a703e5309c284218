"""A lookup table of 8-bit integers, for tagging."""

from typing import NoReturn

import numpy as np
import numpy.typing as npt

from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.parameter import TableParameter


class QuantisedTable(TableParameter):
    """A lookup table in a quarter of the memory; only the rows that `take` reads become floats.

    It cannot be trained, because a training step is smaller than the difference of two codes.

    Parameters
    ----------
    codes : int8 array, shape (V, d)
    scales : float array, shape (V,)
        Row ``i`` is ``codes[i] * scales[i]``, in float32.
    """

    def __init__(self, codes: npt.NDArray[np.int8], scales: FloatArray) -> None:
        self.codes = codes
        self.scales = scales
        self.grad = None
        self.rows = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the table, (V, d)."""
        return self.codes.shape

    @property
    def value(self) -> FloatArray:
        """All rows as floats: a new array each time, and read-only."""
        value = self.take(np.arange(len(self.codes)))
        value.flags.writeable = False
        return value

    @value.setter
    def value(self, value: FloatArray) -> NoReturn:
        del value
        raise TypeError("a quantised table cannot be changed")

    def peek(self, rows: IntArray) -> FloatArray:
        """Decode rows of the table; see `TableParameter`."""
        taken = self.codes[rows].astype(np.float32)
        taken *= self.scales[rows].astype(np.float32)[:, np.newaxis]
        return taken

    def add_grad(self, grad: FloatArray) -> NoReturn:
        """Refuse a gradient.

        Raises
        ------
        TypeError
            Always.
        """
        del grad
        raise TypeError("a quantised table has no gradient: train one of floats")

    def add_row_grad(self, rows: IntArray, grad: FloatArray) -> NoReturn:
        """Refuse a gradient; see `add_grad`."""
        del rows
        self.add_grad(grad)
