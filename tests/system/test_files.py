"""Files that are written whole or not at all."""

import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from windowclf.system import files
from windowclf.system.files import whole_file, write_whole


def test_a_file_is_moved_to_its_place_when_it_is_whole(tmp_path):
    path = tmp_path / "file"
    path.write_text("before")
    with whole_file(path) as temporary:
        assert temporary.parent == tmp_path
        temporary.write_text("after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_leaves_all_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_text("before")

    def fail(temporary):
        temporary.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, fail)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_rights_of_any_other(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "file", lambda path: path.write_text("text"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_what_is_no_file_is_given_itself(tmp_path):
    path = tmp_path / "null"
    path.symlink_to(os.devnull)
    with whole_file(path) as given:
        assert given == path
        given.write_text("text")
    assert path.is_symlink()
    assert stat.S_ISCHR(path.stat().st_mode)


KILLED = """
import os, signal, sys
from pathlib import Path
from windowclf.system import files
from windowclf.system.files import whole_file
with whole_file(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_makes_way(tmp_path):
    path = tmp_path / "file"
    path.write_text("before")
    found = subprocess.run([sys.executable, "-c", KILLED, str(path)])
    assert found.returncode == -signal.SIGKILL
    assert path.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 2
    with whole_file(path) as temporary:
        assert temporary.read_text() == ""
        assert len(list(tmp_path.iterdir())) == 2
        temporary.write_text("after")
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_taken_for_left_before_it_is_locked(tmp_path, monkeypatch):
    lock = files._lock

    def late(handle, *, wait=False):
        monkeypatch.undo()
        (tmp_path / ".file.part").unlink()
        return lock(handle, wait=wait)

    monkeypatch.setattr(files, "_lock", late)
    with whole_file(tmp_path / "file") as temporary:
        assert temporary.is_file()
        temporary.write_text("text")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_two_may_write_one_file_at_the_same_time(tmp_path):
    path = tmp_path / "file"
    with whole_file(path) as first:
        first.write_text("first")
        with whole_file(path) as second:
            assert second != first
            second.write_text("second")
        assert path.read_text() == "second"
        assert first.read_text() == "first"
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_many_may_write_one_file_over_and_over(tmp_path):
    path = tmp_path / "file"
    texts = [f"{i}" * 1000 for i in range(4)]

    def write(text):
        for _ in range(50):
            write_whole(path, lambda temporary: temporary.write_text(text))
            assert path.read_text() in texts

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, texts))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("file")])
def test_what_stands_in_the_way_of_the_temporary_file(tmp_path, make):
    path = tmp_path / "file"
    path.write_text("before")
    make(tmp_path / ".file.part")
    write_whole(path, lambda temporary: temporary.write_text("after"))
    assert path.read_text() == "after"
    assert not path.is_symlink()


@pytest.mark.parametrize("name", ["a" * 255, "é" * 127, "\U0001f600" * 63])
def test_a_name_as_long_as_they_may_be(tmp_path, name):
    with whole_file(tmp_path / name) as first, whole_file(tmp_path / name) as second:
        first.write_text("text")
        second.write_text("text")
    assert list(tmp_path.iterdir()) == [tmp_path / name]
