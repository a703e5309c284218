"""The table of what could not be tagged, and why."""

from collections.abc import Sequence

import msgspec

from windowclf.system import filesystems as stores


class Bad(msgspec.Struct, frozen=True):
    """Rows that could not be tagged.

    Parameters
    ----------
    file : str
        Of the input.
    row : int or None
        The first of them, from 0; None: not known, for not even the footer can be read.
    rows : int or None
        How many.
    reason : str
    """

    file: str
    row: int | None
    rows: int | None
    reason: str


def write_errors(url: str, bad: Sequence[Bad]) -> None:
    """Write the errors of a partition.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    import pyarrow as pa
    from pyarrow.parquet import write_table

    schema = pa.schema(
        {"file": pa.string(), "row": pa.int64(), "rows": pa.int64(), "reason": pa.string()}
    )
    table = pa.Table.from_pylist(msgspec.to_builtins(bad), schema)
    with stores.writing(url) as file:
        write_table(table, file)
