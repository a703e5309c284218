"""Training without a dev text: what other networks find in sentences that are kept from them."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from networks import CORPUS, DEV, SMALL, TRAIN, make_vectors, parameter_bytes
from windowclf import Corpus, WindowClassifier
from windowclf.config.config import make_config
from windowclf.corpora.coerce import TrainingText
from windowclf.corpora.corpus import CorpusPart
from windowclf.documents.sentence import Sentence
from windowclf.errors import TrainingError
from windowclf.evaluation.evaluate import evaluate
from windowclf.evaluation.evaluate import gold_tags as gold_of
from windowclf.model.bundle import pack_model
from windowclf.model.calibration import Calibration
from windowclf.model.record import Epoch, without_times
from windowclf.system.processes import can_fork
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme
from windowclf.training import cross_validation
from windowclf.training.checkpoints import Checkpoints, Stopped
from windowclf.training.cross_validation import (
    Folds,
    Material,
    fit_with_folds,
    measured_epochs,
)
from windowclf.training.data import Resources, prepare
from windowclf.training.fit import TrainingRun, fit
from windowclf.training.loop import BatchDone, NetworkBegins

FOLDED = SMALL | {"folds": 2, "epochs": 2, "batch_size": 8}
needs_fork = pytest.mark.skipif(not can_fork(), reason="nothing is copied here")


def material(sentences=TRAIN, resources=None, parts=(), **settings):
    vectors = make_vectors({token.lower(): None for each in CORPUS for token in each.tokens})
    text = TrainingText("tiny", list(sentences), [], Scheme.IOB2, parts=parts)
    return Material(text, vectors, make_config(FOLDED | settings), resources or Resources())


def train(given, threads=1, listener=None, checkpoints=None):
    model, data = prepare(*given)
    fit_with_folds(model, data, given, TrainingRun(listener, threads, checkpoints))
    return model


def packed(model):
    return pack_model(replace(model, record=without_times(model.record)))


@needs_fork
@pytest.mark.parametrize("settings", [{"folds": 5}, {"level": "sentence", "teachers": 1}])
def test_the_same_model_with_any_number_of_processes(settings):
    one, two, three = (train(material(**settings), threads) for threads in (1, 2, 4))
    assert packed(one) == packed(two) == packed(three)
    if settings == {"folds": 5}:
        assert one.calibration != Calibration()


def test_the_network_is_the_one_without_folds():
    folded, plain = train(material()), train(material(folds=0))
    assert parameter_bytes(folded) == parameter_bytes(plain)
    assert not plain.record.expected
    assert plain.calibration == Calibration()


def test_the_counts_are_those_of_networks_that_never_saw_the_sentences():
    given = material(folds=5, epochs=3)
    folds = Folds(given, TrainingRun())
    counts = np.zeros((2, 3), int)
    for fold in range(5):
        held_out = [s for s, part in zip(TRAIN, folds.partition.parts, strict=True) if part == fold]
        rest = [s for s in TRAIN if s not in held_out]
        seed = int(np.random.SeedSequence((1, fold, 5)).generate_state(1)[0])
        settings = structs.replace(given.config, seed=seed)
        model, data = prepare(TrainingText("", rest, [], Scheme.IOB2), given.vectors, settings)
        fit(model, data)
        scores = evaluate(Tagger(model), held_out, gold_of(model, held_out, Scheme.IOB2))
        for row, label in enumerate(("LOC", "PER")):
            if found := scores.types.get(label):
                counts[row] += (found.correct, found.predicted, found.gold)
    expected = train(given).record.expected
    assert {k: (v.correct, v.predicted, v.gold) for k, v in expected.labels.items()} == {
        "LOC": tuple(counts[0]),
        "PER": tuple(counts[1]),
    }
    correct, predicted, gold = counts.sum(axis=0)
    assert expected.f1 == pytest.approx(2 * correct / (predicted + gold))
    assert (expected.folds, expected.sentences) == (5, len(TRAIN))
    assert expected.low < expected.f1 < expected.high


def test_what_a_document_repeats_of_another_is_not_scored():
    text = [replace(each, document=i // 4) for i, each in enumerate(TRAIN[:40])]
    text[20] = replace(text[0], document=text[20].document)
    assert train(material(text, folds=5)).record.expected.sentences == 38


def test_labels_that_a_corpus_lacks_are_not_counted_against_it():
    parts = (CorpusPart("a", "a", 30), CorpusPart("b", "b", len(TRAIN) - 30, lacks=("PER",)))
    text = TRAIN[:30] + [
        replace(each, tags=[t if t.endswith("LOC") else "O" for t in each.tags])
        for each in TRAIN[30:]
    ]
    given = material(text, parts=parts, folds=5, epochs=4)
    people = train(given).record.expected.labels["PER"]
    gold = sum(each.tags.count("B-PER") for each in text[:30])
    assert people.gold == gold
    assert people.predicted < 1.5 * gold
    strict = given._replace(text=given.text._replace(parts=()))
    assert train(strict).record.expected.labels["PER"].predicted != people.predicted


def test_an_earlier_epoch_is_the_end_if_it_is_better(monkeypatch):
    monkeypatch.setattr(cross_validation, "choose_epoch", lambda counts: 0)
    after = {}

    def listen(event):
        if isinstance(event, Epoch):
            after.setdefault(event.epoch, parameter_bytes(model))

    given = material()
    model, data = prepare(*given)
    fit_with_folds(model, data, given, TrainingRun(listen, 1))
    assert parameter_bytes(model) == after[1] != after[2]
    assert (model.record.best_epoch, [e.best for e in model.record.epochs]) == (1, [True, False])


def test_measured_epochs():
    assert measured_epochs(1) == [1]
    assert measured_epochs(7) == [*range(1, 8)]
    assert measured_epochs(40) == [*range(4, 41, 4)]
    assert len(measured_epochs(33)) == 10
    assert measured_epochs(33)[-1] == 33


def test_what_the_listener_hears():
    for threads in (1, 2):
        events = []
        train(material(), threads, events.append)
        names = [event.name for event in events if isinstance(event, NetworkBegins)]
        assert names == ["fold 1 of 2", "fold 2 of 2"]
        assert [event.epoch for event in events if isinstance(event, Epoch)] == [1, 2]
    last = next(i for i, event in enumerate(events) if isinstance(event, NetworkBegins))
    assert all(isinstance(event, BatchDone | Epoch) for event in events[:last])


@needs_fork
def test_a_process_that_is_killed(monkeypatch):
    monkeypatch.setattr(Folds, "train", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    given = material()
    model, data = prepare(*given)
    with pytest.raises(TrainingError, match=r"cross-validation was ended by SIGKILL.*`folds=0`"):
        fit_with_folds(model, data, given, TrainingRun(threads=2))
    assert model.record.best_epoch == 2


@pytest.mark.parametrize("stop", ["network", "fold"])
def test_a_training_that_is_stopped_ends_as_one_that_never_was(tmp_path, stop):
    checkpoints = Checkpoints(tmp_path / "c", every=0)

    def listen(event):
        if stop == "network" and isinstance(event, BatchDone) and event.epoch == 2:
            checkpoints.stop()
        if stop == "fold" and isinstance(event, NetworkBegins):
            raise KeyboardInterrupt

    with pytest.raises(Stopped if stop == "network" else KeyboardInterrupt):
        train(material(), 1, listen, checkpoints)
    again = train(material(), 1, None, Checkpoints(tmp_path / "c", resume=True))
    assert packed(again) == packed(train(material()))


@pytest.mark.parametrize(
    "sentences",
    [TRAIN[:4], [TRAIN[0]] * 30, [Sentence(["no", str(i)], ["O", "O"]) for i in range(20)]],
    ids=["few", "the same", "no label"],
)
def test_what_cannot_be_cut_is_trained_on_without_folds(sentences):
    model = train(material(sentences))
    assert model.record.best_epoch == 2
    assert not model.record.expected


class TestClassifier:
    SETTINGS = {name: value for name, value in SMALL.items() if name != "folds"} | {"epochs": 1}

    def fit(self, text, dev=(), **settings):
        classifier = WindowClassifier(**self.SETTINGS | settings)
        return classifier.fit(text, dev, vectors="random", threads=1)

    def test_a_dev_text_leaves_the_folds_out(self):
        for settings in ({}, {"folds": 5}):
            model = self.fit(TRAIN, DEV, **settings).model
            assert not model.record.expected
            assert model.record.best_f1 is not None

    def test_the_number_of_folds_follows_from_the_size(self):
        found = self.fit(TRAIN)
        assert (found.config.folds, found.model.record.expected.folds) == (3, 3)
        assert found.model.record.chosen["folds"] == 3
        assert not self.fit(TRAIN, folds=0).model.record.expected
        assert self.fit(TRAIN[:9]).config.folds == 0

    def test_a_model_that_is_saved_keeps_what_to_expect(self, tmp_path):
        found = self.fit(Corpus("c", {"train": TRAIN}, Scheme.IOB2, Scheme.IOB2), folds=1)
        found.save(tmp_path)
        again = WindowClassifier.load(tmp_path).model
        assert again.record.expected == found.model.record.expected
        assert again.record.expected.describe().endswith(
            "from cross-validation with 1 network on the training sentences"
        )
