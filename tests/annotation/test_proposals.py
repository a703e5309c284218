import sqlite3
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.annotation.handout import PROPOSALS, read_queue
from windowclf.annotation.proposals import Proposal, ProposalCache

ONE = Proposal(1, 2, [(0, 4, 1, 0.75), (5, 9, 2, 1.0)], 3.5)
TWO = Proposal(2, 2, [], 0.25)
numbers = st.integers(0, 2**40)
proposals = st.builds(
    Proposal,
    numbers,
    numbers,
    st.lists(st.tuples(numbers, numbers, numbers, st.floats(0, 1)), max_size=3),
    st.floats(0, 1e6),
)


@pytest.fixture
def cache(tmp_path):
    return ProposalCache(tmp_path, "one")


@given(st.lists(proposals, max_size=5, unique_by=lambda proposal: proposal.passage))
def test_what_is_written_is_read(tmp_path_factory, listed):
    cache = ProposalCache(tmp_path_factory.mktemp("project"), "one")
    cache.write(listed)
    assert cache.of([each.passage for each in listed]) == {each.passage: each for each in listed}
    assert [*cache.all()] == sorted(listed, key=lambda each: each.passage)


def test_a_new_proposal_takes_the_place_of_the_old_one(cache):
    cache.write([ONE, TWO])
    later = Proposal(1, 3, [], 0.5)
    cache.write([later])
    assert cache.of([1, 2, 3]) == {1: later, 2: TWO}


def test_uncertainties_are_by_passage(cache):
    cache.write([TWO, ONE])
    passages, uncertainty = cache.uncertainties()
    np.testing.assert_array_equal(passages, [1, 2])
    np.testing.assert_array_equal(uncertainty, [3.5, 0.25])


def test_the_queue_is_what_the_store_reads(cache, tmp_path):
    cache.write_queue([5, 3, 4])
    cache.write_queue([4, 9])
    assert [*read_queue(tmp_path)] == [4, 9]


def test_a_missing_file_holds_nothing_and_is_not_made_by_reading(cache, tmp_path):
    assert cache.of([1]) == {}
    assert [*cache.all()] == []
    assert cache.fact("labels") is None
    assert [len(array) for array in cache.uncertainties()] == [0, 0]
    assert not [*tmp_path.iterdir()]


def break_text(path):
    path.write_text("This is not a database but a longer text than its header is. " * 9)


def break_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def break_pages(path):
    content = bytearray(path.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    path.write_bytes(content)


def break_tables(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("DROP TABLE proposal; DROP TABLE queue")


def make_other(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (a)")


@pytest.mark.parametrize("damage", [break_text, break_half, break_pages, break_tables, make_other])
def test_a_damaged_file_holds_nothing_and_is_made_anew(cache, tmp_path, damage):
    many = [Proposal(number, 1, [(0, 9, 1, 0.5)] * 9, 1.0) for number in range(1, 200)]
    cache.write(many)
    cache.write_queue(range(1, 200))
    damage(tmp_path / PROPOSALS)
    assert len([*cache.all()]) < len(many)
    cache.write([ONE])
    cache.write_queue([1])
    cache.note("labels", "x")
    assert [*cache.all()] == [ONE]
    assert [*read_queue(tmp_path)] == [1]
    assert cache.fact("labels") == "x"


def test_proposals_of_another_project_in_the_folder_do_not_count(cache, tmp_path):
    cache.write([ONE])
    other = ProposalCache(tmp_path, "two")
    assert other.of([1]) == {}
    other.write([TWO])
    assert [*other.all()] == [TWO]
    assert [*cache.all()] == []


def test_a_reader_sees_the_file_that_took_the_place_of_another(cache, tmp_path):
    cache.write([ONE])
    (tmp_path / PROPOSALS).unlink()
    ProposalCache(tmp_path, "one").write([TWO])
    assert [*cache.all()] == [TWO]


def test_a_file_that_cannot_be_written_is_not_removed(cache, tmp_path, monkeypatch):
    cache.write([ONE])
    monkeypatch.setattr("windowclf.annotation.proposals._WAIT", 0.01)
    with closing(sqlite3.connect(tmp_path / PROPOSALS, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            cache.write([TWO])
    assert [*cache.all()] == [ONE]
