"""Overlapping and repeated spans, and what their offsets count."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from labelled_documents import spans_of, texts
from windowclf.documents.document import LabelledSpan
from windowclf.documents.reading import ReadOptions
from windowclf.documents.span_policy import FileSpan, fit_spans, resolve_overlaps
from windowclf.errors import DataError

TEXT = "The University of Oslo in Oslo"
UNIVERSITY, OSLO, LAST = (4, 22, "ORG"), (18, 22, "LOC"), (26, 30, "LOC")


def fit(given, text=TEXT, **options):
    options = ReadOptions(**options)
    found = fit_spans(text, [FileSpan(*span) for span in given], options, "f:1")
    return [(span.start, span.end, span.label) for span in found], options.report.line()


def test_a_duplicate_is_taken_once_and_counted():
    found, report = fit([LAST, OSLO, LAST, LAST])
    assert found == [OSLO, LAST]
    assert report == "duplicate spans dropped: 2 (first: f:1)"


def test_a_duplicate_may_differ_in_white_space():
    found, report = fit([(18, 22, "LOC"), (17, 23, "LOC")])
    assert found == [OSLO]
    assert report == "duplicate spans dropped: 1 (first: f:1)"


def test_the_score_of_the_first_duplicate_stays():
    given = [FileSpan(18, 22, "LOC", 0.9), FileSpan(18, 22, "LOC", 0.1)]
    assert fit_spans(TEXT, given, ReadOptions(), "f:1") == [LabelledSpan(18, 22, "LOC", 0.9)]


def test_overlapping_spans():
    with pytest.raises(DataError, match=r"^span 18:22 overlaps span 4:22; .*`overlaps='longest'`$"):
        fit([OSLO, UNIVERSITY, LAST])
    for policy, order, kept in (
        ("longest", [OSLO, UNIVERSITY, LAST], [UNIVERSITY, LAST]),
        ("first", [OSLO, UNIVERSITY, LAST], [OSLO, LAST]),
        ("first", [UNIVERSITY, OSLO, LAST], [UNIVERSITY, LAST]),
        ("first", [UNIVERSITY, OSLO, UNIVERSITY, LAST], [UNIVERSITY, LAST]),
    ):
        found, report = fit(order, overlaps=policy)
        assert found == kept
        assert "overlapping spans dropped: 1 (first: f:1: " in report


@pytest.mark.parametrize("policy", ["longest", "first"])
def test_two_labels_of_one_stretch(policy):
    found, report = fit([(18, 22, "GPE"), OSLO], overlaps=policy)
    assert found == [(18, 22, "GPE")]
    assert report == "overlapping spans dropped: 1 (first: f:1: 18:22 beside 18:22)"
    with pytest.raises(DataError, match="span 18:22 overlaps span 18:22"):
        fit([(18, 22, "GPE"), OSLO])


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ((18, 31, "X"), "span 18:31 does not fit a text of 30 characters"),
        ((-4, 3, "X"), "span -4:3 does not fit"),
        ((3, 3, "X"), "span 3:3 does not fit"),
        ((22, 18, "X"), "span 22:18 does not fit"),
        ((3, 4, "X"), "span 3:4 has no token"),
        ((4, 22, ""), "span 4:22 has no label"),
        ((18, 10**30, "X"), r"span 18:10+ does not fit"),
    ],
)
def test_a_span_that_is_none(span, message):
    for policy in ("refuse", "longest", "first"):
        with pytest.raises(DataError, match=message):
            fit([LAST, span], overlaps=policy)


borders = st.integers(0, 12)
labelled = st.builds(
    lambda pair, label: LabelledSpan(min(pair), max(pair) + 1, label),
    st.tuples(borders, borders),
    st.sampled_from("AB"),
)


def overlap(one, two):
    return bool({*range(one.start, one.end)} & {*range(two.start, two.end)})


@given(st.lists(labelled, max_size=8), st.sampled_from(["longest", "first"]))
def test_what_is_kept_of_overlapping_spans(spans, policy):
    options = ReadOptions(overlaps=policy)
    kept = resolve_overlaps(spans, options, "f:1")
    assert resolve_overlaps(spans, options, "f:1") == kept
    assert {*kept} <= {*spans}
    for number, span in enumerate(kept):
        assert not any(overlap(span, other) for other in kept[number + 1 :])
    wanted = []  # slowly, one by one
    order = spans if policy == "first" else sorted(spans, key=lambda s: s.start - s.end)
    for span in order:
        clashes = [other for other in wanted if overlap(span, other)]
        assert not clashes or any(overlap(span, other) for other in kept)
        wanted += [] if clashes else [span]
    assert sorted(kept, key=lambda s: s.start) == sorted(wanted, key=lambda s: s.start)
    dropped = sum(tally.times for tally in options.report.tallies.values())
    assert dropped == 2 * (len(spans) - len(kept))


@given(texts, st.data(), st.sampled_from(["refuse", "longest", "first"]))
def test_right_spans_stay_as_they_are(text, data, policy):
    spans = data.draw(spans_of(text, st.sampled_from("AB")))
    given = [
        FileSpan(s.start, s.end, s.label, text=text[s.start : s.end])
        for s in data.draw(st.permutations(spans))
    ]
    options = ReadOptions(overlaps=policy, spans=data.draw(st.sampled_from(["as-is", "refuse"])))
    assert fit_spans(text, given, options, "f:1") == spans
    assert options.report.line() == ""


@given(texts, st.data())
def test_offsets_are_read_as_the_option_says(text, data):
    spans = data.draw(spans_of(text, st.sampled_from("AB")))
    assume(spans)
    units = [len(text[:i].encode("utf-16-le")) // 2 for i in range(len(text) + 1)]
    utf16 = [FileSpan(units[s.start], units[s.end], s.label) for s in spans]
    assert fit_spans(text, utf16, ReadOptions(spans="utf16"), "f:1") == spans
    inclusive = [FileSpan(s.start, s.end - 1, s.label) for s in spans]
    assert fit_spans(text, inclusive, ReadOptions(spans="inclusive"), "f:1") == spans


def test_a_span_that_cuts_a_word_can_be_refused():
    inclusive = [(4, 21, "ORG"), (26, 29, "LOC")]
    message = r"^span 4:21 'University of Osl' cuts a word; all .* fit with `spans='inclusive'`$"
    with pytest.raises(DataError, match=message):
        fit(inclusive, spans="refuse")
    assert fit([UNIVERSITY, LAST], spans="refuse") == ([UNIVERSITY, LAST], "")
    with pytest.raises(DataError, match=r"^span 18:22 'Oslo' is not 'Bergen'$"):
        fit([(18, 22, "LOC", None, "Bergen")], spans="refuse")
    with pytest.raises(DataError, match=r"of 8 characters; .* fit with `spans='utf16'`$"):
        fit([(3, 9, "LOC")], "👍 Bergen", spans="refuse")
