"""What separates the cells of a table, and what a quotation mark means."""

import csv as reference
import io

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from labelled_documents import characters
from tables import documents, read, texts
from windowclf.documents.formats import csv
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError

cells = st.text(characters, max_size=8)


@given(
    st.lists(st.lists(cells, min_size=3, max_size=3), max_size=5),
    st.lists(st.text(characters, max_size=4).map(str.strip), min_size=2, max_size=2, unique=True),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.permutations(range(3)),
)
def test_any_table_is_read_as_it_was_written(rows, others, delimiter, end, order):
    names = ["text", *others]
    header = [names[place] for place in order]
    assume("text" not in others and not header[0].startswith("\ufeff"))
    # A name that holds another delimiter may make a second column of texts.
    assume(not any("text" in other.lower() or "sep=" in other for other in others))
    if end == "\n":  # then Python does not quote a carriage return
        rows = [[cell.replace("\r", "") for cell in row] for row in rows]
        assume("\r" not in "".join(header))
    file = io.StringIO(newline="")
    # Nothing but quoted names shows that the quotation marks of tabs have a meaning.
    quoting = reference.QUOTE_ALL if delimiter == "\t" else reference.QUOTE_MINIMAL
    writer = reference.writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([header, *rows])
    found = documents(file.getvalue(), labels=False)
    assert [list(document.fields.values()) for document in found] == rows
    assert [document.text for document in found] == [row[header.index("text")] for row in rows]


TABLES = {
    "German Excel": 'Nr;Preis;Text\r\n1;2,50;"Ada ""A."" sagt; ja"\r\n2;1,5;"In\r\nOslo"\r\n',
    "tabs": 'Nr\tText\n1\tAda "A." sagt; ja\n2\t"In\nOslo"\n',
    "pipes": 'nr|TEXT|x\n1|"Ada ""A."" sagt; ja"|a,b\n2|"In\nOslo"|c\n',
    "sep": 'sep=;\r\nNr;Text\r\n1;"Ada ""A."" sagt; ja"\r\n2;"In\nOslo"\r\n',
    "BOM": '\ufeffText;Nr\n"Ada ""A."" sagt; ja";1\n"In\nOslo";2\n',
    "quoted": '"id", text\n1,"Ada ""A."" sagt; ja"\n2,"In\nOslo"\n',
    "empty": 'a,text,,\n1,"Ada ""A."" sagt; ja",,\n2,"In\nOslo",,,,\n',
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_as_people_have_them(name):
    found = [text.replace("\r", "") for text in texts(TABLES[name], labels=False)]
    assert found == ['Ada "A." sagt; ja', "In\nOslo"]


def test_columns_may_be_told():
    data = "id;tweet;1\n7;In Oslo, now;b\n"
    assert texts(data, text_column="tweet") == ["In Oslo, now"]
    assert texts(data, text_column="1") == ["b"]
    data = "tweet_id\tuser\ttweet\n7\tAda\tIn Oslo, now\n"
    assert texts(data, text_column="2") == texts(data, text_column="-1") == ["In Oslo, now"]
    assert texts("text;a,b\nx;y,z\n", text_column="text;a", delimiter=",") == ["x;y"]
    assert texts("id text\n7 Oslo\n", delimiter="space") == ["Oslo"]
    # By default, what makes a column of texts separates.
    assert texts("x,y;text\n1,2;a\n") == ["a"]


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ("a\tb\n1\t2\n", {}, ":1: no column 'text' for the text; there are 'a', 'b'; name one wit"),
        (
            "a:b\n1:2\n",
            {},
            "'a:b'; name one with `text_column`, or set the separator .* `delimiter`",
        ),
        ("a;b\n1;2\n", {"delimiter": ","}, "'a;b'; .* set a `delimiter` other than ','"),
        ("a,b\n1,2\n", {"text_column": "7"}, "no column '7' for the text"),
        (
            "a,text\n1,2\n",
            {"tokens_column": "b"},
            "no column 'b' for the tokens; .*`tokens_column`",
        ),
        ("a,text\n1,2\n", {"tags_column": "b"}, ":1: no column 'b' for the tags; .*`tags_column`"),
        ("word,count\nOslo,7\n", {}, "no column 'text' for the text; .* `tokens_column`"),
        ("tokens,tag\n7,a\n8,b\n", {}, "no column 'text' for the text"),
        ("sep=;\n", {}, "^here.csv: empty"),
        (" \n\n", {}, "^here.csv: empty"),
        ("text;x\n1;2\n3;4;5\n", {}, ":3: 3 cells, .* around a cell that holds ';', or another"),
        ("text\tx\n1\t2\n3\n", {}, ":3: 1 cells, but the header has 2; .* a tab"),
        ("text\ra\rb\r", {}, ":1: .* a carriage return outside quotation marks"),
        (
            'id,text\n1,"a\n2,b\n3,"c\n',
            {},
            ":2: malformed CSV: .* 2 lines after the row",
        ),
    ],
)
def test_bad_tables_end_in_one_line(data, options, message):
    with pytest.raises(DataError, match=message) as refusal:
        read(data, **options)
    assert "\n" not in str(refusal.value)


def test_a_bad_row_can_be_left_out():
    data = (
        'id,text\n1,one\n2\n3,three\n4,"four\n5,five\n6,"six"x\n7,seven\n8,e,i\n9,"nine\n10,ten\n'
    )
    found, report = read(data, on_error="skip")
    assert [document.text for document in found] == ["one", "three", "five", "seven", "ten"]
    tally = report.tallies["rows skipped"]
    assert (tally.times, tally.first.partition(" cells")[0]) == (5, "here.csv:3: 1")


def test_one_bad_row_in_many():
    data = "id,text\n" + "1,a\n" * 10_000 + '2,"b\n' + "3,c\n" * 10_000
    assert len(documents(data, on_error="skip", labels=False)) == 20_000
    with pytest.raises(DataError, match=r"^here\.csv:10002: .* is opened in this row"):
        documents(data, labels=False)


def test_many_quotation_marks_that_are_not_closed_take_no_time():
    data = "id,text\n" + '1,"a\n' * 5_001
    found, report = read(data, on_error="skip", labels=False)
    assert found == []
    assert report.tallies["rows skipped"].times == 5_001


RAW = """id\ttext
1\t"To be" he said
2\tsay "hi
3\t"RT someone
4\tnext
5\t"whole"
6\t5" nails, 3" long
7\t"left open
"""


def test_quotation_marks_between_tabs_may_mean_nothing():
    found, report = read(RAW, labels=False)
    assert [document.text for document in found] == [
        *('"To be" he said', 'say "hi', '"RT someone', "next", "whole"),
        *('5" nails, 3" long', '"left open'),
    ]
    tally = report.tallies["rows read whose quotation marks are part of the text"]
    assert tally == (3, "here.csv:2")
    assert texts('id\ttitle\ttext\n1\t"In\tOslo"\n') == ['Oslo"']
    # A quoted cell goes on in the next lines if these are not rows, or end the quotation.
    assert texts('id\ttext\n1\t"a\nb\n\nc"\n2\td\n') == ["a\nb\n\nc", "d"]
    assert texts('id\ttext\n1\t"a\nb\tc"\n2\td\n') == ["a\nb\tc", "d"]


def test_no_more_than_the_head_is_awaited():
    pieces = [b"id;te", b"xt\n", b"1;a\n", b'2;"b', b'"\n', b"3;c\n"]

    class Slow(io.BytesIO):
        def read1(self, size):
            return pieces.pop(0) if pieces else b""

    batches = csv.read(Slow(), "x", ReadOptions())
    for left, answer in ((3, ["a"]), (1, ["b"]), (0, ["c"])):
        assert [document.text for document in next(batches)] == answer
        assert len(pieces) == left
