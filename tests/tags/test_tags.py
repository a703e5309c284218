from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import SPAN_SCHEMES, span_lists, tag_sequences
from windowclf.errors import DataError, UsageError
from windowclf.tags.schemes import (
    Scheme,
    Span,
    convert,
    encode,
    legal_transitions,
    recognise,
    spans,
)

schemes = st.sampled_from(SPAN_SCHEMES)

# The first two spans touch and share a label, which is where IOB1 needs its B.
SENTENCE = [Span(1, 3, "PER"), Span(3, 4, "PER"), Span(4, 5, "LOC"), Span(6, 9, "geo-loc")]
SPELLINGS = {
    Scheme.IOB1: "O I-PER I-PER B-PER I-LOC O I-geo-loc I-geo-loc I-geo-loc O",
    Scheme.IOB2: "O B-PER I-PER B-PER B-LOC O B-geo-loc I-geo-loc I-geo-loc O",
    Scheme.IOBES: "O B-PER E-PER S-PER S-LOC O B-geo-loc I-geo-loc E-geo-loc O",
}


@pytest.mark.parametrize("scheme", SPAN_SCHEMES)
def test_each_scheme_spells_spans_its_own_way(scheme):
    tags = SPELLINGS[scheme].split()
    assert encode(SENTENCE, len(tags), scheme) == tags
    assert spans(tags, scheme) == SENTENCE
    assert recognise([["O"], tags]) is scheme


@given(span_lists(), st.sampled_from(Scheme))
def test_spans_come_back_from_their_tags(sentence, scheme):
    expected, length = sentence
    if scheme is Scheme.PLAIN:
        expected = [Span(i, i + 1, label) for a, b, label in expected for i in range(a, b)]
    tags = encode(reversed(expected), length, scheme)
    assert len(tags) == length
    assert spans(tags, scheme) == expected


@given(tag_sequences(), schemes, schemes)
def test_conversion_keeps_the_spans_of_any_tags(tags, source, target):
    converted = convert(tags, source, target)
    assert spans(converted, target) == spans(tags, source)
    assert convert(converted, target, target) == converted


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("I-A I-A", [(0, 2, "A")]),
        ("O I-A I-B", [(1, 2, "A"), (2, 3, "B")]),
        ("B-A I-B", [(0, 1, "A"), (1, 2, "B")]),
        ("E-A I-A", [(0, 1, "A"), (1, 2, "A")]),
        ("I-A S-A I-A", [(0, 1, "A"), (1, 2, "A"), (2, 3, "A")]),
        ("B-A B-A E-A E-A", [(0, 1, "A"), (1, 3, "A"), (3, 4, "A")]),
        ("B-A O E-A", [(0, 1, "A"), (2, 3, "A")]),
        ("", []),
    ],
)
@pytest.mark.parametrize("scheme", SPAN_SCHEMES)
def test_ill_formed_tags_are_read_as_conlleval_reads_them(tags, expected, scheme):
    assert spans(tags.split(), scheme) == expected


def test_plain_labels_are_a_span_each():
    tags = ["DT", "NN", "NN", "O", "B-x"]
    expected = [(0, 1, "DT"), (1, 2, "NN"), (2, 3, "NN"), (4, 5, "B-x")]
    assert spans(tags, Scheme.PLAIN) == expected
    assert convert(tags, Scheme.PLAIN, Scheme.PLAIN) == tags


@pytest.mark.parametrize("scheme", SPAN_SCHEMES)
def test_plain_labels_convert_to_no_other_scheme(scheme):
    with pytest.raises(UsageError, match="cannot convert plain tags to iob"):
        convert(["NN"], Scheme.PLAIN, scheme)
    with pytest.raises(UsageError, match="tags to plain"):
        convert(["B-PER"], scheme, Scheme.PLAIN)


@pytest.mark.parametrize(
    ("sequences", "scheme"),
    [
        ([], Scheme.IOB2),
        (["O O", ""], Scheme.IOB2),
        (["B-A I-A O B-A B-A"], Scheme.IOB2),
        (["B-geo-loc I-geo-loc"], Scheme.IOB2),
        (["B-A", "I-A"], Scheme.IOB1),
        (["B-A O I-A"], Scheme.IOB1),
        (["B-A I-B"], Scheme.IOB1),
        (["I-A B-A"], Scheme.IOB1),
        (["I-A", "S-A"], Scheme.IOBES),
        (["B-A I-A", "B-A E-A"], Scheme.IOBES),
    ],
)
def test_recognises_the_scheme_from_all_sequences(sequences, scheme):
    assert recognise(iter([tags.split() for tags in sequences])) is scheme


@given(st.lists(span_lists()), schemes)
def test_a_recognised_scheme_reads_the_same_spans(sentences, scheme):
    corpus = [encode(found, length, scheme) for found, length in sentences]
    recognised = recognise(corpus)
    assert [spans(tags, recognised) for tags in corpus] == [found for found, _ in sentences]
    respelled = [encode(found, length, recognised) for found, length in sentences]
    assert respelled == corpus


@pytest.mark.parametrize("tag", ["NN", "L-PER", "B", "B-", "-PER", "BI-PER", "o", "", "PER-B"])
def test_a_tag_of_no_scheme_is_named(tag):
    for read in (
        lambda: recognise([["O", "B-PER"], ["O", tag]]),
        lambda: spans(["O", tag], Scheme.IOB2),
        lambda: legal_transitions(["O", tag], Scheme.IOB2),
    ):
        with pytest.raises(DataError, match="`scheme='plain'`") as caught:
            read()
        assert f"tag {tag!r} " in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        [Span(0, 0, "A")],
        [Span(2, 1, "A")],
        [Span(-1, 1, "A")],
        [Span(2, 4, "A")],
        [Span(1, 3, "A"), Span(0, 2, "B")],
    ],
)
@pytest.mark.parametrize("scheme", Scheme)
def test_spans_that_do_not_fit_are_refused(wrong, scheme):
    with pytest.raises(DataError, match="does not fit a sentence of 3 tokens"):
        encode(wrong, 3, scheme)


@pytest.mark.parametrize("scheme", SPAN_SCHEMES)
def test_legal_moves_allow_exactly_the_tags_that_spell_their_spans(scheme):
    tags = ["O", *(f"{prefix}-{label}" for label in "XY" for prefix in "BIES")]
    moves = legal_transitions(tags, scheme)
    for length in range(1, 5):
        for path in product(range(len(tags)), repeat=length):
            sequence = [tags[k] for k in path]
            legal = (
                moves.start[path[0]]
                and all(moves.transition[i, j] for i, j in pairwise(path))
                and moves.end[path[-1]]
            )
            assert legal == (encode(spans(sequence, scheme), length, scheme) == sequence)


def test_plain_labels_may_follow_one_another_freely():
    moves = legal_transitions(["O", "NN", "DT"], Scheme.PLAIN)
    assert moves.start.all()
    assert moves.transition.all()
    assert moves.end.all()
    assert moves.transition.shape == (3, 3)
