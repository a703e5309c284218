import gzip
import re
import time
import tracemalloc
from pathlib import Path

import gensim.models
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from windowclf.errors import VectorsError
from windowclf.vectors import files as vector_files
from windowclf.vectors.files import read_file

ROWS = np.array([[0.5, -1.25, 2.0], [1e-3, 0.0, -7.0]], dtype=np.float32)
GLOVE = b"the 0.5 -1.25 2\nof 1e-3 0. -7\n"
WORD2VEC = b"2 3\n" + GLOVE
BINARY = b"2 3\nthe " + ROWS[0].tobytes() + b"of " + ROWS[1].tobytes()
BINARY_WITH_NEWLINES = BINARY.replace(b"of ", b"\nof ") + b"\n"

# A word of text: no ASCII white space, and not a header's or a value's look.
words = st.text(st.characters(codec="utf-8", categories=["L", "P", "S"]), min_size=1, max_size=8)


@st.composite
def vectors(draw):
    distinct = draw(st.lists(words, min_size=1, max_size=12, unique=True))
    width = draw(st.integers(1, 6))
    finite = st.floats(-(2.0**30), 2.0**30, width=32)
    return distinct, draw(arrays(np.float32, (len(distinct), width), elements=finite))


def keyed(words, rows):
    known = gensim.models.KeyedVectors(vector_size=rows.shape[1])
    known.add_vectors(words, rows)
    return known


@pytest.fixture
def write(tmp_path):
    def write(content, name="vectors"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", ["x.txt", "x.bin", "x.gz"])
@pytest.mark.parametrize("content", [GLOVE, WORD2VEC, BINARY, BINARY_WITH_NEWLINES])
def test_formats_are_told_by_content_whatever_the_name(write, content, name, pack):
    vectors = read_file(write(pack(content), name))
    assert vectors.words == ["the", "of"]
    assert vectors.rows.dtype == np.float32
    np.testing.assert_array_equal(vectors.rows, ROWS)


@given(vectors(), st.booleans(), st.booleans())
def test_what_gensim_writes_comes_back(tmp_path_factory, vectors, binary, header):
    path = tmp_path_factory.mktemp("gensim") / "vectors"
    header = header or binary
    keyed(*vectors).save_word2vec_format(str(path), binary=binary, write_header=header)
    found = read_file(path)
    assert found.words == vectors[0]
    np.testing.assert_array_equal(found.rows, vectors[1])


@pytest.mark.filterwarnings(
    "ignore:Exception ignored in.*_io:pytest.PytestUnraisableExceptionWarning"
)
def test_text_is_read_as_gensim_reads_it(write):
    lines = [f"w{i} {i / 7:.5f} {-i / 3:.5f} {i * i}\n" for i in range(1000)]
    path = write("".join(lines).encode())
    slow = gensim.models.KeyedVectors.load_word2vec_format(str(path), no_header=True)
    fast = read_file(path)
    assert fast.words == slow.index_to_key
    np.testing.assert_array_equal(fast.rows, slow.vectors)


@pytest.mark.parametrize("binary", [False, True])
def test_blocks_join_up(write, monkeypatch, binary):
    monkeypatch.setattr(vector_files, "_BLOCK_LINES", 3)
    monkeypatch.setattr(vector_files, "_BLOCK_BYTES", 5)
    rows = np.arange(20, dtype=np.float32).reshape(10, 2)
    names = [f"w{i}" for i in range(10)]
    lines = (row.tobytes() if binary else f"{row[0]} {row[1]}".encode() for row in rows)
    records = (name.encode() + b" " + line + b"\n" for name, line in zip(names, lines, strict=True))
    found = read_file(write(b"10 2\n" + b"".join(records)))
    assert found.words == names
    np.testing.assert_array_equal(found.rows, rows)


def test_binary_values_may_look_like_letters(write):
    found = read_file(write(b"1 1\na aBCA"))
    np.testing.assert_array_equal(found.rows, np.frombuffer(b"aBCA", dtype="<f4")[None])


@pytest.mark.parametrize("content", [GLOVE, WORD2VEC, BINARY])
def test_limit_keeps_the_first_words_and_reads_no_further(write, content):
    found = read_file(write(content[: len(content) - 3]), limit=1)
    assert found.words == ["the"]
    np.testing.assert_array_equal(found.rows, ROWS[:1])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbfa 1 2\nb 3 4\n", ["a", "b"]),
        (b"a 1 2\r\nb 3 4\r\n", ["a", "b"]),
        (b"a 1 2\n\nb 3 4 \n\n", ["a", "b"]),
        (b"a\t1\t2\nb  3 4\n", ["a", "b"]),
        (b". . 1 2\nat name@domain.com 3 4\n", [". .", "at name@domain.com"]),
        ("2 2\nle caf\u00e9 1 2\nb 3 4\n".encode(), ["le caf\u00e9", "b"]),
        (b"1998 1 2\n10 3 4\n", ["1998", "10"]),
        (b"caf\xe9 1 2\n\xc3\xa9 3 4\n", ["caf\ufffd", "é"]),
        ("a\u00a0b 1 2\n\u0085 3 4\n".encode(), ["a\u00a0b", "\u0085"]),
    ],
    ids=[
        "bom",
        "crlf",
        "blank lines",
        "tabs",
        "spaces in words",
        "not binary",
        "numbers",
        "latin-1",
        "nbsp",
    ],
)
def test_text_in_the_wild(write, content, expected):
    found = read_file(write(content))
    assert found.words == expected
    np.testing.assert_array_equal(found.rows, [[1, 2], [3, 4]])


# Numbers that one of the two parsers reads, or refuses, in another way than the other might.
ODD_NUMBERS = """+1.5 1e-400 -0 .5 5. 1E5 1e5 \t7 7\t 1e39 nan inf 0x1 1_0 #1 "1" NA null
1.00000005960464477540 3.4028235677973366e38 3.402823567797336e38"""
odd_numbers = st.sampled_from(["", *re.split("[ \n]", ODD_NUMBERS)])
numbers = st.floats(width=32, allow_nan=False, allow_infinity=False).map(repr)
odd_words = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=6)
row_ends = st.sampled_from(["\n", "\r\n", " \n", "\n\n", "\r\r\n", "\x0b\n", "\r"])


@st.composite
def odd_files(draw):
    width = draw(st.integers(1, 3))
    lines = ["", f"9 {width}\n"][draw(st.booleans()) :][:1]
    odd = draw(st.booleans())
    for _ in range(draw(st.integers(1, 5))):
        values = draw(
            st.lists(odd_numbers | numbers if odd else numbers, min_size=width, max_size=width)
        )
        word = draw(
            odd_words | st.sampled_from(['"', '"a"', "a b", "#", "\ufeff", "NA", "'", "a\\"])
        )
        lines.append(" ".join([word, *values]) + draw(row_ends))
    content = "".join(lines).encode()
    return content.replace(b"\xc3", b"\xe9") if draw(st.booleans()) else content


def outcome(path):
    try:
        found = read_file(path)
    except VectorsError as error:
        return str(error)
    return found.words, found.rows.shape, found.rows.tobytes()


@given(odd_files())
def test_arrow_reads_what_is_read_number_by_number(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "odd-file"
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        fast = outcome(path)
        patch.setattr(vector_files, "_MOST_COLUMNS", 0)
        assert fast == outcome(path)


def test_arrow_reads_plain_rows(write, monkeypatch):
    path = write(b'caf\xe9 1 2 \r\n\n"x 3 -4e-1\n')
    monkeypatch.setattr(vector_files, "_numbers_checked", None)
    np.testing.assert_array_equal(read_file(path).rows, np.float32([[1, 2], [3, -0.4]]))


def test_the_largest_number_may_be_rounded_down(write):
    for one in (b"1", b"+1"):
        rows = read_file(write(b"a " + one + b"\nb 3.402823567797336e38\n")).rows
        assert rows.tolist() == [[1], [np.finfo(np.float32).max]]


def test_a_wide_table_is_not_for_arrow(write):
    found = read_file(write(b"a" + b" 1" * 300_000 + b"\n"))
    assert found.rows.shape == (1, 300_000)


def test_the_first_of_two_equal_words_counts(write):
    found = read_file(write(b"a 1 2\nb 3 4\na 5 6\nc 7 8\n"))
    assert found.words == ["a", "b", "c"]
    np.testing.assert_array_equal(found.rows, [[1, 2], [3, 4], [7, 8]])


ERRORS = {
    "empty": (b"", ": empty file; expected GloVe text"),
    "no vectors": (b"\x01IF89a\x00\x01\n", ":1: no word with its numbers; expected GloVe text"),
    "a word alone": (b"the\n", ":1: no word with its numbers"),
    "short row": (b"a 1 2\nb 3\n", ":2: 1 numbers after the word; expected 2"),
    "long row": (b"a 1 2\n\nb 3 4 5\n", ":3: 3 numbers after the word; expected 2"),
    "short row, word with spaces": (b"a 1 2\nb c 3\n", ":2: 'c' is not a finite number"),
    "short first row": (b"a 1\nb 3 4\n", ":2: 2 numbers after the word; expected 1"),
    "row unlike the header": (b"2 3\na 1 2\nb 3 4\n", ":2: 2 numbers after the word; expected 3"),
    "not a number": (b"a 1 2\nb 3 x4\n", ":2: 'x4' is not a finite number"),
    "not a number on line 1": (b"a 1 x2\nb 3 4\n", ":1: 'x2' is not a finite number"),
    "nan": (b"a 1 2\nb nan 4\n", ":2: 'nan' is not a finite number"),
    "too large": (b"a 1 2\nb 3 1e39\n", ":2: '1e39' is not a finite number"),
    "carriage return": (b"a 1\nb 2\r3\n", ":2: '2\\r3' is not a finite number"),
    "rounded to infinity": (
        b"a +1\nb 3.4028235677973366e38\n",
        ":2: '3.4028235677973366e38' is not",
    ),
    "underscore": (b"a 1 2\nb 3 1_0\n", ":2: '1_0' is not a finite number"),
    "empty value": (b"a 1 2 3\nb 3  4\n", ":2: '' is not a finite number"),
    "comment": (b"a 1 2\nb 3 4#5\n", ":2: '4#5' is not a finite number"),
    "header too high": (b"3 2\na 1 2\nb 3 4\n", ":1: the header declares 3 words, the file has 2"),
    "header too low": (b"1 2\na 1 2\nb 3 4\n", ":1: the header declares 1 words, the file has 2"),
    "header of none": (b"0 2\n", ":1: the header declares 0 words of 2 numbers"),
    "header alone": (b"2 2\n", ":1: the header declares 2 words, the file has 0"),
    "binary cut in a vector": (BINARY[:-1], ": ends within word 2 of the 2 words of 3 numbers"),
    "binary cut in a word": (BINARY[:-13], ": ends within word 2 of the 2 words"),
    "binary header too high": (BINARY.replace(b"2 3", b"9 3"), ": ends within word 3 of the 9"),
    "binary header absurd": (BINARY.replace(b"2 3", b"999999999999 3"), ": ends within word 3"),
    "binary header too low": (BINARY.replace(b"2 3", b"1 3"), ": goes on after the 1 words of 3"),
    "binary not finite": (
        BINARY[:-4] + np.float32(np.inf).tobytes(),
        ": the vector of word 2, 'of', has a value that is not a finite number",
    ),
    "gzip cut": (gzip.compress(GLOVE, mtime=0)[:-9], ": damaged gzip file ("),
    "gzip garbage": (b"\x1f\x8b\x08\x00garbage!!!", ": damaged gzip file ("),
    "gzip method": (b"\x1f\x8bgarbage!!!!!", ": cannot be read ("),
}


@pytest.mark.parametrize(("content", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_bad_files_say_what_is_wrong_and_where(write, content, message):
    path = write(content)
    with pytest.raises(VectorsError, match=re.escape(f"{path}{message}")) as caught:
        read_file(path)
    assert "\n" not in str(caught.value)


LONG = b"x" * 2**21


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (LONG, ":1: no word with its numbers"),
        (b"a " + b"1 " * 2**20, ":1: a line of 1,048,576 bytes or more"),
        (b"a 1\n" + LONG, ":2: a line of 1,048,576 bytes or more"),
        (b"2 1\na 1\n" + LONG, ":3: a line of 1,048,576 bytes or more"),
        (b"a 1\n\n" + b"1" * 2**21, ":3: a line of 1,048,576 bytes or more"),
        (b"1 1\n" + b"\xff" * 2**23, ": word 1 has more than 1,048,576 bytes"),
        (b"2 1\na \xff\xff\0\0" + b"\xff" * 2**22, ": word 2 has more than 1,048,576 bytes"),
        (b"a 1 " + b"1" * 100_000 + b"x\n", ":1: '11111"),
        (b"a 1 " + b"1" * 100_000 + b"\n", ":1: '11111"),
        (b"a 1 0." + b"1" * 100_000 + b"e999999999\n", ":1: '0.11"),
        (b" " * 2**21 + b"1 1\n", ":1: no word"),
        (b"999999999999 999999\na \xff\xff\xff\xff", ": ends within word 1"),
        (b"999999999999 999999\na 1 2\n", ":2: 2 numbers after the word; expected 999999"),
    ],
)
def test_bad_files_take_little_time_and_memory(write, content, message, pack):
    path = write(pack(content))
    tracemalloc.start()
    began = time.perf_counter()
    with pytest.raises(VectorsError, match=re.escape(f"{path}{message}")) as caught:
        read_file(path)
    seconds = time.perf_counter() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 5
    assert peak < 120 * 2**20  # the fields of a line of a megabyte
    assert len(str(caught.value)) < 400


def test_a_binary_word_that_is_long_does_not_fill_a_message(write):
    content = b"1 1\n" + b"w" * 1000 + b" " + np.float32(np.nan).tobytes()
    with pytest.raises(VectorsError, match=r"of word 1, 'www.* has a value") as caught:
        read_file(write(content))
    assert len(str(caught.value)) < 400


def test_a_name_with_nul():
    with pytest.raises(VectorsError, match="cannot be read"):
        read_file(Path("a\0b"))


def test_a_file_that_ends_before_the_limit_is_truncated(write):
    with pytest.raises(VectorsError, match="declares 9 words, the file has 2"):
        read_file(write(b"9 1\na 1\nb 2\n"), limit=3)


def test_a_fault_in_a_later_block_has_its_own_line(write, monkeypatch):
    monkeypatch.setattr(vector_files, "_BLOCK_LINES", 2)
    with pytest.raises(VectorsError, match=r":6: 'x' is not"):
        read_file(write(b"5 1\na 1\nb 2\nc 3\nd 4\ne x\n"))


@given(st.binary(max_size=60) | st.text("ab 12.-e\n\t", max_size=60).map(str.encode))
def test_any_bytes_are_vectors_or_a_clear_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any-bytes"
    path.write_bytes(content)
    try:
        found = read_file(path)
    except VectorsError as error:
        problem = str(error)
        assert problem.startswith(f"{path}:")
        assert "\n" not in problem
    else:
        assert len(set(found.words)) == len(found.words) == len(found.rows) > 0
        assert np.isfinite(found.rows).all()


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(VectorsError, match=r"glove\.txt: no such file of word vectors"):
        read_file(tmp_path / "glove.txt")
    with pytest.raises(VectorsError, match=r"cannot be read \(Is a directory\)"):
        read_file(tmp_path)


def binary(records, width):
    """Write word2vec's binary format as gensim does."""
    rng = np.random.default_rng(0)
    rows = rng.normal(scale=0.3, size=(len(records), width)).astype("<f4")
    body = (word.encode() + b" " + row.tobytes() for word, row in zip(records, rows, strict=True))
    return f"{len(records)} {width}\n".encode() + b"".join(body)


@pytest.mark.parametrize("width", [4, 50])
@pytest.mark.parametrize(
    "phrase", ["a b", "New York", "the Hague", "abc def", "Rio de Janeiro", "São Paulo", "x abcd"]
)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_words_with_spaces_in_a_binary_file(write, width, phrase, place):
    others = [f"word{i}" for i in range(20)]
    at = {"first": 0, "middle": 10, "last": 20}[place]
    path = write(binary([*others[:at], phrase, *others[at:]], width))
    with pytest.raises(VectorsError, match=r"header (is wrong|declares)"):
        read_file(path)
    assert len(read_file(write(binary(others, width))).words) == 20


def test_the_error_of_words_with_spaces_has_the_cure(write):
    with pytest.raises(VectorsError, match=r"word 1, 'my', .* words contain spaces.*binary=False"):
        read_file(write(binary(["my name", "New York", "A"], 3)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (b"PK\x03\x04\x14\0\0\0glove.6B.50d.txt", "a zip archive; unpack it with: unzip"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"<!DOCTYPE html>\n<html>404</html>\n", "an HTML page"),
        (GLOVE.decode().encode("utf-16"), "the text is UTF-16"),
        (b"\x80\x04\x95\x05\0\0\0\0\0\0\0\x8c\x01a\x94.", "a Python pickle"),
    ],
)
def test_files_of_another_kind(write, content, message):
    with pytest.raises(VectorsError, match=message):
        read_file(write(content))
