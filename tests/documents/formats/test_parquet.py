import datetime
import decimal
import io

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelled_documents import documents
from windowclf.documents.document import Document, LabelledSpan
from windowclf.documents.formats import parquet
from windowclf.documents.formats.arrow_rows import plain, to_array
from windowclf.documents.formats.registry import WriteOptions
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, UsageError
from windowclf.tagging.tagged_text import Entity
from windowclf.tags.schemes import Scheme

LOC = LabelledSpan(3, 7, "LOC")
FOUND = Entity("Oslo", "LOC", 3, 7, 0.75)


def table_file(columns):
    file = io.BytesIO()
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), file)
    return file


def read(source, **options):
    file = source if isinstance(source, io.IOBase) else table_file(source)
    batches = parquet.read(file, "here.parquet", ReadOptions(**options))
    return [document for batch in batches for document in batch]


def write(found, file=None, scheme=Scheme.IOB2, text_column="text"):
    file = file or io.BytesIO()
    writer = parquet.Writer(file, WriteOptions(text_column, scheme))
    for start in range(0, len(found), 100):
        writer.write(found[start : start + 100])
    writer.close()
    assert not file.closed
    return file


def written(found, **options):
    return pq.read_table(write(found, **options))


@given(st.lists(documents(scores=st.none() | st.floats(0, 1), fields=st.none()), max_size=5))
def test_what_is_written_is_read(found):
    again = read(write(found))
    for one, other in zip(found, again, strict=True):
        assert (one.text, one.words, one.spans) == (other.text, other.words, other.spans)
        assert other.fields["text"] == one.text
        assert all(other.fields[key] is None for key in one.fields)


def test_the_columns_are_those_of_the_field():
    assert str(written([]).schema) == str(written([Document("a", spans=[])]).schema)
    table = written([Document("In Oslo", [["In", "Oslo"]], spans=[LOC], fields={"id": 7})])
    assert table.to_pylist() == [
        {
            "id": 7,
            "text": "In Oslo",
            "entities": [{"start": 3, "end": 7, "label": "LOC"}],
            "sentences": [["In", "Oslo"]],
        }
    ]
    assert [str(kind) for kind in table.schema.types] == [
        "int64",
        "string",
        "list<element: struct<start: int64, end: int64, label: string>>",
        "list<element: list<element: string>>",
    ]


def test_scores_and_texts_of_entities_are_kept():
    found = [Document("In Oslo", spans=spans) for spans in ([LOC], [FOUND], [])]
    entities = written(found).column("entities").to_pylist()
    place = {"start": 3, "end": 7, "label": "LOC"}
    assert entities == [
        [place | {"score": None, "text": None}],
        [place | {"score": 0.75, "text": "Oslo"}],
        [],
    ]
    assert read(write(found))[1].spans == [LabelledSpan(3, 7, "LOC", 0.75)]


ROWS = 700  # several batches
TYPES = {
    "time": pa.array([2**60 + 1, None, *range(ROWS - 2)], pa.timestamp("ns", "Europe/Oslo")),
    "money": pa.array([decimal.Decimal("1.10"), *[None] * (ROWS - 1)], pa.decimal128(38, 2)),
    "kind": pa.array(["x", "y", "x", None] * (ROWS // 4)).dictionary_encode(),
    "text": pa.array([f"In Oslo {i}" for i in range(ROWS)], pa.large_string()),
    "deep": pa.array([[{"a": [1, None]}, {"a": None}], None] * (ROWS // 2)),
    "none": pa.nulls(ROWS),
    "bytes": pa.array([b"\xff", None] * (ROWS // 2), pa.binary(1)),
    "small": pa.array([1, None] * (ROWS // 2), pa.uint8()),
    "map": pa.array([[("a", 1)], None] * (ROWS // 2), pa.map_(pa.string(), pa.int16())),
    "day": pa.array([datetime.date(2020, 2, 29)] * ROWS),
    "nan": pa.array([float("nan"), -0.0] * (ROWS // 2), pa.float32()),
    "view": pa.array(["a", None] * (ROWS // 2), pa.string_view()),
    "json": pa.array(['{"a":  1}', None] * (ROWS // 2), pa.json_()),
}


@pytest.mark.parametrize("rows", [range(ROWS), range(5, ROWS), range(0, ROWS, 2), [3, 2, 699, 2]])
@pytest.mark.parametrize("group", [64, parquet._GROUP_ROWS])
def test_other_columns_come_through_as_they_are(monkeypatch, rows, group):
    monkeypatch.setattr(parquet, "_GROUP_ROWS", group)
    schema = pa.schema(
        [pa.field(name, column.type, name != "day") for name, column in TYPES.items()],
        {"about": "this"},
    )
    table = pa.Table.from_arrays([*TYPES.values()], schema=schema)
    source = table_file(table)
    table = pq.read_table(source)  # as Parquet has it
    found = read(source)
    tagged = written([Document(found[i].text, spans=[FOUND], fields=found[i].fields) for i in rows])
    assert tagged.column_names == [*TYPES, "entities"]
    assert tagged.schema.metadata == {b"about": b"this"}
    others = [name for name in TYPES if name != "text"]
    assert tagged.select(others).schema == table.select(others).schema
    for name in others:
        values = table.column(name).to_pylist()
        assert repr(tagged.column(name).to_pylist()) == repr([values[row] for row in rows])
    assert tagged.column("time").cast("int64").to_pylist()[:2] == [
        table.column("time").cast("int64")[row].as_py() for row in rows[:2]
    ]
    texts = table.column("text").to_pylist()
    assert tagged.column("text").to_pylist() == [texts[row] for row in rows]


def test_fields_are_python_objects():
    [document] = read({"text": ["a"], "n": [[1]], "j": pa.array(['{"a": [1]}'], pa.json_())})
    assert dict(document.fields) == {"text": "a", "n": [1], "j": {"a": [1]}}
    assert (len(document.fields), document.fields.get("x")) == (3, None)


@pytest.mark.parametrize("key", ["tags", "ner_tags"])
def test_tokens_with_tags(key):
    [document] = read({"tokens": [["In", "Oslo"]], key: [["O", "B-LOC"]]})
    assert (document.text, document.words) == ("In Oslo", [["In", "Oslo"]])
    assert (document.tags, document.spans) == ([["O", "B-LOC"]], None)
    named = read({"w": [["In"]], "t": [["O"]]}, tokens_column="w", tags_column="t")
    assert (named[0].words, named[0].tags) == ([["In"]], [["O"]])
    assert read({"tokens": [["In"], []]})[1].words == [[]]
    assert read({"tokens": [["In"]]})[0].tags is None


def test_a_field_that_cannot_be_made_is_told():
    [document] = read({"text": ["a"], "j": pa.array(["{"]).cast(pa.json_())})
    with pytest.raises(DataError, match=r"^field 'j': .*truncated"):
        dict(document.fields)


def test_tokens_get_tags_beside_them():
    [document] = read({"id": [7], "tokens": [["In", "Oslo"]], "ner_tags": [["O", "O"]]})
    tagged = Document(document.text, document.words, spans=[FOUND], fields=document.fields)
    assert written([tagged], scheme=Scheme.IOBES).to_pylist() == [
        {"id": 7, "tokens": ["In", "Oslo"], "ner_tags": ["O", "O"], "tags": ["O", "S-LOC"]}
    ]


def test_class_labels_of_datasets_are_read_and_kept(tmp_path):
    import datasets

    names = datasets.ClassLabel(names=["O", "B-LOC"])
    features = datasets.Features(
        tokens=datasets.List(datasets.Value("string")), ner_tags=datasets.List(names), topic=names
    )
    rows = {"tokens": [["In", "Oslo"]], "ner_tags": [[0, 1]], "topic": [1]}
    path = tmp_path / "x.parquet"
    datasets.Dataset.from_dict(rows, features).to_parquet(path)
    with path.open("rb") as file:
        [document] = read(file)
    assert document.tags == [["O", "B-LOC"]]
    with path.open("wb") as file:
        write([Document(document.text, document.words, spans=[], fields=document.fields)], file)
    again = datasets.Features.from_arrow_schema(pq.read_schema(path))
    assert again == {**features, "tags": datasets.List(datasets.Value("string"))}


@pytest.mark.parametrize("metadata", [b"{", b"{}", b'{"info": {"features": {"tags": 7}}}'])
def test_ids_without_names_are_refused(metadata):
    table = pa.table({"tokens": [["In"]], "tags": [[0]]})
    with pytest.raises(DataError, match=r"^here.parquet, row 0: tags: 0 where a label is expected"):
        read(table.replace_schema_metadata({b"huggingface": metadata}))


def test_text_is_enough_and_what_else_is_no_label_is_left_alone():
    columns = {"body": ["In Oslo"], "label": [1], "spans": [["x"]], "tokens": [2], "tags": [["y"]]}
    [document] = read(columns, text_column="body")
    assert (document.text, document.words, document.spans) == ("In Oslo", None, None)
    tagged = Document(document.text, spans=[LOC], fields=document.fields)
    [row] = written([tagged], text_column="body").to_pylist()
    entity = {"start": 3, "end": 7, "label": "LOC"}
    assert row == {key: value for key, [value] in columns.items()} | {"entities": [entity]}


@pytest.mark.parametrize("key", ["entities", "spans", "label"])
def test_spans_are_put_in_order(key):
    spans = [{"start": 3, "end": 8, "label": "LOC"}, {"start": 0, "end": 2, "label": "X"}]
    found = read({"text": ["In Oslo ", "a", "b"], key: [spans, [], None]})
    assert [document.spans for document in found] == [[LabelledSpan(0, 2, "X"), LOC], [], None]


def entities(**entity):
    return {"text": ["ok", "In Oslo"], "entities": [[], [entity]]}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text": ["a", None]}, ", row 1: null in column 'text'; expected a text"),
        ({"text": [1]}, ": no column 'text' of strings, only 'text' .int64.; .* `text_column`"),
        ({}, ": no column 'text' of strings, only none; name"),
        ({"tokens": [[["a"]]]}, ": no column 'text' of strings, only 'tokens'"),
        ({"text": ["a"], "entities": ["x"]}, ": no column 'entities' of lists of start, end"),
        (entities(start=3, end=9, label="X"), ", row 1: span 3:9 does not fit a text of 7"),
        (entities(start=3, end=None, label="X"), ", row 1: .* is not a span"),
        (entities(start=3, end=7.5, label="X"), ", row 1: .* is not a span"),
        (
            {"text": ["a"], "sentences": [[["b"]]]},
            ", row 0: sentences: word 'b': not found",
        ),
        (
            {"text": ["a"], "sentences": [[["a", None]]]},
            ", row 0: sentences: null or an",
        ),
        ({"text": ["a"], "sentences": [[["a"], None]]}, ", row 0: sentences: null where a list"),
        ({"tokens": [["a", ""]]}, ", row 0: null or an empty string where a word is"),
        ({"tokens": [["a"], None]}, ", row 1: null in column 'tokens'"),
        (
            {"tokens": [["a"]], "tags": [[]]},
            ", row 0: 1 tokens but 0 tags in tags",
        ),
        ({"tokens": [["a"]], "tags": [[None]]}, ", row 0: tags: None where a label is expected"),
        (
            pa.table([["a"], ["b"]], names=["text", "text"]),
            ": two columns have the same name; rename one",
        ),
    ],
)
def test_wrong_columns_and_rows_are_told_in_one_line(columns, message):
    with pytest.raises(DataError, match=f"^here.parquet{message}") as refusal:
        read(columns)
    assert "\n" not in str(refusal.value)


def test_ids_past_the_names_are_told():
    info = {"info": {"features": {"tags": [{"names": ["O", "B-X"]}]}}}
    for tag in (2, -1, None):
        table = pa.table({"tokens": [["a"]], "tags": pa.array([[tag]], pa.list_(pa.int8()))})
        table = table.replace_schema_metadata({"huggingface": msgspec.json.encode(info)})
        with pytest.raises(DataError, match=r"row 0: tags \[.*\]: expected ids from 0 to 1$"):
            read(table)


def test_a_column_asked_for_must_be_there():
    with pytest.raises(UsageError, match="no column 'w' of lists of strings, only 'tokens'"):
        read({"tokens": [["a"]]}, tokens_column="w")
    with pytest.raises(UsageError, match="no column 't' of lists, only 'tokens'"):
        read({"tokens": [["a"]]}, tags_column="t")


@given(st.binary(max_size=60), st.integers(0, 2000))
def test_a_file_that_is_no_parquet_ends_in_one_line(data, place):
    whole = table_file({"text": ["In Oslo"] * 300}).getvalue()
    place %= len(whole)
    for damaged in (data, whole[:place], whole[:place] + data + whole[place + len(data) :]):
        try:
            read(io.BytesIO(damaged))
        except DataError as error:
            refusal = str(error)
        else:
            continue
        assert refusal.startswith("here.parquet")
        assert "\n" not in refusal


@pytest.mark.parametrize(
    ("old", "message"),
    [
        (b"Oslo", ", row 299: column 'text': 'utf-8' codec"),
        (b"name", ": cannot be read as P"),
    ],
)
def test_bytes_that_are_no_utf_8_are_told(old, message):
    file = io.BytesIO()
    columns = {"text": [*["a"] * 299, "Oslo"], "name": [None] * 300}
    pq.write_table(pa.table(columns), file, compression="none", store_schema=False)
    data = file.getvalue().replace(old, b"\x80" * 4)
    with pytest.raises(DataError, match=f"^here.parquet{message}"):
        read(io.BytesIO(data))


def test_rows_are_counted_over_all_batches():
    with pytest.raises(DataError, match=r"^here.parquet, row 600: null in column 'text'"):
        read({"text": [*["a"] * 600, None]})


def test_rows_of_two_files_are_written_to_one():
    one, two = (read({"text": ["a", "b"], "x": x}) for x in ([1, 2], [3, 4]))
    table = written([one[0], two[1], one[0], one[1]])
    assert table.column("x").to_pylist() == [1, 4, 1, 2]
    other = read({"text": ["a"], "x": ["y"]})
    with pytest.raises(DataError, match=r"^field 'x' does not fit .*: there are int64 and string$"):
        write([*one, *other])
    missing = written([*read({"text": ["a"]}), *two])
    assert missing.column("x").to_pylist() == [None, 3, 4]


def test_a_stream_is_refused():
    class Stream(io.BytesIO):
        def seekable(self):
            return False

    with pytest.raises(
        DataError, match=r"^here.parquet: Parquet is read from its end, .* name a f"
    ):
        read(Stream())


def of_values(*values):
    raw = [msgspec.Raw(msgspec.json.encode(value)) for value in values]
    return [Document("a", fields={"x": value}) for value in raw]


@pytest.mark.parametrize("rows", [2, 1000])  # in the next row group, and in one
@pytest.mark.parametrize(
    "values",
    [[1, 2, "a"], [1, 2, True], ["a", "b", 1], ["a", "b", ["a"]], [1.5, 2.5, {}], [1, 2, 2**64]],
)
def test_a_field_that_changes_its_type_is_told(monkeypatch, rows, values):
    monkeypatch.setattr(parquet, "_GROUP_ROWS", rows)
    with pytest.raises(
        DataError, match=r"^field 'x' does not fit a column of Parquet, "
    ) as refusal:
        write(of_values(*values))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("rows", [2, 1000])
@pytest.mark.parametrize(
    "values",
    [
        [{"a": 1}, {"b": 1}, {}],
        [[], [], [1]],
        [[1], ["a"], [[]]],
        [None, None, "a"],
        [None, None, {"a": 2**70}],
        [1, None, 2],
        [{"a": 1, "b": "x"}, None, {"a": 2, "b": None}],
        [1.5, 2.5, 3],
    ],
)
def test_values_of_any_shape_come_through(monkeypatch, rows, values):
    monkeypatch.setattr(parquet, "_GROUP_ROWS", rows)
    again = read(write(of_values(*values)))
    assert [plain(document.fields["x"]) for document in again] == values


def test_a_field_may_be_missing_but_not_come_late(monkeypatch):
    monkeypatch.setattr(parquet, "_GROUP_ROWS", 2)
    early = [Document("a", fields={"x": 1}), Document("b"), Document("c", fields={"y": None})]
    assert written(early).to_pylist() == [
        {"x": 1, "text": "a"}, {"x": None, "text": "b"}, {"x": None, "text": "c"}
    ]  # fmt: skip
    late = [*early, Document("d", fields={"y": 5})]
    with pytest.raises(DataError, match=r"^field 'y' .* from document 2 on, nothing before; exp"):
        write(late)
    words = [Document("a"), Document("b"), Document("c", [["c"]])]
    with pytest.raises(DataError, match=r"^field 'sentences' is list<.* from document 2 on"):
        write(words)


def test_spans_of_later_groups_fit_the_first(monkeypatch):
    monkeypatch.setattr(parquet, "_GROUP_ROWS", 1)
    found = [Document("In Oslo", spans=spans) for spans in ([FOUND], [LOC], [], [FOUND])]
    again = read(write(found))
    assert [[span.score for span in document.spans] for document in again] == [
        [0.75], [None], [], [0.75]
    ]  # fmt: skip
    with pytest.raises(DataError, match=r"^field 'entities' is .* from document 2 on"):
        write(found[1:])


def test_long_texts_make_row_groups_smaller(monkeypatch):
    monkeypatch.setattr(parquet, "_GROUP_CHARACTERS", 1000)
    source = pq.ParquetFile(write([Document("a" * 400)] * 7))
    sizes = [source.metadata.row_group(i).num_rows for i in range(source.num_row_groups)]
    assert sizes == [3, 3, 1]


def test_what_is_no_unicode_is_told():
    with pytest.raises(DataError, match=r"^field 'text' does not fit .* surrogates not allowed"):
        write([Document("\ud800")])


def test_tags_in_a_column_of_another_name_are_found():
    columns = {"tokens": [["In", "Oslo"]], "fine_ner": [["O", "B-LOC"]], "pos": [["IN", "NNP"]]}
    assert read(columns)[0].tags == [["O", "B-LOC"]]
    assert read(columns, labels=False)[0].tags is None


@pytest.mark.parametrize(
    "values",
    [
        [[1], [0.5]],
        [[0.5, False]],
        [{"a": 0.0}, {"a": False}],
        [{"a": [0.5, 1]}],
        [{"a": 1}, {"b": 2}],
    ],
)
def test_numbers_in_objects_and_lists_stay_what_they_are(values):
    array = to_array(values, None, "key")
    assert array.type == pa.json_()
    again = [msgspec.json.decode(text) for text in array.to_pylist()]
    assert repr(again) == repr(values)


def test_truth_values_among_numbers_are_refused():
    with pytest.raises(DataError, match="truth values among numbers"):
        to_array([0.5, False], None, "key")
    assert to_array([0.5, 1], None, "key").to_pylist() == [0.5, 1.0]
