"""A disk that is full or may not be written to: one line, the earlier file whole, nothing left.

A file system of a megabyte in memory is as full as a disk can be, but only root may make one; a
bound on the size of a file does everywhere.
"""

import os
import random
import resource
import subprocess
from contextlib import contextmanager

import pytest

import tiny
from windowclf import load
from windowclf.errors import ModelError

ENDS = [
    *("jsonl", "jsonl.gz", "jsonl.zst", "csv", "csv.gz", "conll", "conll.gz", "conll.zst"),
    *("txt", "txt.gz", "parquet", "spacy"),
]
QUICK = [*tiny.options(tiny.QUICK), "--quiet"]
FULL, LARGE = "No space left on device", "File too large"


@pytest.fixture(scope="module")
def _disk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        made = subprocess.run(mount, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"no file system of its own: {error}")
    if made.returncode:
        pytest.skip(f"no file system of its own: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def disk(_disk):
    """An empty file system of a megabyte."""
    yield _disk
    for path in sorted(_disk.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Lines of words that cannot be packed: at least 25,000 bytes in any format."""
    rng = random.Random(0)
    words = [[f"{rng.getrandbits(80):x}" for _ in range(10)] for _ in range(250)]
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("".join(f"In Oslo {' '.join(line)}\n" for line in words))
    return path


@pytest.fixture(scope="module")
def labelled(text):
    path = text.with_suffix(".conll")
    sentences = [line.split() for line in text.read_text().splitlines()]
    lines = ("".join(f"{word} O\n" for word in words) for words in sentences)
    path.write_text("\n".join(lines))
    return path


def fill(disk, leave=0):
    """Leave a few bytes of a disk."""
    found = os.statvfs(disk)
    (disk / "ballast").write_bytes(bytes(found.f_bavail * found.f_frsize - leave))


@contextmanager
def largest_file(size):
    """Let no file grow past a size; Python ignores the signal that would come with the error."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def unchanged(folder):
    before = contents(folder)
    yield
    assert contents(folder) == before


def contents(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def assert_refused(found, path, reason, code=1):
    assert found[:2] == (code, "")
    assert found[2].count("\n") == 1
    assert found[2].startswith(f"windowclf: error: {path}")
    assert found[2].endswith(f"{reason}\n")


def tag(text, output, model_folder):
    return ["tag", "--model", model_folder, "--input", text, "--output", output]


# tag and convert


@pytest.mark.parametrize("end", ENDS)
def test_tagged_files(run, disk, text, model_folder, end):
    output = disk / f"out.{end}"
    output.write_text("before")
    short = ["tag", "--model", model_folder, "In Oslo", "--output", output]
    for leave, arguments in [(1 << 14, tag(text, output, model_folder)), (0, short)]:
        fill(disk, leave)
        with unchanged(disk):
            assert_refused(run(*arguments), output, f"cannot be written: {FULL}")
        (disk / "ballast").unlink()
    assert run(*short) == (0, "", "")


@pytest.mark.parametrize("end", ENDS)
def test_tagged_files_of_bounded_size(run, tmp_path, text, model_folder, end):
    output = tmp_path / f"out.{end}"
    output.write_text("before")
    with unchanged(tmp_path):
        with largest_file(1 << 14):
            found = run(*tag(text, output, model_folder))
        assert_refused(found, output, f"cannot be written: {LARGE}")


@pytest.mark.parametrize("end", [end for end in ENDS if end[:3] not in ("csv", "txt")])
def test_converted_files(run, disk, labelled, end):
    output = disk / f"out.{end}"
    output.write_text("before")
    fill(disk, 1 << 14)
    with unchanged(disk):
        assert_refused(run("convert", labelled, output), output, f"cannot be written: {FULL}")
    (disk / "ballast").unlink()
    with unchanged(disk):
        with largest_file(1 << 14):
            found = run("convert", labelled, output)
        assert_refused(found, output, f"cannot be written: {LARGE}")


# what training and pretraining write


def train(tiny_data, output, *options):
    data = ["--data", tiny_data, "--vectors", tiny_data / "vectors.vec"]
    return ["train", *data, *QUICK, *options, "--output", output]


@pytest.mark.parametrize("leave", [0, 1 << 13, 1 << 14])  # with place for some of the files
def test_models_and_checkpoints(run, disk, tiny_data, leave):
    model = disk / "model"
    fill(disk, leave)
    with unchanged(disk):
        assert_refused(run(*train(tiny_data, model)), model, FULL)
    (disk / "ballast").unlink()
    assert run(*train(tiny_data, model))[0] == 0
    fill(disk, leave)
    with unchanged(disk):
        code, out, err = run(*train(tiny_data, model, "--seed", "2", "--overwrite"))
        assert (code, out) == (1, "")
        assert err.startswith(f"windowclf: error: {model}")
        assert FULL in err
        assert err.count("\n") == 1
        load(model).tag("In Oslo")


def test_models_saved_from_python(disk, classifier, other):
    classifier.save(disk / "model")
    fill(disk)
    with unchanged(disk):
        for folder in ("model", "new"):
            with pytest.raises(ModelError, match=f"{folder}.*: cannot write .*: {FULL}$"):
                other.save(disk / folder)


def test_vectors_of_pretraining(run, disk, tiny_data):
    output = disk / "vectors.vec"
    output.write_text("before")
    command = ["pretrain", tiny_data / "train.txt", "--epochs", 1, "--quiet", "--output", output]
    fill(disk)
    with unchanged(disk):
        assert_refused(run(*command), output, f"cannot be written: {FULL}")


# a disk that may not be written to


def test_a_read_only_disk(run, disk, tmp_path, tiny_data, model_folder, monkeypatch):
    output, reason = disk / "out.jsonl", "Read-only file system"
    output.write_text("before")
    text = tiny_data / "train.txt"
    remount = ["mount", "-o", "remount,{}", str(disk)]
    subprocess.run([part.format("ro") for part in remount], check=True)
    try:
        with unchanged(disk):
            assert_refused(
                run("tag", "--model", model_folder, "In Oslo", "--output", output), output, reason
            )
            assert_refused(run(*tag(text, disk / "new", model_folder)), disk / "new", reason)
            assert_refused(run("convert", text, output), output, reason)
            command = ["pretrain", text, "--epochs", 1, "--quiet", "--output", output]
            assert_refused(run(*command), f"--output {output}", reason, code=2)
            assert_refused(run(*train(tiny_data, disk / "model")), disk / "model", reason)
            assert run(*train(tiny_data, tmp_path / "model"))[0] == 0
    finally:
        subprocess.run([part.format("rw") for part in remount], check=True)
