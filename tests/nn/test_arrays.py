"""Sums and maxima of rows against loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.nn import arrays
from windowclf.nn.arrays import gather_add, row_max, scatter_add

seeds = st.integers(0, 2**32 - 1)
types = st.sampled_from([np.float32, np.float64])


def assert_adds(table, rows, sizes):
    expected, at = np.zeros((len(sizes), table.shape[1])), 0
    for group, size in enumerate(sizes):
        for row in rows[at : at + size]:
            expected[group] += table[row]
        at += size
    found = gather_add(table, rows, sizes)
    assert found.dtype == table.dtype
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@given(st.lists(st.integers(1, 6), max_size=30), st.integers(1, 9), st.integers(1, 4), seeds, types)
@pytest.mark.parametrize(("long", "groups"), [(64, 256), (3, 2), (1, 1), (0, 2)])
def test_gather_add_against_a_loop(long, groups, sizes, rows, width, seed, dtype):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(rows, width)).astype(dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "_LONG", long)
        patch.setattr(arrays, "_GROUPS", groups)
        assert_adds(table, rng.integers(0, rows, sum(sizes)), np.array(sizes, dtype=int))


@pytest.mark.parametrize("rows", [1, 255, 256, 257, 3000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gather_add_of_few_rows_and_of_many(rows, dtype):
    rng = np.random.default_rng(rows)
    table = rng.normal(size=(50, 7)).astype(dtype)
    chosen = rng.integers(0, 50, rows)
    assert_adds(table, chosen, np.array([rows]))
    assert_adds(table, chosen, np.ones(rows, dtype=int))
    cuts = np.unique([0, rows, *rng.integers(1, rows + 1, rows // 3)])
    assert_adds(table, chosen, np.diff(cuts))


def test_a_group_has_the_same_bits_whatever_is_beside_it():
    rng = np.random.default_rng(3)
    table = rng.normal(size=(50, 20)).astype(np.float32)
    sizes = rng.integers(1, 90, 600)
    rows = rng.integers(0, 50, sizes.sum())
    together = gather_add(table, rows, sizes)
    for row, (end, size) in enumerate(zip(np.cumsum(sizes), sizes, strict=True)):
        (alone,) = gather_add(table, rows[end - size : end], np.array([size]))
        assert alone.tobytes() == together[row].tobytes()


def test_gather_add_of_no_group():
    found = gather_add(np.ones((3, 2), dtype=np.float32), np.empty(0, int), np.empty(0, int))
    assert (found.shape, found.dtype) == ((0, 2), np.float32)


@given(st.integers(0, 40), st.integers(1, 6), seeds, types)
def test_row_max_against_a_loop(rows, width, seed, dtype):
    x = np.random.default_rng(seed).normal(size=(rows, width)).astype(dtype)
    x[x > 1.5] = -np.inf
    found = row_max(x)
    assert (found.shape, found.dtype) == ((rows, 1), dtype)
    assert found[:, 0].tolist() == [max(row) for row in x.tolist()]
    assert row_max(np.asfortranarray(x)).tolist() == found.tolist()


@given(st.integers(0, 8), st.integers(1, 3), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_scatter_add_against_add_at(n, k, rows, seed):
    rng = np.random.default_rng(seed)
    indices, values = rng.integers(0, rows, (n, k)), rng.normal(size=(n, 2))
    expected = np.zeros((rows, 2))
    for column in indices.T:
        np.add.at(expected, column, values)
    np.testing.assert_allclose(scatter_add(indices, values, rows), expected, atol=1e-12)
    if k == 1:
        np.testing.assert_allclose(scatter_add(indices[:, 0], values, rows), expected, atol=1e-12)
