import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from windowclf.errors import VectorsError
from windowclf.vectors.quantise import dequantise, quantise

matrices = arrays(
    np.float32,
    st.tuples(st.integers(0, 5), st.integers(1, 6)),
    elements=st.floats(-1e6, 1e6, width=32, allow_subnormal=False),
)


@given(matrices)
def test_each_value_comes_back_within_half_a_step(rows):
    codes, scales = quantise(rows)
    assert codes.dtype == np.int8
    assert codes.flags.c_contiguous
    assert scales.dtype == np.float32
    largest = np.abs(rows).max(axis=1, initial=0)[:, None]
    error = np.abs(dequantise(codes, scales) - rows)
    assert (error <= largest / 127 * 0.5001 + 1e-37).all()


@given(matrices)
def test_rows_already_rounded_stay_as_they_are(rows):
    once = dequantise(*quantise(rows))
    np.testing.assert_allclose(dequantise(*quantise(once)), once, rtol=1e-5, atol=1e-37)


def test_the_largest_value_of_each_row_takes_the_last_level():
    codes, scales = quantise(np.array([[1.27, -0.01], [0.0, 0.0], [-254.0, 2.0]]))
    assert codes.tolist() == [[127, -1], [0, 0], [-127, 1]]
    assert scales == pytest.approx([0.01, 0, 2])


def test_columns_of_a_transposed_matrix_are_not_mixed_up():
    rows = np.arange(6.0).reshape(2, 3).T
    codes, scales = quantise(rows)
    assert codes.flags.c_contiguous
    np.testing.assert_allclose(dequantise(codes, scales), rows, atol=0.02)


def test_a_value_that_is_not_finite_is_refused():
    with pytest.raises(VectorsError, match="not finite"):
        quantise(np.array([[1.0, np.nan]]))
