import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import networks
from windowclf.nn.layers import lookup
from windowclf.nn.parameter import TableParameter
from windowclf.nn.quantised_table import QuantisedTable
from windowclf.vectors.quantise import dequantise, quantise


def make_table(rows=6, width=3, seed=0):
    values = np.random.default_rng(seed).normal(size=(rows, width))
    return QuantisedTable(*quantise(values))


@st.composite
def tables_and_rows(draw):
    rows, width = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    codes = draw(arrays(np.int8, (rows, width)))
    floats = draw(st.sampled_from([np.float16, np.float32]))
    scales = draw(arrays(floats, rows, elements=st.floats(0, 1000, width=16)))
    ids = draw(arrays(np.int32, st.integers(0, 9), elements=st.integers(0, rows - 1)))
    return codes, scales, ids


@given(tables_and_rows())
def test_some_rows_are_as_those_of_the_whole_table(drawn):
    codes, scales, ids = drawn
    table = QuantisedTable(codes, scales)
    whole = dequantise(codes, scales)
    taken = table.take(ids)
    assert taken.dtype == np.float32
    np.testing.assert_array_equal(taken, whole[ids], strict=True)
    np.testing.assert_array_equal(table.value, whole, strict=True)
    assert table.shape == TableParameter(whole).shape == whole.shape


def test_a_lookup_joins_rows_of_both_kinds_of_tables():
    codes, floats = make_table(), TableParameter(np.ones((2, 1), dtype=np.float32))
    ids = np.array([[5, 1], [0, 0], [5, 1]])
    e, _ = lookup([codes, floats], ids)
    plain, _ = lookup([TableParameter(codes.value), floats], ids)
    assert e.dtype == np.float32
    np.testing.assert_array_equal(e, plain)


def test_a_lookup_makes_floats_of_the_rows_it_needs_and_no_others(monkeypatch):
    table = make_table()
    taken = []
    take = QuantisedTable.take
    monkeypatch.setattr(
        QuantisedTable, "take", lambda self, rows: taken.extend(rows) or take(self, rows)
    )
    lookup([table], np.array([[4], [2]]))
    assert table.shape == (6, 3)
    assert taken == [4, 2]


def test_a_network_of_codes_scores_and_gives_no_gradient():
    network = networks.make_network()
    network.tables = {
        name: QuantisedTable(*quantise(table.value)) for name, table in network.tables.items()
    }
    s, backward = network.forward(networks.make_batch())
    for name, table in network.tables.items():
        network.tables[name] = TableParameter(table.value)
    np.testing.assert_array_equal(s, network.forward(networks.make_batch())[0])
    with pytest.raises(TypeError, match="a quantised table has no gradient"):
        backward(np.ones_like(s))


def test_a_table_of_codes_is_not_written_to():
    table = make_table()
    with pytest.raises(TypeError, match="cannot be changed"):
        table.value = np.zeros((6, 3))
    with pytest.raises(ValueError, match="read-only"):
        table.value[2] -= 1
    with pytest.raises(TypeError, match="no gradient"):
        table.add_grad(np.zeros((6, 3)))
