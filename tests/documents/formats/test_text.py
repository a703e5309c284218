"""Plain text, a line a document."""

import io

from hypothesis import given
from hypothesis import strategies as st

from labelled_documents import characters, documents
from windowclf.documents.document import Document, LabelledSpan
from windowclf.documents.formats import text
from windowclf.documents.formats.registry import WriteOptions
from windowclf.documents.reading import ReadOptions

lines = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\ufeff") | characters).map(
    lambda line: line.translate(dict.fromkeys(map(ord, "\n\r\ufeff"), "x"))
)


def written(given, **options):
    file = io.BytesIO()
    writer = text.Writer(file, WriteOptions(), **options)
    writer.write(given[:2])
    writer.write(given[2:])
    writer.close()
    return file.getvalue()


def read(data):
    return [d for batch in text.read(io.BytesIO(data), "x", ReadOptions()) for d in batch]


@given(st.lists(lines))
def test_what_is_written_is_read_back(texts):
    found = [Document(each) for each in texts]
    assert read(written(found)) == found


@given(st.lists(documents()))
def test_every_document_is_a_line(given):
    data = written(given).decode()
    assert data.count("\n") == len(given)
    assert "\r" not in data


def test_spans_stand_in_brackets():
    spans = [LabelledSpan(0, 5, "LOC"), LabelledSpan(5, 6, "X"), LabelledSpan(13, 19, "LOC")]
    document = Document("Paris-\r\nis in France", spans=spans[:2])
    assert written([document]) == b"[LOC Paris][X -]  is in France\n"
    document = Document("Paris is in\n France", spans=spans[2:])
    assert written([document, Document("", spans=[])]) == b"Paris is in  [LOC France]\n\n"


def test_marks_can_be_others():
    document = Document("In Oslo", spans=[LabelledSpan(3, 7, "LOC")])
    assert written([document], mark=lambda label, text: f"<{text}|{label}>") == b"In <Oslo|LOC>\n"


def test_lines_come_in_batches():
    batches = list(text.read(io.BytesIO(b"a line\r\n" * 30_000), "x", ReadOptions()))
    assert sum(map(len, batches)) == 30_000
    assert len(batches) > 2
    assert batches[0][0] == Document("a line")
