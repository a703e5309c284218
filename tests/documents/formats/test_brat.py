"""Pairs of a text and its annotation, as brat writes them."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelled_documents import spans_of, texts
from windowclf.documents.formats import brat
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError
from windowclf.system.streams import open_input

TEXT = "Ada met Grace\nHopper in New York City.\n"
ANN = "T1\tPER 0 3\tAda\nT2\tPER 8 20\tGrace Hopper\n"


@pytest.fixture
def read(tmp_path):
    def read(ann, text=TEXT, name="a.ann", **options):
        for path, data in ((tmp_path / "a.ann", ann), (tmp_path / "a.txt", text)):
            if data is not None:
                path.write_bytes(data if isinstance(data, bytes) else data.encode())
        given = ReadOptions(**options)
        with open_input(tmp_path / name) as file:
            batches = [*brat.read(file, str(tmp_path / name), given)]
        return [document for batch in batches for document in batch], given.report

    return read


def places(documents):
    return [[(span.start, span.end, span.label) for span in d.spans] for d in documents]


BOTH = [[(0, 3, "PER"), (8, 20, "PER")]]


@pytest.mark.parametrize("name", ["a.ann", "a.txt"])
def test_a_pair_is_one_document(read, name):
    found, report = read(ANN, name=name)
    assert [(d.text, d.words, dict(d.fields)) for d in found] == [(TEXT, None, {"id": "a"})]
    assert places(found) == BOTH
    assert report.line() == ""


@pytest.mark.parametrize("ann", ["", "\n", "\r\n"])
def test_an_empty_annotation_labels_nothing(read, ann):
    found, report = read(ann)
    assert places(found) == [[]]
    assert report.line() == ""


def test_other_annotation_is_counted(read):
    rest = (
        "E1\tLife:T1 Who:T2\nR1\tMet Arg1:T1 Arg2:T2\t\n*\tEquiv T1 T2\nA1\tSure T1\n"
        "M1\tSure T1\nN1\tReference T1 Wikipedia:1\tAda\n#1\tAnnotatorNotes T1\twho?\n"
    )
    found, report = read(rest + ANN)
    assert places(found) == BOTH
    assert report.line().startswith("annotations of brat that are not spans")
    assert ": 7 (first: " in report.line()
    assert "a.ann:1: 'E1\\tLife" in report.line()


def test_a_discontinuous_span_is_covered(read):
    text = "North and South America"
    ann = "T1\tLOC 0 5;16 23\tNorth America\nT2\tLOC 10 23\tSouth America\n"
    found, report = read(ann, text, overlaps="longest")
    assert places(found) == [[(0, 23, "LOC")]]
    assert "discontinuous spans read as the stretch that covers them: 1" in report.line()
    assert "overlapping spans dropped: 1" in report.line()
    found, _ = read("T1\tLOC 16 23;0 5\tAmerica North\n", text)
    assert places(found) == [[(0, 23, "LOC")]]


def test_a_span_over_a_line_break_is_not_discontinuous(read):
    found, report = read("T2\tPER 8 13;14 20\tGrace Hopper\n")
    assert places(found) == [[(8, 20, "PER")]]
    assert report.line() == ""


def test_overlaps_follow_the_option(read):
    ann = "T1\tORG 24 37\tNew York City\nT2\tLOC 24 32\tNew York\nT3\tLOC 24 32\tNew York\n"
    with pytest.raises(DataError, match=r"a\.ann: span 24:37 overlaps span 24:32; .*`overlaps="):
        read(ann)
    assert places(read(ann, overlaps="longest")[0]) == [[(24, 37, "ORG")]]
    found, report = read("T3\tLOC 24 32\tNew York\n" + ann, overlaps="first")
    assert places(found) == [[(24, 32, "LOC")]]
    assert "duplicate spans dropped: 2" in report.line()
    assert read(ann, on_error="skip")[0] == []


def test_offsets_in_carriage_returns(read):
    text = TEXT.replace("\n", "\r\n")
    right = "T1\tPER 0 3\tAda\r\nT2\tPER 8 13;15 21\tGrace Hopper\r\nT3\tLOC 25 33\tNew York\r\n"
    found, report = read(right, text)
    assert places(found) == [[(0, 3, "PER"), (8, 21, "PER"), (25, 33, "LOC")]]
    assert (found[0].text, report.line()) == (text, "")
    found, report = read(ANN + "T3\tLOC 24 32\tNew York\n", text)
    assert places(found) == [[(0, 3, "PER"), (8, 20, "PER"), (24, 32, "LOC")]]
    assert found[0].text == TEXT
    assert report.line().startswith("texts of brat whose line breaks were read as one character")


@pytest.mark.parametrize("ann", [ANN, "T1\tPER 1 4\tAda\nT2\tPER 9 21\tGrace Hopper\n"])
def test_a_byte_order_mark_may_count(read, ann):
    found, report = read(ann, b"\xef\xbb\xbf" + TEXT.encode())
    assert (found[0].text, places(found), report.line()) == (TEXT, BOTH, "")


def test_spans_that_do_not_fit_are_told(read):
    found, report = read("T1\tPER 1 4\tAda\nT2\tPER 9 21\tGrace Hopper\n")
    assert "spans that do not match" in report.line()
    assert "shifted by -1: 2" in report.line()
    found, report = read("T1\tX 2 7\tParis\n", "👍 Paris", spans="as-is")
    assert (places(found), report.line()) == ([[(2, 7, "X")]], "")
    found, report = read("T1\tX 3 8\tParis\n", "👍 Paris", spans="utf16")
    assert (places(found), report.line()) == ([[(2, 7, "X")]], "")
    with pytest.raises(DataError, match=r"a\.ann: span 1:4 'da ' is not 'Ada'$"):
        read("T1\tPER 1 4\tAda\n", spans="refuse")


@pytest.mark.parametrize(
    "line",
    [
        "T1\tPER 0\tAda",
        "T1 PER 0 3 Ada",
        "T1\tPER 0 x\tAda",
        "T1",
        "T1\t0 3\tAda",
        "Ada 0 3",
        "T1\tPER -1 3\tAda",
        "T1\tPER 0 3;\tAda",
    ],
)
def test_a_line_that_is_not_of_brat_is_named(read, line):
    with pytest.raises(DataError, match=r"a\.ann:3: .*; expected a line of brat, such as T1, tab"):
        read(ANN + line)
    found, report = read(ANN + line, on_error="skip")
    assert found == []
    assert report.line().startswith("records skipped: 1 (first: ")
    assert len(read(ANN + line, labels=False)[0]) == 1


def test_a_missing_half_is_named(read, tmp_path):
    with pytest.raises(DataError, match=r"a\.ann: no file 'a\.txt' beside it; brat keeps"):
        read(ANN, None)
    (tmp_path / "a.ann").unlink()
    with pytest.raises(DataError, match=r"a\.txt: no file 'a\.ann' beside it"):
        read(None, name="a.txt")
    (tmp_path / "b.ann").write_text("")
    with pytest.raises(DataError, match=r"b\.ann: no file 'b\.txt' beside it"):
        read("", name="b.ann")


def test_packed_files_and_encodings(tmp_path, read):
    found, _ = read(ANN, TEXT.replace("Ada", "Åsa").encode("cp1252"), encoding="cp1252")
    assert found[0].text.startswith("Åsa")
    with pytest.raises(DataError, match=r"a\.txt: cannot be decoded as utf-8 .*`encoding`$"):
        read(ANN)[0] and read(ANN, b"\xc5sa")
    (tmp_path / "z.ann.gz").write_bytes(gzip.compress(ANN.encode()))
    (tmp_path / "z.txt.gz").write_bytes(gzip.compress(TEXT.encode()))
    found, _ = read(ANN, name="z.ann.gz")
    assert (places(found), found[0].fields["id"]) == (BOTH, "z")


labels = st.text("ABc-_9", min_size=1, max_size=4)


@given(texts, st.data())
def test_what_brat_would_write_is_read(tmp_path_factory, text, data):
    spans = data.draw(spans_of(text, labels))
    shuffled = data.draw(st.permutations(spans))
    path = tmp_path_factory.getbasetemp() / "drawn.ann"
    path.with_suffix(".txt").write_bytes(text.encode())
    lines = [
        f"T{number}\t{s.label} {s.start} {s.end}\t{' '.join(text[s.start : s.end].splitlines())}\n"
        for number, s in enumerate(shuffled)
    ]
    path.write_bytes("".join(lines).replace("\t\ufeff", "\t").encode())
    options = ReadOptions()
    with path.open("rb") as file:
        ((document,),) = brat.read(file, str(path), options)
    if not text.startswith("\ufeff"):
        assert document.text == text
        assert document.spans == spans
