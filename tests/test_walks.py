"""A sentence and a gradient go through few files, so that a reader can follow them."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

from windowclf.tags.schemes import Scheme, convert

SCRIPTS = Path(__file__).parent.parent / "scripts"


@pytest.fixture
def walks(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return import_module("walks")


def test_a_walk_lists_files_and_what_others_call_in_them(walks):
    found = walks.walk(lambda: convert(["I-PER", "O"], Scheme.IOB1, Scheme.IOBES))
    assert found == {"tags/schemes.py": {"convert"}}
    assert sys.getprofile() is None
    with pytest.raises(ZeroDivisionError):
        walks.walk(lambda: 1 / 0)
    assert sys.getprofile() is None
    assert walks.walk(list) == {}


def test_a_sentence_goes_through_few_files_and_starts_no_process(walks):
    for name, files in walks.tagging().items():
        assert len(files) <= 24, (name, list(files))
        assert files["system/threads.py"] == {"__enter__", "__exit__"}  # of `one_blas_thread`
        # The stream is opened once, and runs until it is exhausted.
        assert files.get("system/shared_work.py", set()) <= {"__init__", "map", "end"}
        assert "system/processes.py" not in files


def test_a_gradient_goes_through_few_files(walks):
    files = walks.gradient()
    assert "nn/network.py" in files
    assert len(files) <= 8, list(files)
