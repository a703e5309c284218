"""Opening files, packed or not, stdin and stdout."""

import gzip
import io
import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.errors import DataError
from windowclf.system.streams import open_input, open_output
from windowclf.text.lines import line_chunks, read_lines

SUFFIXES = ["", ".gz", ".zst", ".GZ", ".Zst"]


def zstd(data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as file:
        file.write(data)
    return sink.getvalue().to_pybytes()


def pack(data, suffix):
    return {".gz": gzip.compress, ".zst": zstd}.get(suffix.lower(), bytes)(data)


def read(path):
    with open_input(path) as file:
        return file.read()


@given(data=st.binary(max_size=300), again=st.binary(max_size=9), suffix=st.sampled_from(SUFFIXES))
def test_what_is_written_is_read_back(tmp_path_factory, data, again, suffix):
    path = tmp_path_factory.getbasetemp() / f"there-and-back{suffix}"
    for content in (again, data):  # a file that was there is replaced
        with open_output(path) as file:
            file.write(content[:100])
            file.write(content[100:])
    assert read(path) == data
    assert read(str(path)) == data


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_packed_parts_one_after_the_other_are_one_file(tmp_path, suffix):
    parts = [b"one\n" * 9, b"", b"two\n", os.urandom(200_000)]
    path = tmp_path / f"parts{suffix}"
    path.write_bytes(b"".join(pack(part, suffix) for part in parts))
    assert read(path) == b"".join(parts)
    path.write_bytes(b"")
    assert read(path) == b""


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("as_url", [False, True])
def test_what_is_packed_under_another_name(tmp_path, suffix, as_url):
    path = tmp_path / "news.txt"
    path.write_bytes(pack(b"In Oslo\n", suffix))
    told = []
    with open_input(f"file://{path}" if as_url else path, told.append) as file:
        assert file.read() == b"In Oslo\n"
    assert told[-1] == path.stat().st_size


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_lines_of_packed_files(tmp_path, suffix):
    text = "a\r\nbé\n\n" * 40_000
    path = tmp_path / f"lines{suffix}"
    path.write_bytes(pack(text.encode(), suffix))
    assert [line for _, line in read_lines(path)] == ["a", "bé", ""] * 40_000
    with open_input(path) as file:
        chunks = list(line_chunks(file, "x"))
    assert [line for chunk in chunks for line in chunk] == ["a", "bé", ""] * 40_000
    assert len(chunks) > 3


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_what_was_read_is_told_as_it_lies_on_the_disk(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(pack(os.urandom(300_000), suffix))
    told = []
    with open_input(path, told.append) as file:
        while file.read1(1 << 14):
            pass
    assert told == sorted(told)
    assert told[-1] == path.stat().st_size
    assert len(set(told)) > 3


def test_stdin_is_read_and_left_open(monkeypatch):
    told = []
    stdin = io.TextIOWrapper(io.BytesIO(b"some\ntext"))
    monkeypatch.setattr("sys.stdin", stdin)
    with open_input("-", told.append) as file:
        assert file.readline() == b"some\n"
        assert file.read() == b"text"
    del file
    assert told[-1] == 9
    assert not stdin.buffer.closed


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_slow_pipe_is_answered_at_once(tmp_path, suffix):
    path = tmp_path / f"pipe{suffix}"
    os.mkfifo(path)
    go_on = threading.Event()

    def write():
        with path.open("wb", buffering=0) as file:
            file.write(pack(b"one\n", suffix))
            go_on.wait(10)
            file.write(pack(b"two\n", suffix))

    writer = threading.Thread(target=write)
    writer.start()
    with open_input(path) as file:
        chunks = line_chunks(file, "pipe")
        assert next(chunks) == ["one"]
        assert not go_on.is_set()
        go_on.set()
        assert list(chunks) == [["two"]]
    writer.join()


def test_a_plain_file_can_be_read_from_its_end(tmp_path):
    path = tmp_path / "x.parquet"
    table = pa.table({"text": ["In Oslo", "x"]})
    with open_output(path) as file:
        pq.write_table(table, file)
    with open_input(path) as file:
        assert pq.ParquetFile(file).read() == table


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("none.txt", None, "No such file or directory"),
        ("none.gz", None, "No such file or directory"),
        (".", None, "Is a directory"),
        ("plain.gz", b"text", "Not a gzipped file"),
        (
            "cut.gz",
            gzip.compress(b"some text", mtime=0)[:-3],
            "ended before the end-of-stream marker",
        ),
        ("bad.gz", gzip.compress(b"some text " * 99, mtime=0)[:14] + b"x" * 30, ""),
        ("plain.zst", b"some text", "Unknown frame descriptor"),
        ("cut.zst", zstd(b"some text")[:-3], "Truncated compressed stream"),
        ("more.zst", zstd(b"some text") + b"some text", "Unknown frame descriptor"),
        ("a\0b", None, "embedded null"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(tmp_path, name, data, reason):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DataError) as refusal:
        read(path)
    message = str(refusal.value)
    assert message.startswith(f"{path}: cannot be read: ")
    assert reason in message
    assert "\n" not in message


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_file_is_written_whole_or_not_at_all(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(b"before")
    for error in (KeyError, KeyboardInterrupt, DataError):
        with pytest.raises(error), open_output(path) as file:  # noqa: PT012
            file.write(b"half" * 100_000)
            raise error
        assert path.read_bytes() == b"before"
        assert list(tmp_path.iterdir()) == [path]


def test_the_same_content_gives_the_same_bytes(tmp_path):
    for name in ("one.gz", "two.gz"):
        with open_output(tmp_path / name) as file:
            file.write(b"text")
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()
    header = (tmp_path / "one.gz").read_bytes()[:10]
    assert header[3] == 0  # no name
    assert header[4:8] == bytes(4)  # no time


def test_what_is_no_file_is_written_to(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    found = []
    reader = threading.Thread(target=lambda: found.append(path.read_bytes()))
    reader.start()
    with open_output(path) as file:
        file.write(b"text")
    reader.join()
    assert found == [b"text"]
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_full_disk_is_told_in_one_line(tmp_path, suffix):
    path = tmp_path / f"full{suffix}"
    path.symlink_to("/dev/full")
    with (
        pytest.raises(DataError, match=r"full.*: cannot be written: No space left on device$"),
        open_output(path) as file,
    ):
        file.write(os.urandom(100))


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none/x.txt", "No such file or directory"), (".", "Is a directory"), ("f/x", "Not a dir")],
)
def test_what_cannot_be_written_is_told_in_one_line(tmp_path, name, reason):
    (tmp_path / "f").write_text("")
    path = tmp_path / name
    with pytest.raises(DataError) as refusal, open_output(path):
        pass
    assert str(refusal.value).startswith(f"{path}: cannot be written: {reason}")


def test_stdout_is_written_to_at_once(capfdbinary):
    with open_output("-") as file:
        file.write(b"text")
    assert capfdbinary.readouterr().out == b"text"


def test_a_full_stdout_is_told_in_one_line(monkeypatch):
    full = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115
    monkeypatch.setattr("sys.stdout", full)
    with pytest.raises(DataError) as refusal, open_output("-") as file:
        file.write(b"text")
    assert str(refusal.value) == "stdout: cannot be written: No space left on device"
    with suppress(OSError):
        full.close()


def test_whoever_left_stdout_is_no_error_of_the_data():
    with pytest.raises(BrokenPipeError), open_output("-"):
        raise BrokenPipeError
