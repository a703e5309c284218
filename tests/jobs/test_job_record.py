"""A job begins in a folder of its own, and goes on there."""

import errno

import pytest
from msgspec.structs import replace

from windowclf.errors import OutputError, UsageError
from windowclf.jobs.job import ERRORS, RECORD, Job, begin, errors_of
from windowclf.system import filesystems

JOB = Job(model="abc")


def add(output, *names, data=b"x"):
    for name in names:
        with filesystems.writing(filesystems.below(output, name)) as file:
            file.write(data)


def test_a_job_begins_and_goes_on(output):
    assert begin(output, JOB) == set()
    assert filesystems.names_below(output) == {RECORD}
    assert begin(output, JOB) == set()
    add(output, "a.parquet", "year=2020/a.parquet", errors_of("a.parquet"))
    assert begin(output, JOB) == {"a.parquet", "year=2020/a.parquet"}
    assert errors_of("a.parquet") in filesystems.names_below(output)


def test_errors_of_what_is_tried_again_are_removed(output):
    begin(output, JOB)
    done = {"a.parquet", "x/b.parquet"}
    errors = {errors_of(name) for name in done}
    add(output, *done, *errors, errors_of("b.parquet"), errors_of("x/c.parquet"))
    assert begin(output, JOB) == done
    assert filesystems.names_below(output) == {RECORD, *done, *errors}


def test_what_killed_processes_left_is_removed(output):
    left = {".a.parquet.part", "x/.b.parquet.part", f"{ERRORS}/.a.parquet.part", "._job.json.part"}
    add(output, *left)
    assert begin(output, JOB) == set()  # one that was killed before it had begun
    assert filesystems.names_below(output) == {RECORD}
    add(output, *left, "a.parquet")
    assert begin(output, JOB) == {"a.parquet"}
    assert filesystems.names_below(output) == {RECORD, "a.parquet"}


@pytest.mark.parametrize(
    ("other", "names"),
    [
        ({"model": "abd"}, "--model"),
        ({"text_column": "body"}, "--text-column"),
        ({"splitter": "lines"}, "--pretokenized or --lines"),
        ({"splitter": "pretokenized"}, "--pretokenized or --lines"),
        ({"max_characters": 5, "partition_bytes": 7}, "--max-characters, --partition-bytes"),
    ],
)
def test_other_options_are_refused_by_name(output, other, names):
    for one, two in ((JOB, replace(JOB, **other)), (replace(JOB, **other), JOB)):
        begin(output, one)
        with pytest.raises(UsageError) as refusal:
            begin(output, two)
        assert str(refusal.value) == (
            f"{output}: contains a job with other options: {names}; "
            "use the same ones to continue, or choose another --output"
        )
        filesystems.remove(filesystems.below(output, RECORD))


def test_a_refused_job_removes_nothing(output):
    begin(output, JOB)
    names = {".a.part", f"{ERRORS}/b.parquet"}
    add(output, *names)
    with pytest.raises(UsageError):
        begin(output, replace(JOB, model="x"))
    filesystems.remove(filesystems.below(output, RECORD))
    with pytest.raises(OutputError):
        begin(output, JOB)
    assert filesystems.names_below(output) == names


@pytest.mark.parametrize("name", ["a.parquet", "sub/notes.txt", f"{ERRORS}/a.parquet"])
def test_a_folder_with_other_files_is_refused(output, name):
    add(output, name)
    with pytest.raises(OutputError, match=r": contains files but no job: give a new or empty fol"):
        begin(output, JOB)
    assert filesystems.names_below(output) == {name}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b'{"model": "\xff"}',
        b"[]",
        b"{}",
        b'{"model": 5}',
        b'{"model": "abc", "splitter": "x"}',
        b'{"model": "abc", "new": 1}',
        b"[" * 100_000,
        b'{"model\n": 1}',
    ],
)
def test_a_damaged_record_is_told_in_one_line(output, data):
    add(output, RECORD, data=data)
    with pytest.raises(OutputError) as refusal:
        begin(output, JOB)
    told = str(refusal.value)
    assert told.startswith(f"{output}: not a job of 'windowclf tag --engine': _job.json: ")
    assert "\n" not in told


def test_a_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(OutputError, match=r"/_job.json: cannot be written: Permission denied$"):
        begin(str(tmp_path / "out"), JOB)
