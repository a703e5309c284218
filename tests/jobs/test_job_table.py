"""Rows come out as they were read, with what was found in them beside."""

import datetime
import decimal
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tiny
from windowclf.cli import main
from windowclf.errors import DataError
from windowclf.jobs import table as table_module
from windowclf.jobs.job import Job, errors_of
from windowclf.jobs.partition import tag_partition
from windowclf.jobs.plan import Partition
from windowclf.jobs.table import check_columns, check_partitions
from windowclf.tagging.columns import entity_type
from windowclf.tagging.texts import BATCH_CHARACTERS, SPLITTERS, DocumentTagger

TEXTS = [tiny.unmarked(marked) for marked in tiny.MARKED]
ROWS = 2500  # several batches
ENTITIES = pa.list_(entity_type())


def texts(rows=ROWS):
    return [f"{TEXTS[i % 40]}{' ' * (i % 3)}{TEXTS[i % 29]}" for i in range(rows)]


# Types of Arrow that Python, or a selection of rows, or a row group may be hard on.
TYPES = {
    "time": pa.array([2**60 + 1, None, *range(ROWS - 2)], pa.timestamp("ns", "Europe/Oslo")),
    "money": pa.array([decimal.Decimal("1.10"), *[None] * (ROWS - 1)], pa.decimal128(38, 2)),
    "kind": pa.array(["x", "y", "x", None] * (ROWS // 4)).dictionary_encode(),
    "deep": pa.array([[{"a": [1, None]}, {"a": None}], None] * (ROWS // 2)),
    "none": pa.nulls(ROWS),
    "bytes": pa.array([b"\xff", None] * (ROWS // 2), pa.binary(1)),
    "wrong": pa.array([b"\xff", b"a"] * (ROWS // 2)).cast(pa.string(), safe=False),
    "map": pa.array([[("a", 1)], None] * (ROWS // 2), pa.map_(pa.string(), pa.int16())),
    "day": pa.array([datetime.date(2020, 2, 29)] * ROWS),
    "nan": pa.array([float("nan"), -0.0] * (ROWS // 2), pa.float32()),
    "view": pa.array(["a", None] * (ROWS // 2), pa.string_view()),
    "json": pa.array(['{"a":  1}', None] * (ROWS // 2), pa.json_()),
    "large": pa.array([["a"], []] * (ROWS // 2), pa.large_list(pa.large_string())),
    "many": pa.array([str(i) for i in range(ROWS)]).dictionary_encode(),
}
if int(pa.__version__.partition(".")[0]) >= 26:  # older ones cannot write or read these
    TYPES["pair"] = pa.array([[1, 2], None] * (ROWS // 2), pa.list_(pa.int8(), 2))
    TYPES["views"] = pa.array([["a", None], None] * (ROWS // 2), pa.list_view(pa.binary_view()))


def every_type(**first):
    """A table with all types, and metadata of the table and of its columns."""
    columns = {**first, **TYPES}
    fields = [
        pa.field(name, pa.array(column).type, name != "day", {"note": name})
        for name, column in columns.items()
    ]
    schema = pa.schema(fields, {"about": "this", "huggingface": "{}"})
    return pa.Table.from_arrays([pa.array(column) for column in columns.values()], schema=schema)


@pytest.fixture
def tag(classifier, tmp_path):
    """Tag a table; give what was made of it, what is wrong with it, and the file it was in."""

    def tag(table, *, processes=1, groups=None, row_group=1 << 20, **asked):
        source, output = tmp_path / "in.parquet", tmp_path / "out"
        pq.write_table(table, source, row_group_size=row_group)
        for old in (output / "a.parquet", output / errors_of("a.parquet")):
            old.unlink(missing_ok=True)
        job = Job(model="", **asked)
        split = SPLITTERS[job.splitter]
        with DocumentTagger(classifier.tagger, split, processes) as tagger:
            outcome = tag_partition(
                tagger,
                Partition(str(source), "a.parquet", 1, groups),
                job=job,
                output=str(output),
            )
        assert outcome.failed is None, outcome.failed
        made = pq.read_table(output / "a.parquet")
        errors = output / errors_of("a.parquet")
        bad = pq.read_table(errors).to_pylist() if errors.exists() else []
        assert (outcome.rows, outcome.bad) == (len(made), len(bad))
        assert all(row["file"] == str(source) and row["rows"] == 1 for row in bad)
        return made, {row["row"]: row["reason"] for row in bad}, pq.read_table(source)

    return tag


def same_rows(made, given, keep=None):
    """The columns that both have are the same, to the last byte of each value."""
    keep = range(len(given)) if keep is None else keep
    kept = pa.concat_tables([given.slice(i, 1) for i in keep]) if len(keep) < len(given) else given
    assert made.select(kept.column_names).schema.equals(kept.schema, check_metadata=True)
    for name in kept.column_names:
        one, other = made.column(name), kept.column(name)
        if pa.types.is_floating(one.type):  # of which one is not itself
            np.testing.assert_array_equal(one.to_numpy(), other.to_numpy())
        else:
            assert one.equals(other), name


def same_entities(made, expected):
    found = made.column("entities").to_pylist()
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert [list(entity.values())[:4] for entity in one] == [
            [e.text, e.label, e.start, e.end] for e in other
        ]
    scores = [entity["score"] for row in found for entity in row]
    np.testing.assert_allclose(scores, [e.score for row in expected for e in row], atol=1e-6)
    return scores


@pytest.mark.parametrize("group", [300, 1 << 20])
@pytest.mark.parametrize("bad", [(), (0, 1023, 1024, 1025, ROWS - 1), range(0, ROWS, 3)])
def test_all_columns_come_through_beside_the_entities(tag, classifier, group, bad):
    given_texts = [None if i in bad else text for i, text in enumerate(texts())]
    made, wrong, table = tag(every_type(text=given_texts), row_group=group)
    good = [i for i in range(ROWS) if i not in bad]
    assert made.column_names == ["text", *TYPES, "entities"]
    same_rows(made, table, good)
    assert made.schema.field("entities").equals(pa.field("entities", ENTITIES))
    assert made.schema.metadata == table.schema.metadata
    expected = [t.entities for t in classifier.pipe([given_texts[i] for i in good])]
    assert len(same_entities(made, expected)) > 1000
    assert wrong == dict.fromkeys(bad, "null in column 'text'; expected a text")


def test_tags_of_tokens(tag, classifier):
    tokens = [None if i == 1500 else text.split() for i, text in enumerate(texts())]
    tokens[0], tokens[7] = [], ["", "a"]
    tokens[8], tokens[2000] = ["a", None], ["Ada", "two words", "\n"]
    made, wrong, table = tag(every_type(tokens=tokens, entities=[[1]] * ROWS))
    good = [i for i in range(ROWS) if i not in (7, 8, 1500)]
    assert made.column_names == ["tokens", "entities", *TYPES, "tags"]
    same_rows(made, table, good)
    assert made.schema.field("tags").equals(pa.field("tags", pa.list_(pa.string())))
    assert made.column("tags").to_pylist() == classifier.predict([tokens[i] for i in good])
    assert wrong == {
        7: "null or an empty string where a word is expected",
        8: "null or an empty string where a word is expected",
        1500: "null in column 'tokens'; expected a text",
    }


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), "dictionary"])
def test_texts_of_all_types(tag, classifier, kind):
    column = pa.array([None, *texts(40)], pa.string() if kind == "dictionary" else kind)
    column = column.dictionary_encode() if kind == "dictionary" else column
    made, wrong, table = tag(pa.table({"body": column, "text": range(41)}), text_column="body")
    same_rows(made, table, range(1, 41))
    same_entities(made, [tagged.entities for tagged in classifier.pipe(texts(40))])
    assert list(wrong) == [0]


@pytest.mark.parametrize(
    "old",
    [
        pa.array([[{"start": 99, "end": 5, "label": None}]] * 3),
        pa.array(["x", None, "y"]),
        pa.array([[{"text": "x", "label": "y", "start": 0, "end": 0, "score": 5.0}]] * 3, ENTITIES),
    ],
)
def test_labels_of_before_make_way_in_their_place(tag, classifier, old):
    given_texts = texts(3)
    made, wrong, table = tag(pa.table({"entities": old, "x": range(3), "text": given_texts}))
    assert (made.column_names, wrong) == (["entities", "x", "text"], {})
    same_rows(made.drop("entities"), table.drop("entities"))
    same_entities(made, [tagged.entities for tagged in classifier.pipe(given_texts)])
    words = [text.split() for text in given_texts]
    made, wrong, _ = tag(pa.table({"tags": [[7], [], None], "tokens": words}))
    assert (made.column_names, wrong) == (["tags", "tokens"], {})
    assert made.column("tags").to_pylist() == classifier.predict(words)


@pytest.mark.parametrize("column", ["text", "tokens"])
@pytest.mark.parametrize("rows", [[], ["x x x"], [""], [None, None]])
def test_the_schema_is_the_same_whatever_was_found(tag, column, rows):
    kind = pa.string() if column == "text" else pa.list_(pa.string())
    usual = pa.table(
        {column: pa.array([TEXTS[0] if column == "text" else ["Ada"]], kind), "x": [1]}
    )
    few = [text if text is None or column == "text" else text.split() for text in rows]
    few = pa.table({column: pa.array(few, kind), "x": pa.array([1] * len(few), pa.int64())})
    expected, _, _ = tag(usual)
    made, wrong, _ = tag(few)
    assert made.schema.equals(expected.schema, check_metadata=True)
    assert len(wrong) + len(made) == len(rows)


def test_splitters_and_sentences_that_are_given(tag, classifier):
    given_texts = ["Ada met Tom . \nOslo is (in) Paris.", "New York (Oslo)"]
    for splitter in ("text", "pretokenized", "lines"):
        made, _, _ = tag(pa.table({"text": given_texts}), splitter=splitter)
        split = SPLITTERS[splitter]
        same_entities(made, [t.entities for t in classifier.pipe(given_texts, split=split)])
    own = [[["Ada"], ["met", "Tom"]], [["York"]]]
    made, wrong, _ = tag(pa.table({"text": given_texts, "sentences": own}))
    same_entities(
        made,
        [
            next(classifier.pipe([text], split=lambda _, words=words: words)).entities
            for text, words in zip(given_texts, own, strict=True)
        ],
    )
    assert wrong == {}
    # Words that are not those of the text are not what is tagged.
    made, wrong, _ = tag(pa.table({"text": given_texts, "sentences": [[["Tim"]], [["Tim"]]]}))
    same_entities(made, [t.entities for t in classifier.pipe(given_texts)])
    assert wrong == {}


def test_texts_with_wrong_bytes_are_left_out(tag, classifier):
    given_texts = texts()
    raw = [text.encode() for text in given_texts]
    raw[5], raw[1100] = b"Ada \xff", b"\xed\xa0\x80"
    made, wrong, table = tag(pa.table({"text": pa.array(raw).cast(pa.string(), safe=False)}))
    good = [i for i in range(ROWS) if i not in (5, 1100)]
    same_rows(made, table, good)
    same_entities(made, [t.entities for t in classifier.pipe([given_texts[i] for i in good])])
    assert list(wrong) == [5, 1100]
    assert all("utf-8" in reason and "\n" not in reason for reason in wrong.values())


def test_texts_that_are_too_long_are_left_out(tag):
    given_texts = ["Ada", "Tom is", "é" * 5, "é" * 6, "Ada met Tom . " * 700_000]
    made, wrong, _ = tag(pa.table({"text": given_texts}), max_characters=5)
    assert made.column("text").to_pylist() == ["Ada", "ééééé"]
    assert wrong == {
        1: "a text of 6 characters; expected at most 5",
        3: "a text of 6 characters; expected at most 5",
        4: "a text of 9,800,000 characters; expected at most 5",
    }
    made, wrong, _ = tag(pa.table({"text": ["a" * 1_000_000, "a" * 1_000_001]}))
    assert (len(made), list(wrong)) == (1, [1])
    made, wrong, _ = tag(pa.table({"tokens": [["ab", "cd"], ["ab", "cde"]]}), max_characters=5)
    assert (len(made), list(wrong)) == (1, [1])


@pytest.mark.usefixtures("shared_at_once")
@pytest.mark.parametrize("processes", [1, 3])
def test_long_texts_are_tagged_in_parts_of_a_batch(tag, classifier, processes):
    given_texts = ["\n\n".join(TEXTS * i) for i in range(26)]
    assert sum(map(len, given_texts)) > 2 * BATCH_CHARACTERS
    made, _, table = tag(pa.table({"text": given_texts, "n": range(26)}), processes=processes)
    same_rows(made, table)
    same_entities(made, [tagged.entities for tagged in classifier.pipe(given_texts)])


def test_rows_are_counted_from_the_start_of_the_file(tag, classifier):
    given_texts = [None if i % 7 == 3 else text for i, text in enumerate(texts())]
    for groups in ((0, 2), (2, 3), (3, 7), (6, 9)):
        made, wrong, _ = tag(pa.table({"text": given_texts}), row_group=300, groups=groups)
        rows = range(300 * groups[0], min(300 * groups[1], ROWS))
        assert list(wrong) == [row for row in rows if row % 7 == 3]
        expected = [given_texts[row] for row in rows if row % 7 != 3]
        assert made.column("text").to_pylist() == expected
        same_entities(made, [tagged.entities for tagged in classifier.pipe(expected)])


@given(st.data())
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_any_rows_in_any_row_groups(tag, classifier, data):
    texts = st.text("Ada met.\n \u00e9\U0001f600", max_size=12) | st.sampled_from(TEXTS) | st.none()
    rows = data.draw(st.lists(texts, max_size=30))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_module, "_READ_ROWS", data.draw(st.integers(1, 9)))
        patch.setattr(table_module, "_GROUP_ROWS", data.draw(st.integers(1, 40)))
        made, wrong, _ = tag(
            pa.table({"text": pa.array(rows, pa.string()), "n": pa.array(range(len(rows)))}),
            row_group=data.draw(st.integers(1, 10)),
        )
    good = [i for i, text in enumerate(rows) if text is not None]
    assert list(wrong) == [i for i, text in enumerate(rows) if text is None]
    assert made.column("n").to_pylist() == good
    same_entities(made, [tagged.entities for tagged in classifier.pipe([rows[i] for i in good])])


def test_the_plain_command_finds_the_same(tag, model_folder, tmp_path):
    made, _, table = tag(pa.table({"text": texts(300), "x": range(300)}))
    plain = tmp_path / "plain.parquet"
    names = ["--input", str(tmp_path / "in.parquet"), "--output", str(plain)]
    assert main(["tag", "--model", str(model_folder), *names]) == 0
    other = pq.read_table(plain)
    same_rows(other, table)
    found, expected = (t.column("entities").to_pylist() for t in (made, other))
    for one, two in zip(found, expected, strict=True):
        for a, b in zip(one, two, strict=True):
            assert a | {"score": 0} == b | {"score": 0}
            assert a["score"] == pytest.approx(b["score"], abs=1e-6)


def test_row_groups_are_large(tag, tmp_path, monkeypatch):
    def sizes():
        footer = pq.read_metadata(tmp_path / "out" / "a.parquet")
        return [footer.row_group(i).num_rows for i in range(footer.num_row_groups)]

    table = pa.table({"text": texts(ROWS)})
    tag(table, row_group=100)
    assert sizes() == [ROWS]
    monkeypatch.setattr(table_module, "_GROUP_ROWS", 2000)
    tag(table)
    assert sizes() == [2048, ROWS - 2048]
    monkeypatch.setattr(table_module, "_GROUP_BYTES", 50_000)  # of the entities, too
    tag(table)
    assert sizes() == [1024, 1024, ROWS - 2048]


def test_memory_is_that_of_a_few_row_groups(tag, monkeypatch):
    monkeypatch.setattr(table_module, "_GROUP_BYTES", 1 << 16)
    monkeypatch.setattr(table_module, "_READ_ROWS", 200)
    rows, random = 6_000, np.random.default_rng(0)
    table = pa.table({"text": ["a"] * rows, "blob": [random.bytes(5000) for _ in range(rows)]})
    held = []
    write = table_module.PartitionWriter.write

    def watched(self, *arguments):
        held.append(pa.total_allocated_bytes() - pa_before + tracemalloc.get_traced_memory()[0])
        write(self, *arguments)

    tag(table[:1])  # which makes room for the words that are seen
    monkeypatch.setattr(table_module.PartitionWriter, "write", watched)
    pa_before = pa.total_allocated_bytes()
    tracemalloc.start()  # which sees what is read from the file, as Arrow's numbers do not
    try:
        tag(table, row_group=200)
    finally:
        tracemalloc.stop()
    assert len(held) == 30
    assert max(held) < 8 << 20  # of 29


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text": [1]}, "here: no column 'text' of strings, only 'text' .int64.; .*`text_column`"),
        ({"a": ["x"]}, "here: no column 'text' of strings, only 'a' .string.; name"),
        ({"tokens": [[1]]}, "here: no column 'text' of strings, only 'tokens'"),
        ({}, "here: no column 'text' of strings, only none"),
    ],
)
def test_tables_without_texts_and_tokens_are_told(columns, message):
    with pytest.raises(DataError, match=f"^{message}"):
        check_columns(pa.table(columns).schema, "here", Job(model=""))


@pytest.mark.parametrize("twice", ["text", "x", "entities"])
def test_two_columns_with_one_name_are_told(twice):
    schema = pa.schema([("text", pa.string()), (twice, pa.int8()), (twice, pa.int8())])
    with pytest.raises(DataError, match=r"^here: two columns have the same name; rename"):
        check_columns(schema, "here", Job(model=""))


def test_a_wrong_column_is_told_before_the_work_begins(tmp_path):
    places = [Partition(str(tmp_path / name), name, 1) for name in ("none", "bad", "a", "b")]
    (tmp_path / "bad").write_bytes(b"PAR1PAR1")
    check_partitions(places, Job(model=""))  # it will be in the error table
    pq.write_table(pa.table({"body": ["x"]}), tmp_path / "a")
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "b")
    with pytest.raises(DataError, match=r"/a: no column 'text' of strings, only 'body' \(string"):
        check_partitions(places, Job(model=""))
    check_partitions(places, Job(model="", text_column="body"))
