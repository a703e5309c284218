"""Parts of a text that are held out: what is alike stays together, what is rare is spread."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from windowclf.documents.sentence import Sentence
from windowclf.tags.schemes import Scheme
from windowclf.training.folds import RUNS, partition

TEXT = tiny.sentences()


def cut(sentences, parts=5, seed=1):
    return partition(sentences, Scheme.IOB2, parts, np.random.default_rng(seed))


def sentence(words, label):
    return Sentence(words, [f"B-{label}" if label else "O", *["O"] * (len(words) - 1)])


@given(st.integers(1, 300), st.integers(2, 6), st.integers(0, 9))
def test_neighbours_are_in_one_part(sentences, parts, seed):
    found = cut([sentence([str(i)], "LOC" if i % 3 else "") for i in range(sentences)], parts, seed)
    borders = np.flatnonzero(np.diff(found.units))
    assert (np.diff(found.units) >= 0).all()
    # Parts change at the borders of runs only; all runs but the last one are alike in size.
    assert set(np.flatnonzero(np.diff(found.parts))) <= set(borders)
    sizes = np.bincount(found.units)
    assert set(sizes[:-1]) <= {max(sentences // (RUNS * parts), 1)}
    assert set(found.parts.tolist()) <= set(range(parts))


@given(st.integers(2, 6), st.integers(0, 99))
def test_rare_labels_and_sentences_are_spread(parts, seed):
    step = len(TEXT) // parts
    text = [
        sentence(["r", str(i)], "RARE") if i % step == 0 and i < parts * step else each
        for i, each in enumerate(TEXT)
    ]
    found = cut(text, parts, seed)
    run = np.bincount(found.units).max()
    sizes = np.bincount(found.parts, minlength=parts)
    assert sizes.max() - sizes.min() <= 3 * run
    assert sorted(found.parts[: parts * step : step]) == list(range(parts))


@pytest.mark.parametrize(("documents", "whole"), [(10, True), (9, False)])
def test_documents_are_kept_whole_if_there_are_enough(documents, whole):
    text = [replace(each, document=i * documents // 60) for i, each in enumerate(TEXT[:60])]
    found = cut(text)
    places = {(each.document, part) for each, part in zip(text, found.parts.tolist(), strict=True)}
    assert (len(places) == documents) == whole
    assert len(set(found.units.tolist())) == (documents if whole else 20)


def test_the_seed_draws_the_parts():
    assert cut(TEXT, seed=1).parts.tolist() == cut(TEXT, seed=1).parts.tolist()
    assert cut(TEXT, seed=1).parts.tolist() != cut(TEXT, seed=2).parts.tolist()
