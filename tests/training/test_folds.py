"""Parts of a text that are held out: what is alike stays together, what is rare is spread."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from windowclf.documents.sentence import Sentence
from windowclf.tags.schemes import Scheme
from windowclf.training.folds import partition

TEXT = tiny.sentences()


def cut(sentences, parts=5, seed=1):
    return partition(sentences, Scheme.IOB2, parts, np.random.default_rng(seed))


def sentence(words, label):
    return Sentence(words, [f"B-{label}" if label else "O", *["O"] * (len(words) - 1)])


some = st.builds(
    sentence,
    st.lists(st.sampled_from("ab"), min_size=1, max_size=3),
    st.sampled_from(["LOC", "PER", ""]),
)


@given(st.lists(some, min_size=1, max_size=40), st.integers(2, 6), st.integers(0, 9))
def test_the_same_words_are_in_one_part(sentences, parts, seed):
    found = cut(sentences, parts, seed)
    parts_of = {}
    for unit, part, each in zip(*found, sentences, strict=True):
        parts_of.setdefault(tuple(each.tokens), set()).add((int(unit), int(part)))
    assert all(len(places) == 1 for places in parts_of.values())
    assert set(found.parts.tolist()) <= set(range(parts))


@given(st.integers(2, 6), st.integers(0, 99))
def test_rare_labels_and_sentences_are_spread(parts, seed):
    rare = [sentence(["r", str(i)], "RARE") for i in range(parts)]
    found = cut([*TEXT, *rare], parts, seed).parts
    sizes = np.bincount(found, minlength=parts)
    assert sizes.max() - sizes.min() <= 3
    assert sorted(found[-parts:]) == list(range(parts))
    people = Counter(found[i] for i, each in enumerate(TEXT) if "B-PER" in each.tags)
    assert max(people.values()) - min(people.values()) <= 4


@pytest.mark.parametrize(("documents", "whole"), [(10, True), (9, False)])
def test_documents_are_kept_whole_if_there_are_enough(documents, whole):
    text = [replace(each, document=i * documents // 60) for i, each in enumerate(TEXT[:60])]
    found = cut(text)
    places = {(each.document, part) for each, part in zip(text, found.parts.tolist(), strict=True)}
    assert (len(places) == documents) == whole
    assert len(set(found.units.tolist())) == (documents if whole else 60)


def test_the_seed_draws_the_parts():
    assert cut(TEXT, seed=1).parts.tolist() == cut(TEXT, seed=1).parts.tolist()
    assert cut(TEXT, seed=1).parts.tolist() != cut(TEXT, seed=2).parts.tolist()
