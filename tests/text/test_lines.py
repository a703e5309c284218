import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.errors import DataError
from windowclf.system.streams import open_input
from windowclf.text import lines
from windowclf.text.lines import Lines, line_chunks, read_lines

MARKS = st.sampled_from("\n\n\r\ufeffé😀 \x0b\x0c\x1c\x85\u2028a")
CHARACTERS = MARKS | st.characters(codec="utf-8")


def chunks_of(data, size):
    """Read bytes in pieces of some size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "CHUNK_BYTES", size)
        return list(line_chunks(io.BytesIO(data), "there"))


def expected(text):
    found = text.removeprefix("\ufeff").split("\n")
    if found[-1] == "":
        found.pop()
    return [line.removesuffix("\r") for line in found]


@given(st.text(CHARACTERS), st.integers(1, 9))
def test_only_line_feeds_end_lines(text, size):
    chunks = chunks_of(text.encode(), size)
    assert all(chunks)
    found = [line for chunk in chunks for line in chunk]
    if text != "\ufeff":
        assert found == expected(text)


@pytest.mark.parametrize("size", [1, 4, 1 << 16])
@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"\r\n\r\n", ["", ""]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\rb\n", ["a\rb"]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r", ["a", "b"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", ["a", "\ufeffb"]),
        ("é\u2028😀\n".encode(), ["é\u2028😀"]),
        (b"a" * 99 + b"\n\nb\n", ["a" * 99, "", "b"]),
    ],
)
def test_line_ends(data, wanted, size):
    assert [line for chunk in chunks_of(data, size) for line in chunk] == wanted


@pytest.mark.parametrize("size", [1, 5, 1 << 16])
@pytest.mark.parametrize(
    ("data", "line", "byte"),
    [
        (b"caf\xe9\n", 1, "e9"),
        (b"a\n\nb\nna\xefve", 4, "ef"),
        (b"a\n" * 9 + b"\xff\xfe\n", 10, "ff"),
        (b"ok\ncut \xc3\n\xa9\n", 2, "c3"),
    ],
)
def test_bytes_that_are_not_utf8(tmp_path, data, line, byte, size):
    path = tmp_path / "text"
    path.write_bytes(data)
    for name, read in (
        ("there", lambda: chunks_of(data, size)),
        (str(path), lambda: list(read_lines(path))),
    ):
        with pytest.raises(DataError) as caught:
            read()
        assert str(caught.value).startswith(f"{name}:{line}: byte 0x{byte} is not UTF-8; ")
        assert "iconv" in str(caught.value)


class Slow(io.RawIOBase):
    """A pipe whose writer is slow: to read when nothing has come would be to wait."""

    def __init__(self):
        self.come = []

    def readable(self):
        return True

    def readinto(self, buffer):
        assert self.come, "it waits for more"
        data = self.come.pop(0)
        buffer[: len(data)] = data
        return len(data)


def test_a_slow_stream_is_answered_at_once(monkeypatch):
    stream = Slow()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(stream)))
    with open_input("-") as file:
        answer(stream, line_chunks(file, "stdin"))


def answer(stream, chunks):
    for come, answered in (
        ([b"one\n"], ["one"]),
        ([b"two\nthree\r\n"], ["two", "three"]),
        ([b"\n"], [""]),
        ([b"fo", b"ur\nfi"], ["four"]),
        ([b"ve\nsix"], ["five"]),
        ([b""], ["six"]),
    ):
        stream.come += come
        assert next(chunks) == answered
    stream.come.append(b"")
    assert next(chunks, None) is None


def test_lines_before_a_bad_one_are_given():
    chunks = line_chunks(io.BytesIO(b"one\ntwo\n\xe9\nfour\n"), "there")
    assert next(chunks) == ["one", "two"]
    with pytest.raises(DataError, match=r"^there:3: "):
        next(chunks)


def test_a_line_without_end_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST_LINE", 1 << 20)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"ok\n" + bytes(1 << 24)))
    found = read_lines(path)
    assert next(found) == (1, "ok")
    with pytest.raises(DataError, match=r"bomb\.gz:2: a line of more than 1,048,576 bytes"):
        next(found)
    assert chunks_of(b"a" * (1 << 20), 999) == [["a" * (1 << 20)]]


def test_many_lines_come_in_chunks_of_bounded_size():
    sizes = [len(chunk) for chunk in chunks_of(b"a line\n" * 50_000, lines.CHUNK_BYTES)]
    assert sum(sizes) == 50_000
    assert max(sizes) <= lines.CHUNK_BYTES / 7 + 1


@pytest.mark.parametrize(
    ("name", "reason"), [("none.txt", "No such file"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read(tmp_path, name, reason):
    path = str(tmp_path / name)
    with pytest.raises(DataError) as caught:
        list(read_lines(path))
    assert str(caught.value).startswith(f"{path}: cannot be read: {reason}")


ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "gb18030", "UTF8", "utf-8-sig"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("size", [1, 3, 1 << 16])
def test_the_lines_of_another_encoding(encoding, size):
    text = "Zoë\r\n\nin Oslo\r\nö"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "CHUNK_BYTES", size)
        chunks = list(line_chunks(io.BytesIO(text.encode(encoding)), "x", encoding=encoding))
    assert all(chunks)
    assert [line for chunk in chunks for line in chunk] == ["Zoë", "", "in Oslo", "ö"]


@given(st.text(MARKS | st.characters(codec="utf-16", exclude_characters="\ufeff\ufffd")))
def test_any_text_in_utf16(text):
    # A NUL after the mark of UTF-16 is the mark of UTF-32.
    for encoding in ("utf-16-be",) if text.startswith("\x00") else ("utf-16", "utf-16-be"):
        data = io.BytesIO(text.encode(encoding))
        found = [line for chunk in line_chunks(data, "x", encoding=encoding) for line in chunk]
        if not text.startswith("\ufeff"):  # which is taken for a mark
            assert found == expected(text)


def test_the_marks_of_a_named_encoding():
    data = "\ufeffOslo\n".encode("utf-16-be")  # the mark says which byte comes first
    assert list(line_chunks(io.BytesIO(data), "x", encoding="utf-16-le")) == [["Oslo"]]
    for marked, encoding in (("utf-8-sig", "cp1252"), ("utf-16", "latin-1"), ("utf-32", "utf-16")):
        with pytest.raises(DataError, match=rf"^x:1: its byte-order mark shows {marked[:5]}"):
            list(line_chunks(io.BytesIO("Oslo".encode(marked)), "x", encoding=encoding))


@pytest.mark.parametrize("size", [1, 1 << 16])
def test_an_error_in_a_named_encoding_has_its_line(monkeypatch, size):
    monkeypatch.setattr(lines, "CHUNK_BYTES", size)
    chunks = line_chunks(io.BytesIO(b"one\ntwo\na\x81b\nfour\n"), "x", encoding="cp1252")
    found = []
    with pytest.raises(DataError, match=r"^x:3: not cp1252") as caught:
        found.extend(line for chunk in chunks for line in chunk)
    assert found == ["one", "two"]
    assert "\n" not in str(caught.value)


def test_a_slow_stream_of_another_encoding_is_answered_at_once():
    stream = Slow()
    chunks = line_chunks(io.BufferedReader(stream), "x", encoding="utf-16-le")
    stream.come.append("one\ntw".encode("utf-16-le"))
    assert next(chunks) == ["one"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("In Oslo\n".encode("utf-16"), ":1: the text is UTF-16, .* iconv -f utf-16 -t utf-8"),
        ("In Oslo\n".encode("utf-16-le"), ":1: the text is UTF-16-LE, .* iconv -f utf-16-le "),
        ("ok\nit’s Zoë\n".encode("cp1252"), ":2: .* Windows-1252 .* iconv -f cp1252 -t utf-8"),
        ("ok\n" + "Иван живёт в Осло\n" * 3, ":2: .* seems to be cp1251: .* iconv -f cp1251 "),
        ("Zoë\nKöln\n".encode() + b"caf\xe9", ":3: .* damaged or mixes encodings"),
        (b"ok\ncaf\x82 noir\n", ":2: .* the encoding cannot be detected; .* iconv -f ENCODING -t"),
        (b"%PDF-1.7\n%\xe2\xe3\n", ": this is a PDF document; .* pdftotext"),
        (b"version https://git-lfs.github.com/spec/v1\noid x\n", ": this is a Git LFS pointer"),
    ],
)
def test_wrong_content_is_named(data, message):
    data = data.encode("cp1251") if isinstance(data, str) else data
    with pytest.raises(DataError, match=f"^there{message}"):
        chunks_of(data, 1 << 16)


def test_the_rest_of_a_large_file_is_looked_at_too():
    data = b"ASCII only here\n" * 20_000 + "Zoë’s\n".encode("cp1252") + b"ASCII\n" * 20_000
    with pytest.raises(DataError, match=r"^there:20001: .* iconv -f cp1252"):
        chunks_of(data, 1 << 16)


def test_lines_that_are_given_back_come_again():
    found = Lines(iter([["one", "two"], ["three"]]))
    taken = [next(found), next(found)]
    assert found.waits
    found.give_back(taken)
    assert (found.number, found.waits) == (0, False)
    assert [(line, found.number) for line in found] == [("one", 1), ("two", 2), ("three", 3)]
