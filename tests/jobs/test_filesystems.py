"""Files in any store: found, read, and written whole or not at all."""

import errno
import sys
from pathlib import Path

import pytest

from windowclf.errors import DataError, OutputError, UsageError
from windowclf.jobs.plan import plan_partitions
from windowclf.system import filesystems


def test_what_is_written_is_read(output):
    assert filesystems.names_below(output) == set()
    assert filesystems.read_small(f"{output}/a") is None
    names = {"a", "sub/b[1] c.parquet", "sub/x=ü/*"}
    for name in names:
        for data in (b"before", name.encode()):  # the second takes the place of the first
            with filesystems.writing(filesystems.below(output, name)) as file:
                file.write(data)
    assert filesystems.names_below(output) == filesystems.names_below(output + "/") == names
    for name in names:
        url = filesystems.below(f"{output}/", name)
        assert filesystems.read_small(url) == name.encode()
        with filesystems.reading(url) as file:
            file.seek(1)
            assert file.read() == name.encode()[1:]
        filesystems.remove(url)
        filesystems.remove(url)
    assert filesystems.names_below(output) == set()


@pytest.mark.parametrize("raised", [ValueError("no"), KeyboardInterrupt(), DataError("x")])
def test_what_is_not_written_to_its_end_is_not_there(output, raised):
    with filesystems.writing(f"{output}/a") as file:
        file.write(b"before")

    def break_off(name):
        with filesystems.writing(f"{output}/{name}") as file:
            file.write(b"half")
            file.flush()
            assert filesystems.read_small(f"{output}/b") is None
            raise raised

    for name in ("a", "b"):
        with pytest.raises(type(raised)):
            break_off(name)
    assert filesystems.names_below(output) == {"a"}
    assert filesystems.read_small(f"{output}/a") == b"before"


def test_a_full_disk_is_told_as_such(output):
    with (
        pytest.raises(OutputError, match=r"/a: cannot be written: No space left on device$"),
        filesystems.writing(f"{output}/a"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_urls_keep_their_host(remote):
    with filesystems.writing("remote://host/in/deep/a.parquet") as file:
        file.write(b"x")
    for name in ("remote://host/in", "remote://host/in/**/*.parquet", "remote://host/in/deep/"):
        [found] = plan_partitions([name], "remote://host/out", 100)
        assert found.source == "remote://host/in/deep/a.parquet"
    found = plan_partitions(["remote://host/in"], "remote://other/in", 100)
    assert len(found) == 1  # the same path on another host


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("find", lambda url: filesystems.names_below(url)),
        ("find", lambda url: plan_partitions([url], "out", 1)),
        ("info", lambda url: plan_partitions([url], "out", 1)),
        ("glob", lambda url: plan_partitions([f"{url}/*"], "out", 1)),
        ("open", lambda url: filesystems.reading(f"{url}/a").__enter__()),
        ("cat_file", lambda url: filesystems.read_small(f"{url}/a")),
    ],
)
def test_errors_of_a_store_that_is_read_are_one_line(remote, method, call):
    url = "remote://host/in"
    with filesystems.writing(f"{url}/a") as file:
        file.write(b"x")
    remote(method)
    with pytest.raises(DataError) as refusal:
        call(url)
    assert str(refusal.value).startswith(url)
    assert str(refusal.value).endswith(f": cannot be read: {method} is not allowed")


@pytest.mark.parametrize("method", ["makedirs", "put_file", "mv"])
def test_errors_of_a_store_that_is_written_are_one_line(remote, method):
    remote(method)
    with (
        pytest.raises(OutputError, match=f"^remote://host/a: cannot .*: {method} is not allowed$"),
        filesystems.writing("remote://host/a") as file,
    ):
        file.write(b"x")
    remote()
    assert filesystems.read_small("remote://host/a") is None
    remote("rm_file")
    with pytest.raises(OutputError, match=r"^remote://host/a: .*: rm_file is not allowed$"):
        filesystems.remove("remote://host/a")


def test_a_folder_that_is_not_there_is_empty_in_any_store(remote, monkeypatch):
    def find(self, path):
        raise FileNotFoundError(path)

    monkeypatch.setattr("fsspec.implementations.memory.MemoryFileSystem.find", find)
    assert filesystems.names_below("remote://host/none") == set()


def test_a_store_that_does_not_answer_is_told(remote):
    for call in (filesystems.names_below, filesystems.read_small, filesystems.remove):
        with pytest.raises(DataError, match=r"^remote://none/a: cannot be opened: nobody answers$"):
            call("remote://none/a")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nothing://a/b", "Protocol not known: nothing"),
        ("s3://a/b", "Install s3fs to access S3"),
        ("remote:///a", "no host"),
    ],
)
def test_a_store_that_fsspec_does_not_have_is_told(remote, monkeypatch, url, reason):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(UsageError, match=f"^{url}: cannot be opened: {reason}$"):
        filesystems.names_below(url)


def refuse(*_, **__):
    raise PermissionError(errno.EACCES, "Permission denied")


def test_files_of_this_machine_that_may_not_be_read_or_written(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "file").write_bytes(b"x")
    with (
        pytest.raises(OutputError, match=r"file/sub/a: cannot be written: (Not a dir|File exists)"),
        filesystems.writing(f"{tmp_path}/file/sub/a"),
    ):
        pass
    with pytest.raises(DataError, match=r"/none: no such file or folder$"):
        filesystems.reading(f"{tmp_path}/none").__enter__()
    with pytest.raises(DataError, match=r": cannot be read: Is a directory$"):
        filesystems.reading(str(tmp_path)).__enter__()
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(DataError, match=r"/a: cannot be read: Permission denied$"):
        filesystems.reading(f"{tmp_path}/a").__enter__()
    monkeypatch.setattr(Path, "mkdir", refuse)
    with (
        pytest.raises(OutputError, match=r"/a: cannot be written: Permission denied$"),
        filesystems.writing(f"{tmp_path}/a"),
    ):
        pass


def test_folders_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert filesystems.local_folder("some out/") == tmp_path / "some out"
    assert filesystems.local_folder(f"file://{tmp_path}/x") == tmp_path / "x"
    assert filesystems.local_folder("memory://x") is None
