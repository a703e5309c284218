import numpy as np
import pytest

import tiny
from windowclf.lexicon.lexicon import FIRST
from windowclf.reports.word_map import principal_components, word_map


def test_components_are_the_eigenvectors_of_the_covariance():
    vectors = np.random.default_rng(0).normal(size=(40, 6)) * [5, 1, 3, 1, 1, 1] + 7
    points, explained = principal_components(vectors)
    values, axes = np.linalg.eigh(np.cov(vectors.T))
    expected = (vectors - vectors.mean(axis=0)) @ axes[:, ::-1][:, :2]
    for axis in range(2):
        largest = np.abs(expected[:, axis]).argmax()
        if expected[largest, axis] < 0:
            expected[:, axis] *= -1
    np.testing.assert_allclose(points, expected, atol=1e-9)
    assert explained == pytest.approx(values[-2:].sum() / values.sum())


@pytest.mark.parametrize("vectors", [np.ones((4, 3)), np.array([[1.0], [2.0], [4.0]])])
def test_a_component_that_is_not_there_is_zero(vectors):
    points, explained = principal_components(vectors)
    assert points.shape == (len(vectors), 2)
    np.testing.assert_allclose(points[:, 1], 0, atol=1e-12)
    assert 0 <= explained <= 1 + 1e-12


def gold(model, sentences):
    return [model.gold_tags(sentence.tags, tiny.Scheme.IOB2) for sentence in sentences]


def test_words_and_labels_are_those_of_the_entities(classifier):
    model = classifier.model
    sentences = [
        *(tiny.parse("[LOC Paris] is in [LOC France]"),) * 3,
        *(tiny.parse("[PER Paris] saw [PER Tom] ."),) * 2,
        *(tiny.parse("[PER Tom] saw him . They saw [PER Ada] in Oslo"),) * 1,
        *(tiny.parse("Oslo saw [LOC Oslo] . They met [PER Unheard]"),) * 2,
    ]
    found = word_map(model, sentences, gold(model, sentences))
    # Paris is a LOC three times of five; Oslo is outside too often, Ada an entity only once.
    assert found.words == ["paris", "france", "tom"]
    assert found.labels == ["LOC", "LOC", "PER"]
    assert found.counts == [5, 3, 3]
    words = model.lexicon.values["word"]
    rows = [words.index(word) + FIRST for word in found.words]
    expected, _ = principal_components(model.network.tables["word"].value[rows])
    np.testing.assert_array_equal(found.points, expected)


def test_limits(classifier):
    model, sentences = classifier.model, tiny.sentences()
    tags = gold(model, sentences)
    assert (
        word_map(model, sentences, tags, words=4).words
        == (word_map(model, sentences, tags).words[:4])
    )
    assert len(set(word_map(model, sentences, tags, labels=1).labels)) == 1
    assert word_map(model, sentences, tags, fewest=1000) is None
    assert word_map(model, [], []) is None
