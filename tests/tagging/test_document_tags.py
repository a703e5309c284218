"""A classifier that tags a name by what another sentence of its document says."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from model_folders import assert_same, change_manifest, refusal
from networks import make_vectors
from tiny import parse
from windowclf import WindowClassifier, load, load_corpus
from windowclf.cli import main
from windowclf.config.config import make_config
from windowclf.documents.formats.conll import write_conll
from windowclf.errors import UsageError
from windowclf.model.bundle import save_model

# Each name is a person in one document and a place in another: only one sentence shows which.
NAMES = ("Rune", "Vale", "Linden", "Sterling", "Marlow", "Arden")
UNSEEN = ("Quill", "Brandt")
TELLING = {
    "PER": ("doctor [PER {}] laughed .", "singer [PER {}] laughed ."),
    "LOC": ("near [LOC {}] it rained .", "in [LOC {}] it rained ."),
}
UNTOLD = ("we know [{label} {name}] .", "they forgot [{label} {name}] .")
SETTINGS = {
    "level": "word",
    "constrained": False,
    "sentence_mean": False,
    "case_augmentation": 0.0,
    "features": (),
    "window": 3,
    "hidden": 8,
    "dropout": 0.0,
    "hidden_dropout": 0.0,
    "word_dropout": 0.1,
    "batch_size": 4,
    "epochs": 12,
    "rate": 0.02,
}


def documents(names):
    """A document for each name and type: one of its two sentences shows the type."""
    found = []
    for n, (name, label) in enumerate(product(names, TELLING)):
        for m, (telling, untold) in enumerate(product(TELLING[label], UNTOLD)):
            pair = [telling.format(name), untold.format(label=label, name=name)]
            found.append([parse(marked) for marked in pair[:: 1 if (n + m) % 2 else -1]])
    return found


def corpus(names):
    return [
        replace(sentence, document=number)
        for number, document in enumerate(documents(names), 1)
        for sentence in document
    ]


def without_documents(sentences):
    return [replace(sentence, document=None) for sentence in sentences]


TRAIN, DEV = corpus(NAMES), corpus(UNSEEN)
WORDS = dict.fromkeys(word.lower() for s in TRAIN for word in s.tokens)


def train(sentences=TRAIN, dev=DEV, **settings):
    classifier = WindowClassifier(**SETTINGS | settings)
    return classifier.fit(sentences, dev, vectors=make_vectors(WORDS), scheme="iob2")


@pytest.fixture(scope="module")
def heeding():
    return train()


def text_of(sentences):
    found = [" ".join(sentence.tokens).replace(" .", ".") for sentence in sentences]
    return " ".join(text[0].upper() + text[1:] for text in found)


def found_in(classifier, text):
    return [(entity.text, entity.label) for entity in classifier.tag(text)]


def labels(classifier, sentences, numbers=None):
    """The label that `predict` finds for the name in each sentence."""
    tags = classifier.predict([s.tokens for s in sentences], documents=numbers)
    return [tag.removeprefix("B-") for found in tags for tag in found if tag != "O"]


def test_a_text_tells_what_a_name_in_it_is(heeding):
    for document in documents(UNSEEN):
        (name,) = {token for s in document for token in s.tokens if token in UNSEEN}
        (label,) = {tag[2:] for s in document for tag in s.tags if tag != "O"}
        assert found_in(heeding, text_of(document)) == [(name, label)] * 2


@pytest.mark.parametrize("telling_first", [True, False])
def test_another_text_tells_nothing(heeding, telling_first):
    for name in UNSEEN:
        untold = f"We know {name}."
        alone = found_in(heeding, untold)
        for telling in ("Doctor {} laughed.", "Near {} it rained."):
            texts = [telling.format(name), untold][:: 1 if telling_first else -1]
            tagged = [[(e.text, e.label) for e in t.entities] for t in heeding.pipe(texts)]
            assert tagged[texts.index(untold)] == alone  # so it is wrong for one of the two
            (told,) = tagged[1 - texts.index(untold)]
            assert found_in(heeding, " ".join(texts)) == [told, told]


def test_predict_is_told_the_documents(heeding):
    gold = [tag[2:] for s in DEV for tag in s.tags if tag != "O"]
    assert labels(heeding, DEV, [s.document for s in DEV]) == gold
    assert labels(heeding, DEV, (f"text {s.document}" for s in DEV)) == gold
    alone = labels(heeding, DEV)
    assert alone != gold
    assert alone == labels(heeding, DEV, [None] * len(DEV)) == labels(heeding, DEV, range(len(DEV)))
    assert heeding.predict([], documents=[]) == []


def test_evaluate_and_fit_know_the_documents_of_sentences(heeding):
    assert heeding.evaluate(DEV).total.f1 == 1
    for alone in (without_documents(DEV), [(s.tokens, s.tags) for s in DEV]):
        assert heeding.evaluate(alone).total.f1 == 0.75  # half of what is untold
    record = heeding.model.record
    assert record.epochs[record.best_epoch - 1].f1 == 1
    unheeding = train(document_context=False)
    assert unheeding.evaluate(DEV).total.f1 <= 0.75
    assert unheeding.model.network.document_weight is None


@pytest.mark.parametrize(
    "settings", [{"level": "sentence"}, {"hidden": (8, 6)}, {"case_augmentation": 0.1}]
)
def test_other_networks_heed_as_well(settings):
    classifier = train(**settings, epochs=20)
    assert classifier.evaluate(DEV).total.f1 == 1
    assert classifier.evaluate(without_documents(DEV)).total.f1 <= 0.75


def test_a_corpus_on_the_disk_marks_its_documents(heeding, tmp_path, capsys):
    data = tmp_path / "data"
    data.mkdir()
    for split, sentences in {"train": TRAIN, "test": DEV}.items():
        with (data / f"{split}.txt").open("w", encoding="utf-8", newline="") as file:
            write_conll(sentences, file)
    splits = load_corpus(data).splits
    assert [splits["train"], splits["test"]] == [TRAIN, DEV]
    heeding.save(tmp_path / "model")
    capsys.readouterr()
    assert main(["evaluate", "--model", f"{tmp_path}/model", "--data", str(data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["f1"] == 1


def g(classifier):
    return classifier.model.network.document_weight.value


def test_without_documents_only_a_name_twice_in_a_sentence_moves_g(heeding):
    assert g(heeding).any()
    alone = without_documents(TRAIN)
    assert g(train(alone, (), epochs=2)).shape == g(heeding).shape
    assert not g(train(alone, (), epochs=2)).any()
    lower = [replace(s, tokens=[token.lower() for token in s.tokens]) for s in TRAIN]
    assert not g(train(lower, (), epochs=2)).any()  # words without capitals are not names
    twice = parse("[PER Rune] saw [PER Rune] .")
    assert g(train([*alone, twice], (), epochs=2)).any()
    once = [parse("[PER Rune] saw [PER Vale] ."), parse("they saw they .")]
    assert not g(train([*alone, *once], (), epochs=2)).any()


@pytest.mark.parametrize("compress", [False, True])
def test_a_saved_model_heeds_as_before(heeding, tmp_path, compress):
    save_model(heeding.model, tmp_path, compress=compress)
    found = load(tmp_path)
    if not compress:
        assert_same(heeding, found)
    assert found.config.document_context
    np.testing.assert_allclose(g(found), g(heeding), atol=0.01)
    numbers = [s.document for s in DEV]
    assert labels(found, DEV, numbers) == labels(heeding, DEV, numbers)
    assert found.evaluate(DEV).total.f1 == 1
    assert found.evaluate(without_documents(DEV)).total.f1 == 0.75
    texts = [*map(text_of, documents(UNSEEN))]
    assert [found_in(found, text) for text in texts] == [found_in(heeding, t) for t in texts]


def test_a_model_that_lacks_what_it_should_heed_by_is_refused(tmp_path):
    train(document_context=False, epochs=1).save(tmp_path)
    change_manifest(tmp_path, lambda facts: facts["config"].update(document_context=True))
    assert "damaged model" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("settings", "needed", "as_options"),
    [
        (
            {"batch_of": "words"},
            "`document_context=True` needs `batch_of='sentences'`",
            "--document-context needs --batch-of sentences",
        ),
        (
            {"loss": "ranking", "positive": "LOC"},
            "`document_context=True` needs whole sentences; `loss='ranking'` uses windows",
            "--document-context needs whole sentences; --loss ranking uses windows",
        ),
    ],
)
def test_single_words_have_no_document(settings, needed, as_options, capsys):
    assert make_config({}).document_context
    assert not make_config(settings).document_context
    with pytest.raises(UsageError) as caught:
        make_config(settings | {"document_context": True})
    assert needed in str(caught.value)
    assert "\n" not in str(caught.value)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    assert main(["train", "--data", "sample", "--output", "x", "--document-context", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert as_options in err
    assert len(err.splitlines()) == 1
    assert not make_config(settings | {"document_context": False}).document_context
