import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import tiny
from windowclf import WindowClassifier
from windowclf.annotation.queue import (
    APART,
    NEARLY_SAME,
    TokenSets,
    candidates,
    choose,
    uncertainty,
)

texts = st.lists(st.lists(st.sampled_from("abcde"), max_size=6), min_size=1, max_size=8)


@given(texts)
def test_similarity_is_the_cosine_of_the_sets(passages):
    sets = TokenSets.make(passages)
    for row, own in enumerate(map(set, passages)):
        expected = [
            len(own & other) / np.sqrt(max(len(own) * len(other), 1))
            for other in map(set, passages)
        ]
        np.testing.assert_allclose(sets.similar_to(row), expected)


def test_case_and_numbers_make_no_difference():
    sets = TokenSets.make([["Error", "17"], ["error", "2048"], ["error", "x1"]])
    np.testing.assert_allclose(sets.similar_to(0), [1, 1, 0.5])


def test_the_most_uncertain_comes_first():
    passages = [[f"{i}".translate(str.maketrans("0123", "abcd"))] for i in range(4)]
    assert choose(np.array([0.5, 2.0, 0.1, 1.0]), passages, 3) == [1, 3, 0]


def test_what_was_said_already_counts_for_less():
    passages = [["a", "b", "c"], ["a", "b", "d"], ["e", "f", "g"]]
    assert choose(np.array([1.0, 0.9, 0.8]), passages, 3) == [0, 2, 1]


def near_duplicates(passages, order):
    sets = TokenSets.make(passages)
    for place, number in enumerate(order):
        for behind in range(place + 1, min(place + APART + 1, len(order))):
            if sets.similar_to(number)[order[behind]] >= NEARLY_SAME:
                yield place, behind


def test_near_duplicates_are_never_within_ten():
    rng = np.random.default_rng(0)
    words = [f"w{chr(97 + i)}{chr(97 + j)}" for i in range(26) for j in range(26)]
    alike = [["login", "failed", "for", "user", word] for word in words[:18]]
    others = [[*rng.choice(words, 5)] for _ in range(250)]
    unsure = np.array([9.0] * len(alike) + [1.0] * len(others))
    order = choose(unsure, alike + others, 200)
    assert len(set(order)) == 200
    assert set(range(len(alike))) <= set(order[: (APART + 1) * len(alike)])
    assert not [*near_duplicates(alike + others, order)]


def test_what_was_labelled_last_is_not_repeated():
    passages = [["a", "b", "c", "d"], ["e"], ["f"]]
    order = choose(np.array([9.0, 1.0, 0.5]), passages, 3, recent=[["a", "b", "c", "d", "x"]])
    assert order == [1, 2, 0]


def test_where_all_are_alike_all_come():
    passages = [["a", "b"]] * 30
    assert sorted(choose(np.ones(30), passages, 30)) == [*range(30)]


def test_passages_without_tokens_are_passages_too():
    assert sorted(choose(np.zeros(3), [[], ["a"], []], 5)) == [0, 1, 2]
    assert choose(np.zeros(0), [], 5) == []


def test_candidates_are_the_most_uncertain_and_some_others():
    rng = np.random.default_rng(0)
    unsure = rng.permutation(1000).astype(float)
    found = unsure[candidates(unsure, 100)]
    np.testing.assert_array_equal(found[:75], np.arange(999, 924, -1))
    assert len(set(found.tolist())) == 100
    assert found.min() == 0
    np.testing.assert_array_equal(candidates(np.array([1.0, 3.0, 2.0]), 100), [1, 2, 0])


@pytest.fixture(scope="module")
def classifier():
    return WindowClassifier(**tiny.QUICK).fit(tiny.sentences(), base_model=None)


def test_uncertainty_is_the_entropy_of_the_tags_by_the_root_of_the_length(classifier):
    sentences = [["Ada", "met", "Tom"], ["Oslo"], ["They", "saw", "him", "."]]
    [chunk] = classifier.tagger.chunks(sentences)
    entropy = [-(p * np.log(p)).sum() for p in classifier.predict_proba(sentences)]
    found = uncertainty(chunk, np.repeat([2, 2, 0], [3, 1, 4]), 4)
    expected = [entropy[2] / 2, 0, (entropy[0] + entropy[1]) / 2, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
