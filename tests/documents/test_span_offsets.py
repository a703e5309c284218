"""The reading of offsets that makes all spans of some files fit."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from windowclf.documents.reading import ReadOptions
from windowclf.documents.span_offsets import from_utf16
from windowclf.documents.span_policy import FileSpan, fit_spans
from windowclf.errors import DataError


def report(*texts, **given):
    """Fit the spans of several texts, and return what is said of their offsets."""
    options = ReadOptions(overlaps="first", **given)
    for number, (text, spans) in enumerate(texts, 1):
        try:
            fit_spans(text, [FileSpan(*span) for span in spans], options, f"f:{number}")
        except DataError:
            assert options.report.offsets.misfits
    return options.report.line()


INCLUSIVE = (
    ("Ada met Tom in Oslo.", [(0, 2, "PER"), (8, 10, "PER"), (15, 18, "LOC")]),
    ("New York is big.", [(0, 7, "LOC")]),
)
RIGHT = (
    ("Ada met Tom in Oslo.", [(0, 3, "PER"), (8, 11, "PER"), (15, 19, "LOC")]),
    ("New York is big.", [(0, 8, "LOC")]),
    ("👍 Paris is nice", [(2, 7, "LOC")]),
)
UTF16 = (*RIGHT[:2], ("👍 Paris is nice", [(3, 8, "LOC")]))


def test_inclusive_ends():
    line = report(*INCLUSIVE)
    assert line == (
        "spans that do not match word borders, but all of them fit if their ends are "
        "inclusive (`spans='inclusive'`): 4 (first: f:1: 0:2 'Ad')"
    )
    assert report(*INCLUSIVE, spans="inclusive") == ""


def test_units_of_utf16_after_an_emoji():
    line = report(*UTF16)
    assert line == (
        "spans that do not match word borders, but all of them fit if they count UTF-16 "
        "units (`spans='utf16'`): 1 (first: f:3: 3:8 'aris ')"
    )
    assert report(*UTF16, spans="utf16") == ""


def test_right_offsets_are_not_reported():
    assert report(*RIGHT) == ""
    assert report(*RIGHT, spans="refuse") == ""


def test_an_option_that_is_wrong_is_reported():
    assert "all of them fit if they count characters (`spans='as-is'`): 1 " in report(
        *RIGHT, spans="utf16"
    )
    assert "if they count characters" in report(*RIGHT, spans="inclusive")


@pytest.mark.parametrize("shift", [-3, -2, -1, 1, 2, 3])
def test_shifted_spans(shift):
    texts = ["Hello, Ada Lovelace met Tom.", "In all of Oslo they met Ada Byron there."]
    names = ["Ada Lovelace", "Tom"], ["Oslo", "Ada Byron"]
    given = [
        (text, [(text.index(n) + shift, text.index(n) + len(n) + shift, "X") for n in found])
        for text, found in zip(texts, names, strict=True)
    ]
    assert f"all of them fit if they are shifted by {-shift:+d}: 4 (first: f:1: " in report(*given)


def test_no_cure_where_none_fits_all():
    line = report(*INCLUSIVE, ("Ada met Tom in Oslo.", [(0, 3, "PER")]))
    assert line == "spans that do not match word borders: 4 (first: f:1: 0:2 'Ad')"


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("东京都渋谷区は東京にある", [(0, 3, "LOC"), (7, 9, "LOC")]),
        ("ฉันอยู่ที่กรุงเทพมหานคร", [(10, 23, "LOC")]),
        ("東京タワーへ行った", [(0, 5, "LOC")]),
        ("서울에서 만났다", [(0, 2, "LOC")]),
        ("ကျွန်တော်ရန်ကုန်မှာ", [(9, 17, "LOC")]),
        ("दिल्ली में", [(0, 6, "LOC")]),
        ("Oslo-based U.S.-style", [(0, 4, "LOC"), (11, 15, "LOC")]),
        ("Oslo's (Oslo) “Oslo”", [(0, 4, "LOC"), (8, 12, "LOC"), (15, 19, "LOC")]),
        (" Oslo \n", [(0, 7, "LOC")]),
        ("#Oslo @Ada_L", [(1, 5, "LOC"), (7, 12, "PER")]),
    ],
)
def test_no_false_alarm(text, spans):
    assert report((text, spans)) == ""


def test_the_text_of_a_span_is_evidence():
    assert report(("A B C", [(2, 3, "X", None, "B")])) == ""
    line = report(("A B C", [(2, 3, "X", None, "A")]), ("A B C", [(4, 5, "X", None, "B")]))
    assert "all of them fit if they are shifted by -2: 2 (first: f:1: 2:3 'B')" in line
    assert report(("New\n York", [(0, 9, "X", None, "New York")])) == ""
    assert report(("New\nYork", [(0, 8, "X", None, "New\\nYork")])) == ""
    # Part of a word is right if the file says so.
    assert report(("Oslobased", [(0, 4, "X", None, "Oslo")])) == ""


words = st.lists(
    st.sampled_from(["Ada", "Oslo", "New", "x", "U.S.", "👍", "é", "\U0001d4d0b", "it's", "2"]),
    min_size=1,
    max_size=8,
)


@st.composite
def word_spans(draw):
    """A text of words, and spans of some of them."""
    found = draw(words)
    text = draw(st.sampled_from(["", "  ", "👍 "])) + " ".join(found)
    spans, end = [], len(text) - len(" ".join(found))
    for word in found:
        start, end = end, end + len(word)
        if draw(st.booleans()):
            spans.append((start, end))
        end += 1
    return text, spans


def distorted(text, start, end, how):
    if how == "inclusive":
        return start, end - 1
    if how == "utf16":
        return tuple(len(text[:i].encode("utf-16-le")) // 2 for i in (start, end))
    return start + how, end + how


@given(
    st.lists(word_spans(), min_size=1, max_size=5),
    st.sampled_from(["inclusive", "utf16", -3, -2, -1, 1, 2, 3]),
    st.booleans(),
)
def test_a_distortion_of_all_spans_is_named(texts, how, shown):
    given = [
        (
            text,
            [
                (*distorted(text, s, e, how), "X", None, text[s:e] if shown else None)
                for s, e in spans
            ],
        )
        for text, spans in texts
    ]
    options = ReadOptions(overlaps="first")
    for text, spans in given:
        offsets = [(start, end, shown_) for start, end, _, _, shown_ in spans]
        options.report.offsets.add(text, offsets, "f", "as-is")
    evidence = options.report.offsets
    unchanged = all(distorted(text, s, e, how) == (s, e) for text, found in texts for s, e in found)
    if unchanged:
        assert options.report.line() == ""
    assume(evidence.misfits)
    readings = {
        "inclusive": "inclusive",
        "utf16": "UTF-16",
    }
    name = readings.get(how, f"shifted by {-how:+d}" if isinstance(how, int) else "")
    cure = evidence.cure()
    assert cure  # the true reading fits all, so one is named; another one may fit them, too
    assert name in cure or any(other in cure for other in ("inclusive", "UTF-16", "shifted"))
    if isinstance(how, int) and "shifted" in cure:
        step = int(cure.rpartition(" ")[2])
        assert abs(step) <= abs(how)
    # In "👍 2 2" the text that is shown also stands where inclusive ends would put it.
    if how == "utf16" and shown and "inclusive" not in cure:
        assert name in cure


@given(st.text(st.sampled_from("a👍é\U0001d4d0"), max_size=8), st.integers(0, 20))
def test_units_of_utf16_are_counted(text, offset):
    units = [len(text[:i].encode("utf-16-le")) // 2 for i in range(len(text) + 1)]
    found = from_utf16(text, offset)
    if offset in units:
        assert found == units.index(offset)
    elif offset > units[-1]:
        assert found > len(text)
    else:  # in the middle of a character
        assert units[found] < offset < units[found + 1]
