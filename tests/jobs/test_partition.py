"""A partition is tagged whole or not at all, and what is wrong with it stands in a table."""

import errno
import io
from concurrent.futures import ThreadPoolExecutor

import dask.dataframe as dd
import datasets
import fsspec
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

import tiny
from windowclf.errors import ModelError, OutputError
from windowclf.jobs.job import ERRORS, RECORD, Job, begin, errors_of
from windowclf.jobs.partition import failed, tag_partition
from windowclf.jobs.plan import Partition, plan_partitions
from windowclf.system import filesystems
from windowclf.tagging.tagger import Tagger
from windowclf.tagging.texts import DocumentTagger

TEXTS = [tiny.unmarked(marked) for marked in tiny.MARKED]
JOB = Job(model="abc")
BAD = {"text": ["Ada", None, "Tom", "x" * 1_000_001]}


def parquet(columns=None, rows=2000, **options):
    """A file in bytes."""
    file = io.BytesIO()
    columns = columns or {"text": [f"{TEXTS[i % 40]} {i}" for i in range(rows)]}
    pq.write_table(pa.table(columns), file, **{"row_group_size": 500} | options)
    return file.getvalue()


WHOLE = parquet()
PLAIN = {"compression": "none", "use_dictionary": False}


def spoilt(data, old=b"Oslo", new=b"Oslp"):
    """Change a byte in the middle."""
    place = data.index(old, len(data) // 2)
    return data[:place] + new + data[place + len(old) :]


BROKEN = {
    "empty": b"",
    "garbage": b"PAR1" + b"garbage" * 100 + b"PAR1",
    "truncated": WHOLE[: len(WHOLE) // 2],
    "text": b"Ada met Tom.\n" * 100,
    "page": WHOLE[:7000] + bytes(500) + WHOLE[7500:],
    "checksum": spoilt(parquet(**PLAIN, write_page_checksum=True)),
    "column": parquet({"body": ["Ada"], "x": [1]}),
    "kind": parquet({"text": [1, 2]}),
    "twice": parquet(pa.table([["Ada"], ["Tom"]], names=["text", "text"])),
}


class Work:
    """A job over the files of a folder."""

    def __init__(self, tagger, output):
        self.tagger, self.output = tagger, output
        self.source = f"{output.removesuffix('out')}in"

    def put(self, name, data=WHOLE):
        with filesystems.writing(filesystems.below(self.source, name)) as file:
            file.write(data)

    def run(self, *, processes=1, most=1 << 26, turned=False):
        partitions = plan_partitions([self.source], self.output, most)
        done = begin(self.output, JOB)
        left = [partition for partition in partitions if partition.name not in done]
        options = {"job": JOB, "output": self.output}
        with DocumentTagger(self.tagger, processes=processes) as tagger:
            outcomes = [
                tag_partition(tagger, partition, **options)
                for partition in (reversed(left) if turned else left)
            ]
        return {outcome.partition.name: outcome for outcome in outcomes}

    def opened_by(self, patch, open_source):
        """Open the source "a.parquet" by another function."""
        kind = type(fsspec.url_to_fs(self.source)[0])
        before = kind.open

        def open_file(self, path, *options, **others):
            if path.endswith("in/a.parquet"):
                return open_source()
            return before(self, path, *options, **others)

        patch.setattr(kind, "open", open_file)

    def names(self):
        return filesystems.names_below(self.output) - {RECORD}

    def read(self, name):
        with filesystems.reading(filesystems.below(self.output, name)) as file:
            return pq.read_table(io.BytesIO(file.read()))

    def errors(self, name):
        return self.read(errors_of(name)).to_pylist()

    def content(self):
        return {
            name: filesystems.read_small(filesystems.below(self.output, name))
            for name in self.names()
        }


@pytest.fixture
def work(classifier, output):
    return Work(classifier.tagger, output)


def test_all_partitions_are_tagged(work):
    work.put("a.parquet")
    work.put("year=2020/b c[1].parquet", parquet(rows=3))
    work.put("bad.parquet", parquet(BAD))
    outcomes = work.run()
    assert work.names() == {*outcomes, errors_of("bad.parquet")}
    assert [(o.rows, o.bad, o.failed) for o in outcomes.values()] == [
        (2000, 0, None), (2, 2, None), (3, 0, None)
    ]  # fmt: skip
    assert outcomes["bad.parquet"].tokens == 2
    assert all(o.seconds > o.reading > 0 and o.seconds > o.writing > 0 for o in outcomes.values())
    assert work.read("bad.parquet").column("text").to_pylist() == ["Ada", "Tom"]
    assert work.errors("bad.parquet") == [
        {
            "file": f"{work.source}/bad.parquet",
            "row": row,
            "rows": 1,
            "reason": reason,
        }
        for row, reason in (
            (1, "null in column 'text'; expected a text"),
            (3, "a text of 1,000,001 characters; expected at most 1,000,000"),
        )
    ]
    assert work.run() == {}


@pytest.mark.usefixtures("shared_at_once")
@pytest.mark.parametrize("kind", BROKEN)
def test_a_partition_that_cannot_be_read_is_tried_again(work, kind):
    work.put("a.parquet", parquet(rows=3))
    work.put("sub/b.parquet", BROKEN[kind])
    for processes in (1, 3):
        outcomes = work.run(processes=processes)
        assert work.names() == {"a.parquet", errors_of("sub/b.parquet")}
        outcome = outcomes["sub/b.parquet"]
        assert (outcome.rows, outcome.bad) == (0, 1)
        [error] = work.errors("sub/b.parquet")
        assert error == {
            "file": f"{work.source}/sub/b.parquet",
            "row": None,
            "rows": None,
            "reason": outcome.failed,
        }
        assert "\n" not in error["reason"]
        assert "b.parquet" not in error["reason"]
    assert set(outcomes) == {"sub/b.parquet"}
    work.put("sub/b.parquet", parquet(BAD))
    assert work.run()["sub/b.parquet"].bad == 2
    assert work.names() == {"a.parquet", "sub/b.parquet", errors_of("sub/b.parquet")}
    assert [error["row"] for error in work.errors("sub/b.parquet")] == [1, 3]


def test_a_partition_that_can_be_read_at_last_has_no_errors(work):
    work.put("a.parquet", b"x")
    assert work.run()["a.parquet"].failed == (
        "cannot be read as Parquet: Parquet file size is 1 bytes, smaller than the minimum file "
        "footer (8 bytes)"
    )
    work.put("a.parquet")
    assert work.run()["a.parquet"].failed is None
    assert work.names() == {"a.parquet"}


def test_a_file_that_is_gone_or_that_nobody_may_read(work, monkeypatch):
    work.put("a.parquet")
    [partition] = plan_partitions([work.source], work.output, 1 << 26)

    def forbid():
        raise PermissionError(errno.EACCES, "Permission\ndenied")

    def tag():
        return tag_partition(work.tagger, partition, job=JOB, output=work.output).failed

    with monkeypatch.context() as patch:
        work.opened_by(patch, forbid)
        assert tag() == "cannot be read: Permission"
    filesystems.remove(partition.source)
    assert tag() == "no such file or folder"


def test_reading_that_breaks_off_costs_the_partition(work, monkeypatch):
    class Lost(Exception):  # noqa: N818
        """An error of a store that is not an OSError."""

    def lose(*_):
        raise Lost("the line\nis cut")

    class Broken(io.BytesIO):
        read = readinto = lose

    partition = Partition(f"{work.source}/a.parquet", "a.parquet", 1)
    with monkeypatch.context() as patch:
        work.opened_by(patch, lambda: Broken(WHOLE))
        outcome = tag_partition(work.tagger, partition, job=JOB, output=work.output)
    assert outcome.failed == "Lost: the line"


def test_row_groups_that_failed_are_named(work):
    work.put("a.parquet", BROKEN["page"])
    outcomes = work.run(most=4000)
    assert len(outcomes) == 4
    bad = [name for name, outcome in outcomes.items() if outcome.failed]
    assert len(bad) in (1, 2)
    for name in bad:
        start, stop = outcomes[name].partition.groups
        [error] = work.errors(name)
        assert error["reason"].startswith(f"row groups {start} to {stop - 1}: cannot be read as P")


def test_failed_notes_a_partition(work):
    partition = Partition(f"{work.source}/a.parquet", "x/a-00002.parquet", 1, (5, 8))
    outcome = failed(partition, work.output, f"{work.source}/a.parquet: three workers were lost")
    assert (outcome.partition, outcome.bad) == (partition, 1)
    assert outcome.failed == "three workers were lost"
    assert [error["reason"] for error in work.errors("x/a-00002.parquet")] == [
        "row groups 5 to 7: three workers were lost"
    ]


@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("of nobody\nforeseen"), "RuntimeError: of nobody"),
        (KeyError("x"), "KeyError: 'x'"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_what_nobody_foresaw_costs_the_partition(work, monkeypatch, error, reason, processes):
    work.put("a.parquet")
    work.put("b.parquet", parquet({"text": ["Ada"]}))
    score = Tagger.score

    def break_down(self, found):
        if len(found.lengths) > 1:
            raise error
        return score(self, found)

    monkeypatch.setattr(Tagger, "score", break_down)
    outcomes = work.run(processes=processes)
    assert [outcome.failed for outcome in outcomes.values()] == [reason, None]
    assert work.names() == {errors_of("a.parquet"), "b.parquet"}


@pytest.mark.usefixtures("shared_at_once")
@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.parametrize("error", [ModelError("damaged"), KeyboardInterrupt(), SystemExit(1)])
def test_what_ends_the_job_leaves_nothing_of_the_partition(work, monkeypatch, error, processes):
    work.put("a.parquet")

    def end(*_):
        raise error

    monkeypatch.setattr(Tagger, "score", end)
    with pytest.raises(type(error)):
        work.run(processes=processes)
    assert work.names() == set()


@pytest.mark.usefixtures("shared_at_once")
@pytest.mark.parametrize("processes", [1, 3])
def test_output_that_cannot_be_written_ends_the_job(work, monkeypatch, processes):
    work.put("a.parquet", parquet(BAD))

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.ParquetWriter.write_table", full)
        with pytest.raises(OutputError, match=r"a.parquet: cannot be written: No space left on d"):
            work.run(processes=processes)
    assert work.names() == set()
    work.put("a.parquet", b"x")
    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.write_table", full)
        with pytest.raises(
            OutputError, match=r"_errors/a.parquet.errors: cannot be written: No space"
        ):
            work.run(processes=processes)
    assert work.names() == set()


def test_errors_are_written_before_the_output(work, monkeypatch):
    work.put("a.parquet", parquet(BAD))
    seen = []

    def stop(url, bad):
        seen.append((url, work.names()))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("windowclf.jobs.partition.write_errors", stop)
        with pytest.raises(KeyboardInterrupt):
            work.run()
    [(url, names)] = seen
    assert url == f"{work.output}/{errors_of('a.parquet')}"
    assert "a.parquet" not in names
    assert work.run()["a.parquet"].bad == 2


@pytest.mark.usefixtures("shared_at_once")
def test_the_same_bytes_in_any_order_on_any_processes(model_folder, tmp_path):
    import windowclf

    contents = []
    for name, options in {
        "one": {},
        "two": {"processes": 3},
        "three": {"turned": True},
        "four": {"turned": True, "processes": 2},
    }.items():
        work = Work(windowclf.load(model_folder).tagger, str(tmp_path / name / "out"))
        work.source = str(tmp_path / "in")
        if not contents:
            for i in range(4):
                work.put(
                    f"{i}.parquet",
                    parquet({"text": [*TEXTS[i * 9 :] * 30, None]}, row_group_size=250),
                )
        work.run(most=1000, **options)
        contents.append(work.content())
    assert len(contents[0]) > 12
    assert contents[1:] == contents[:1] * 3


def test_several_partitions_at_the_same_time(work):
    for i in range(8):
        work.put(f"{i}.parquet", parquet({"text": [*TEXTS[i:] * 5, None]}))
    partitions = plan_partitions([work.source], work.output, 1 << 26)

    def tag(partition):
        return tag_partition(DocumentTagger(work.tagger), partition, job=JOB, output=work.output)

    begin(work.output, JOB)
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(tag, partitions))
    assert [outcome.failed for outcome in outcomes] == [None] * 8
    together = work.content()
    for name in together:
        filesystems.remove(f"{work.output}/{name}")
    work.run()
    assert work.content() == together


@pytest.mark.filterwarnings("ignore:The inplace keyword:pandas.errors.Pandas4Warning")  # of Dask
def test_readers_of_the_folder_find_the_rows_alone(classifier, tmp_path):
    work = Work(classifier.tagger, str(tmp_path / "out"))
    work.put("year=2020/a.parquet", parquet({"text": TEXTS[:3]}))
    work.put("year=2021/b.parquet", parquet(BAD))
    work.put("year=2021/c.parquet", b"x")
    work.put("year=2022/none.parquet", parquet({"text": pa.array([], pa.string())}))
    work.run()
    expected = [*TEXTS[:3], "Ada", "Tom"]
    table = pq.read_table(work.output)
    assert table.column("text").to_pylist() == expected
    assert table.column_names == ["text", "entities", "year"]
    frame = dd.read_parquet(work.output, dtype_backend="pyarrow").compute()
    assert frame["text"].tolist() == expected
    data = pyarrow.dataset.dataset(work.output, partitioning="hive").to_table()
    assert data.column("text").to_pylist() == expected
    errors = pq.read_table(f"{work.output}/{ERRORS}").to_pylist()
    assert [(e["file"][-9:], e["row"], e["rows"], e["year"]) for e in errors] == [
        ("b.parquet", 1, 1, 2021),
        ("b.parquet", 3, 1, 2021),
        ("c.parquet", None, None, 2021),
    ]
    files = f"{work.output}/year=*/*.parquet"
    found = datasets.load_dataset(
        "parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache")
    )
    assert found["text"][:] == expected
    assert found[0]["entities"] == table.column("entities")[0].as_py()
