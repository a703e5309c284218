"""The packed values of a lexicon, against dictionaries."""

import zlib
from contextlib import suppress

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.errors import ModelError
from windowclf.lexicon import packed_values, packing
from windowclf.lexicon.lexicon import Lexicon
from windowclf.lexicon.packed_values import HEAD, MAGIC, Block, Header, PackedValues
from windowclf.lexicon.packing import pack_words

WORDS = st.text(
    st.sampled_from("abcdeé ☺\0") | st.characters(exclude_characters="\n", codec="utf-8"),
    max_size=20,
)
PLAIN = st.text(st.sampled_from("abAB0é☺"), min_size=1, max_size=12)
CLUSTERS = st.dictionaries(PLAIN, st.sampled_from(["00", "01", "1", "110"]))


def clusters_of(words):
    names = sorted(set(words.values()))
    return [" ".join([n, *sorted(w for w, name in words.items() if name == n)]) for n in names]


@st.composite
def lexicons(draw):
    values = {
        "word": draw(st.lists(WORDS, unique=True)),
        "shape": draw(st.lists(WORDS, unique=True).map(sorted)),
        "gazetteer-LOC": draw(st.lists(PLAIN)),
        "brown-x": clusters_of(draw(CLUSTERS)),
        "suffix2": draw(st.lists(WORDS, unique=True)),
        "clusters-y": clusters_of(draw(CLUSTERS)),
    }
    return {name: values[name] for name in draw(st.permutations(list(values)))}


def numbers(name, known):
    if name.startswith(("brown", "clusters")):
        return {word: i for i, text in enumerate(known) for word in text.split(" ")[1:]}
    return {value: i for i, value in enumerate(known)}


@given(lexicons(), st.lists(WORDS), st.booleans(), st.sampled_from([1, 3, 512]), st.booleans())
def test_found_as_in_dictionaries(values, others, few, block, hashed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "_STRINGS", block)
        patch.setattr(packed_values, "_FEW", 10**6 if few else 0)
        patch.setattr(packed_values, "_FEW_IN_ALL", 10**6)
        patch.setattr(packed_values, "_MANY", 0 if hashed else 10**6)
        packed = PackedValues(pack_words(values))
        assert packed.lists == values
        assert list(packed.lists) == packed.names == list(values)
        for name, known in values.items():
            assert packed.count(name) == len(known)
            if name.startswith("gazetteer"):
                continue
            expected = numbers(name, known)
            asked = [*expected, *others, *(word + "x" for word in expected), "\n", "a\nb", "\ud800"]
            assert packed.find(name, asked).tolist() == [expected.get(w, -1) for w in asked]
            assert packed.find(name, []).tolist() == []
        assert ("_found_by" in packed.__dict__) != few


def test_long_strings_that_differ_in_one_byte(monkeypatch):
    monkeypatch.setattr(packed_values, "_MANY", 0)
    words = sorted({f"{'a' * i}{c}{'b' * (40 - i)}" for i in range(41) for c in "xyz"} | {"a" * 8})
    packed = PackedValues(pack_words({"word": words[::2]}))
    expected = [i // 2 if i % 2 == 0 else -1 for i in range(len(words))]
    assert packed.find("word", words).tolist() == expected


def test_words_with_the_same_hash_are_told_apart(monkeypatch):
    monkeypatch.setattr(packed_values, "_MANY", 0)
    monkeypatch.setattr(packed_values.Strings, "_hash", lambda self: 0 * self.starts.astype("u8"))
    words = [f"common beginning {i}" for i in range(100)]
    packed = PackedValues(pack_words({"word": words[:70]}))
    assert packed.find("word", words).tolist() == [*range(70), *[-1] * 30]


def test_the_hash_table_is_made_when_many_were_looked_up():
    words = [f"w{i}" for i in range(10)]
    packed = PackedValues(pack_words({"word": words}))
    for _ in range(packed_values._FEW_IN_ALL // len(words)):
        packed.find("word", words)
    assert "_found_by" not in packed.__dict__
    assert packed.find("word", words).tolist() == [*range(10)]
    assert "_found_by" in packed.__dict__
    assert not packed._blocks


@pytest.mark.parametrize(
    "values",
    [
        {"word": ["a\nb"]},
        {"word": ["\ud800"]},
        {"word": ["a", "a"]},
        {"word": ["a" * 2**20]},
        {"brown-x": ["0 b a"]},
        {"brown-x": ["0 a", "1 a"]},
        {"brown-x": ["0 a a"]},
    ],
)
def test_what_cannot_be_packed(values):
    assert pack_words(values) is None


def test_the_same_values_are_the_same_bytes():
    values = {"word": ["b", "a"], "brown-x": ["0 a b"]}
    assert pack_words(values) == pack_words(dict(values))


VALUES = {"word": ["b", "a", "é"], "suffix2": ["a", "b"], "brown-x": ["0 a", "10 b c"]}


def taken_apart(content):
    _, length = HEAD.unpack_from(content)
    header = msgspec.msgpack.decode(zlib.decompress(content[HEAD.size : HEAD.size + length]))
    return header, content[HEAD.size + length :]


def put_together(header, blocks):
    packed = zlib.compress(msgspec.msgpack.encode(header))
    return HEAD.pack(MAGIC, len(packed)) + packed + blocks


def use(content):
    """Look words up in all ways; or be refused."""
    with suppress(ValueError, ModelError):
        lexicon = Lexicon(PackedValues(content), cased=True, prefixes=(1,))
        ids = lexicon.ids(["a", "b", "c", "é", "zz"])
        sizes = lexicon.sizes()
        for column, name in enumerate(lexicon.features):
            assert ids[:, column].min() >= 0
            assert ids[:, column].max() < sizes[name]
        assert lexicon.values
        assert lexicon.ids(["a"] * 100).shape == (100, len(sizes))


LEAVES = st.none() | st.booleans() | st.integers(-3, 5) | st.just(2**62) | st.text(max_size=3)
NEW = LEAVES | st.lists(LEAVES, max_size=3)


@given(st.data())
def test_a_hostile_header(data):
    header, blocks = taken_apart(pack_words(VALUES))
    where, key = header, data.draw(st.sampled_from(sorted(header)))
    while isinstance(where[key], dict | list) and where[key] and data.draw(st.booleans()):
        where = where[key]
        keys = sorted(where) if isinstance(where, dict) else [*range(len(where))]
        key = data.draw(st.sampled_from(keys))
    where[key] = data.draw(NEW)
    use(put_together(header, blocks))


@given(st.binary(max_size=60) | st.just(b""), st.booleans(), st.data())
def test_hostile_blocks(content, whole, data):
    packed = pack_words(VALUES)
    header, blocks = taken_apart(packed)
    if not whole:  # bytes of the right block with others among them
        right = bytearray(zlib.decompress(blocks))
        for _ in range(data.draw(st.integers(1, 4))):
            right[data.draw(st.integers(0, len(right) - 1))] = data.draw(st.integers(0, 255))
        content = bytes(right)
    block = zlib.compress(content)
    use(put_together(header | {"sizes": [len(block)]}, block))


def test_a_block_that_would_fill_the_memory():
    header, _ = taken_apart(pack_words(VALUES))
    block = zlib.compress(bytes(2**24))
    lexicon = PackedValues(put_together(header | {"sizes": [len(block)]}, block))
    with pytest.raises(ModelError, match="more than"):
        lexicon.find("word", ["a"])


@pytest.mark.parametrize("content", [b"", MAGIC, b"{}", bytes(40), MAGIC + bytes(40)])
def test_other_content(content):
    with pytest.raises(ValueError, match="cut off"):
        PackedValues(content)


def test_a_block_comes_back():
    has = np.array([[True, False, True], [True, True, True]])
    block = Block("a\nb\né".encode(), has, np.array([5, 2**20], dtype=np.int32))
    again = Block.unpack(block.packed(), np.array([False, True]))
    assert again.text == block.text
    np.testing.assert_array_equal(again.has, has)
    np.testing.assert_array_equal(again.numbers, block.numbers)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(Header([], [], [], [])), type=Header)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("brown-x", {"is_sorted": True}, "do not fit"),
        ("brown-x", {"clusters": ["0"]}, "do not fit"),
        ("brown-x", {"clusters": ["10", "0"]}, "names in order"),
        ("brown-x", {"clusters": None, "count": 3}, "expected clusters"),
        ("word", {"clusters": ["0", "1", "2"]}, "expected strings"),
        ("word", {"names": ["a", "b", "c"]}, "reshape"),
        ("suffix2", {"name": "word"}, "do not fit"),
        ("suffix2", {"name": "gazetteer-LOC"}, "expected names"),
    ],
)
def test_tables_of_another_kind(name, change, message):
    header, blocks = taken_apart(pack_words(VALUES))
    next(table for table in header["tables"] if table["name"] == name).update(change)
    with pytest.raises(ValueError, match=message):
        Lexicon(PackedValues(put_together(header, blocks)), cased=True, prefixes=(1,))
