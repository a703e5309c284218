"""Lookup tables: a token's feature ids in, its vector out."""

from collections.abc import Callable, Sequence

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.parameter import TableParameter


def lookup(
    tables: Sequence[TableParameter], ids: IntArray
) -> tuple[FloatArray, Callable[[FloatArray], None]]:
    """Join one row of each table: ``e = [L_1[i_1]; …; L_F[i_F]]``.

    Parameters
    ----------
    tables : sequence of F TableParameter, shapes (V_f, d_f)
    ids : int array, shape (n, F)

    Returns
    -------
    e : float array, shape (n, d), d = Σ d_f
    backward : callable
        Takes ``∂J/∂e``, shape (n, d), and adds its columns to the rows they came from:
        ``∂J/∂L_f[i] = Σ over all e that used row i``.
    """
    widths = [table.shape[1] for table in tables]
    stops = np.cumsum(widths)
    e = np.concatenate([table.take(ids[:, i]) for i, table in enumerate(tables)], axis=1)

    def backward(de: FloatArray) -> None:
        for column, (table, stop, width) in enumerate(zip(tables, stops, widths, strict=True)):
            table.add_row_grad(ids[:, column], de[:, stop - width : stop])

    return e, backward
