"""The parameters of a model as a safetensors file.

In a compressed file, a lookup table has 8-bit codes with a scale for each row, and a matrix has
16-bit floats; vectors, which have few numbers, remain 32-bit floats.

The library safetensors writes the file. The reader is here, because the library would copy each
array. It checks the header and the positions of the arrays when the file is opened, as the library
does, and the shape, type and finite values of an array when it is taken.
"""

from collections.abc import Iterator, Mapping
from math import prod
from mmap import mmap
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from windowclf.errors import ModelError, VectorsError
from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.parameter import Parameter, TableParameter
from windowclf.nn.quantised_table import QuantisedTable
from windowclf.vectors.quantise import quantise

_TYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I8": np.dtype("i1"),
}
_FLOATS = ("F32", "F16")
_LARGEST_SCALE = float(np.finfo(np.float32).max) / 128
_LARGEST_HEADER = 2**20  # bytes; the header of a network has about a thousand
_Size = Annotated[int, Meta(ge=0, le=2**62)]


def pack_parameters(parameters: Mapping[str, Parameter], *, compress: bool) -> bytes:
    """Write parameters as a safetensors file.

    Parameters
    ----------
    parameters : mapping of str to Parameter
        Parameters by name, in float32.
    compress : bool
        Whether to round them. A `QuantisedTable` is written unchanged and not rounded again.

    Raises
    ------
    ModelError
        If a table to compress has a value that is not finite.
    """
    from safetensors.numpy import save

    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, parameter in parameters.items():
        arrays |= _compressed(name, parameter) if compress else {name: parameter.value}
    # safetensors writes arrays with another memory order wrongly.
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def _compressed(name: str, parameter: Parameter) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    if isinstance(parameter, QuantisedTable):
        yield name, parameter.codes
        yield _scales(name), parameter.scales
    elif isinstance(parameter, TableParameter):
        try:
            codes, scales = quantise(parameter.value)
        except VectorsError as error:
            raise ModelError(f"parameter {name}: {error}") from None
        yield name, codes
        yield _scales(name), _narrow(scales)
    else:
        yield name, _narrow(parameter.value) if parameter.value.ndim > 1 else parameter.value


def _narrow(array: FloatArray) -> FloatArray:
    """Round to 16-bit floats, unless a value is too large for them."""
    with np.errstate(over="ignore"):
        half = array.astype(np.float16)
    return half if np.isfinite(half).all() else array


def _scales(name: str) -> str:
    return f"{name}.scales"


def _shown(name: str) -> str:
    """Format the name of a parameter for a message; gazetteers may have any name."""
    return name if name.isprintable() and len(name) < 80 else repr(name[:80])


class _Entry(msgspec.Struct):
    """The entry of an array in the header of a safetensors file."""

    dtype: Annotated[str, Meta(pattern="^[A-Z0-9_]{0,12}$")]
    shape: Annotated[tuple[_Size, ...], Meta(max_length=8)]
    data_offsets: tuple[_Size, _Size]


class FileTable(TableParameter):
    """A lookup table in a memory-mapped file, of which only the rows in use are read.

    Parameters
    ----------
    value : float array, shape (V, d)
    where : str
        Beginning of error messages.
    """

    def __init__(self, value: FloatArray, where: str = "") -> None:
        super().__init__(value)
        self._where = where

    def take(self, rows: IntArray) -> FloatArray:
        """Copy rows out of the table; see `TableParameter`.

        Raises
        ------
        ModelError
            If a row has a value that is not finite. Checking all rows in advance would read the
            whole table.
        """
        taken = super().take(rows)
        if not np.isfinite(taken).all():
            raise ModelError(f"{self._where} has a value that is not finite")
        return taken


class ParameterFile:
    """The arrays of a safetensors file, each read from the disk when it is used.

    Parameters
    ----------
    folder : Path
        Folder of the model, for error messages.
    content : mmap or bytearray
        Content of the file; float32 arrays and codes are views of it.

    Raises
    ------
    ValueError
        If the file is invalid. Arrays must be contiguous and cover the file: overlapping ones
        would let a small file claim any amount of memory.
    """

    def __init__(self, folder: Path, content: mmap | bytearray) -> None:
        self._folder = folder
        length = int.from_bytes(content[:8], "little")
        if length > min(_LARGEST_HEADER, len(content)):
            raise ValueError(f"a header of {length:,} bytes")
        try:
            self._entries = msgspec.json.decode(content[8 : 8 + length], type=dict[str, _Entry])
        except RecursionError:
            raise ValueError("a header nested too deeply") from None
        self._data = np.frombuffer(content, dtype=np.uint8)[8 + length :]
        end = 0
        for start, stop in sorted(entry.data_offsets for entry in self._entries.values()):
            if start != end or stop < start:
                raise ValueError("arrays that overlap or leave gaps")
            end = stop
        if end != len(self._data):
            raise ValueError(f"{len(self._data):,} bytes of arrays, {end:,} by its header")

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def table(self, name: str, rows: int) -> TableParameter:
        """Take a lookup table.

        Parameters
        ----------
        rows : int
            The expected number of rows.

        Returns
        -------
        TableParameter
            A `QuantisedTable` if the file has codes for it, else a `FileTable`.

        Raises
        ------
        ModelError
            If it is missing, damaged, of another shape or without columns.
        """
        if name in self._entries and self._entries[name].dtype == "I8":
            codes = self._array(name, (rows, -1), ("I8",))
            scales = self._array(_scales(name), (rows,), _FLOATS)
            # Then no product of a code and its scale overflows.
            if not (np.abs(scales, dtype=np.float32) <= _LARGEST_SCALE).all():
                raise self._damaged(f"{_scales(name)} has a value that is not finite or too large")
            return QuantisedTable(codes, scales)
        value = self._array(name, (rows, -1), _FLOATS).astype(np.float32, copy=False)
        return FileTable(value, f"{self._folder}: damaged model: parameter {_shown(name)}")

    def array(self, name: str, shape: tuple[int, ...]) -> FloatArray:
        """Take an array of finite values as float32; see `table`. -1 stands for any length."""
        array: FloatArray = self._array(name, shape, _FLOATS)
        array = array.astype(np.float32, copy=False)
        if not np.isfinite(array).all():
            raise self._damaged(f"{_shown(name)} has a value that is not finite")
        return array

    def _array(self, name: str, shape: tuple[int, ...], types: tuple[str, ...]) -> npt.NDArray[Any]:
        entry = self._entries.get(name)
        if entry is None:
            raise self._damaged(f"{_shown(name)} is missing")
        fits = len(entry.shape) == len(shape) and all(
            (have > 0 if want == -1 else want == have)
            for want, have in zip(shape, entry.shape, strict=True)
        )
        if not fits or entry.dtype not in types:
            raise self._damaged(
                f"{_shown(name)} is {entry.dtype} {entry.shape}, "
                f"expected {' or '.join(types)} {shape}"
            )
        start, stop = entry.data_offsets
        dtype = _TYPES[entry.dtype]
        if stop - start != prod(entry.shape) * dtype.itemsize:
            raise self._damaged(f"{_shown(name)} is not where the file says")
        return self._data[start:stop].view(dtype).reshape(entry.shape)

    def _damaged(self, what: str) -> ModelError:
        return ModelError(f"{self._folder}: damaged model: parameter {what}")
