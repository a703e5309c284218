"""A text is scored in chunks, and documents are kept whole."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tiny
from networks import prepare_small, tagger_scores
from windowclf.model.encoding import number_documents
from windowclf.tagging import tagger as tagger_module
from windowclf.tagging.tagger import Tagger, _chunks
from windowclf.tags.schemes import Scheme, convert

SENTENCES = [tiny.unmarked(marked).split() for marked in tiny.MARKED[:30]]

# The lengths of the sentences of each document.
documents = st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=8), max_size=8)
chunk_sizes = st.sampled_from([1, 5, 10, 40])


def chunks_of(found, size):
    lengths = [length for document in found for length in document]
    numbers = [number for number, document in enumerate(found) for _ in document]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tagger_module, "CHUNK_TOKENS", size)
        places = np.array(lengths, dtype=np.intp), number_documents(numbers, len(numbers))
        chunks = [[*range(len(lengths))][chunk] for chunk in _chunks(*places)]
    return chunks, lengths, numbers


@given(documents, chunk_sizes)
@example([], 5)
@example([[4], [5, 6, 4, 5], [3]], 5)
@example([[2, 3], [3, 2], [5]], 5)
@example([[6, 6, 6], [6, 6, 6]], 10)
def test_chunks_hold_every_sentence_once_and_short_documents_whole(found, size):
    chunks, lengths, numbers = chunks_of(found, size)
    assert [i for chunk in chunks for i in chunk] == list(range(len(lengths)))
    assert all(chunks)
    chunk_of = {i: n for n, chunk in enumerate(chunks) for i in chunk}
    for number, document in enumerate(found):
        of_document = [i for i in range(len(numbers)) if numbers[i] == number and lengths[i]]
        if sum(document) <= size:
            assert len({chunk_of[i] for i in of_document}) <= 1


@given(documents, chunk_sizes)
@example([[4] * 30], 40)
@example([[1], [1] * 30, [1]], 10)
def test_chunks_are_neither_too_large_nor_too_many(found, size):
    chunks, lengths, numbers = chunks_of(found, size)
    longest = max(lengths, default=0)
    for chunk in chunks:
        assert sum(lengths[i] for i in chunk) < 2 * size + longest
        for _, part in groupby(chunk, key=lambda i: numbers[i]):  # of one document
            assert sum(lengths[i] for i in part) < size + longest
    assert len(chunks) <= 2 * (sum(lengths) // size) + 1


@given(st.lists(st.integers(0, 6), max_size=30), chunk_sizes)
def test_sentences_without_documents_fill_the_chunks(sizes, size):
    chunks, lengths, _ = chunks_of([[length] for length in sizes], size)
    for chunk in chunks:
        assert sum(lengths[i] for i in chunk) < size + max(lengths)
    assert len(chunks) <= sum(lengths) // size + 1


@pytest.fixture(scope="module", params=["word", "sentence"])
def model(request):
    """An untrained model whose windows use each other."""
    model = prepare_small(
        tiny.sentences(), document_context=True, sentence_mean=True, level=request.param
    )
    rng = np.random.default_rng(0)
    for parameter in (model.network.document_weight, model.network.sentence_weight):
        parameter.value[:] = rng.normal(scale=2, size=parameter.shape)
    return model


@pytest.mark.parametrize("size", [1, 8, 25, 8192])
def test_a_document_is_tagged_the_same_whatever_stands_beside_it(model, size, monkeypatch):
    monkeypatch.setattr(tagger_module, "CHUNK_TOKENS", size)
    rng = np.random.default_rng(3)
    order = rng.permutation(len(SENTENCES))
    numbers = np.sort(rng.integers(0, 9, len(SENTENCES))).tolist()
    sentences = [SENTENCES[i] for i in order]
    parts = [
        [sentences[i] for i in members]
        for _, members in groupby(range(len(numbers)), key=lambda i: numbers[i])
    ]
    assert {len(part) > 3 for part in parts} == {True, False}

    at_once = list(Tagger(model).predict(sentences, numbers))
    one_by_one = [p for part in parts for p in Tagger(model).predict(part, [0] * len(part))]
    assert [p.tags for p in at_once] == [p.tags for p in one_by_one]
    for found, expected in zip(at_once, one_by_one, strict=True):
        assert found.spans == expected.spans
        np.testing.assert_allclose(found.confidences, expected.confidences, rtol=1e-4)
    if size > 1:
        assert [p.tags for p in at_once] != [p.tags for p in Tagger(model).predict(sentences)]


@pytest.mark.parametrize("size", [8, 8192])
def test_tags_and_scores_know_the_document_as_predictions_do(model, size, monkeypatch):
    monkeypatch.setattr(tagger_module, "CHUNK_TOKENS", size)
    numbers = [i // 4 for i in range(len(SENTENCES))]
    tagger = Tagger(model)
    found = [convert(p.tags, model.scheme, Scheme.IOB2) for p in tagger.predict(SENTENCES, numbers)]
    assert list(tagger.tags(SENTENCES, numbers)) == found
    ours, others = (tagger_scores(tagger, SENTENCES, n) for n in (numbers, None))
    assert ours.shape == others.shape
    assert not np.allclose(ours, others)
