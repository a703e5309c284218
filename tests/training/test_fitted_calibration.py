"""A dev text corrects the confidences of the model that was trained."""

from dataclasses import replace

import numpy as np
import pytest

import windowclf
from model_folders import assert_same
from networks import CORPUS, SMALL, TRAIN, train_small
from windowclf import WindowClassifier
from windowclf.evaluation.evaluate import confidences
from windowclf.model.calibration import Calibration, fit_calibration
from windowclf.model.record import Epoch
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme

# A third of the dev text says otherwise than the training text, so that some spans are wrong.
DEV = [
    s if i % 3 else replace(s, tags=[tag.replace("LOC", "MISC") for tag in s.tags])
    for i, s in enumerate(CORPUS * 2)
]
KINDS = [
    {"level": "word", "loss": "softmax"},
    {"level": "sentence", "loss": "softmax"},
    {"level": "word", "loss": "ranking", "positive": "LOC"},
]
FIXED = {"constrained": False, "sentence_mean": False, "case_augmentation": 0.0}


def train(settings, dev, **more):
    return train_small(TRAIN, dev, **FIXED | settings | more)


def without_calibration(model):
    return replace(model, calibration=Calibration())


def dev_confidences(model):
    gold = [model.gold_tags(sentence.tags, Scheme.IOB2) for sentence in DEV]
    return confidences(Tagger(model), DEV, gold)


@pytest.mark.parametrize("settings", KINDS, ids=str)
def test_the_dev_text_corrects_the_confidences(settings):
    model = train(settings, DEV)
    raw, right = dev_confidences(without_calibration(model))
    assert 10 < right.sum() < len(right) - 10
    assert model.calibration == fit_calibration(raw, right)
    assert model.calibration != Calibration()


@pytest.mark.parametrize("settings", KINDS, ids=str)
def test_the_order_of_the_confidences_stays(settings):
    model = train(settings, DEV)
    raw, _ = dev_confidences(without_calibration(model))
    corrected, _ = dev_confidences(model)
    order = np.argsort(raw, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()
    assert len(np.unique(corrected)) > 5
    assert np.abs(corrected - raw).max() > 0.01


@pytest.mark.parametrize("settings", KINDS[:2], ids=str)
def test_without_a_dev_text_nothing_is_corrected(settings):
    assert train(settings, ()).calibration == Calibration()


def test_it_is_that_of_the_best_epoch():
    def stop(event):
        if isinstance(event, Epoch) and event.epoch == 3:
            raise KeyboardInterrupt

    classifier = WindowClassifier(**SMALL | FIXED | KINDS[0] | {"epochs": 9})
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(TRAIN, DEV, vectors="random", listener=stop)
    model = classifier.model
    assert model.calibration == fit_calibration(*dev_confidences(without_calibration(model)))
    assert model.calibration != Calibration()


def test_a_folder_keeps_it(tmp_path):
    classifier = WindowClassifier(**SMALL | FIXED | KINDS[1])
    classifier.fit(TRAIN, DEV, vectors="random").save(tmp_path)
    again = windowclf.load(tmp_path)
    assert again.model.calibration == classifier.model.calibration != Calibration()
    assert_same(classifier, again)
    for given, got in zip(
        dev_confidences(classifier.model), dev_confidences(again.model), strict=True
    ):
        np.testing.assert_array_equal(given, got)
