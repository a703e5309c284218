"""Networks that teach another one."""

import numpy as np
import pytest

from networks import DEV, TRAIN, parameter_bytes, prepare_small, prepare_training, tagger_scores
from windowclf.config.config import make_config
from windowclf.errors import UsageError
from windowclf.tagging.tagger import Tagger
from windowclf.training import fit as fit_module
from windowclf.training.fit import TrainingRun, fit
from windowclf.training.loop import NetworkBegins

SENTENCE = {"level": "sentence", "epochs": 2}


@pytest.mark.parametrize(
    "settings", [SENTENCE, {"epochs": 2}, SENTENCE | {"case_augmentation": 0.1}]
)
def test_what_is_taught_is_the_mean_of_the_teachers(monkeypatch, settings):
    train_network, trained = fit_module._train_network, []

    def spy(network, data, *rest):
        if network is model:
            assert network.network.tables["word"].value.tobytes() == before["L_word"]
        train_network(network, data, *rest)
        trained.append((network, data))

    monkeypatch.setattr(fit_module, "_train_network", spy)
    model, data = prepare_training(TRAIN, DEV, **settings, teachers=2)
    before = parameter_bytes(model)
    events = []
    fit(model, data, TrainingRun(events.append))
    names = [event.name for event in events if isinstance(event, NetworkBegins)]
    assert names == ["teacher 1 of 2", "teacher 2 of 2", "the network they teach"]
    assert [event for event in events[:1] if not isinstance(event, NetworkBegins)] == []
    *of_teachers, (pupil, taught) = trained
    assert pupil is model
    teachers = [teacher for teacher, _ in of_teachers]
    assert all(found is data for _, found in of_teachers)
    scores = [tagger_scores(Tagger(t), data.tokens, data.documents) for t in teachers]
    np.testing.assert_allclose(taught.train.gold, np.mean(scores, axis=0), atol=1e-5)
    assert not np.allclose(scores[0], scores[1])
    assert {t.config.seed for t in teachers}.isdisjoint({model.config.seed})
    assert all(t.config.teachers == 0 for t in teachers)
    # they trained copies of the tables
    assert before.keys() == parameter_bytes(model).keys()
    fresh = prepare_small(TRAIN, **settings, teachers=2)
    assert before == parameter_bytes(fresh)


def test_one_that_is_taught_learns_the_task():
    model, data = prepare_training(TRAIN, DEV, level="sentence", epochs=30, teachers=2)
    fit(model, data)
    assert model.record.epochs[-1].f1 > 0.9
    assert len(model.record.epochs) <= 30  # its own
    assert model.record.seconds > sum(epoch.seconds for epoch in model.record.epochs)


@pytest.mark.parametrize("loss", ["max-margin", "squared-error"])
def test_teachers_teach_softmax(loss):
    with pytest.raises(UsageError, match="`teachers` needs `loss='softmax'`"):
        make_config({"teachers": 1, "loss": loss})
