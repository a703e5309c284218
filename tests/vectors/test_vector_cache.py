import os
import random

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from windowclf.vectors.cache import _checksum, cache_folder, cached
from windowclf.vectors.word_vectors import WordRows

VECTORS = WordRows(["the", "é", ""], np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32))


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setenv("WINDOWCLF_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "vectors.txt"
    path.write_bytes(b"anything")
    return path


class Parser:
    """Counts its calls."""

    calls = 0

    def __init__(self, vectors=VECTORS):
        self.vectors = vectors

    def __call__(self):
        self.calls += 1
        return self.vectors


def read(source, parse, limit=None):
    found = cached(source, limit, parse)
    assert found.words == parse.vectors.words
    np.testing.assert_array_equal(found.rows, parse.vectors.rows)


def entry():
    (only,) = (cache_folder() / "vectors").iterdir()  # so nothing partial is left behind either
    return only


def test_the_second_reading_does_not_parse(source):
    parse = Parser()
    read(source, parse)
    read(source, parse)
    assert parse.calls == 1
    assert entry().suffix == ".safetensors"


def test_another_limit_is_another_entry(source):
    parse = Parser()
    read(source, parse)
    read(source, parse, limit=3)
    assert parse.calls == 2


@pytest.mark.parametrize("change", ["size", "time"])
def test_a_changed_source_is_parsed_again_and_takes_the_old_place(source, change):
    parse = Parser()
    read(source, parse)
    state = source.stat()
    if change == "size":
        source.write_bytes(b"something longer")
        os.utime(source, ns=(state.st_atime_ns, state.st_mtime_ns))
    else:
        os.utime(source, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000_000))
    read(source, parse)
    read(source, parse)
    assert parse.calls == 2
    assert entry()


def flip(content, position):
    return content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: b"\x80\x04pickle?" + content,
        lambda content: flip(content, len(content) - 1),
        lambda content: flip(content, content.index(VECTORS.rows.tobytes())),
        lambda content: flip(content, content.index(b"the\n") + 3),
        lambda content: content.replace(b'"rows"', b'"sows"'),
        lambda content: content.replace(b'"format":"2"', b'"format":"3"'),
    ],
)
def test_a_damaged_entry_is_made_anew(source, damage):
    parse = Parser()
    read(source, parse)
    whole = entry().read_bytes()
    broken = damage(whole)
    assert broken != whole
    entry().write_bytes(broken)
    read(source, parse)
    read(source, parse)
    assert parse.calls == 2


def test_an_entry_cut_anywhere_or_with_any_bit_flipped_is_made_anew(source):
    parse = Parser()
    read(source, parse)
    whole = entry().read_bytes()
    places = random.Random(0)
    cuts = [whole[: places.randrange(len(whole))] for _ in range(50)]
    bits = [places.randrange(8 * len(whole)) for _ in range(200)]
    flips = [
        whole[: bit // 8] + bytes([whole[bit // 8] ^ 1 << bit % 8]) + whole[bit // 8 + 1 :]
        for bit in bits
    ]
    for broken in cuts + flips:
        entry().write_bytes(broken)
        read(source, parse)
        read(source, parse)
    assert parse.calls == 1 + len(cuts) + len(flips)


def test_the_entry_of_another_file_or_limit_is_made_anew(source):
    parse = Parser()
    read(source, parse, limit=3)
    of_limit = entry()
    content = of_limit.read_bytes()
    of_limit.unlink()
    read(source, parse)
    entry().write_bytes(content)
    read(source, parse)
    assert parse.calls == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda words, rows: (words, rows.astype(np.float64)),
        lambda words, rows: (words, rows.reshape(-1)),
        lambda words, rows: (words, rows[:2]),
        lambda words, rows: (words[:2], rows),
        lambda words, rows: (np.full_like(words, 255), rows),
    ],
)
def test_an_entry_of_other_arrays_is_made_anew(source, change, monkeypatch):
    parse = Parser()
    read(source, parse)
    with safe_open(entry(), framework="numpy") as tensors:
        metadata = tensors.metadata()
        words, rows = change(tensors.get_tensor("words"), tensors.get_tensor("rows"))
    metadata["crc32"] = _checksum(words, rows)
    save_file({"words": words, "rows": rows}, entry(), metadata=metadata)
    read(source, parse)
    assert parse.calls == 2


def test_what_a_killed_process_left_is_in_nobodys_way(source):
    parse = Parser()
    read(source, parse)
    path = entry()
    whole = path.read_bytes()
    for name in (f".{path.name}.part", f".{path.name}.x7k2m9qa"):
        path.with_name(name).write_bytes(whole[:99])
    read(source, parse)
    assert parse.calls == 1
    path.unlink()
    read(source, parse)
    read(source, parse)
    assert parse.calls == 2


def test_a_folder_in_the_place_of_an_entry_is_no_error(source):
    parse = Parser()
    read(source, parse)
    path = entry()
    path.unlink()
    path.mkdir()
    read(source, parse)
    assert parse.calls == 2


def test_a_source_whose_name_is_not_utf_8(source):
    odd = source.with_name(os.fsdecode(b"vectors-\xe9.txt"))
    try:
        odd.write_bytes(b"anything")
    except OSError:
        pytest.skip("the file system takes no such name")
    parse = Parser()
    read(odd, parse)
    read(odd, parse)
    assert parse.calls == 1


def test_a_cache_that_cannot_be_written_is_no_error(source, monkeypatch):
    monkeypatch.setenv("WINDOWCLF_CACHE", str(source))  # a file where a folder is needed
    parse = Parser()
    read(source, parse)
    read(source, parse)
    assert parse.calls == 2


def test_a_word_with_a_newline_is_not_cached_wrongly(source):
    parse = Parser(WordRows(["a\nb", "c", "d"], VECTORS.rows))
    read(source, parse)
    read(source, parse)


def test_without_the_variable_the_cache_is_where_the_system_has_it(monkeypatch):
    monkeypatch.delenv("WINDOWCLF_CACHE", raising=False)
    assert "windowclf" in str(cache_folder())
