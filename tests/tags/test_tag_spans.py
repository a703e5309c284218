import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import NETWORK_SCHEMES, tag_sequences
from windowclf.errors import DataError
from windowclf.tags.arrays import SpanFinder
from windowclf.tags.schemes import Scheme, spans

ALL_TAGS = ["O", *(f"{prefix}-{label}" for label in ("PER", "geo-loc", "LOC") for prefix in "IBES")]
PLAIN_TAGS = ["NN", "O", "DT", "I-NN", "B-x"]


def one_by_one(sentences, scheme):
    """The spans of each sentence, with tokens counted from the start of the batch."""
    begin, expected = 0, []
    for tags in sentences:
        expected += [(begin + a, begin + b - 1, label) for a, b, label in spans(tags, scheme)]
        begin += len(tags)
    return expected


def at_once(sentences, tags, scheme):
    finder = SpanFinder(tags, scheme)
    path = np.array([tags.index(tag) for row in sentences for tag in row], dtype=np.int32)
    lengths = np.array([len(row) for row in sentences], dtype=np.int64)
    first, last, label = finder.find(path, lengths)
    names = [finder.labels[k] for k in label]
    return list(zip(first.tolist(), last.tolist(), names, strict=True))


@given(
    st.lists(tag_sequences(), max_size=6),
    st.permutations(ALL_TAGS),
    st.sampled_from(NETWORK_SCHEMES),
)
def test_the_spans_of_a_batch_are_those_of_its_sentences(sentences, tags, scheme):
    assert at_once(sentences, tags, scheme) == one_by_one(sentences, scheme)


@given(st.lists(st.lists(st.sampled_from(PLAIN_TAGS), max_size=6), max_size=4))
def test_plain_labels_are_a_span_each(sentences):
    found = at_once(sentences, PLAIN_TAGS, Scheme.PLAIN)
    assert found == one_by_one(sentences, Scheme.PLAIN)
    assert all(first == last for first, last, _ in found)


@pytest.mark.parametrize("scheme", [Scheme.IOB1, Scheme.IOB2, Scheme.IOBES])
def test_by_hand(scheme):
    rows = ["I-PER I-PER", "", "I-PER B-PER O I-LOC I-PER", "O", "", "E-LOC E-LOC"]
    found = at_once([row.split() for row in rows], ALL_TAGS, scheme)
    assert found == [
        (0, 1, "PER"),
        (2, 2, "PER"),
        (3, 3, "PER"),
        (5, 5, "LOC"),
        (6, 6, "PER"),
        (8, 8, "LOC"),
        (9, 9, "LOC"),
    ]


def test_labels_stand_in_the_order_of_the_tags():
    assert SpanFinder(["O", "B-b", "I-b", "I-a"], Scheme.IOB2).labels == ["b", "a"]
    assert SpanFinder(["O"], Scheme.IOB2).labels == []


def test_a_tag_of_no_scheme_is_named():
    with pytest.raises(DataError, match="tag 'NN' "):
        SpanFinder(["O", "NN"], Scheme.IOBES)
