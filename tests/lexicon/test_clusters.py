"""Word clusters: their files, how words are looked up, and their rows."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.networks import make_vectors
from windowclf.errors import DataError, UsageError
from windowclf.lexicon.clusters import Clusters, parse_clusters_option, read_clusters
from windowclf.lexicon.lexicon import FIRST, UNKNOWN, Lexicon, build_lexicon

BROWN = {"0010": ["Paris", "Oslo"], "0011": ["Berlin"], "110": ["is", "000"]}
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1)


@pytest.fixture
def write(tmp_path):
    def write(text, name="clusters.tsv"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
        return path

    return write


@pytest.mark.parametrize("name", ["clusters.tsv", "clusters.tsv.gz"])
def test_brown_file(write, name):
    found = read_clusters(write("0010\tParis\t12\n0010\tOslo\t3\n110\tis\t90\n", name))
    assert found.hierarchical
    assert found.names == ["0010", "110"]
    assert found.find(["Paris", "is", "Rome"]).tolist() == [0, 1, -1]


def test_flat_file(write):
    found = read_clusters(write("Paris\t17\nis\t2\nOslo\t17\n"))
    assert not found.hierarchical
    assert found.names == ["17", "2"]
    assert found.find(["Paris", "Oslo", "is"]).tolist() == [0, 0, 1]


def test_flat_clusters_that_are_numbered_zero_and_one(write):
    assert not read_clusters(write("Paris\t0\nis\t1\n")).hierarchical
    assert not Clusters({"0": ["Paris"], "1": ["is"]}).hierarchical
    assert Clusters(BROWN).hierarchical


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no word; expected lines of bits TAB word"),
        ("0010 Paris\n", ":1: '0010 Paris': expected bits TAB word"),
        ("0010\tParis\n1\t\n", ":2: '1\\\\t': expected bits TAB word"),
        ("Paris\ta b\n", ":1: cluster 'a b': expected no white space"),
        ("a\tb\tc\td\n", "expected bits TAB word"),
        ("path\tword\n0010\tParis\n110\tis\n", ":1: no bits in the first column, though 2"),
    ],
)
def test_other_files(write, text, message):
    with pytest.raises(DataError, match=message):
        read_clusters(write(text))


def test_what_is_left_out_is_reported(write, caplog):
    found = read_clusters(write("0010\tParis\n110\tParis\n110\tNew York\n"))
    assert found.find(["Paris"]).tolist() == [0]
    assert "clusters.tsv:2: words left out" in caplog.text
    assert caplog.text.rstrip().endswith(": 2")


def test_a_word_is_looked_up_as_written_first():
    clusters = Clusters({"00": ["Paris", "0,000"], "01": ["paris"], "1111": ["NATO"]})
    words = ["Paris", "paris", "PARIS", "NATO", "nato", "1,996"]
    assert clusters.find(words).tolist() == [0, 1, 0, 2, -1, 0]
    assert clusters.find([]).tolist() == []


@given(st.dictionaries(WORDS, st.integers(0, 5).map(str)), st.booleans())
def test_packed_and_unpacked(words, hierarchical):
    groups = {}
    for word, name in words.items():
        groups.setdefault(name, []).append(word)
    clusters = Clusters(groups, hierarchical=hierarchical)
    assert Clusters.unpack(clusters.pack(), hierarchical=hierarchical) == clusters


@pytest.mark.parametrize("packed", [[""], ["0 a", "0 b"], [" a"]])
def test_what_was_not_packed(packed):
    with pytest.raises(ValueError, match="expected a name that occurs once"):
        Clusters.unpack(packed, hierarchical=True)


def lexicon_of(clusters, prefixes=(2, 4)):
    words = ["Paris", "is", "Rome"]
    return build_lexicon(
        words, make_vectors(words), features=("shape",), vocabulary=10, clusters=clusters,
        prefixes=prefixes,
    )  # fmt: skip


def test_each_prefix_is_a_feature():
    clusters = {"rcv1": Clusters(BROWN), "flat": Clusters({"7": ["Paris"]})}
    lexicon = lexicon_of(clusters, prefixes=(2, 4, 2))
    assert lexicon.features == ["word", "shape", "brown-rcv1-2", "brown-rcv1-4", "clusters-flat"]
    assert lexicon.row_values("brown-rcv1-2") == ["00", "11"]
    assert lexicon.row_values("brown-rcv1-4") == ["0010", "0011", "110"]
    assert lexicon.cluster_columns == [[2, 3], [4]]
    ids = lexicon.ids(["Paris", "Berlin", "is", "Rome"])[:, 2:]
    expected = [[0, 0, 0], [0, 1, UNKNOWN - FIRST], [1, 2, UNKNOWN - FIRST], [UNKNOWN - FIRST] * 3]
    np.testing.assert_array_equal(ids - FIRST, expected)


def test_a_stored_lexicon_looks_up_the_same():
    lexicon = lexicon_of({"rcv1": Clusters(BROWN), "flat": Clusters({"7": ["Paris"]})})
    again = Lexicon(lexicon.values, cased=lexicon.cased, prefixes=(2, 4))
    words = ["Paris", "paris", "Oslo", "x"]
    np.testing.assert_array_equal(again.ids(words), lexicon.ids(words))
    assert again.sizes() == lexicon.sizes()


def test_values_that_have_no_row():
    lexicon = lexicon_of({"rcv1": Clusters(BROWN)})
    assert lexicon.value("brown-rcv1-2", "Rome") == ""


@pytest.mark.parametrize(
    ("option", "name", "file"),
    [
        ("lists/brown-1000.tsv.gz", "brown-1000", "lists/brown-1000.tsv.gz"),
        ("rcv1=lists/brown.tsv", "rcv1", "lists/brown.tsv"),
    ],
)
def test_option(option, name, file):
    found, path = parse_clusters_option(option)
    assert (found, path.as_posix()) == (name, file)


@pytest.mark.parametrize("option", ["", "a=", "a b=file", "=file"])
def test_other_options(option):
    with pytest.raises(UsageError, match="expected FILE or NAME=FILE"):
        parse_clusters_option(option)


@given(st.sets(st.text("01", min_size=1, max_size=8)), st.none() | st.integers(1, 9))
def test_values_of_a_prefix(names, prefix):
    clusters = Clusters({name: [f"w{name}"] for name in names})
    values, places = clusters.values(prefix)
    assert values == sorted({name[:prefix] for name in names})
    assert places.tolist() == [*(values.index(name[:prefix]) for name in sorted(names)), -1]
