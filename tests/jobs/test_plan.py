"""Which partitions the names of a job stand for."""

import io
import os
from pathlib import Path
from uuid import uuid4

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.errors import DataError, UsageError
from windowclf.jobs.plan import Partition, group_runs, plan_partitions

MOST = 1 << 26


def parquet(groups=1, rows=3):
    """A file of as many row groups, in bytes."""
    file = io.BytesIO()
    table = pa.table({"text": ["Mary saw Ada ."] * rows})
    with pq.ParquetWriter(file, table.schema) as writer:
        for _ in range(groups):
            writer.write_table(table)
    return file.getvalue()


WHOLE = parquet()
TREE = (
    "a.parquet",
    "b c.PQ",
    "notes.txt",
    "_metadata",
    ".hidden.parquet",
    "_old/x.parquet",
    "year=2020/a.parquet",
    "year=2020/deep/d.parquet",
    "year=2021/.tmp/e.parquet",
    "year=2021/odd[1].parquet",
)
IN_TREE = [
    "a.parquet",
    "b c.PQ",
    "year=2020/a.parquet",
    "year=2020/deep/d.parquet",
    "year=2021/odd[1].parquet",
]


class Place:
    """A folder in a store, to which files are written by their names."""

    def __init__(self, url):
        self.url = url
        self.store, self.path = fsspec.url_to_fs(url)

    def add(self, *names, data=WHOLE):
        for name in names:
            path = f"{self.path}/{name}"
            self.store.makedirs(path.rpartition("/")[0], exist_ok=True)
            self.store.pipe_file(path, data)
        return self

    def plan(self, *names, output="out", most=MOST):
        names = [f"{self.url}/{name}" if name else self.url for name in names]
        return plan_partitions(names, f"{self.url}/{output}", most)

    def names(self, *names, **options):
        return [partition.name for partition in self.plan(*names, **options)]


@pytest.fixture(params=["local", "file", "memory", "chained"])
def place(request, tmp_path):
    if request.param == "local":
        return Place(str(tmp_path / "some place"))
    if request.param == "file":
        return Place(f"file://{tmp_path}/in")
    if request.param == "memory":
        return Place(f"memory://{uuid4().hex}/in")
    return Place(f"simplecache::memory://{uuid4().hex}")


def test_a_folder_is_searched_for_parquet(place):
    place.add(*TREE)
    found = place.plan("")
    assert [partition.name for partition in found] == IN_TREE
    assert {partition.size for partition in found} == {len(WHOLE)}
    assert {partition.groups for partition in found} == {None}
    assert place.names("year=2020/") == ["a.parquet", "deep/d.parquet"]


def test_what_is_found_can_be_opened(place):
    place.add(*TREE)
    for partition in [*place.plan(""), *place.plan("**/*.parquet"), *place.plan("a.parquet")]:
        with fsspec.open(partition.source) as file:
            assert file.read() == WHOLE


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.parquet", ["a.parquet"]),
        ("**/*.parquet", [name for name in IN_TREE if name.endswith(".parquet")]),
        ("**/a.parquet", ["a.parquet", "year=2020/a.parquet"]),
        ("year=*/*.parquet", ["year=2020/a.parquet", "year=2021/odd[1].parquet"]),
        ("year=2020/*", ["a.parquet"]),
        ("year=202[0]/**/d.*", ["year=2020/deep/d.parquet"]),
        ("?.parquet", ["a.parquet"]),
        ("year=2021/odd[1].parquet", ["odd[1].parquet"]),
        ("b c.PQ", ["b c.PQ"]),
    ],
)
def test_patterns_and_names(place, pattern, names):
    assert place.add(*TREE).names(pattern) == names


@pytest.mark.parametrize("name", ["none.parquet", "none/*.parquet", "[a", "x", "only/*", "only"])
def test_a_name_that_stands_for_nothing_is_told(place, name):
    place.add("a.parquet", "x/notes.txt", "only/_y.parquet", "only/.z/y.parquet")
    with pytest.raises(
        DataError, match=r"^\S.*: (no such file|no file was found|cannot be read: No)"
    ):
        place.plan("a.parquet", name)


def test_a_folder_without_parquet_is_told_what_is_expected(place):
    place.add("x/notes.txt", "y/data")
    for name in ("x", "y"):
        with pytest.raises(DataError, match=r": no file was found; .* ends in \.parquet or \.pq,"):
            place.plan(name)


def test_a_name_that_readers_of_the_output_would_skip_is_refused(place):
    place.add("_old/x.parquet", "_x.parquet")
    assert place.names("_old/x.parquet") == ["x.parquet"]
    with pytest.raises(DataError, match="names that begin with '_' or"):
        place.plan("_x.parquet")


def test_the_order_is_that_of_the_names_and_each_file_is_there_once(place):
    place.add(*TREE)
    names = ["year=2021", "a.parquet", "", "*.parquet", "year=2020/a.parquet"]
    assert place.names(*names) == ["odd[1].parquet", "a.parquet", "b c.PQ", *IN_TREE[2:4]]


def test_two_files_with_one_place_are_refused(place):
    place.add(*TREE)
    with pytest.raises(
        UsageError, match=r"^a.parquet would be the output of both .*use one pattern"
    ):
        place.plan("a.parquet", "year=2020/a.parquet")


def test_the_output_is_no_input(place):
    place.add(*TREE, "out/a.parquet", "output.parquet")
    assert place.names("") == [*IN_TREE[:2], "output.parquet", *IN_TREE[2:]]
    assert place.names("*/a.parquet") == ["year=2020/a.parquet"]
    assert place.names("*.parquet", output="out/") == ["a.parquet", "output.parquet"]
    for name, output in (("out", "out"), ("out/a.parquet", "out/"), ("*.parquet", "")):
        with pytest.raises(
            UsageError, match=r"all files are below --output; choose another folder$"
        ):
            place.plan(name, output=output)


@pytest.mark.parametrize("name", ["notes.txt", "*", "x.jsonl.gz"])
def test_other_formats_are_refused(place, name):
    place.add("notes.txt", "x.jsonl.gz")
    with pytest.raises(UsageError, match=r": is (text|jsonl); a job reads Parquet: leave out --en"):
        place.plan(name)


def test_a_file_without_a_suffix_may_be_parquet(place):
    place.add("part.1/data", data=parquet(2))
    assert place.names("*/data", most=10) == ["part.1/data-00000", "part.1/data-00001"]


def test_relative_names_and_the_home_folder(tmp_path, monkeypatch):
    Place(str(tmp_path)).add(*TREE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    expected = (tmp_path / "year=2020" / "a.parquet").as_posix()
    for name in ("year=2020/a.parquet", "./year=2020/*", "year=2020", "~/year=2020/a.parquet"):
        found = plan_partitions([name], "year=2020/deep", MOST)
        assert [partition.source for partition in found] == [expected]


def test_links_are_followed_and_what_is_no_file_is_left_out(tmp_path):
    place = Place(str(tmp_path)).add("real/a.parquet")
    for name in ("b.parquet", "broken.parquet"):
        (tmp_path / "real" / name).symlink_to(tmp_path / "real" / name.replace("b.", "a."))
    os.mkfifo(tmp_path / "real" / "pipe.parquet")
    assert place.names("real") == place.names("real/*") == ["a.parquet", "b.parquet"]
    with pytest.raises(DataError, match=r"pipe.parquet: expected a file or a folder$"):
        place.plan("real/pipe.parquet")


def test_a_folder_named_like_a_pattern(tmp_path):
    place = Place(str(tmp_path)).add("in [x]/a.parquet", "in [x]/b[1].parquet")
    assert place.names("in [x]") == ["a.parquet", "b[1].parquet"]


sizes = st.lists(st.integers(0, 30), max_size=20)


@given(sizes, st.integers(1, 60))
def test_runs_cover_all_row_groups_in_order(sizes, most):
    runs = list(group_runs(sizes, most))
    assert [i for start, stop in runs for i in range(start, stop)] == list(range(len(sizes)))
    for start, stop in runs:
        assert stop == start + 1 or sum(sizes[start:stop]) <= most
    for start, stop in runs[:-1]:
        assert sum(sizes[start : stop + 1]) > most  # no more cuts than need be


def test_large_files_are_cut_between_row_groups(place):
    place.add("in/x.y.parquet", data=parquet(7))
    [whole] = place.plan("in", most=MOST)
    assert whole == Partition(whole.source, "x.y.parquet", whole.size)
    place.store.pipe_file(f"{place.path}/in/x.y.parquet", parquet(7, 3000))
    one = pq.ParquetFile(io.BytesIO(parquet(7, 3000))).metadata.row_group(0)
    size = one.column(0).total_compressed_size
    cut = place.plan("in", most=3 * size)
    assert [(p.name, p.groups, p.size) for p in cut] == [
        ("x.y-00000.parquet", (0, 3), 3 * size),
        ("x.y-00001.parquet", (3, 6), 3 * size),
        ("x.y-00002.parquet", (6, 7), size),
    ]
    assert {p.source for p in cut} == {whole.source}
    assert [p.groups for p in place.plan("in", most=1)] == [(i, i + 1) for i in range(7)]


def test_one_large_row_group_is_one_partition(place):
    place.add("a.parquet")
    assert [p.groups for p in place.plan("a.parquet", most=1)] == [None]


@pytest.mark.parametrize("data", [b"", b"PAR1 no Parquet PAR1", WHOLE[:-5], WHOLE[:-9] + b"PAR1"])
def test_a_large_file_that_cannot_be_read_is_one_partition(place, data):
    [partition] = place.add("a.parquet", data=data).plan("a.parquet", most=1)
    assert (partition.name, partition.groups) == ("a.parquet", None)


def test_parts_of_a_file_and_another_file_with_one_place_are_refused(place):
    place.add("a.parquet", data=parquet(2)).add("a-00001.parquet")
    with pytest.raises(UsageError, match=r"^a-00001.parquet would be the output of "):
        place.plan("", most=100)


@pytest.mark.parametrize("name", ["nothing://a/b", "s3://a/*.parquet", "hdfs://a/b", "a\0b", "::"])
def test_stores_that_are_not_there_are_told_in_one_line(name, tmp_path):
    with pytest.raises((UsageError, DataError)) as refusal:
        plan_partitions([name], str(tmp_path), MOST)
    assert name.replace("\0", "") in str(refusal.value).replace("\0", "")
    assert "\n" not in str(refusal.value)


def test_paths_are_absolute_for_workers_that_stand_elsewhere(tmp_path, monkeypatch):
    Place(str(tmp_path)).add("a.parquet")
    monkeypatch.chdir(tmp_path)
    [partition] = plan_partitions(["a.parquet"], "out", MOST)
    assert Path(partition.source).is_absolute()
