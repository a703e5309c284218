import gzip
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.errors import DataError
from windowclf.lexicon.lexicon import FIRST, PADDING, UNKNOWN, Lexicon
from windowclf.pretraining import stream
from windowclf.pretraining.stream import read_sentences, regroup, shuffled_batches, windows

LEXICON = Lexicon({"word": ["a", "b", "c"]}, cased=False)
SENTENCES = st.lists(st.lists(st.sampled_from("abcxy"), min_size=1, max_size=6), max_size=12)


def slow_windows(sentences, width):
    """Each window spelt out."""
    rows = {"a": FIRST, "b": FIRST + 1, "c": FIRST + 2}
    side = width // 2
    found = []
    for sentence in sentences:
        padded = [PADDING] * side + [rows.get(w, UNKNOWN) for w in sentence] + [PADDING] * side
        cut = [padded[i : i + width] for i in range(len(sentence))]
        found += [window for window in cut if window[side] != UNKNOWN]
    return found


@given(SENTENCES, st.sampled_from([3, 5]), st.integers(1, 14))
def test_windows_in_blocks_are_the_windows(sentences, width, block):
    pieces = windows(iter(sentences), LEXICON, width, block)
    assert list(chain.from_iterable(p.tolist() for p in pieces)) == slow_windows(sentences, width)


@given(SENTENCES, st.integers(1, 14), st.integers(1, 9), st.integers(1, 30))
def test_batches_do_not_depend_on_the_blocks(sentences, block, size, pool):
    def batches(block):
        pieces = windows(iter(sentences), LEXICON, 3, block)
        rng = np.random.default_rng(0)
        return [batch.tolist() for batch in shuffled_batches(pieces, size, rng, pool)]

    streamed, in_memory = batches(block), batches(len(sentences) + 1)
    assert streamed == in_memory
    assert all(len(batch) == size for batch in streamed[:-1])
    whole = list(chain.from_iterable(streamed))
    assert sorted(whole) == sorted(slow_windows(sentences, 3))


def test_windows_are_mixed_within_a_pool_only():
    text = np.arange(1000)[:, None]
    batches = shuffled_batches([text], 10, np.random.default_rng(0), pool=100)
    mixed = np.concatenate(list(batches))[:, 0]
    assert (mixed // 100 == np.arange(1000) // 100).all()
    assert (mixed != np.arange(1000)).mean() > 0.9


@given(st.lists(st.integers(0, 9), max_size=9), st.integers(1, 12))
def test_regroup(lengths, size):
    rows = np.arange(sum(lengths))
    cut = list(regroup(np.split(rows, np.cumsum(lengths)[:-1]) if lengths else [], size))
    assert [row for piece in cut for row in piece.tolist()] == rows.tolist()
    assert all(len(piece) == size for piece in cut[:-1])
    assert all(0 < len(piece) <= size for piece in cut)


def test_text_is_split_and_normalised(tmp_path):
    (tmp_path / "a.txt").write_text("Ada wasn't born in 1996. She saw Oslo.\n\nIt's 5 p.m.\n")
    with gzip.open(tmp_path / "b.txt.gz", "wt") as file:
        file.write("The end")
    found = list(read_sentences([tmp_path / "a.txt", tmp_path / "b.txt.gz"], pretokenized=False))
    assert [" ".join(sentence) for sentence in found] == [
        "ada was n't born in 0000 .",
        "she saw oslo .",
        "it 's 0 p.m.",
        "the end",
    ]


def test_pretokenized_text_is_left_as_it_is(tmp_path):
    (tmp_path / "a.txt").write_text("Mr. wasn't U.S.  12:30 . So\n \nb\n")
    found = list(read_sentences([tmp_path / "a.txt"], pretokenized=True))
    assert found == [["mr.", "wasn't", "u.s.", "00:00", ".", "so"], ["b"]]


def test_a_line_without_end_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "LONGEST_SENTENCE", 2)
    (tmp_path / "a.txt").write_text("a b c d e")
    found = list(read_sentences([tmp_path / "a.txt"], pretokenized=True))
    assert found == [["a", "b"], ["c", "d"], ["e"]]


def test_a_file_that_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"none\.txt: cannot be read: No such file"):
        list(read_sentences([tmp_path / "none.txt"], pretokenized=False))
