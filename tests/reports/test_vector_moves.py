import numpy as np
import pytest

import tiny
import windowclf
from windowclf.lexicon.lexicon import FIRST
from windowclf.model.model import FirstVectors
from windowclf.reports import vector_moves as module
from windowclf.reports.vector_moves import vector_moves


@pytest.fixture(scope="module")
def trained(tiny_data):
    return windowclf.WindowClassifier(**tiny.SETTINGS).fit(
        tiny.sentences(), vectors=tiny_data / "vectors.vec"
    )


def closest(word, words, vectors, among, count):
    """The words with the highest cosine, one after the other."""
    cosines = []
    for other in words[:among]:
        if other != word:
            a, b = vectors[word], vectors[other]
            cosines.append((float(a @ b) / (np.linalg.norm(a) * np.linalg.norm(b)), other))
    return [other for _, other in sorted(cosines, reverse=True)[:count]]


@pytest.mark.parametrize("among", [5, 20_000])
def test_moves_and_neighbours(trained, monkeypatch, among):
    monkeypatch.setattr(module, "AMONG", among)
    model, first = trained.model, trained.model.first_vectors
    words = model.lexicon.values["word"]
    table = model.network.tables["word"].value.astype(float)
    last = {word: table[row] for row, word in enumerate(words, FIRST)}
    begun = last | {
        words[row - FIRST]: v.astype(float)
        for row, v in zip(first.rows, first.vectors, strict=True)
    }
    found = vector_moves(model, first, count=7, neighbours=3)
    assert found.words == len(first.rows) == len(words)
    length = {w: np.linalg.norm(last[w] - begun[w]) for w in words}
    share = {w: length[w] / np.linalg.norm(begun[w]) for w in words}
    for moves, measure in ((found.by_distance, length), (found.by_share, share)):
        assert [move.word for move in moves] == sorted(words, key=lambda w: -measure[w])[:7]
        for move in moves:
            assert move.distance == pytest.approx(length[move.word], rel=1e-5)
            assert move.share == pytest.approx(share[move.word], rel=1e-5)
            assert move.before == closest(move.word, words, begun, among, 3)
            assert move.after == closest(move.word, words, last, among, 3)
    assert any(move.before != move.after for move in found.by_share)


def test_what_did_not_move_is_left_out(tiny_data):
    frozen = windowclf.WindowClassifier(**tiny.QUICK, freeze_vectors=True).fit(tiny.sentences())
    found = vector_moves(frozen.model, frozen.model.first_vectors)
    assert (found.by_distance, found.by_share) == ([], [])


def test_a_vector_of_zeros_has_no_share_that_is_not_finite(trained):
    first = trained.model.first_vectors
    zeros = FirstVectors(first.rows, np.zeros_like(first.vectors))
    found = vector_moves(trained.model, zeros)
    assert all(np.isfinite(move.share) for move in found.by_share)


def test_the_first_vectors_are_those_before_the_training(trained, tiny_data):
    model = trained.model
    untrained = windowclf.WindowClassifier(**tiny.SETTINGS | {"freeze_vectors": True}).fit(
        tiny.sentences(), vectors=tiny_data / "vectors.vec"
    )
    table = untrained.model.network.tables["word"].value
    np.testing.assert_array_equal(model.first_vectors.vectors, table[model.first_vectors.rows])


def test_the_first_vectors_are_in_no_file(trained, tmp_path):
    trained.save(tmp_path / "model")
    assert windowclf.load(tmp_path / "model").model.first_vectors is None
    assert windowclf.WindowClassifier.from_bytes(trained.to_bytes()).model.first_vectors is None
