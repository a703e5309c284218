"""How a corpus writes its tags is recognised from all of them, or refused."""

import pickle
import re
from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from strategies import FILE_SCHEMES, SPAN_SCHEMES, span_lists, tag_sequences
from windowclf.errors import UsageError
from windowclf.tags.recognition import SCHEMES, TagError, position, recognise, scheme_named
from windowclf.tags.schemes import Scheme, convert, encode, spans


def split(rows):
    return [row.split() for row in rows]


def read(*rows, scheme="auto"):
    """The tags in IOB2, and the style."""
    style = recognise(iter(split(rows)), scheme_named(scheme))
    return [" ".join(style.convert(tags)) for tags in split(rows)], style


@pytest.mark.parametrize(
    ("sequences", "scheme"),
    [
        ([], Scheme.IOB2),
        (["O O", ""], Scheme.IOB2),
        (["B-A I-A O B-A B-A"], Scheme.IOB2),
        (["B-geo-loc I-geo-loc"], Scheme.IOB2),
        (["B-A", "B-A", "O I-A"], Scheme.IOB2),
        (["B-A", "I-A"], Scheme.IOB1),
        (["B-A O I-A"], Scheme.IOB1),
        (["B-A I-B"], Scheme.IOB1),
        (["I-A B-A"], Scheme.IOB1),
        (["I-A I-A O I-B"], Scheme.IOB1),
        (["I-A", "S-A"], Scheme.IOBES),
        (["B-A I-A", "B-A E-A"], Scheme.IOBES),
        (["S-A O"], Scheme.IOBES),
        (["B-PER I-PER L-PER O U-ORG"], Scheme.BILOU),
        (["O U-ORG"], Scheme.BILOU),
        (["B-A M-A E-A", "S-A"], Scheme.BMES),
        (["B-A E-A", "B-A M-A E-A"], Scheme.BMES),
        (["B-A M-A E-A W-A"], Scheme.BMEWO),
        (["PER PER O ORG"], Scheme.IO),
        (["FOO O O"], Scheme.IO),
    ],
)
def test_the_scheme_is_recognised_from_all_sequences(sequences, scheme):
    assert recognise(iter(split(sequences))).scheme is scheme


@pytest.mark.parametrize(
    ("row", "iob2", "remark"),
    [
        ("B-PER I-PER L-PER O U-ORG", "B-PER I-PER I-PER O B-ORG", "recognised as bilou"),
        ("B_PER I_PER O", "B-PER I-PER O", "tags such as 'B_PER' are read as B-PER"),
        ("B_PER", "B-PER", "tags such as 'B_PER' are read as B-PER"),
        ("B:PER O B:PER I:PER", "B-PER O B-PER I-PER", "tags such as 'B:PER' are read as B-PER"),
        ("B/a-b I/a-b", "B-a-b I-a-b", "tags such as 'B/a-b' are read as B-a-b"),
        ("I_per_name O", "B-per_name O", "tags such as 'I_per_name' are read as I-per_name"),
        ("B_geo-loc I_geo-loc", "B-geo-loc I-geo-loc", "tags such as 'B_geo-loc' are"),
        ("DIR-B DIR-I O DIR-B", "B-DIR I-DIR O B-DIR", "tags such as 'DIR-B' are read as B-DIR"),
        ("geo-loc-B geo-loc-I", "B-geo-loc I-geo-loc", "tags such as 'geo-loc-B' are"),
        ("PER-B O", "B-PER O", "tags such as 'PER-B' are read as B-PER"),
        ("b-per i-per o", "B-per I-per O", "tags such as 'b-per' are read as B-per"),
        ("B-PER i-PER O", "B-PER I-PER O", "tags such as 'i-PER' are read as I-PER"),
        ("B I O B", "B-ENTITY I-ENTITY O B-ENTITY", "all spans are called ENTITY"),
        ("b i o", "B-ENTITY I-ENTITY O", "all spans are called ENTITY"),
        ("B M E S", "B-ENTITY I-ENTITY I-ENTITY B-ENTITY", "recognised as bmes"),
        ("B I L O U", "B-ENTITY I-ENTITY I-ENTITY O B-ENTITY", "recognised as bilou"),
        ("O 0 B-X", "O O B-X", "tag '0' is read as O (1 in all)"),
        ("o o O", "O O O", "tag 'o' is read as O (2 in all)"),
        (
            "PER PER O ORG",
            "B-PER I-PER O B-ORG",
            "io without prefixes, so neighbours with the same",
        ),
        ("per o org", "B-per O B-org", "io without prefixes"),
        ("geo-loc O person", "B-geo-loc O B-person", "io without prefixes"),
        ("e-mail O O", "B-e-mail O O", "io without prefixes"),
        ("S_NAME E_MAIL O O", "B-S_NAME B-E_MAIL O O", "io without prefixes"),
    ],
)
def test_tags_are_read_as_they_are_written_and_what_is_unusual_is_remarked(row, iob2, remark):
    found, style = read(row)
    assert found == [iob2]
    assert remark in "; ".join(style.remarks)
    assert style.irregular == 0
    assert "\n" not in "".join(style.remarks)


@pytest.mark.parametrize("row", ["O B-A I-A B-A", "O I-A B-A", "O B-A E-A S-A", "O O"])
def test_what_is_usual_is_not_remarked(row):
    assert read(row)[1].remarks == ()


@pytest.mark.parametrize(
    ("row", "tag", "message"),
    [
        ("O B-PER X-PER", "X-PER", "does not fit the other tags: expected O, or a label after"),
        ("B-PER I-PER PER", "PER", "does not fit the other tags"),
        ("PER-B B-PER I-PER", "PER-B", "does not fit the other tags"),
        ("B-PER I-PER I_PER", "I_PER", "does not fit the other tags"),
        ("B-PER B", "B", "does not fit the other tags"),
        ("B-A B- O", "B-", "does not fit the other tags"),
        ("B-A BI-A", "BI-A", "does not fit the other tags"),
        ("B-A I-A E-A U-A", "U-A", "expected O, or a label after B- or I- or E- or S-; `scheme`"),
        ("B-A L-A U-A M-A", "M-A", "expected O, or a label after B- or I- or L- or U-; `scheme`"),
        ("DIR-B DIR-I DIR", "DIR", "expected O, or a label before -B or -I; `scheme`"),
        ("B I PER O", "PER", "expected O, or one of B, I alone"),
        ("O O X-Y", "X-Y", "belongs to no known scheme: expected O, or a label after B- or I-"),
        ("B-", "B-", "belongs to no known scheme: expected O, or a label after B- or I-"),
        ("FOO B- O O", "B-", "belongs to no known scheme"),
        ("- - ann1", "-", "belongs to no known scheme: .* `tags_column` names another column"),
        ("O O O 3", "3", "belongs to no known scheme: .* `tags_column` names another column"),
        ("0 0 PER", "PER", "has no prefix"),
        ("0", "0", "belongs to no known scheme"),
        ("HEPATITIS-B O", "HEPATITIS-B", "choose io for the first and iob2 for the second"),
        ("DT NN NN VB", "DT", "choose io if .* or plain if each token has a label of its own"),
        ("O DT NN VB", "DT", "choose io if .* or plain if each token has a label of its own"),
        ("N V E O", "N", "choose io if .* or plain if each token has a label of its own"),
        ("N V O N A", "N", "choose io if .* or plain if each token has a label of its own"),
    ],
)
def test_what_is_not_certain_is_refused(row, tag, message):
    with pytest.raises(TagError, match=rf"^tag '{tag}' .*{message}") as refusal:
        read(row)
    assert refusal.value.tag == tag
    assert str(refusal.value).endswith(f"`scheme` takes {', '.join(SCHEMES)}")
    assert "\n" not in str(refusal.value)
    again = pickle.loads(pickle.dumps(refusal.value))  # a process may raise it for another
    assert (again.tag, str(again)) == (tag, str(refusal.value))


@pytest.mark.parametrize(
    "row", ["B-A X-A", "B-", "X B-A", "PER-B PER", "O B_A B-A", "I-X Y", "B B-X"]
)
def test_plain_is_not_advised_for_what_looks_like_spans(row):
    with pytest.raises(TagError) as refusal:
        read(row)
    assert "plain" not in str(refusal.value).partition("`scheme` takes")[0]


@pytest.mark.parametrize(
    ("scheme", "row", "iob2"),
    [
        ("io", "NN NN O DT", "B-NN I-NN O B-DT"),
        ("io", "I-A I-A O", "B-A I-A O"),
        ("io", "HEPATITIS-B O", "B-HEPATITIS-B O"),
        ("iob2", "HEPATITIS-B O", "B-HEPATITIS O"),
        ("bio", "B_A I_A", "B-A I-A"),
        ("biluo", "B-A L-A O", "B-A I-A O"),
        ("plain", "NN B-A O 0", "NN B-A O 0"),
        ("bmes", "O O", "O O"),
    ],
)
def test_a_scheme_that_is_named_is_believed(scheme, row, iob2):
    found, style = read(row, scheme=scheme)
    assert found == [iob2]
    assert style.scheme is scheme_named(scheme)


@pytest.mark.parametrize(
    ("scheme", "row", "tag"),
    [
        ("iob2", "B-A E-A", "E-A"),
        ("iob1", "I-A S-A", "S-A"),
        ("iobes", "B-A L-A", "L-A"),
        ("bilou", "O S-A", "S-A"),
        ("bmes", "B-A I-A", "I-A"),
        ("bmewo", "B-A S-A", "S-A"),
        ("io", "O I-A B-A", "B-A"),
        ("io", "O B-A A", "B-A"),
        ("bilou", "Name O", "Name"),
    ],
)
def test_a_tag_that_a_named_scheme_does_not_have_is_refused(scheme, row, tag):
    with pytest.raises(TagError, match=rf"^tag '{tag}' is not one of {scheme}: expected O, or a"):
        read(row, scheme=scheme)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UsageError, match="'iob3': expected auto, iob1, iob2, iobes, bilou, bmes,"):
        scheme_named("iob3")


@pytest.mark.parametrize(
    ("scheme", "rows", "count", "first"),
    [
        ("auto", ["B-A I-A O", "B-B", "O I-A"], 1, "1 tag breaks the rules of iob2, .*'I-A' after"),
        ("auto", ["B-A", "B-A", "I-A I-A"], 1, "first 'I-A' at the start"),
        ("iobes", ["B-A I-A"], 1, "1 tag breaks the rules of iobes.* 'I-A' at the end"),
        ("iob2", ["I-A B-A O", "I-B"], 2, "2 tags break the rules of iob2.* 'I-A' at the start"),
        ("auto", ["B-A L-A", "B-A O"], 1, "rules of bilou.* 'O' after 'B-A'"),
        ("auto", ["B_A L_A", "B_A O"], 1, "first 'O' after 'B_A'"),
    ],
)
def test_tags_that_break_the_rules_are_counted(scheme, rows, count, first):
    found, style = read(*rows, scheme=scheme)
    assert style.irregular == count
    assert re.search(first, style.describe_irregular())
    assert [spans(tags.split(), Scheme.IOB2) for tags in found] == [
        spans(style.convert(tags), Scheme.IOB2) for tags in split(rows)
    ]


@given(st.lists(tag_sequences(), max_size=6))
def test_any_tags_of_iobes_are_read_as_conlleval_reads_them(sequences):
    style = recognise(sequences)
    for tags in sequences:
        assert style.convert(tags) == convert(tags, Scheme.IOBES, Scheme.IOB2)
    legal = all(encode(spans(t, style.scheme), len(t), style.scheme) == t for t in sequences)
    assert legal == (style.irregular == 0)


def usual(tag):
    return tag


def underscore(tag):
    return tag.replace("-", "_", 1)


def slash(tag):
    return tag.replace("-", "/", 1)


def suffix(tag):
    return f"{tag[2:]}-{tag[0]}" if tag != "O" else tag


def lower(tag):
    return tag[0].lower() + tag[1:]


def bare(tag):
    return tag[0]


WAYS = [usual, underscore, slash, suffix, lower, bare]


@given(st.lists(span_lists(), max_size=5), st.sampled_from(FILE_SCHEMES), st.sampled_from(WAYS))
def test_spans_come_back_however_they_are_written(sentences, scheme, way):
    if way is bare:
        one = [[span._replace(label="ENTITY") for span in found] for found, _ in sentences]
        sentences = [(found, length) for found, (_, length) in zip(one, sentences, strict=True)]
    corpus = [[*map(way, encode(found, length, scheme))] for found, length in sentences]
    style = recognise(corpus, scheme)
    with suppress(TagError):  # some are too few to be sure, such as "geo-loc-B" alone
        style = recognise(corpus)
    assume(style.scheme is not Scheme.IO)  # an S alone, with most tokens O, may be a label
    for tags, (found, _) in zip(corpus, sentences, strict=True):
        assert spans(style.convert(tags), Scheme.IOB2) == found


@given(st.lists(span_lists(), max_size=5))
def test_io_without_prefixes_comes_back_where_no_spans_touch(sentences):
    corpus = [encode(found, length, Scheme.IO) for found, length in sentences]
    bare_labels = [[tag.removeprefix("I-") for tag in tags] for tags in corpus]
    style = recognise(bare_labels, Scheme.IO)
    for tags, original in zip(bare_labels, corpus, strict=True):
        assert spans(style.convert(tags), Scheme.IOB2) == spans(original, Scheme.IO)


@given(st.lists(span_lists()), st.sampled_from(SPAN_SCHEMES))
def test_a_recognised_scheme_spells_the_same_tags(sentences, scheme):
    corpus = [encode(found, length, scheme) for found, length in sentences]
    recognised = recognise(corpus).scheme
    assert [encode(found, length, recognised) for found, length in sentences] == corpus


def test_positions():
    tags = ["O", "B-A", "O"]
    assert position(tags, "B-A") == 1
    assert position(tags, "I-A") is None
    assert position(tags, (None, "O")) == 0
    assert position(tags, ("B-A", "O")) == 2
    assert position(tags, ("O", None)) == 2
    assert position(tags, ("O", "O")) is None
