"""Spans of a batch are spelled as `tags.convert` spells those of each sentence."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strategies import NETWORK_SCHEMES, SPAN_SCHEMES, tag_sequences
from windowclf.tags.arrays import SpanFinder
from windowclf.tags.schemes import Scheme, convert

ALL_TAGS = ["O", *(f"{prefix}-{label}" for label in ("PER", "geo-loc", "LOC") for prefix in "IBES")]
PLAIN_TAGS = ["NN", "O", "DT", "I-NN", "B-x"]


def spelled(sentences, tags, scheme):
    finder = SpanFinder(tags, scheme)
    path = np.array([tags.index(tag) for row in sentences for tag in row], dtype=np.int32)
    lengths = np.array([len(row) for row in sentences], dtype=np.intp)
    ids = finder.spell(finder.find(path, lengths), len(path))
    assert len(ids) == len(path)
    return [finder.spelled[i] for i in ids]


@given(
    st.lists(tag_sequences(), max_size=6),
    st.permutations(ALL_TAGS),
    st.sampled_from(SPAN_SCHEMES),
)
@example([["I-PER", "I-PER"], ["I-PER"]], ALL_TAGS, Scheme.IOB1)
@example([["S-LOC", "S-LOC", "S-PER", "E-PER", "I-PER"]], ALL_TAGS, Scheme.IOBES)
@example([["B-LOC", "I-LOC", "I-PER", "B-PER"]], ALL_TAGS, Scheme.IOB2)
def test_any_tags_are_spelled_as_iob2(sentences, tags, scheme):
    expected = [tag for row in sentences for tag in convert(row, scheme, Scheme.IOB2)]
    assert spelled(sentences, tags, scheme) == expected


@given(st.lists(tag_sequences("BI"), max_size=6), st.sampled_from([Scheme.IOB1, Scheme.IOB2]))
def test_tags_of_two_prefixes(sentences, scheme):
    tags = [tag for tag in ALL_TAGS if tag[0] in "OBI"]
    expected = [tag for row in sentences for tag in convert(row, scheme, Scheme.IOB2)]
    assert spelled(sentences, tags, scheme) == expected


@given(
    st.lists(st.lists(st.sampled_from(PLAIN_TAGS), max_size=9), max_size=5),
    st.permutations(PLAIN_TAGS),
)
def test_plain_labels_stay_as_they_are(sentences, tags):
    expected = [tag for row in sentences for tag in row]
    assert spelled(sentences, tags, Scheme.PLAIN) == expected
    assert sorted(SpanFinder(tags, Scheme.PLAIN).spelled) == sorted({"O", *tags})


@pytest.mark.parametrize("scheme", NETWORK_SCHEMES)
def test_nothing_but_o(scheme):
    assert spelled([["O"], [], ["O", "O"]], ["O"], scheme) == ["O"] * 3
    assert spelled([], ["O"], scheme) == []
