import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.model import lexicon_file
from windowclf.model.lexicon_file import pack_values, unpack_values

# Any code point, and half of a surrogate pair too.
texts = st.text(st.characters() | st.sampled_from('\n\r\0"\\\x1f\ud800\udc00\udfff\u2028'))
lexicons = st.dictionaries(st.sampled_from(["word", "shape", "suffix3"]), st.lists(texts))


@given(lexicons, st.booleans())
def test_any_values_come_back(values, compress):
    content = pack_values(values, compress=compress)
    found = unpack_values(content)
    assert found == values
    assert list(found) == list(values)
    assert pack_values(found, compress=compress) == content


def test_a_pair_of_surrogates_is_not_the_character_that_it_stands_for():
    values = {"word": ["\ud83d\ude00", "\N{GRINNING FACE}"]}
    assert unpack_values(pack_values(values, compress=True)) == values


def test_compressed_is_the_same_json_in_gzip():
    values = {"word": ["Paris", "é"]}
    plain, packed = (pack_values(values, compress=compress) for compress in (False, True))
    assert plain == '{"word":["Paris","é"]}'.encode()
    assert zlib.decompress(packed, wbits=31) == plain


PACKED = pack_values({"word": ["Paris", "is", "in", "France"]}, compress=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "truncated"),
        (b"\x1f\x8b", "cut off"),
        (PACKED[:-1], "cut off"),
        (PACKED[:20], "cut off"),
        (PACKED[:20] + b"\xff" * 9 + PACKED[29:], "Error -3"),
        (PACKED[:-8] + bytes(8), "incorrect data check"),
        (pack_values({"word": [1]}, compress=True), "Expected `str`"),
        (b'{"word": ["\xff"]}', "utf-8"),
        (b'{"word": ["\xed\xa0\x80", 1]}', "Expected `str`"),
        (b'["\xed\xa0\x80"]', "Expected `object`"),
        (b'{"word": ["\xed\xa0\x80"', "delimiter"),
        (b'{"word": ["\xed\xa0\x80", ' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_lexicon_is_a_value_error_of_one_line(content, message):
    with pytest.raises(ValueError, match=message) as caught:
        unpack_values(content)
    assert "\n" not in str(caught.value)


def test_a_small_file_does_not_grow_without_bounds(monkeypatch):
    values = {"word": ["a" * 1000]}
    packed = pack_values(values, compress=True)
    size = len(json.dumps(values, separators=(",", ":")))
    monkeypatch.setattr(lexicon_file, "_LARGEST", size)
    assert unpack_values(packed) == values
    monkeypatch.setattr(lexicon_file, "_LARGEST", size - 1)
    with pytest.raises(ValueError, match=f"more than {size - 1:,} bytes"):
        unpack_values(packed)
