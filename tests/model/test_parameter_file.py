import json
import mmap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors.numpy import load, save

from windowclf.errors import ModelError
from windowclf.model.parameter_file import FileTable, ParameterFile, pack_parameters
from windowclf.nn.parameter import Parameter, TableParameter
from windowclf.nn.quantised_table import QuantisedTable

values = st.floats(-1e4, 1e4, width=32)
tables = arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=values)
others = arrays(np.float32, array_shapes(max_dims=3, max_side=4), elements=values)


def mapped(content):
    """Lay bytes where a mapped file would have them."""
    memory = mmap.mmap(-1, len(content))
    memory[:] = content
    return memory


def read(content):
    return ParameterFile(Path("model"), mapped(content))


@given(tables, others)
def test_parameters_come_back_as_they_were(table, other):
    content = pack_parameters({"L": TableParameter(table), "W": Parameter(other)}, compress=False)
    found = read(content)
    assert type(found.table("L", len(table))) is FileTable
    np.testing.assert_array_equal(found.table("L", len(table)).value, table, strict=True)
    np.testing.assert_array_equal(found.array("W", other.shape), other, strict=True)
    assert content == save({"L": table, "W": other})


@given(tables, others)
def test_compressed_parameters_come_back_rounded_once(table, other):
    content = pack_parameters({"L": TableParameter(table), "W": Parameter(other)}, compress=True)
    found = read(content)
    again, rounded = found.table("L", len(table)), found.array("W", other.shape)
    assert isinstance(again, QuantisedTable)
    assert again.value.dtype == rounded.dtype == np.float32
    # half a step, and what a float16 loses of a scale: its last bit, or of a tiny one a part
    scale = np.abs(table).max(axis=1, keepdims=True) / 127
    lost = 127 * (scale * 2**-11 + 2**-25)
    assert (np.abs(again.value - table) <= 0.5001 * scale + 1.001 * lost + 1e-37).all()
    expected = other if other.ndim == 1 else other.astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(rounded, expected, strict=True)
    assert pack_parameters({"L": again, "W": Parameter(rounded)}, compress=True) == content


def test_compressed_parameters_take_a_byte_or_two_each():
    given_parameters = {
        "L": TableParameter(np.ones((4, 3), dtype=np.float32)),
        "W": Parameter(np.ones((2, 3, 5), dtype=np.float32)),
        "b": Parameter(np.ones(5, dtype=np.float32)),
    }
    found = load(pack_parameters(given_parameters, compress=True))
    assert {name: (str(array.dtype), array.shape) for name, array in found.items()} == {
        "L": ("int8", (4, 3)),
        "L.scales": ("float16", (4,)),
        "W": ("float16", (2, 3, 5)),
        "b": ("float32", (5,)),
    }


def test_what_16_bits_cannot_hold_stays_at_32():
    huge = np.array([[1e9, -1e9], [1.0, 0.5]], dtype=np.float32)
    content = pack_parameters({"L": TableParameter(huge), "W": Parameter(huge)}, compress=True)
    assert {str(array.dtype) for array in load(content).values()} == {"int8", "float32"}
    found = read(content)
    np.testing.assert_array_equal(found.array("W", (2, 2)), huge, strict=True)
    np.testing.assert_allclose(found.table("L", 2).value, huge, rtol=0.01)


def test_a_table_that_is_not_finite_is_not_compressed():
    table = TableParameter(np.array([[1, np.nan]], dtype=np.float32))
    with pytest.raises(ModelError, match=r"L_word: cannot quantise rows .* not finite"):
        pack_parameters({"L_word": table}, compress=True)


@pytest.mark.parametrize("compress", [False, True])
def test_a_table_is_a_view_of_the_file(compress):
    table = TableParameter(np.arange(12, dtype=np.float32).reshape(4, 3))
    memory = mapped(pack_parameters({"L": table}, compress=compress))
    found = ParameterFile(Path("model"), memory).table("L", 4)
    array = found.codes if isinstance(found, QuantisedTable) else found.value
    assert np.shares_memory(array, np.frombuffer(memory, dtype=np.uint8))


def safetensors(header, data):
    text = json.dumps(header).encode() if isinstance(header, dict) else header
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype="F32", shape=(2, 2), offsets=(0, 16)):
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def test_a_file_of_another_writer():
    data = np.arange(4, dtype=np.float32)
    found = read(safetensors({"W": entry()}, data.tobytes()))  # its data is at an odd address
    np.testing.assert_array_equal(found.array("W", (2, 2)), data.reshape(2, 2), strict=True)


@pytest.mark.parametrize(
    "content",
    [
        b"\0",
        bytes(8),
        b"\xff" * 8,
        (2**62).to_bytes(8, "little") + b"{",
        safetensors(b"[" * 100_000, b""),
        safetensors(b"null", b""),
        safetensors({"W": {"dtype": "F32"}}, b""),
        safetensors({"W": entry(offsets=(0, 1, 2))}, b""),
        safetensors({"W": entry(shape=(1.5, 2))}, bytes(16)),
        safetensors({"W": entry(dtype=7)}, bytes(16)),
        safetensors({"W": entry(dtype="a\nline")}, bytes(16)),
        safetensors({"W": entry(shape=(-2, -2))}, bytes(16)),
        safetensors({"W": entry(shape=(1,) * 9)}, bytes(16)),
        safetensors({"W": entry(offsets=(4, 20))}, bytes(16)),
        safetensors({"W": entry(offsets=(4, 16))}, bytes(16)),
        safetensors({"W": entry(offsets=(0, 12))}, bytes(16)),
        safetensors({"W": entry(offsets=(-16, 0))}, bytes(16)),
        safetensors({"W": entry(offsets=(16, 0))}, bytes(16)),
        safetensors({"W": entry(offsets=(2**70, 2**70 + 16))}, bytes(16)),
        safetensors({"W": entry(), "V": entry()}, bytes(16)),
        safetensors({"W": entry(), "V": entry(offsets=(8, 24))}, bytes(24)),
        safetensors({"W": entry(), "V": entry(offsets=(20, 36))}, bytes(36)),
        safetensors(b'{"W": ' + b'{"a": ' * 100_000, bytes(16)),
        safetensors(b"{" + b" " * 2**20 + b"}", b""),
    ],
)
def test_what_is_no_safetensors_file_is_a_value_error(content):
    with pytest.raises(ValueError, match=r"\S") as caught:
        read(content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (entry(dtype="F64"), "W is F64 (2, 2), expected F32 or F16 (2, 2)"),
        (entry(dtype="I8"), "W is I8 (2, 2), expected F32 or F16 (2, 2)"),
        (entry(dtype="Q3"), "W is Q3 (2, 2)"),
        (entry(shape=(4,)), "W is F32 (4,)"),
        (entry(shape=()), "W is F32 ()"),
        (entry(shape=(2**62, 2**62)), "W is F32 (4611686018427387904, 4611686018427387904)"),
        (entry(dtype="F16"), "W is not where the file says"),
    ],
)
def test_an_array_that_is_not_what_the_header_says(changed, message):
    found = read(safetensors({"W": changed}, bytes(16)))
    with pytest.raises(ModelError) as caught:
        found.array("W", (2, 2))
    assert str(caught.value).startswith(f"model: damaged model: parameter {message}")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_an_array_with_a_value_that_is_not_finite(value, dtype):
    broken = np.array([[1, 2], [value, 4]], dtype=dtype)
    found = read(save({"W": broken, "L": broken}))
    with pytest.raises(ModelError, match="parameter W has a value that is not finite"):
        found.array("W", (2, 2))
    table = found.table("L", 2)
    np.testing.assert_array_equal(table.take(np.array([0])), [[1, 2]])
    with pytest.raises(ModelError, match="model: damaged model: parameter L has a value that is"):
        table.take(np.array([0, 1]))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("scale", [np.nan, np.inf, -np.inf, 1e38])
def test_scales_that_make_rows_that_are_not_finite(scale, dtype):
    with np.errstate(over="ignore"):
        scales = np.array([1, scale]).astype(dtype)
    found = read(save({"L": np.full((2, 3), 127, np.int8), "L.scales": scales}))
    with pytest.raises(ModelError, match=r"L\.scales has a value that is not finite or too large"):
        found.table("L", 2)


def test_a_table_without_columns():
    for dtype in (np.float32, np.int8):
        found = read(save({"L": np.empty((2, 0), dtype)}))
        with pytest.raises(ModelError, match=r"L is (F32|I8) \(2, 0\), expected"):
            found.table("L", 2)


def test_the_name_of_a_parameter_cannot_break_a_line():
    with pytest.raises(ModelError) as caught:
        read(save({})).table("L_gazetteer-\n\x1b[2J", 2)
    assert str(caught.value).isprintable()


numbers = st.integers(-3, 20) | st.sampled_from([2**31, 2**62, 2**64, 2**200])
types = st.sampled_from(["I8", "F16", "F32", "F64", ""])
shapes = st.lists(st.integers(0, 3) | numbers, min_size=1, max_size=3)


@st.composite
def files(draw):
    """Draw a header that is wrong somewhere, or fits its data."""
    header, end = {}, 0
    for name in draw(st.permutations(["L", "L.scales", "__metadata__"])):
        size = draw(st.integers(0, 8))
        wrong = draw(st.integers(0, 9)) == 9
        offsets = draw(st.tuples(numbers, numbers)) if wrong else (end, end + size)
        header[name] = entry(draw(types), draw(shapes), offsets)
        end += size
    return header, draw(st.binary(max_size=20) | st.just(b"\x7f" * end))


@given(files(), st.integers(-1, 3) | st.just(2**62))
def test_no_header_ends_in_another_error(file, rows):
    header, data = file
    try:
        found = read(safetensors(header, data))
    except ValueError:
        return
    for take in (found.table, lambda name, rows: found.array(name, (rows, -1))):
        try:
            taken = take("L", rows)
        except ModelError:
            continue
        assert taken.shape[0] == rows or rows == -1
