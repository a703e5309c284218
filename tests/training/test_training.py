from dataclasses import replace

import numpy as np
import pytest

from networks import (
    BATCHES,
    DEV,
    TRAIN,
    parameter_bytes,
    prepare_small,
    prepare_training,
    train_small,
)
from windowclf.corpora.coerce import TrainingText
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, TrainingError
from windowclf.evaluation import evaluate as evaluation
from windowclf.evaluation.metrics import score
from windowclf.model.record import Epoch
from windowclf.tagging.tagger import Tagger
from windowclf.tags.counts import Counts
from windowclf.tags.schemes import Scheme, convert
from windowclf.training.data import prepare
from windowclf.training.fit import TrainingRun, fit
from windowclf.training.loop import BatchDone


def swapped(corpus):
    """PER for LOC and the other way round: the more a model learns, the worse it scores here."""
    other = {"PER": "LOC", "LOC": "PER"}
    return [
        replace(s, tags=[tag[:-3] + other.get(tag[-3:], tag[-3:]) for tag in s.tags])
        for s in corpus
    ]


def dev_f1(model, dev):
    gold = [convert(s.tags, Scheme.IOB2, Scheme.IOBES) for s in dev]
    predicted = [found.tags for found in Tagger(model).predict([s.tokens for s in dev])]
    return score(gold, predicted, Scheme.IOBES).total.f1


class Listener:
    """Keeps what it hears, and the parameters after each epoch; raises in a chosen place."""

    def __init__(self, model, stop=None):
        self.model, self.stop = model, stop
        self.events, self.after = [], {0: parameter_bytes(model)}

    def __call__(self, event):
        self.events.append(event)
        if isinstance(event, Epoch):
            self.after[event.epoch] = parameter_bytes(self.model)
        if self.stop and self.stop(event):
            raise KeyboardInterrupt


def watched(dev=DEV, stop=None, **settings):
    model, data = prepare_training(TRAIN, dev, **settings)
    listener = Listener(model, stop)
    try:
        fit(model, data, TrainingRun(listener))
    except KeyboardInterrupt:
        assert stop
    else:
        assert not stop
    return model, listener


@pytest.fixture
def scripted(monkeypatch):
    """Make the dev F1 of each epoch what the test says."""

    evaluate = evaluation.evaluate

    def script(*percents):
        left = iter(percents)

        def fake(*arguments, **named):
            right = evaluate(*arguments, **named)
            return replace(right, total=Counts(gold=100, predicted=100, correct=next(left)))

        monkeypatch.setattr(evaluation, "evaluate", fake)

    return script


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"loss": "max-margin"},
        {"loss": "squared-error"},
        {"optimizer": "sgd", "rate": 0.5, "activation": "tanh"},
        {"optimizer": "sgd", "rate": 0.2, "momentum": 0.8, "loss": "max-margin"},
        {"optimizer": "adagrad", "rate": 0.1, "hidden": [8, 6], "schedule": "cosine", "epochs": 20},
        {"activation": "hard-tanh", "freeze_vectors": True, "features": []},
    ],
    ids=["adam", "margin", "squared", "sgd", "momentum", "adagrad", "frozen"],
)
def test_the_loss_falls(settings):
    model = train_small(TRAIN, **{"epochs": 8, "loss": "softmax"} | settings)
    losses = [epoch.loss for epoch in model.record.epochs]
    assert losses[-1] < losses[0] / 2


def test_a_trained_model_tags_the_dev_text():
    assert dev_f1(train_small(TRAIN, DEV, epochs=8), DEV) > 0.9


def test_plain_labels():
    corpus = [Sentence(["a", "1", "b"], ["X", "NUM", "X"]), Sentence(["2"], ["NUM"])] * 8
    model = train_small(corpus, corpus, scheme=Scheme.PLAIN, epochs=6)
    assert model.labels == ["NUM", "X"]
    assert model.record.epochs[model.record.best_epoch - 1].f1 == 1
    assert [found.tags for found in Tagger(model).predict([["7", "b"]])] == [["NUM", "X"]]


def test_the_same_seed_gives_the_same_bytes():
    first, again = train_small(TRAIN, DEV, seed=3), train_small(TRAIN, DEV, seed=3)
    assert parameter_bytes(first) == parameter_bytes(again)


def test_another_seed_gives_another_model():
    first, other = (parameter_bytes(train_small(TRAIN, DEV, seed=seed)) for seed in (3, 4))
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first)


def test_frozen_vectors_stay_and_others_move():
    before = parameter_bytes(prepare_small(TRAIN))
    frozen, free = train_small(TRAIN, freeze_vectors=True), train_small(TRAIN)
    assert parameter_bytes(frozen)["L_word"] == before["L_word"]
    assert frozen.record.vectors_moved == 0
    assert parameter_bytes(free)["L_word"] != before["L_word"]
    assert all(parameter_bytes(frozen)[name] != before[name] for name in before if name != "L_word")


def test_the_model_ends_with_its_best_epoch():
    dev = swapped(DEV)
    model, listener = watched(dev, epochs=8, patience=8, rate=0.01)
    f1s = [epoch.f1 for epoch in model.record.epochs]
    best = model.record.best_epoch
    assert f1s[best - 1] == max(f1s)
    assert f1s[best - 1] > f1s[-1]  # or this test would see nothing
    assert dev_f1(model, dev) == f1s[best - 1]
    assert parameter_bytes(model) == listener.after[best] != listener.after[len(f1s)]


def test_of_equal_epochs_the_first_is_kept(scripted):
    scripted(20, 50, 50, 40, 50)
    model, listener = watched(epochs=5)
    assert model.record.best_epoch == 2
    assert [epoch.best for epoch in model.record.epochs] == [True, True, False, False, False]
    assert parameter_bytes(model) == listener.after[2]


@pytest.mark.parametrize(("patience", "epochs"), [(1, 3), (2, 4), (3, 8), (5, 8)])
def test_patience_ends_training_early(scripted, patience, epochs):
    scripted(20, 50, 50, 40, 60, 10, 10, 10)
    model, listener = watched(epochs=8, patience=patience)
    assert len(model.record.epochs) == epochs
    assert model.record.best_epoch == (2 if epochs < 5 else 5)
    assert sum(isinstance(event, BatchDone) for event in listener.events) == epochs * BATCHES


def test_an_f1_of_zero_is_still_a_best_epoch(scripted):
    scripted(0, 0, 0)
    assert watched(epochs=3)[0].record.best_epoch == 1


def test_without_a_dev_text_the_last_epoch_is_kept():
    model, listener = watched(dev=(), epochs=3, patience=1)
    assert model.record.best_epoch == 3
    assert parameter_bytes(model) == listener.after[3]
    assert {(e.precision, e.recall, e.f1) for e in model.record.epochs} == {(None, None, None)}


def test_a_loss_that_is_not_finite_names_epoch_and_batch(monkeypatch):
    model, data = prepare_training(TRAIN, DEV, epochs=3)
    right, calls = model.objective.loss, []

    def loss(*arguments):
        calls.append(arguments)
        value, ds = right(*arguments)
        return (np.nan if len(calls) == BATCHES + 3 else value), ds

    monkeypatch.setattr(model.objective, "loss", loss)
    listener = Listener(model)
    with pytest.raises(TrainingError, match=r"nan at epoch 2, batch 3: try a learning rate under"):
        fit(model, data, TrainingRun(listener))
    assert parameter_bytes(model) == listener.after[1]
    assert len(model.record.epochs) == model.record.best_epoch == 1


def test_a_rate_that_diverges():
    model, data = prepare_training(TRAIN, DEV, optimizer="sgd", rate=1e6, activation="relu")
    before = parameter_bytes(model)
    with pytest.raises(
        TrainingError, match=r"epoch 1, batch \d+: try a learning rate under (1|9\.\d)e\+0[56]"
    ):
        fit(model, data)
    assert parameter_bytes(model) == before
    assert model.record is None


@pytest.mark.parametrize(
    ("stop", "done"),
    [
        (lambda event: isinstance(event, BatchDone) and event.epoch == 4 and event.batch == 2, 3),
        (lambda event: isinstance(event, Epoch) and event.epoch == 4, 4),
    ],
    ids=["batch", "epoch"],
)
def test_an_interrupt_leaves_the_best_epoch(scripted, stop, done):
    scripted(20, 60, 50, 40)
    model, listener = watched(stop=stop)
    assert len(model.record.epochs) == done
    assert model.record.best_epoch == 2
    assert parameter_bytes(model) == listener.after[2]


def test_an_interrupt_in_the_first_epoch_leaves_the_model_untrained():
    model, listener = watched(stop=lambda event: event.batch == 3)
    assert model.record is None
    assert parameter_bytes(model) == listener.after[0]


def test_the_listener_hears_of_each_batch_and_epoch():
    model, listener = watched(epochs=2)
    batches = [event for event in listener.events if isinstance(event, BatchDone)]
    assert [(b.epoch, b.batch) for b in batches] == [
        (epoch, batch) for epoch in (1, 2) for batch in range(1, BATCHES + 1)
    ]
    assert {b.batches for b in batches} == {BATCHES}
    for epoch in model.record.epochs:
        own = [b for b in batches if b.epoch == epoch.epoch]
        tokens = sum(b.tokens for b in own)
        assert tokens == sum(map(len, TRAIN)) == model.record.tokens["train"]
        assert epoch.loss == pytest.approx(sum(b.loss * b.tokens for b in own) / tokens)
        assert epoch.tokens_per_second == pytest.approx(tokens / epoch.seconds)
    assert [event for event in listener.events if isinstance(event, Epoch)] == model.record.epochs


@pytest.mark.parametrize("corpus", [[], [Sentence([], [])]])
def test_nothing_to_learn_from(corpus):
    with pytest.raises(DataError, match="no sentence"):
        prepare(TrainingText("", corpus, [], Scheme.IOB2), None, None)
