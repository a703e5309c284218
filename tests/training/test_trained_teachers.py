"""Models that teach a network and were trained before."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

from networks import DEV, TRAIN, parameter_bytes, prepare_training, tagger_scores, train_small
from windowclf import WindowClassifier
from windowclf.documents.sentence import Sentence
from windowclf.errors import ModelError, UsageError
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme
from windowclf.training.data import Resources
from windowclf.training.distillation import (
    TeacherScores,
    encode_lesson,
    load_teachers,
    make_teacher,
)
from windowclf.training.fit import fit

UNLABELLED = [Sentence(sentence.tokens) for sentence in DEV]
SENTENCE = {"level": "sentence", "epochs": 1, "case_augmentation": 0.1}


def all_bytes(model):
    return {name: p.value.tobytes() for name, p in model.parameters().items()}


def train(resources, **settings):
    model, data = prepare_training(TRAIN, DEV, resources=resources, **settings)
    fit(model, data)
    return model


@pytest.fixture(params=[SENTENCE, SENTENCE | {"level": "word"}], ids=["sentence", "word"])
def settings(request):
    return request.param


@pytest.fixture
def teachers(settings):
    """Those that a network with two teachers trains, trained by themselves."""
    pupil, data = prepare_training(TRAIN, DEV, **settings, teachers=2)
    teachers = {str(number): make_teacher(pupil, number) for number in (1, 2)}
    for teacher in teachers.values():
        fit(teacher, data)
    return teachers


@pytest.mark.parametrize("unlabelled", [(), UNLABELLED])
def test_they_teach_as_those_that_are_trained_for_it(teachers, settings, unlabelled):
    resources = Resources(unlabelled=unlabelled)
    inside = train(resources, **settings, teachers=2)
    given = train(replace(resources, teachers=teachers), **settings)
    assert all_bytes(inside) == all_bytes(given)
    one = replace(resources, teachers={"2": teachers["2"]})
    assert all_bytes(train(one, **settings, teachers=1)) == all_bytes(inside)
    assert all_bytes(train(one, **settings)) != all_bytes(inside)
    assert given.record.teachers == ["1", "2"]
    assert not inside.record.teachers


def permuted(model, order):
    """The same model, with its tags in another order."""
    other = deepcopy(model)
    other.labels = [model.labels[k] for k in order]
    for parameter in (other.network.weights[-1], other.network.biases[-1]):
        parameter.value = parameter.value[..., order].copy()
    for parameter in other.objective.parameters().values():
        parameter.value = parameter.value[np.ix_(*[order] * parameter.value.ndim)]
    return other


def test_tags_in_another_order_are_put_in_that_of_the_network(teachers, settings):
    teacher = teachers["1"]
    order = np.random.default_rng(3).permutation(len(teacher.labels))
    other = permuted(teacher, order)
    assert other.labels != teacher.labels
    both = (tagger_scores(Tagger(model), [TRAIN[0].tokens]) for model in (teacher, other))
    assert not np.allclose(*both)
    _, data = prepare_training(TRAIN, DEV, resources=Resources(unlabelled=UNLABELLED), **settings)
    found = []
    for model in (teacher, other):
        resources = replace(data.resources, teachers={"": model})
        scores = TeacherScores.begin(teacher, replace(data, resources=resources))
        scores.add(model, teacher.labels, data)
        found.append((scores.scores, *scores.transitions[0]))
    assert len(found[0]) == (4 if settings["level"] == "sentence" else 1)
    for array, expected in zip(found[1], found[0], strict=True):
        np.testing.assert_allclose(array, expected, atol=1e-5)


def test_a_network_with_a_trained_teacher_learns_the_task():
    settings = SENTENCE | {"epochs": 12, "case_augmentation": 0.0}
    teacher = train_small(TRAIN, DEV, **settings)
    model = train(Resources(teachers={"a": teacher}), **settings)
    assert model.record.best_f1 > 0.9


def without(label):
    return [replace(s, tags=["O" if t.endswith(label) else t for t in s.tags]) for s in TRAIN]


def test_those_that_cannot_teach_are_refused():
    plain = [replace(s, tags=[t[2:] or "O" for t in s.tags]) for s in TRAIN]
    teachers = {
        "models/x: has the labels LOC, but the training text has LOC, PER": prepare_training(
            without("PER"), **SENTENCE
        ),
        "models/x: has the labels O, LOC, PER of single tokens, but the training text has LOC,": (
            prepare_training(plain, scheme=Scheme.PLAIN, **SENTENCE)
        ),
        "models/x: was trained with `level='word'` and `loss='softmax'`, expected `level='sentence'"
        "` and `loss='softmax'`": prepare_training(TRAIN, level="word"),
        "models/x: was trained with `level='sentence'` and `loss='max-margin'`, expected": (
            prepare_training(TRAIN, **SENTENCE, loss="max-margin")
        ),
    }
    for message, (teacher, _) in teachers.items():
        with pytest.raises(ModelError) as caught:
            train(Resources(teachers={"models/x": teacher}), **SENTENCE)
        assert str(caught.value).startswith(message)
        assert "\n" not in str(caught.value)


def test_folders_and_classifiers_are_loaded(model_folder, classifier):
    models = load_teachers([model_folder, classifier])
    assert [*models] == [str(model_folder), "classifier 2"]
    one, other = models.values()
    assert parameter_bytes(one) == parameter_bytes(other)
    assert load_teachers(None) == {}
    for given, match in (
        ([model_folder, str(model_folder)], "is listed twice: list each model once"),
        (str(model_folder), "expected a list of model folders or classifiers, got"),
        ([3], "item 1: expected a folder or a classifier, got 3"),
        ([""], "item 1: expected a path, got an empty"),
    ):
        with pytest.raises(UsageError, match=match) as caught:
            load_teachers(given)
        assert str(caught.value).startswith("trained_teachers: ")


def test_the_bonus_is_added_where_tags_agree_with_the_labels(teachers, settings):
    resources = Resources(unlabelled=UNLABELLED, teachers=teachers)
    model, data = prepare_training(TRAIN, DEV, resources=resources, **settings)
    scores = TeacherScores.begin(model, data)
    for teacher in teachers.values():
        scores.add(teacher, model.labels, data)
    encoded = encode_lesson(model, data)
    plain, raised = (scores.lesson(data, encoded, bonus).train.tags() for bonus in (0.0, 3.0))
    added = raised - plain
    own = len(data.train.words) // data.versions
    expected = 3.0 * (data.train.tags()[:own, None] == np.arange(len(model.labels)))
    np.testing.assert_allclose(added[:own], expected, atol=1e-5)
    unlabelled = sum(map(len, UNLABELLED))
    assert not added[own : own + unlabelled].any()
    mask = np.ones((len(data.train.words), len(model.labels)), dtype=bool)
    partial = replace(data, train=replace(data.train, gold=mask))
    raised = scores.lesson(partial, encoded, 3.0).train.tags()
    np.testing.assert_allclose((raised - plain)[:own], 3.0, atol=1e-5)


def test_a_bonus_without_teachers_is_refused():
    with pytest.raises(UsageError, match="`gold_bonus` is added to the scores of teachers"):
        WindowClassifier(gold_bonus=1.0).fit(TRAIN, vectors="random")
