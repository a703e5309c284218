"""Networks that teach another one."""

import numpy as np
import pytest

from networks import DEV, TRAIN, parameter_bytes, prepare_small, tagger_scores
from windowclf.config.config import make_config
from windowclf.errors import UsageError
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme
from windowclf.training import fit as fit_module
from windowclf.training.fit import fit
from windowclf.training.teachers import teach
from windowclf.training.train_network import learn

SENTENCE = {"level": "sentence", "epochs": 2}


@pytest.mark.parametrize(
    "settings", [SENTENCE, {"epochs": 2}, SENTENCE | {"case_augmentation": 0.1}]
)
def test_what_is_taught_is_the_mean_of_the_teachers(monkeypatch, settings):
    seen = {}

    def spy(model, texts, *rest):
        seen["texts"] = texts
        seen["taught"] = teach(model, texts, *rest)
        return seen["taught"]

    teachers = []

    def remember(model, *rest):
        learn(model, *rest)
        teachers.append(model)

    monkeypatch.setattr(fit_module, "teach", spy)
    monkeypatch.setattr("windowclf.training.teachers.learn", remember)
    model = prepare_small(TRAIN, **settings, teachers=2)
    before = parameter_bytes(model)
    said = []
    fit(model, TRAIN, DEV, scheme=Scheme.IOB2, begin=said.append)
    assert said == ["teacher 1 of 2", "teacher 2 of 2", "the network they teach"]
    texts = seen["texts"]
    scores = [tagger_scores(Tagger(t), texts.tokens, texts.documents) for t in teachers]
    np.testing.assert_allclose(seen["taught"], np.mean(scores, axis=0), atol=1e-5)
    assert not np.allclose(scores[0], scores[1])
    assert {t.config.seed for t in teachers}.isdisjoint({model.config.seed})
    assert all(t.config.teachers == 0 for t in teachers)
    # they trained copies of the tables
    assert before.keys() == parameter_bytes(model).keys()
    fresh = prepare_small(TRAIN, **settings, teachers=2)
    assert before == parameter_bytes(fresh)


def test_one_that_is_taught_learns_the_task():
    model = prepare_small(TRAIN, level="sentence", epochs=30, teachers=2)
    fit(model, TRAIN, DEV, scheme=Scheme.IOB2)
    assert model.record.epochs[-1].f1 > 0.9
    assert len(model.record.epochs) <= 30  # its own
    assert model.record.seconds > sum(epoch.seconds for epoch in model.record.epochs)


@pytest.mark.parametrize("loss", ["max-margin", "squared-error"])
def test_teachers_teach_softmax(loss):
    with pytest.raises(UsageError, match="--teachers needs --loss softmax"):
        make_config({"teachers": 1, "loss": loss})
