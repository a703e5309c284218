"""How many processors there are for the work, in a container too."""

import os

import pytest

from windowclf.system import processors
from windowclf.system.processors import processor_count


@pytest.fixture
def container(monkeypatch, tmp_path):
    """Return a function that writes what Linux says of the time of a container of 5 processors."""
    for name in ("OMP", "OPENBLAS", "MKL"):
        monkeypatch.delenv(f"{name}_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(5)), raising=False)
    files = [tmp_path / name for name in ("max", "quota", "period")]
    quotas = ((files[0],), tuple(files[1:]))
    monkeypatch.setattr(processors, "_QUOTAS", quotas)

    def write(*contents):
        for file, content in zip(files, contents, strict=False):
            if content is not None:
                file.write_text(content)

    return write


@pytest.mark.parametrize(
    ("contents", "count"),
    [
        ((), 5),
        (("max 100000\n",), 5),
        (("200000 100000\n",), 2),
        (("150000 100000\n",), 2),  # a part of one more
        (("20000 100000\n",), 1),
        (("900000 100000\n",), 5),
        ((None, "300000\n", "100000\n"), 3),
        ((None, "-1\n", "100000\n"), 5),
        ((None, "300000\n"), 5),
        (("0 0",), 5),
        (("nonsense",), 5),
    ],
)
def test_the_time_of_a_container(container, contents, count):
    container(*contents)
    assert processor_count() == count


def test_the_variables_come_first(container, monkeypatch):
    container("200000 100000\n")
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert processor_count() == 4
