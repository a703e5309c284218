"""Outputs that cannot be written where they should, and outputs whose process is killed."""

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (f"{'a' * 255}.jsonl", "File name too long"),
        ("folder.jsonl", "Is a directory"),
        ("file/out.jsonl", "Not a directory"),
    ],
)
def test_what_is_no_place_for_a_file(run, tmp_path, tiny_data, name, reason):
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    code, out, err = run("convert", tiny_data / "train.txt", tmp_path / name)
    message = f"windowclf: error: {tmp_path / name}: cannot be written: {reason}\n"
    assert (code, out, err) == (1, "", message)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_longest_name_is_written(run, tmp_path, tiny_data, model_folder):
    output = tmp_path / f"{'é' * 124}.jsonl"  # 254 bytes
    assert run("convert", tiny_data / "train.txt", output)[0] == 0
    assert run("tag", "--model", model_folder, "In Oslo", "--output", output) == (0, "", "")
    command = ["pretrain", tiny_data / "train.txt", "--epochs", 1, "--quiet", "--output", output]
    assert run(*command)[0] == 0
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("command", ["tag", "convert"])
def test_a_kill_in_the_midst(run, tmp_path, model_folder, command):
    folder = tmp_path / "out"
    folder.mkdir()
    output = folder / "out.jsonl"
    output.write_text("before")
    source = tmp_path / "source"
    source.write_text("In O\nOslo O\n\n" * 5_000)
    start = (
        ["tag", "--model", model_folder, "--input-format", "conll", "--input"]
        if command == "tag"
        else ["convert"]
    )
    end = (
        ["--output", output]
        if command == "tag"
        else [output, "--from", "conll", "--scheme", "plain"]
    )
    killed = subprocess.Popen(
        [sys.executable, "-m", "windowclf", *map(str, [*start, "-", *end])], stdin=subprocess.PIPE
    )
    try:
        killed.stdin.write(source.read_bytes())
        killed.stdin.flush()  # and the pipe stays open: there is more to come
        deadline = time.monotonic() + 20
        while not any(path.stat().st_size for path in folder.glob(".*")):
            assert killed.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        killed.kill()
        killed.communicate(timeout=20)
    assert killed.returncode == -signal.SIGKILL
    assert output.read_text() == "before"
    (left,) = folder.glob(".*")
    code, _, err = run(*start, source, *end)
    assert code == 0, err
    assert not left.exists()
    assert list(folder.iterdir()) == [output]
    assert output.read_text().startswith("{")


@pytest.mark.parametrize("form", ["text", "jsonl", "csv", "conll", "parquet", "docbin"])
@pytest.mark.parametrize("number", [1, 1000])  # that are written at the end, or on the way
def test_stdout(run, model_folder, monkeypatch, form, number):
    full = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115
    monkeypatch.setattr(sys, "stdout", full)
    found = run("tag", "--model", model_folder, "--format", form, *["In Oslo"] * number)
    with suppress(OSError):
        full.close()
    message = "windowclf: error: stdout: cannot be written: No space left on device\n"
    assert found == (1, "", message)


def test_stdout_of_a_program():
    command = [sys.executable, "-m", "windowclf", "presets"]
    with Path("/dev/full").open("wb") as full:
        found = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (found.returncode, found.stderr) == (
        1,
        "windowclf: error: No space left on device\n",
    )
