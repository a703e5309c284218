"""The same seed: the same bytes, in a row, in two processes at once, on one thread and on two."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tiny
from windowclf import WindowClassifier, load_corpus


@pytest.mark.processes
@pytest.mark.parametrize("threads", [1, 2])
def test_trainings_at_the_same_time(tiny_data, tmp_path, threads):
    command = [
        *(sys.executable, "-m", "windowclf", "train", "--data", tiny_data, "--quiet"),
        *("--vectors", tiny_data / "vectors.vec", *tiny.options(tiny.QUICK | {"dropout": 0.1})),
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


@pytest.mark.parametrize(("batch_size", "fraction"), [(16, 0.1), (200, 0.35)])
def test_one_thread_and_two(batch_size, fraction):
    """Products as large as these would be shared among threads by the linear algebra itself."""
    text = load_corpus("sample").with_train_fraction(fraction, seed=0)
    one, two = (
        WindowClassifier(epochs=1, batch_size=batch_size).fit(text, vectors="random", threads=n)
        for n in (1, 2)
    )
    others = two.model.parameters()
    for name, parameter in one.model.parameters().items():
        np.testing.assert_array_equal(parameter.value, others[name].value, name)


def parameters(folder: Path) -> bytes:
    (path,) = folder.glob("parameters-*")
    return path.read_bytes()
