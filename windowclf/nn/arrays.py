"""Types of arrays, sums of rows that share an index, and work that two threads may share."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.integer[Any]]
BoolArray = npt.NDArray[np.bool_]
Gold = IntArray | FloatArray | BoolArray
"""What scores are to learn, see `windowclf.nn.batch.Batch`."""
Run = Callable[..., Iterable[Any]]
"""Calls a function with each group of arguments, as `map` does, or with several at once."""


def halves(n: int) -> list[slice]:
    """Cut a range of numbers into two, for two threads to share: always in the same place.

    So how work is cut does not depend on the threads, and neither do the last bits of its results.
    """
    return [slice(0, n // 2), slice(n // 2, n)]


def scatter_add(indices: IntArray, values: FloatArray, rows: int) -> FloatArray:
    """Add each row of `values` to the rows of a new table that its indices name.

    Repeated indices collect every share, which ``table[indices] += values`` would lose.
    A sparse one-hot product does the same as ``np.add.at`` an order of magnitude faster.

    Parameters
    ----------
    indices : int array, shape (n,) or (n, k)
        The rows of the table that row ``i`` of `values` is added to, ``k`` of them.
    values : float array, shape (n, m)
        What is added.
    rows : int
        The number of rows of the table.

    Returns
    -------
    float array, shape (rows, m)
    """
    from scipy.sparse import csc_array  # noqa: PLC0415, RUF100 - tagging never gets here

    n = len(indices)
    width = indices.size // n if n else 1
    # Column i of the one-hot matrix holds the rows that values[i] goes to.
    one_hot = csc_array(
        (
            np.ones(n * width, dtype=values.dtype),
            np.ascontiguousarray(indices).reshape(-1),
            np.arange(0, n * width + 1, width, dtype=np.int32),
        ),
        shape=(rows, n),
    )
    summed: FloatArray = one_hot @ values
    return summed


_LONG = 64
"""Rows of a group from which on it is summed by itself: its last steps would be short ones."""
_GROUPS = 256
"""Groups that are summed at once: their sums stay in the processor's cache."""
_FEW_ROWS = 32  # for so few the copy takes longer than it saves


def row_max(x: FloatArray) -> FloatArray:
    """Take the largest number of each row of a tall array, shape (n, 1).

    NumPy goes through a row at a time where the last axis is reduced, however short it is; with
    the long axis last it is several times faster.
    """
    if len(x) < _FEW_ROWS:
        few: FloatArray = x.max(axis=1, keepdims=True)
        return few
    largest: FloatArray = np.ascontiguousarray(x.T).max(axis=0)[:, None]
    return largest


def gather_add(table: FloatArray, rows: IntArray, sizes: IntArray) -> FloatArray:
    """Add up groups of rows of a table: the reverse of `scatter_add`.

    The sum of a group has the same bits whatever groups are beside it. This is as fast as a sparse
    product, and needs no SciPy, which is larger than all else that tagging needs.

    Parameters
    ----------
    table : float array, shape (v, m)
    rows : int array, shape (n,)
        Rows of the table, those of one group side by side.
    sizes : int array, shape (g,)
        Rows in each group, at least one; they add up to ``n``.

    Returns
    -------
    float array, shape (g, m)
    """
    summed = np.empty((len(sizes), table.shape[1]), dtype=table.dtype)
    starts = np.cumsum(sizes) - sizes
    longest_first = np.argsort(-sizes, kind="stable")
    of_long = int(np.count_nonzero(sizes > _LONG))
    for group in longest_first[:of_long].tolist():
        summed[group] = _sum_rows(table, rows[starts[group] : starts[group] + sizes[group]])
    for start in range(of_long, len(sizes), _GROUPS):
        groups = longest_first[start : start + _GROUPS]
        summed[groups] = _sum_side_by_side(table, rows, starts[groups], sizes[groups])
    return summed


def _sum_rows(table: FloatArray, rows: IntArray) -> FloatArray:
    """Add up one long group of rows, a part at a time, in order."""
    total: FloatArray = table[rows[0]]
    for start in range(1, len(rows), _GROUPS):
        part = table.take([*rows[:1], *rows[start : start + _GROUPS]], axis=0)
        part[0] = total
        total = np.add.reduce(part, axis=0)
    return total


def _sum_side_by_side(
    table: FloatArray, rows: IntArray, starts: IntArray, sizes: IntArray
) -> FloatArray:
    """Add up groups of rows: the first row of each, then the second, and so on.

    The longest group comes first, so that those that go on are always the first ones.
    """
    total = table.take(rows[starts], axis=0)
    buffer = np.empty_like(total)
    going_on = np.searchsorted(-sizes, -np.arange(int(sizes[0])), side="left").tolist()
    for step, groups in enumerate(going_on[1:], 1):
        added = buffer[:groups]
        table.take(rows[starts[:groups] + step], axis=0, out=added, mode="clip")
        total[:groups] += added
    return total
