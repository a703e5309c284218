"""What a training leaves behind: the record of each epoch."""

import msgspec
import numpy as np
import pytest

from networks import BATCHES, DEV, TRAIN, prepare_small, prepare_training, train_small
from windowclf.config.config import make_config
from windowclf.model.encoding import encode
from windowclf.model.record import TrainingRecord
from windowclf.tags.schemes import Scheme, convert
from windowclf.training.data import make_labels
from windowclf.training.fit import fit


def test_how_far_the_vectors_moved():
    first = prepare_small(TRAIN).network.tables["word"].value
    model = train_small(TRAIN, word_dropout=0)
    words = {token.lower() for s in TRAIN for token in s.tokens}
    rows = sorted({int(model.lexicon.ids([word])[0, 0]) for word in words})
    shares = [
        np.linalg.norm(model.network.tables["word"].value[row] - first[row])
        / np.linalg.norm(first[row])
        for row in rows
    ]
    assert model.record.vectors_moved == pytest.approx(np.mean(shares), rel=1e-4)


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_the_rate_of_each_epoch(schedule):
    model = train_small(TRAIN, schedule=schedule, rate=0.01)
    steps = 4 * BATCHES
    for epoch in model.record.epochs:
        done = (epoch.epoch * BATCHES - 1) / steps
        left = {"constant": 1, "linear": 1 - done, "cosine": (1 + np.cos(np.pi * done)) / 2}
        assert epoch.rate == pytest.approx(0.01 * left[schedule])


def test_each_epoch_records_sensitivities_and_gradient_norms():
    settings = {"hidden": [8, 6], "dropout": 0, "hidden_dropout": 0, "word_dropout": 0}
    model = train_small(TRAIN, **settings, epochs=3, batch_size=1000)
    names = list(model.network.parameters())
    assert names == [
        *["L_word", "L_shape", "L_written", "L_suffix2"],
        *["W1", "b1", "W2", "b2", "U", "b_u"],
    ]
    for epoch in model.record.epochs:
        assert list(epoch.sensitivities) == ["delta1", "delta2", "delta_s"]
        assert list(epoch.gradients) == names
        assert min(*epoch.sensitivities.values(), *epoch.gradients.values()) > 0

    # The first epoch was one batch: the same numbers from the untrained network.
    fresh = prepare_small(TRAIN, **settings)
    tags = [convert(s.tags, Scheme.IOB2, Scheme.IOBES) for s in TRAIN]
    encoded = encode([s.tokens for s in TRAIN], fresh.lexicon, tags, fresh.labels)
    batch = encoded.batch(np.arange(len(TRAIN)), fresh.config.window)
    s, backward = fresh.network.forward(batch)
    loss, ds = fresh.objective.loss(s, batch.tags(), batch.lengths)
    norms = backward(ds)
    first = model.record.epochs[0]
    assert first.loss == pytest.approx(loss, rel=1e-5)
    assert list(first.sensitivities.values()) == pytest.approx(norms, rel=1e-4)
    for name, parameter in fresh.network.parameters().items():
        assert first.gradients[name] == pytest.approx(np.linalg.norm(parameter.grad), rel=1e-4)


def test_sensitivities_and_gradients_are_means_over_the_batches():
    still = {"optimizer": "sgd", "rate": 1e-30, "epochs": 1}
    none_dropped = {"dropout": 0, "hidden_dropout": 0, "word_dropout": 0}
    one, four = (
        train_small([TRAIN[0]] * 8, **still, **none_dropped, batch_size=size).record.epochs[0]
        for size in (8, 2)
    )
    assert four.loss == pytest.approx(one.loss, rel=1e-5)
    assert four.gradients == pytest.approx(one.gradients, rel=1e-5)
    # ‖δ‖ of a mean over N tokens falls with √N
    assert four.sensitivities == pytest.approx({k: 2 * v for k, v in one.sensitivities.items()})


def test_the_record_survives_json():
    model, data = prepare_training(TRAIN, DEV)
    fit(model, data, vectors="given")
    record = model.record
    assert (record.data, record.vectors) == ("tiny", "given")
    assert record.sentences == {"train": len(TRAIN), "dev": len(DEV)}
    assert record.tokens["dev"] == sum(map(len, DEV))
    assert {"windowclf", "numpy", "python"} <= set(record.versions)
    assert msgspec.json.decode(msgspec.json.encode(record), type=TrainingRecord) == record


def test_labels():
    word = make_config({})
    tags = [["O", "B-PER", "I-PER"], ["B-LOC"]]
    assert make_labels(tags, Scheme.IOB2, word) == ["O"] + [
        f"{prefix}-{label}" for label in ("LOC", "PER") for prefix in "BIES"
    ]
    assert make_labels([["VB", "O"], ["NN"]], Scheme.PLAIN, word) == ["O", "NN", "VB"]
    assert make_labels([["VB"], ["NN"]], Scheme.PLAIN, word) == ["NN", "VB"]
    assert make_labels([["O"]], Scheme.IOB2, word) == ["O"]
