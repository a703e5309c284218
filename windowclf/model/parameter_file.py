"""The parameters of a model as a safetensors file.

Compressed, a lookup table is codes of 8 bits with a scale for each row, and a matrix is of
16-bit floats; vectors, which are few numbers, stay 32-bit floats.

The library safetensors writes the file. It is read here, because the library would copy each array:
the header and the places of the arrays are checked when it is opened, as the library does; that an
array has the shape and the type that the model needs, and finite values, when it is taken.
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
_LARGEST_HEADER = 2**20  # bytes; a network's has about a thousand
_Size = Annotated[int, Meta(ge=0, le=2**62)]


def pack_parameters(parameters: Mapping[str, Parameter], *, compress: bool) -> bytes:
    """Write parameters as a safetensors file.

    Parameters
    ----------
    parameters : mapping of str to Parameter
        float32.
    compress : bool
        Whether to round them. A `QuantisedTable` is then written as it is, and not rounded twice.

    Raises
    ------
    ModelError
        If a table to compress holds a value that is not finite.
    """
    from safetensors.numpy import save

    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, parameter in parameters.items():
        arrays |= _compressed(name, parameter) if compress else {name: parameter.value}
    # safetensors writes arrays of another memory order wrongly
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
    """Round to 16-bit floats, unless one is too large for them."""
    with np.errstate(over="ignore"):
        half = array.astype(np.float16)
    return half if np.isfinite(half).all() else array


def _scales(name: str) -> str:
    return f"{name}.scales"


def _shown(name: str) -> str:
    """Write the name of a parameter, which may be anything where it has that of a gazetteer."""
    return name if name.isprintable() and len(name) < 80 else repr(name[:80])


class _Entry(msgspec.Struct):
    """What the header of a safetensors file says of an array."""

    dtype: Annotated[str, Meta(pattern="^[A-Z0-9_]{0,12}$")]
    shape: Annotated[tuple[_Size, ...], Meta(max_length=8)]
    data_offsets: tuple[_Size, _Size]


class FileTable(TableParameter):
    """A lookup table that lies in a file, most of which is never read.

    Parameters
    ----------
    value : float array, shape (V, d)
    where : str
        Errors begin with it.
    """

    def __init__(self, value: FloatArray, where: str = "") -> None:
        super().__init__(value)
        self._where = where

    def take(self, rows: IntArray) -> FloatArray:
        """Copy rows out of the table; see `TableParameter`.

        Raises
        ------
        ModelError
            If one has a value that is not finite. To look at all of them at once, the whole
            table would have to be read.
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
        Of the model; errors name it.
    content : mmap or bytearray
        The file. Float32 arrays and codes are views of it.

    Raises
    ------
    ValueError
        If it is no such file: its arrays must lie side by side and fill it. Were several of them
        the same bytes, a small file could fill the memory.
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
            How many it must have.

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
            # So that no code times its scale is more than the type can hold.
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
