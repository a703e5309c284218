"""The same seed and number of threads: the same bytes, in a row and in two processes at once."""

import subprocess
import sys
from pathlib import Path

import pytest

import tiny


@pytest.mark.parametrize("threads", [1, 2])
def test_trainings_at_the_same_time(tiny_data, tmp_path, threads):
    command = [
        *(sys.executable, "-m", "windowclf", "train", "--data", tiny_data, "--quiet"),
        *("--vectors", tiny_data / "vectors.txt", *tiny.options(tiny.QUICK | {"dropout": 0.1})),
        *("--threads", threads, "--output"),
    ]
    running = [
        subprocess.Popen(
            [*map(str, command), str(tmp_path / name)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name in ("one", "two")
    ]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    subprocess.run([*map(str, command), tmp_path / "after"], check=True, capture_output=True)
    one, two, after = (parameters(tmp_path / name) for name in ("one", "two", "after"))
    assert one == two == after


def parameters(folder: Path) -> bytes:
    (path,) = folder.glob("parameters-*")
    return path.read_bytes()
