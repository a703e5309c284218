"""Records of Arrow batches: rows for readers, and columns for writers."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from windowclf.errors import DataError, one_line, quoted

if TYPE_CHECKING:
    import pyarrow as pa

Fields = Mapping[str, Any]

_DEEPEST = 30  # levels of an inferred type; readers of Parquet stop at about 100


class ArrowRow(Mapping[str, Any]):
    """A row of a record batch, whose values become Python objects on access.

    Writers of Arrow use the columns of the batch directly, which also preserves values without a
    Python type.

    Parameters
    ----------
    labels : frozenset of str
        Columns from which tokens, tags or spans were read.
    without : frozenset of str, optional
        Columns to hide.
    """

    __slots__ = ("batch", "labels", "row", "without")

    def __init__(
        self,
        batch: "pa.RecordBatch",
        row: int,
        labels: frozenset[str],
        without: frozenset[str] = frozenset(),
    ) -> None:
        self.batch, self.row, self.labels, self.without = batch, row, labels, without

    def __getitem__(self, key: str) -> Any:
        if key in self.without or key not in self.batch.schema.names:
            raise KeyError(key)
        value = self.batch.column(key)[self.row]
        try:
            found = value.as_py()
            return msgspec.json.decode(found) if found and _is_json(value.type) else found
        except (ValueError, RecursionError) as error:  # not UTF-8, or not JSON
            raise DataError(f"field {quoted(key)}: {one_line(error)}") from None

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.batch.schema.names if name not in self.without)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def without_labels(self) -> "ArrowRow":
        """Hide the columns from which tokens, tags or spans were read."""
        return ArrowRow(self.batch, self.row, self.labels, self.labels)


class Column(NamedTuple):
    """The values of a field, one for each record."""

    field: "pa.Field"
    values: "pa.ChunkedArray"


def gather(
    records: Sequence[Fields], types: Mapping[str, "pa.DataType"], made: Mapping[str, Column]
) -> dict[str, Column]:
    """Collect the fields of records as columns.

    Parameters
    ----------
    records : sequence of mapping of str to Any
        Missing keys of a record are null.
    types : mapping of str to pyarrow.DataType
        Known types of fields, such as those of earlier records.
    made : mapping of str to Column
        Finished columns, which replace the fields with the same names.

    Returns
    -------
    dict of str to Column
        The columns in the order in which their fields first occur, then the other finished columns.

    Raises
    ------
    DataError
        If the values of a field have several types.
    """
    import pyarrow as pa

    runs = [[record for _, record in run] for _, run in groupby(enumerate(records), _run)]
    keys = dict.fromkeys(key for run in runs for key in _keys(run))
    columns: dict[str, Column] = {}
    for key in keys:
        if key in made:
            columns[key] = made[key]
            continue
        pieces: list[pa.Array | int] = []  # an int is a number of nulls
        fields: list[pa.Field] = []
        for run in runs:
            first = run[0]
            if not isinstance(first, ArrowRow):
                array = to_array([plain(row.get(key)) for row in run], types.get(key), key)
                pieces.append(array)
                fields.append(pa.field(key, array.type))
            elif key in first:
                pieces.append(first.batch.column(key).slice(first.row, len(run)))
                fields.append(first.batch.schema.field(key))
            else:
                pieces.append(len(run))
        field = next((f for f in fields if not pa.types.is_null(f.type)), fields[0])
        if any(isinstance(piece, int) for piece in pieces):
            field = field.with_nullable(True)
        columns[key] = Column(field, _join(pieces, field))
    return {**columns, **made}


def to_array(values: Sequence[Any], kind: "pa.DataType | None", key: str) -> "pa.Array":
    """Make an array from Python objects.

    Objects and lists without a common type become JSON, and so do empty ones.

    Parameters
    ----------
    kind : pyarrow.DataType or None
        The type of the array; None: it is inferred.
    key : str
        Name of the field, for messages.

    Raises
    ------
    DataError
        If the objects have several types, or do not fit `kind`.
    """
    import pyarrow as pa

    if kind is None or not _is_json(kind):
        nested = all(isinstance(value, dict | list | None) for value in values)
        try:
            array = pa.array(values, kind)
            found = array.type
            if nested and not _is_open(found) and _comes_back(array, values):
                return array
            why = f"{kind} cannot represent all values"
            if not nested:
                if not pa.types.is_floating(found) or bool not in map(type, values):
                    return array
                why = "truth values among numbers"
        except (pa.ArrowException, OverflowError, RecursionError, TypeError, ValueError) as error:
            why = one_line(error)
        if kind is not None or not nested:
            raise _unfit(key, why)
    try:
        texts = [None if value is None else msgspec.json.encode(value).decode() for value in values]
    except RecursionError as error:
        raise _unfit(key, str(error)) from None
    return pa.array(texts, pa.json_())


def is_list(kind: "pa.DataType") -> bool:
    """Whether a column of this type holds lists."""
    import pyarrow as pa

    return bool(
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    )


def is_text(kind: "pa.DataType") -> bool:
    """Whether a column of this type holds strings."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _run(numbered: tuple[int, Fields]) -> tuple[int, int, frozenset[str]] | None:
    """Return a key that adjacent rows share if they follow each other in the same batch."""
    number, record = numbered
    if not isinstance(record, ArrowRow):
        return None
    return id(record.batch), record.row - number, record.without


def _keys(run: Sequence[Fields]) -> Iterator[str]:
    if isinstance(run[0], ArrowRow):
        yield from run[0]  # the others have the same
    else:
        for row in run:
            yield from row


def plain(value: Any) -> Any:
    """Decode a value if it is undecoded JSON."""
    try:
        return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
    except RecursionError as error:
        raise DataError(f"a field {quoted(bytes(value)[:40])}: {error}") from None


def _join(pieces: "list[pa.Array | int]", field: "pa.Field") -> "pa.ChunkedArray":
    import pyarrow as pa

    arrays = []
    for piece in pieces:
        if isinstance(piece, int) or pa.types.is_null(piece.type):
            piece = pa.nulls(piece if isinstance(piece, int) else len(piece), field.type)
        if piece.type != field.type:
            raise _unfit(field.name, f"there are {field.type} and {piece.type}")
        arrays.append(piece)
    return pa.chunked_array(arrays, field.type)


def _comes_back(array: "pa.Array", values: Sequence[Any]) -> bool:
    """Whether an array of objects or lists has exactly these values.

    A missing key of an object becomes null, and a bool or an int among floats becomes a float that
    Python considers equal.
    """
    if all(part not in str(array.type) for part in ("struct<", "float", "double")):
        return True
    again = array.to_pylist()
    try:
        return bool(again == values and msgspec.json.encode(again) == msgspec.json.encode(values))
    except TypeError:  # values without a JSON type
        return bool(again == values)


def _is_json(kind: "pa.DataType") -> bool:
    return getattr(kind, "extension_name", "") == "arrow.json"


def _is_open(kind: "pa.DataType", depth: int = 0) -> bool:
    """Whether an inferred type is incomplete, or too deep for Parquet.

    Later values might not fit an incomplete type, and readers cannot open one that is too deep.
    """
    import pyarrow as pa

    if depth > _DEEPEST:
        return True
    if pa.types.is_struct(kind):
        children = [kind.field(i).type for i in range(kind.num_fields)]
        return not children or any(_is_open(child, depth + 1) for child in children)
    return pa.types.is_null(kind) or (is_list(kind) and _is_open(kind.value_type, depth + 1))


def _unfit(key: str, why: str) -> DataError:
    return DataError(
        f"field {quoted(key)} does not fit a column of Parquet, which has values of one type: {why}"
    )
