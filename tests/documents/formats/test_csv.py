"""CSV with a column of texts."""

import csv as reference
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelled_documents import characters, spans_of, texts
from tables import documents, read, tagged, written
from windowclf.documents.document import Document, LabelledSpan
from windowclf.documents.formats import csv
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError


@st.composite
def tables(draw):
    """Documents of the same columns, and the name of that of the text."""
    name = st.text(characters, max_size=4).map(str.strip)
    name = name.filter(lambda name: not name.startswith("\ufeff"))
    columns = draw(st.lists(name, min_size=1, max_size=4, unique=True))
    columns = [column for column in columns if column != "entities"] or ["text"]
    column = draw(st.sampled_from(columns))
    found = []
    for _ in range(draw(st.integers(1, 4))):
        fields = {name: draw(texts) for name in columns}
        text = fields[column]
        spans = draw(spans_of(text, texts.filter(bool), st.none() | st.floats(0, 1)))
        found.append(Document(text, spans=spans, fields=fields))
    return found, column


@given(tables())
def test_what_is_written_is_read_back(table):
    given, column = table
    data = written(given, text_column=column)
    found = documents(data, text_column=column, labels=False)
    for before, after in zip(given, found, strict=True):
        assert after.text == before.text
        spans = msgspec.json.decode(after.fields["entities"], type=list[LabelledSpan])
        assert spans == before.spans
        assert list(after.fields) == [*before.fields, "entities"]
        assert {**after.fields, **before.fields} == after.fields
    rows = list(reference.DictReader(io.StringIO(data, newline="")))
    assert [row[column] for row in rows if None not in row] == [each.text for each in given]


def test_another_column_named_text_stays():
    (found,) = documents("text,note\r\nlong,Oslo\r\n", text_column="1", labels=False)
    assert written([found]) == "text,note,entities\r\nlong,Oslo,\r\n"


def test_cells_are_read_as_they_are():
    data = '\ufeffid,text,\r\n7,"In\r\nOslo,\n""now""",\0\r\n\r\n8,,"\x85"\r\n'
    text = 'In\r\nOslo,\n"now"'
    assert [(document.text, document.fields) for document in documents(data)] == [
        (text, {"id": "7", "text": text, "": "\0"}),
        ("", {"id": "8", "text": "", "": "\x85"}),
    ]


def test_a_cell_may_be_long():
    (document,) = documents('text\n"' + "long \n" * 2_000_000 + '"\n')
    assert len(document.text) == 12_000_000


def test_values_of_other_formats_become_cells():
    fields = {
        "a": msgspec.Raw(b'"\\u00e9\\n"'),
        "b": msgspec.Raw(b"1.0e5"),
        "c": msgspec.Raw(b'{"x":  [1]}'),
        "d": msgspec.Raw(b"null"),
        "e": None,
        "f": [1, "é"],
        "g": 1.5,
        "h": True,
        "text": "old",
    }
    span = LabelledSpan(3, 7, "LOC", 0.5)
    (found,) = documents(written([Document("In Oslo", spans=[span], fields=fields)]))
    assert list(found.fields.values()) == [
        "é\n",
        "1.0e5",
        '{"x":  [1]}',
        "",
        "",
        '[1,"é"]',
        "1.5",
        "true",
        "In Oslo",
        '[{"start":3,"end":7,"label":"LOC","score":0.5}]',
    ]


def test_entities_that_were_there_are_written_over():
    given = tagged(documents("entities,text\r\nold,In Rome\r\n", labels=False))
    assert written(given) == "entities,text\r\n[],In Rome\r\n"


def test_rows_are_answered_as_they_come():
    pieces = [b"text\n", b"a\n", b'b\n"c', b'\nd"\n', b"e"]

    class Slow(io.BytesIO):
        def read1(self, size):
            return pieces.pop(0) if pieces else b""

    batches = csv.read(Slow(), "x", ReadOptions())
    for left, answer in ((3, ["a"]), (2, ["b"]), (1, ["c\nd"]), (0, ["e"])):
        assert [document.text for document in next(batches)] == answer
        assert len(pieces) == left
    assert next(batches, None) is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", ": empty; expected a row with the names of the columns"),
        ("id,body\n1,a\n", ":1: no column 'text' for the text; there are 'id', 'body'; name one"),
        ("text,a,a\n", ":1: two columns with the same name in 'text', 'a', 'a'; rename one"),
        ("id,text\n1,a\n2\n", ":3: 1 cells, but the header has 2; expected as many"),
        ('id,text\n1,"a\nb"\n2,In Oslo, now\n', ":4: 3 cells, but the header has 2"),
        ('id,text\n1,"a\n2,b\n', ":2: malformed CSV: a quotation mark is opened in this row"),
        ('id,text\n1,"a"b\n', ":2: malformed CSV: "),
        ("id,text\n1,a\rb\n", ":2: malformed CSV: a carriage return outside"),
        (b"id,text\n1,\xff\n", ":2: byte 0xff is not UTF-8"),
    ],
)
def test_bad_files_end_in_one_line_with_the_place(data, message):
    with pytest.raises(DataError) as refusal:
        read(data)
    assert str(refusal.value).startswith(f"here.csv{message}")
    assert "\n" not in str(refusal.value)


def test_other_columns_later_are_refused():
    given = [Document("a", fields={"id": "1"}), Document("b", fields={"key": "2"})]
    with pytest.raises(DataError, match=r"^document 'b' has the columns 'key', .* write JSONL$"):
        written(given)
    # Columns in another order are the same columns.
    given = [Document("a", fields={"x": "1", "y": "2"}), Document("b", fields={"y": "3", "x": "4"})]
    assert written(given) == "x,y,text,entities\r\n1,2,a,\r\n4,3,b,\r\n"


def test_nothing_is_written_of_nothing():
    assert written([]) == ""
