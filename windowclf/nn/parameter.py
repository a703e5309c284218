"""Parameters: values with their gradients, the only mutable parts of a network."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from windowclf.nn.arrays import BoolArray, FloatArray, IntArray, scatter_add


class Parameter:
    """An array that training changes, with its accumulated gradient.

    Parameters
    ----------
    value : float array
        The initial value; its dtype is used for everything computed from it.

    Attributes
    ----------
    value : float array
    grad : float array or None
        ``∂J/∂value``, the same shape; None until a backward pass has added to it.
    fixed : bool array or None
        The elements that training leaves as they are; its shape broadcasts to that of the value.
    """

    def __init__(self, value: FloatArray) -> None:
        self.value = value
        self.grad: FloatArray | None = None
        self.fixed: BoolArray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return self.value.shape

    def add_grad(self, grad: FloatArray) -> None:
        """Add to the gradient."""
        self.grad = grad if self.grad is None else self.grad + grad

    def hold_fixed(self) -> None:
        """Set the gradient of fixed elements to zero, so that no optimiser changes them."""
        if self.fixed is not None and self.grad is not None:
            self.grad = np.where(self.fixed, self.grad.dtype.type(0), self.grad)

    def clear_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None


class TableParameter(Parameter):
    """A lookup table, whose gradient is stored only for the rows that the batch used.

    Attributes
    ----------
    rows : int array, shape (n,), or None
        Indices of the rows with a gradient, distinct and ascending.
    grad : float array, shape (n, d), or None
        The gradients of these rows.
    """

    def __init__(self, value: FloatArray) -> None:
        super().__init__(value)
        self.rows: IntArray | None = None

    def take(self, rows: IntArray) -> FloatArray:
        """Copy rows out of the table.

        Parameters
        ----------
        rows : int array, shape (n,)

        Returns
        -------
        float array, shape (n, d)
        """
        return self.peek(rows)

    def peek(self, rows: IntArray) -> FloatArray:
        """Copy rows out of the table without any check of their values; see `take`."""
        return self.value.take(rows, axis=0)

    def add_row_grad(self, rows: IntArray, grad: FloatArray) -> None:
        """Add to the gradients of some rows, which may repeat.

        Parameters
        ----------
        rows : int array, shape (n,)
        grad : float array, shape (n, d)
        """
        if self.rows is not None and self.grad is not None:
            rows = np.concatenate([self.rows, rows])
            grad = np.concatenate([self.grad, grad])
        self.rows, self.grad = sum_shares(rows, grad)

    def hold_fixed(self) -> None:
        """Set the gradient of fixed rows to zero; `fixed` has the shape (V, 1)."""
        if self.fixed is not None and self.grad is not None:
            self.grad = np.where(self.fixed[self.rows], self.grad.dtype.type(0), self.grad)

    def clear_grad(self) -> None:
        """Forget the gradient and its rows."""
        super().clear_grad()
        self.rows = None


class FixedTable(TableParameter):
    """A read-only view of another network's lookup table.

    Parameters
    ----------
    table : TableParameter
        The table to read from.
    """

    def __init__(self, table: TableParameter) -> None:
        self._table = table
        self.grad = self.rows = self.fixed = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the table."""
        return self._table.shape

    def take(self, rows: IntArray) -> FloatArray:
        """Copy rows out of the table; see `TableParameter`."""
        return self._table.take(rows)

    def peek(self, rows: IntArray) -> FloatArray:
        """Copy rows out of the table; see `TableParameter`."""
        return self._table.peek(rows)

    def add_row_grad(self, rows: IntArray, grad: FloatArray) -> None:
        """Leave the table as it is."""


def add_row_grads(tables: Sequence[TableParameter], ids: IntArray, grad: FloatArray) -> None:
    """Add to the gradients of some rows of several tables.

    Neighbouring tables of the same width are handled as one long table, with one sort and one sum.
    For the eight default features this reduced the time from 0.7 ms to 0.2 ms per batch.

    Parameters
    ----------
    tables : sequence of F TableParameter, shapes (V_f, d_f)
    ids : int array, shape (n, F)
        Rows of each table; they may repeat.
    grad : float array, shape (n, d), d = Σ d_f
        Gradients of the concatenated rows, the columns of the first table first.
    """
    column = number = 0
    for width, alike in groupby(tables, key=lambda table: table.shape[1]):
        group = list(alike)
        heights = np.array([table.shape[0] for table in group])
        offsets = np.cumsum(heights) - heights
        rows: IntArray = (ids[:, number : number + len(group)] + offsets).reshape(-1)
        shares = grad[:, column : column + width * len(group)].reshape(-1, width)
        rows, shares = sum_shares(rows, shares)
        cuts = np.searchsorted(rows, offsets[1:])
        of_tables = zip(group, offsets, np.split(rows, cuts), np.split(shares, cuts), strict=True)
        for table, offset, of_table, summed in of_tables:
            table.add_row_grad(of_table - offset, summed)
        column, number = column + width * len(group), number + len(group)


def sum_shares(rows: IntArray, shares: FloatArray) -> tuple[IntArray, FloatArray]:
    """Sum the shares, shape (n, d), of repeated rows; return the distinct rows in order."""
    if (rows[1:] > rows[:-1]).all():
        return rows, shares
    distinct, inverse = np.unique(rows, return_inverse=True)
    return distinct, scatter_add(inverse, shares, len(distinct))
