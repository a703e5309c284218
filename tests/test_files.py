"""Files that are written whole or not at all."""

import os
import stat

import pytest

from windowclf.files import whole_file, write_whole


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
