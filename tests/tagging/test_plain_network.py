"""Tagging and training give what joining the window and multiplying gives, to rounding."""

from typing import get_args

import numpy as np
import pytest

import tiny
from networks import SMALL, make_vectors, rounding, tagger_scores
from plain_network import PlainNetwork
from windowclf.config.config import FeatureName, make_config
from windowclf.corpora.coerce import TrainingText
from windowclf.lexicon.gazetteer import Gazetteer
from windowclf.model.encoding import encode
from windowclf.nn.gradcheck import full_gradient
from windowclf.nn.quantised_table import QuantisedTable
from windowclf.tagging import tagger as tagger_module
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme
from windowclf.training.data import Resources, prepare
from windowclf.vectors.quantise import quantise

SENTENCES = [tiny.unmarked(marked).split() for marked in tiny.MARKED[::3]]
SENTENCES[3:3] = [[], ["PARIS"], ["Unheard", "of", "1996", "İstanbul", "unheard"]]
DOCUMENTS = [i // 4 for i in range(len(SENTENCES))]
LISTS = {"LOC": Gazetteer(["New York", "Paris"]), "PER": Gazetteer(["Mary Poppins"])}
ALL = list(get_args(FeatureName))

SETTINGS = [
    *({"features": [name]} for name in ALL),
    {"features": []},
    {"features": ALL},
    {"features": ALL, "sentence_mean": True},
    {"features": ALL, "document_context": True},
    {"features": ALL, "document_context": True, "sentence_mean": True, "window": 7},
    {"features": ["shape"], "document_context": True, "sentence_mean": True, "hidden": [8, 5, 6]},
    {"features": ["shape"], "window": 1, "hidden": [4], "activation": "relu"},
    {"features": ["shape"], "level": "sentence", "activation": "hard-tanh"},
]


def make_model(*, lists=None, **settings):
    """An untrained model with weights so random that every part of it counts."""
    text = tiny.sentences()
    words = {token.lower(): None for sentence in text for token in sentence.tokens}
    config = make_config(SMALL | settings)
    labelled = TrainingText("", text, [], Scheme.IOB2)
    model, _ = prepare(labelled, make_vectors(words), config, Resources(gazetteers=lists or {}))
    rng = np.random.default_rng(7)
    for parameter in model.network.parameters().values():
        parameter.value[:] = rng.normal(scale=0.5, size=parameter.shape)
    return model


def scores_of(model, **settings):
    return tagger_scores(Tagger(model, **settings), SENTENCES, DOCUMENTS)


def assert_close(found, expected, within=1e-4):
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=within)


def assert_tagged_so(model, expected, **settings):
    """The scores of tagging are those, to the rounding of its integers."""
    within = rounding(model.network)
    assert within < np.abs(expected).max() / 8
    assert_close(scores_of(model, **settings), expected, within + 1e-4)


with_lists = pytest.mark.parametrize("lists", [None, LISTS], ids=["", "gazetteers"])


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@with_lists
def test_tagging(settings, lists):
    model = make_model(lists=lists, **settings)
    expected = PlainNetwork(model, SENTENCES, DOCUMENTS).scores()
    assert np.abs(expected).max() > 1
    assert_tagged_so(model, expected)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@with_lists
def test_training_there_and_back(settings, lists):
    model = make_model(lists=lists, **settings)
    plain = PlainNetwork(model, SENTENCES, DOCUMENTS)
    encoded = encode(SENTENCES, model.lexicon, documents=DOCUMENTS)
    batch = encoded.batch(np.arange(len(SENTENCES)), model.config.window)
    s, backward = model.network.forward(batch)
    assert_close(s, plain.scores())
    ds = np.random.default_rng(1).normal(size=s.shape).astype(np.float32)
    backward(ds)
    expected = plain.gradients(ds)
    parameters = model.network.parameters()
    assert list(expected) == list(parameters)
    for name, parameter in parameters.items():
        found = full_gradient(parameter)
        scale = np.abs(expected[name]).max()
        assert scale > 0.1
        np.testing.assert_allclose(found / scale, expected[name] / scale, atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 7, 8192])
@pytest.mark.parametrize("kept", [0, 400, 2000, 2**20])
def test_whatever_is_kept_of_the_words(kept, chunk, monkeypatch):
    monkeypatch.setattr(tagger_module, "CHUNK_TOKENS", chunk)
    model = make_model(lists=LISTS, features=ALL, sentence_mean=True)
    expected = PlainNetwork(model, SENTENCES, DOCUMENTS).scores()
    assert_tagged_so(model, expected, kept_bytes=kept)


def test_names_heed_each_other_whether_they_are_kept_or_not():
    model = make_model(document_context=True)
    expected = PlainNetwork(model, SENTENCES, DOCUMENTS).scores()
    for kept in range(0, 3000, 96):
        assert_tagged_so(model, expected, kept_bytes=kept)


def test_a_long_text_in_blocks(monkeypatch):
    model = make_model(features=["shape"], sentence_mean=True, document_context=True)
    expected = PlainNetwork(model, SENTENCES, DOCUMENTS).scores()
    monkeypatch.setattr("windowclf.nn.projection.BLOCK", 3)
    monkeypatch.setattr("windowclf.nn.arrays._GROUPS", 2)
    monkeypatch.setattr("windowclf.nn.arrays._LONG", 3)
    assert_tagged_so(model, expected)
    assert_tagged_so(model, expected, kept_bytes=500)


def test_codes_of_eight_bits():
    model = make_model(features=["shape", "prefix2"], sentence_mean=True)
    for name, table in model.network.tables.items():
        model.network.tables[name] = QuantisedTable(*quantise(table.value))
    assert_tagged_so(model, PlainNetwork(model, SENTENCES, DOCUMENTS).scores())
