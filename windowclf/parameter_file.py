"""The parameters of a model as a safetensors file.

Compressed, a lookup table is codes of 8 bits with a scale for each row, and a matrix is of
16-bit floats; vectors, which are few numbers, stay 32-bit floats.
"""

from collections.abc import Iterator, Mapping
from math import prod
from mmap import mmap
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from safetensors.numpy import save

from windowclf.errors import ModelError, VectorsError
from windowclf.lexicon.quantise import quantise
from windowclf.nn.arrays import FloatArray
from windowclf.nn.parameter import Parameter, TableParameter
from windowclf.nn.quantised_table import QuantisedTable

_TYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I8": np.dtype("i1"),
}
_FLOATS = ("F32", "F16")


def pack_parameters(parameters: Mapping[str, Parameter], *, compress: bool) -> bytes:
    """Write parameters as a safetensors file.

    Parameters
    ----------
    parameters : mapping of str to Parameter
        float32.
    compress : bool
        Whether to round them. A `QuantisedTable` is then written as it is, and not rounded twice.

    Returns
    -------
    bytes

    Raises
    ------
    ModelError
        If a table to compress holds a value that is not finite.
    """
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


class _Entry(msgspec.Struct):
    """What the header of a safetensors file says of an array."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


class ParameterFile:
    """The arrays of a safetensors file, each read from the disk when it is used.

    The safetensors library copies an array out of its file; a table is never needed whole.

    Parameters
    ----------
    folder : Path
        Of the model; errors name it.
    content : mmap or bytearray
        The file. Float32 arrays and codes are views of it.

    Raises
    ------
    ValueError
        If it is no such file.
    """

    def __init__(self, folder: Path, content: mmap | bytearray) -> None:
        self._folder = folder
        length = int.from_bytes(content[:8], "little")
        self._entries = msgspec.json.decode(content[8 : 8 + length], type=dict[str, _Entry])
        self._data = np.frombuffer(content, dtype=np.uint8)[8 + length :]

    def table(self, name: str, rows: int) -> TableParameter:
        """Take a lookup table.

        Parameters
        ----------
        name : str
        rows : int
            How many it must have.

        Returns
        -------
        TableParameter
            A `QuantisedTable` if the file has codes for it.

        Raises
        ------
        ModelError
            If it is missing, damaged or of another shape.
        """
        if name in self._entries and self._entries[name].dtype == "I8":
            codes = self._array(name, (rows, -1), ("I8",))
            return QuantisedTable(codes, self._array(_scales(name), (rows,), _FLOATS))
        return TableParameter(self.array(name, (rows, -1)))

    def array(self, name: str, shape: tuple[int, ...]) -> FloatArray:
        """Take an array as float32; see `table`. -1 stands for any length."""
        array: FloatArray = self._array(name, shape, _FLOATS)
        return array.astype(np.float32, copy=False)

    def _array(self, name: str, shape: tuple[int, ...], types: tuple[str, ...]) -> npt.NDArray[Any]:
        entry = self._entries.get(name)
        if entry is None:
            raise self._damaged(f"{name} is missing")
        fits = len(entry.shape) == len(shape) and all(
            want in (-1, have) for want, have in zip(shape, entry.shape, strict=True)
        )
        if not fits or entry.dtype not in types:
            raise self._damaged(
                f"{name} is {entry.dtype} {entry.shape}, expected {' or '.join(types)} {shape}"
            )
        start, stop = entry.data_offsets
        dtype = _TYPES[entry.dtype]
        if not 0 <= start <= stop <= len(self._data) or (
            stop - start != prod(entry.shape) * dtype.itemsize
        ):
            raise self._damaged(f"{name} is not where the file says")
        return self._data[start:stop].view(dtype).reshape(entry.shape)

    def _damaged(self, what: str) -> ModelError:
        return ModelError(f"{self._folder}: damaged model: parameter {what}")
