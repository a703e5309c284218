"""The first pass settles tokens in no span, and the tags stay those of the whole network."""

import numpy as np
import pytest

import tiny
from windowclf import ModelError, WindowClassifier
from windowclf.documents.sentence import Sentence
from windowclf.nn.parameter import FixedTable
from windowclf.tagging.tagger import Tagger
from windowclf.training import first_pass as module
from windowclf.training.first_pass import train_first_pass

SENTENCES = tiny.sentences() * 40
TOKENS = [sentence.tokens for sentence in SENTENCES]
NONE = [None] * len(TOKENS)


@pytest.fixture(scope="module")
def trained():
    settings = tiny.SETTINGS | {"epochs": 2}
    return WindowClassifier(**settings).fit(SENTENCES, vectors="random", threads=1)


@pytest.fixture
def model(trained, monkeypatch):
    monkeypatch.setattr(module, "LEAST_TOKENS", 1000)
    return WindowClassifier.from_bytes(trained.to_bytes()).model


def paths(model):
    chunks = [*Tagger(model).chunks(TOKENS)]
    return np.concatenate([chunk.path for chunk in chunks]), chunks


def test_tags_are_those_of_the_whole_network(model):
    expected, _ = paths(model)
    tables = {name: table.value.copy() for name, table in model.network.tables.items()}
    model.first_pass = train_first_pass(model, TOKENS, NONE)
    found, chunks = paths(model)
    scored = sum(len(chunk._scored.tokens) for chunk in chunks)
    outside = model.labels.index("O")
    assert np.count_nonzero(expected != outside) <= scored < 0.8 * len(expected)
    np.testing.assert_array_equal(found, expected)
    assert all(isinstance(table, FixedTable) for table in model.first_pass.tables.values())
    for name, table in model.network.tables.items():
        np.testing.assert_array_equal(table.value, tables[name])


def test_words_that_look_otherwise_than_names_are_the_first_to_be_settled(model):
    model.first_pass = train_first_pass(model, TOKENS, NONE)
    [chunk] = Tagger(model).lookup([["Ada", "lives", "in", "Oslo", "."]])
    in_span, outside = Tagger(model).first_scores(chunk).T
    assert (outside > in_span).tolist() == [False, True, True, False, True]


def test_probabilities_of_all_tags_need_the_whole_network(model):
    expected = [*Tagger(model).probabilities(TOKENS[:50])]
    model.first_pass = train_first_pass(model, TOKENS, NONE)
    for found, other in zip(Tagger(model).probabilities(TOKENS[:50]), expected, strict=True):
        np.testing.assert_array_equal(found, other)


def test_the_threshold_allows_a_share_of_errors():
    lead = np.arange(100.0)
    in_span = np.isin(lead, [98, 90, 50])
    thresholds = [module._threshold(lead, in_span, lost) for lost in (0, 0.01, 0.02, 0.03)]
    assert thresholds == [98, 90, 50, 0]


def test_a_dev_text_raises_the_threshold(model):
    """Its only sentence has names that look like no name of the training text."""
    before = train_first_pass(model, TOKENS, NONE).biases[-1].value
    rare = tiny.parse("[PER xqx] in [LOC qxq]")
    model.network.biases[-1].value[model.labels.index("S-PER")] += 1e3  # all are found in a span
    after = train_first_pass(model, TOKENS, NONE, [rare])
    assert after is None or after.biases[-1].value[0] > before[0]


def test_a_short_text_has_none(trained):
    assert trained.model.first_pass is None
    assert train_first_pass(trained.model, TOKENS[:50], NONE[:50]) is None


def test_labels_that_are_no_spans_have_none(monkeypatch):
    monkeypatch.setattr(module, "LEAST_TOKENS", 10)
    plain = WindowClassifier(**tiny.QUICK).fit(
        [Sentence(tokens, ["X"] * len(tokens)) for tokens in TOKENS[:40]],
        vectors="random",
        scheme="plain",
        threads=1,
    )
    assert plain.model.first_pass is None


def test_fit_trains_it_and_it_is_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LEAST_TOKENS", 1000)
    monkeypatch.setattr(module, "EPOCHS", 1)
    monkeypatch.setattr(module, "LEAST_SETTLED", 0)
    classifiers = [
        WindowClassifier(**tiny.QUICK).fit(SENTENCES[:400], vectors="random", threads=threads)
        for threads in (1, 2)
    ]
    one, two = (each.model.first_pass.parameters() for each in classifiers)
    for name, parameter in one.items():
        assert parameter.shape == two[name].shape
        if not name.startswith("L_"):
            np.testing.assert_array_equal(parameter.value, two[name].value)
    classifier = classifiers[0]
    for compress in (False, True):
        classifier.save(tmp_path / str(compress), compress=compress)
        loaded = WindowClassifier.load(tmp_path / str(compress))
        own = classifier.model.first_pass.parameters()
        for name, parameter in loaded.model.first_pass.parameters().items():
            if name.startswith("L_"):
                assert parameter is loaded.model.network.tables[name.removeprefix("L_")]
            else:
                np.testing.assert_allclose(parameter.value, own[name].value, rtol=1e-3, atol=1e-4)
        again = tmp_path / "again"
        loaded.save(again)
        assert (again / "model.json").read_bytes() == (
            tmp_path / str(compress) / "model.json"
        ).read_bytes()


@pytest.mark.parametrize("name", ["W1", "b1", "U", "W_s", "b_u"])
def test_one_that_does_not_fit_is_damaged(model, tmp_path, name):
    model.first_pass = train_first_pass(model, TOKENS, NONE)
    parameter = model.first_pass.parameters()[name]
    parameter.value = parameter.value[..., :-1]
    WindowClassifier._of(model).save(tmp_path / "m")
    with pytest.raises(ModelError, match="parameter first_pass") as refusal:
        WindowClassifier.load(tmp_path / "m")
    assert "\n" not in str(refusal.value)
