"""Reading unlabelled text, and counting its words."""

import gzip
from collections import Counter
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.errors import DataError
from windowclf.pretraining import text as text_module
from windowclf.pretraining.text import count_words, frequent_words, read_sentences

SENTENCES = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=20)


@given(SENTENCES)
def test_counts_are_exact_while_the_table_is_large_enough(sentences):
    assert count_words(sentences, largest=8) == Counter(chain.from_iterable(sentences))


@given(SENTENCES, st.integers(1, 7))
def test_a_pruned_table_is_small_and_counts_no_word_too_often(sentences, largest):
    counts = count_words(sentences, largest)
    exact = Counter(chain.from_iterable(sentences))
    assert len(counts) <= largest
    assert all(n <= exact[word] for word, n in counts.items())


def test_pruning_drops_rare_words_first():
    rare = [[f"once{i}"] for i in range(60)]
    sentences = [["the", "of"] * 30, *rare[:30], ["the"], *rare[30:], ["of"]]
    counts = count_words(sentences, largest=20)
    assert (counts["the"], counts["of"]) == (31, 31)
    assert 2 < len(counts) <= 20


def test_the_first_pruning_drops_what_came_once():
    assert count_words([["a"] * 2, ["b"], ["c"]], largest=2) == Counter({"a": 2})


def test_pruning_goes_as_far_as_it_must():
    sentences = [[letter] * 3 for letter in "abcd"]
    counts = count_words([*sentences, ["d"]], largest=3)
    assert counts == Counter({"d": 1})  # all had come three times when the fourth was one too many


@given(SENTENCES, st.integers(1, 4), st.integers(0, 9))
def test_frequent_words(sentences, min_count, size):
    counts = Counter(chain.from_iterable(sentences))
    words = frequent_words(counts, min_count=min_count, size=size)
    enough = [word for word in sorted(counts) if counts[word] >= min_count]
    assert words == sorted(enough, key=counts.__getitem__, reverse=True)[:size]


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
    monkeypatch.setattr(text_module, "LONGEST_SENTENCE", 2)
    (tmp_path / "a.txt").write_text("a b c d e")
    found = list(read_sentences([tmp_path / "a.txt"], pretokenized=True))
    assert found == [["a", "b"], ["c", "d"], ["e"]]


def test_a_file_that_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"none\.txt: cannot be read: No such file"):
        list(read_sentences([tmp_path / "none.txt"], pretokenized=False))
