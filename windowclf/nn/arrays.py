"""Array types, sums of rows with the same index, and the split of work between two threads."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.integer[Any]]
BoolArray = npt.NDArray[np.bool_]
Gold = IntArray | FloatArray | BoolArray
"""The target of the scores, see `windowclf.nn.batch.Batch`."""
Run = Callable[..., Iterable[Any]]
"""A function such as `map`, which may run several calls at the same time."""


def halves(n: int) -> list[slice]:
    """Cut a range into two halves, for two threads to share.

    The cut does not depend on the number of threads, so results are the same to the last bit.
    """
    return [slice(0, n // 2), slice(n // 2, n)]


def scatter_add(indices: IntArray, values: FloatArray, rows: int) -> FloatArray:
    """Add each row of `values` to some rows of a new table.

    Repeated indices accumulate, whereas ``table[indices] += values`` would keep only the last.
    A sparse one-hot product is an order of magnitude faster than ``np.add.at``.

    Parameters
    ----------
    indices : int array, shape (n,) or (n, k)
        For each row of `values`, the row or the ``k`` rows of the table that it is added to.
    values : float array, shape (n, m)
        The rows to add.
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
"""A group with more rows than this is summed by itself, because few others are as long."""
_GROUPS = 256
"""Number of groups summed at once; their sums fit into the processor's cache."""
_FEW_ROWS = 32  # with fewer rows, the copy costs more time than it saves


def row_max(x: FloatArray) -> FloatArray:
    """Take the maximum of each row of a tall array, shape (n, 1).

    NumPy reduces the last axis row by row, which is slow for short rows; with the long axis last
    it is several times faster.
    """
    if len(x) < _FEW_ROWS:
        few: FloatArray = x.max(axis=1, keepdims=True)
        return few
    largest: FloatArray = np.ascontiguousarray(x.T).max(axis=0)[:, None]
    return largest


def gather_add(table: FloatArray, rows: IntArray, sizes: IntArray) -> FloatArray:
    """Sum groups of rows of a table: the reverse of `scatter_add`.

    The sum of a group has the same bits whatever other groups there are. This is as fast as a
    sparse product and avoids SciPy, which is larger than everything else that tagging needs.

    Parameters
    ----------
    table : float array, shape (v, m)
    rows : int array, shape (n,)
        Indices of rows, group after group.
    sizes : int array, shape (g,)
        Number of rows in each group, at least one; they add up to ``n``.

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
    """Sum one long group of rows in order, part by part."""
    total: FloatArray = table[rows[0]]
    for start in range(1, len(rows), _GROUPS):
        part = table.take([*rows[:1], *rows[start : start + _GROUPS]], axis=0)
        part[0] = total
        total = np.add.reduce(part, axis=0)
    return total


def _sum_side_by_side(
    table: FloatArray, rows: IntArray, starts: IntArray, sizes: IntArray
) -> FloatArray:
    """Sum groups of rows: add the first row of each, then the second, and so on.

    The longest group comes first, so the groups that still have rows are always the first ones.
    """
    total = table.take(rows[starts], axis=0)
    buffer = np.empty_like(total)
    groups_left = np.searchsorted(-sizes, -np.arange(int(sizes[0])), side="left").tolist()
    for step, groups in enumerate(groups_left[1:], 1):
        added = buffer[:groups]
        table.take(rows[starts[:groups] + step], axis=0, out=added, mode="clip")
        total[:groups] += added
    return total
