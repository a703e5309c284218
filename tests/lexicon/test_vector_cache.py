import os

import numpy as np
import pytest

from windowclf.lexicon.vector_cache import cache_folder, cached
from windowclf.lexicon.word_rows import WordRows

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
        lambda content: content.replace(b'"format":"1"', b'"format":"0"'),
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
