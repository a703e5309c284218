import os
import pickle
import subprocess
import sys
import time
from collections import Counter

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from distributed import Client, LocalCluster

import windowclf
from windowclf import WindowClassifier
from windowclf.errors import DataError, ModelError, UsageError
from windowclf.integrations.dask import tag_dataframe
from windowclf.tagging.columns import entity_type

# Dask's own, under pandas 3.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")

TEXTS = ["no name", "", None, "Ada met Tom .", "nothing", "Mary Poppins lives in Oslo .", "Tom"]
TOKENS = [[], ["Ada", "met", "Tom"], None, ["no"], ["New", "York", "is", "in", "France"]]
ENTITIES = pd.ArrowDtype(pa.list_(entity_type()))
TAGS = pd.ArrowDtype(pa.list_(pa.string()))
STRINGS = ["str", "string[python]", "string[pyarrow]", "category"]
ARROW = [pd.ArrowDtype(pa.string()), pd.ArrowDtype(pa.large_string())]


@pytest.fixture
def frame():
    """Pandas; its three partitions begin at 10, 13 and 15."""
    index = pd.Index(range(10, 17), name="id")
    return pd.DataFrame({"x": range(7), "text": TEXTS, "y": 0.5}, index)


@pytest.fixture
def given(frame):
    return dd.from_pandas(frame, npartitions=3)


@pytest.fixture
def tokens():
    frame = pd.DataFrame({"tokens": pd.Series(TOKENS, dtype=TAGS)})
    return dd.from_pandas(frame, npartitions=2)


@pytest.fixture
def objects():
    """Columns of Python objects, which Dask would make strings."""
    with dask.config.set({"dataframe.convert-string": False}):
        yield


def entities(classifier, text):
    if text is None:
        return None
    return [
        {"text": e.text, "label": e.label, "start": e.start, "end": e.end}
        | {"score": pytest.approx(e.score, rel=1e-5)}
        for e in classifier.tag(text)
    ]


def rows(column):
    return pa.array(column).to_pylist()


def assert_entities(found, classifier, texts=TEXTS):
    assert found["entities"].dtype == ENTITIES
    assert rows(found["entities"]) == [entities(classifier, text) for text in texts]


# What comes back


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_texts(classifier, frame, given, scheduler):
    tagged = tag_dataframe(given, classifier)
    assert type(tagged) is dd.DataFrame
    assert list(tagged.columns) == ["x", "text", "y", "entities"]
    assert tagged.divisions == given.divisions == (10, 13, 15, 16)
    assert tagged.dtypes.equals(tagged.compute(scheduler=scheduler).dtypes)
    found = tagged.compute(scheduler=scheduler)
    assert_entities(found, classifier)
    assert sum(map(len, filter(None, rows(found["entities"])))) == 5
    pd.testing.assert_frame_equal(found.drop(columns="entities"), given.compute())


def test_tokens(classifier, tokens):
    tagged = tag_dataframe(tokens, classifier)
    assert tagged["tags"].dtype == TAGS
    found = tagged.compute()
    assert found.dtypes.equals(tagged.dtypes)
    oracle = [None if row is None else classifier.predict([row])[0] for row in TOKENS]
    assert rows(found["tags"]) == oracle
    assert oracle[1][:2] == ["B-PER", "O"]


def test_the_new_column_is_in_the_place_of_one_of_that_name(classifier, given):
    renamed = given.rename(columns={"x": "entities", "text": "body"})
    tagged = tag_dataframe(renamed, classifier, text_column="body")
    assert list(tagged.columns) == ["entities", "body", "y"]
    assert_entities(tagged.compute(), classifier)


def test_texts_come_before_tokens_unless_none_is_looked_for(classifier, tokens):
    both = tokens.assign(text="Oslo")
    assert list(tag_dataframe(both, classifier).columns) == ["tokens", "text", "entities"]
    tagged = tag_dataframe(both, classifier, text_column=None)
    assert list(tagged.columns) == ["tokens", "text", "tags"]


@pytest.mark.parametrize("dtype", [*STRINGS, *ARROW, object], ids=str)
def test_texts_of_every_type(classifier, frame, dtype, objects):
    given = dd.from_pandas(frame.astype({"text": dtype}), npartitions=3)
    assert given["text"].dtype == given.compute()["text"].dtype
    assert_entities(tag_dataframe(given, classifier).compute(), classifier)


@pytest.mark.parametrize("null", [None, np.nan, pd.NA])
def test_nulls(classifier, null, objects):
    frame = pd.DataFrame({"text": pd.Series(["Oslo", null], dtype=object)})
    found = tag_dataframe(dd.from_pandas(frame, npartitions=2), classifier).compute()
    assert_entities(found, classifier, ["Oslo", None])


def test_a_column_of_nulls(classifier):
    frame = pd.DataFrame({"text": [np.nan, np.nan]})
    found = tag_dataframe(dd.from_pandas(frame, npartitions=1), classifier).compute()
    assert_entities(found, classifier, [None, None])


def test_partitions_without_rows_or_entities_have_the_type_of_the_others(classifier, given):
    tagged = tag_dataframe(given[given["x"] == 1], classifier)
    parts = [tagged.get_partition(number).compute() for number in range(3)]
    assert [len(part) for part in parts] == [1, 0, 0]
    assert all(part.dtypes.equals(tagged.dtypes) for part in parts)
    assert_entities(tagged.compute(), classifier, [""])


@pytest.mark.parametrize("dtype_backend", [None, "pyarrow"])
def test_lists_of_tokens_from_parquet(classifier, tmp_path, dtype_backend):
    pq.write_table(pa.table({"tokens": TOKENS}), tmp_path / "0.parquet")
    options = {} if dtype_backend is None else {"dtype_backend": dtype_backend}
    tagged = tag_dataframe(dd.read_parquet(tmp_path, **options), classifier)
    oracle = [None if row is None else classifier.predict([row])[0] for row in TOKENS]
    assert rows(tagged.compute()["tags"]) == oracle


# Parquet


def test_through_parquet_and_back(classifier, frame, tmp_path):
    frame.to_parquet(tmp_path / "given.parquet", row_group_size=2)
    given = dd.read_parquet(tmp_path / "given.parquet", split_row_groups=True)
    assert given.npartitions == 4  # the first without any entity
    tag_dataframe(given, classifier).to_parquet(tmp_path / "tagged")
    written = sorted((tmp_path / "tagged").glob("*.parquet"))
    assert len(written) == 4
    assert len({pq.read_schema(path).field("entities").type for path in written}) == 1
    again = dd.read_parquet(tmp_path / "tagged", dtype_backend="pyarrow").compute()
    assert list(again.columns) == [*frame.columns, "entities"]
    assert rows(again["entities"]) == [entities(classifier, text) for text in TEXTS]


# Laziness


def raising(number):
    raise RuntimeError("a partition was read")


def test_nothing_is_read_before_it_is_computed(classifier):
    meta = pd.DataFrame({"text": pd.Series([], dtype="str")})
    tagged = tag_dataframe(dd.from_map(raising, range(3), meta=meta), classifier)
    assert (tagged.npartitions, tagged["entities"].dtype) == (3, ENTITIES)
    with pytest.raises(RuntimeError, match="was read"):
        tagged.compute()


def test_only_what_is_asked_for_is_read_and_tagged(classifier, frame, objects):
    asked = []

    def read(number, columns=("x", "text", "y")):
        asked.append(list(columns))
        return frame[list(columns)]

    tagged = tag_dataframe(dd.from_map(read, [0], meta=frame[:0]), classifier)
    assert_entities(tagged[["entities"]].compute(scheduler="synchronous"), classifier)
    assert_entities(tagged.compute(scheduler="synchronous"), classifier)
    assert asked == [["text"], ["x", "text", "y"]]

    bad = dd.from_pandas(frame.assign(text=7), npartitions=2)
    assert list(tag_dataframe(bad, classifier)[["x"]].compute()["x"]) == list(range(7))


# The model in the graph


def test_the_same_frame_and_model_have_the_same_names(model_folder, other, given):
    first, second = windowclf.load(model_folder), windowclf.load(model_folder)
    keys = tag_dataframe(given, first).__dask_keys__()
    first.tag("Ada met Tom in Reykjavik.")
    assert tag_dataframe(given, first).__dask_keys__() == keys
    assert tag_dataframe(given, second).__dask_keys__() == keys
    assert tag_dataframe(given, other).__dask_keys__() != keys


class Counted(WindowClassifier):
    """Writes down which process unpacks it, and which tags with it."""

    log = None

    def __setstate__(self, state):
        super().__setstate__(state)
        self._write("unpacked")

    def tag_batch(self, batch, **columns):
        time.sleep(0.05)  # so that no worker is done before the other has begun
        self._write("tagged")
        return super().tag_batch(batch, **columns)

    def _write(self, what):
        with self.log.open("a") as file:
            file.write(f"{what} {os.getpid()}\n")


@pytest.fixture
def counted(classifier, tmp_path):
    made = Counted.from_bytes(classifier.to_bytes())
    made.log = tmp_path / "log"
    return made


def test_the_model_is_in_the_graph_once(counted, frame):
    given = dd.from_pandas(pd.concat([frame] * 5, ignore_index=True), npartitions=20)
    graph = tag_dataframe(given, counted).optimize().__dask_graph__()
    assert len(graph) > 20
    [held] = [key for key in graph if "Counted" in str(key)]
    rest = pickle.dumps([task for key, task in graph.items() if key != held])
    assert len(rest) < len(counted.to_bytes())
    assert b"Counted" in pickle.dumps(graph[held])
    assert b"parameters-" not in rest


@pytest.mark.processes
def test_two_processes_each_unpack_the_model_once(counted, frame):
    given = dd.from_pandas(pd.concat([frame] * 6, ignore_index=True), npartitions=20)
    tagged = tag_dataframe(given, counted)
    # Of two workers one may be done for a while: Dask then takes the model away from it.
    idle = "distributed.scheduler.active-memory-manager.start"
    with (
        dask.config.set({idle: False}),
        LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        workers = set(client.run(os.getpid).values())
        found = tagged.compute()
    assert_entities(found, counted, TEXTS * 6)
    log = Counter(map(tuple, map(str.split, counted.log.read_text().splitlines())))
    for process in map(str, workers):
        assert log["tagged", process] > 0
        assert log["unpacked", process] == 1
    assert os.getpid() not in workers


# What is refused


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text_column": "body"}, "no column 'body' or 'tokens', only x, text, y; name one"),
        ({"text_column": None}, "no column 'tokens', only x, text, y; name one"),
    ],
)
def test_columns_that_are_not_there(classifier, given, columns, message):
    with pytest.raises(UsageError, match=message) as caught:
        tag_dataframe(given, classifier, **columns)
    assert "\n" not in str(caught.value)


def test_two_columns_of_one_name(classifier, given):
    twice = dd.concat([given, given[["text"]]], axis=1)
    with pytest.raises(UsageError, match="expected one column 'text', found several"):
        tag_dataframe(twice, classifier)


def test_what_is_no_dask_dataframe(classifier, frame, given):
    for wrong, name in ((frame, "DataFrame"), (given["text"], "Series"), ([], "list")):
        with pytest.raises(UsageError, match=f"Dask DataFrame, not {name}; make one with dask"):
            tag_dataframe(wrong, classifier)


def test_lists_of_which_dask_makes_strings(classifier):
    given = dd.from_pandas(pd.DataFrame({"tokens": [["Ada"]]}), npartitions=1)
    with pytest.raises(UsageError, match=r"'tokens' has strings, not lists .* pd\.ArrowDtype"):
        tag_dataframe(given, classifier)


def test_an_untrained_classifier(given):
    with pytest.raises(ModelError, match="not trained"):
        tag_dataframe(given, WindowClassifier())


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("text", ["a", "b", None, 3], "index 12 to 13: row 1 .*, column text: .* got 3 "),
        ("text", ["a", "b", ["c"], "d"], "index 12 to 13: row 0 .*, column text: .* got .'c'"),
        ("text", ["a", "b", "c", "d", 7.5], "index 14: row 0 .*, column text: .* got 7.5 .float"),
        ("tokens", [["a"], ["b", 1]], r"index 10 to 11: row 1 .*, column tokens: .* got 1 "),
        ("tokens", [["a"], "b"], r"index 10 to 11: row 1 .*, column tokens: .* got 'b'"),
    ],
)
def test_rows_that_are_no_texts_or_tokens(classifier, column, values, message, objects):
    frame = pd.DataFrame({column: pd.Series(values, range(10, 10 + len(values)), dtype=object)})
    tagged = tag_dataframe(dd.from_pandas(frame, npartitions=(len(values) + 1) // 2), classifier)
    with pytest.raises(DataError, match=message) as caught:
        tagged.compute()
    assert "\n" not in str(caught.value)


def test_without_dask_one_line_says_what_to_install():
    program = """
import sys
sys.modules["dask"] = None
try:
    import windowclf.integrations.dask
except ImportError as error:
    print(type(error).__name__, error)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    expected = "windowclf.integrations.dask needs an optional package: "
    assert ran.stdout == f"MissingExtraError {expected}pip install 'windowclf[dask]'\n"


def test_the_text_unit(classifier):
    text = "Ada lives in New\nYork ."
    given = dd.from_pandas(pd.DataFrame({"text": [text]}), npartitions=1)
    for unit in ("line", "file"):
        [found] = tag_dataframe(given, classifier, text_unit=unit).compute()["entities"]
        names = [entity.text for entity in classifier.tag(text, text_unit=unit)]
        assert [entity["text"] for entity in found] == names
        assert ("New\nYork" in names) == (unit == "file")
    with pytest.raises(UsageError, match="text_unit: expected auto, line, paragraph"):
        tag_dataframe(given, classifier, text_unit="page")
