"""The estimator, by scikit-learn's own tools."""

import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest
from msgspec.structs import fields
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import (
    GridSearchCV,
    GroupShuffleSplit,
    KFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags

import tiny
import windowclf
from windowclf.config.config import Config
from windowclf.errors import DataError, UsageError
from windowclf.integrations.sklearn import WindowTagger

SENTENCES = tiny.sentences()
X = [sentence.tokens for sentence in SENTENCES]
Y = [sentence.tags for sentence in SENTENCES]


def make(**parameters):
    return WindowTagger(**{**tiny.QUICK, "vectors": "random", "threads": 1, **parameters})


def direct(part=slice(None), **settings):
    """What the estimator should come to."""
    classifier = windowclf.WindowClassifier(**tiny.QUICK | settings)
    return classifier.fit(SENTENCES[part], vectors="random", threads=1)


@pytest.fixture(scope="module")
def fitted():
    return make().fit(X, Y)


class TestParameters:
    def test_are_the_fields_of_config_and_what_fit_takes(self):
        defaults = {field.name: field.default for field in fields(Config)}
        others = ("vectors", "gazetteers", "clusters", "names", "scheme", "dev_fraction", "threads")
        found = WindowTagger().get_params()
        assert {name: found.pop(name) for name in others} == {
            "vectors": "bundled",
            "gazetteers": None,
            "clusters": None,
            "names": None,
            "scheme": "auto",
            "dev_fraction": 0.0,
            "threads": None,
        }
        assert found == defaults
        signature = inspect.signature(WindowTagger)
        assert [*signature.parameters] == [*defaults, *others]
        assert signature.parameters["hidden"].default == (300,)

    def test_clone_and_set(self):
        vectors = ["not looked at before fit"]
        tagger = make(vectors=vectors, hidden=[3, 2])
        assert tagger.vectors is vectors
        copy = clone(tagger)
        assert copy.get_params() == tagger.get_params()
        assert copy.set_params(hidden=7, dev_fraction=0.2).hidden == 7
        assert tagger.hidden == [3, 2]

    def test_repr_shows_what_differs(self):
        assert repr(WindowTagger(hidden=7, vectors="random")) == (
            "WindowTagger(hidden=7, vectors='random')"
        )

    def test_unknown_ones_are_refused(self):
        with pytest.raises(TypeError, match="'hiden'"):
            WindowTagger(hiden=3)
        with pytest.raises(ValueError, match="Invalid parameter 'hiden'"):
            WindowTagger().set_params(hiden=3)

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"window": 4}, "`window`: expected an odd number, got 4"),
            ({"activation": "sine"}, "`activation`: expected hard-tanh, logistic, relu, tanh"),
            ({"scheme": "bilo"}, "unknown scheme 'bilo'"),
            ({"threads": 0}, "threads: expected at least 1"),
            ({"dev_fraction": 1}, "dev_fraction: expected a number from 0 to less than 1, got 1"),
            ({"dev_fraction": "some"}, "dev_fraction: expected a number from 0 to less than 1"),
        ],
    )
    def test_wrong_values_come_up_in_fit(self, parameters, message):
        tagger = make(**parameters)
        with pytest.raises(UsageError, match=message) as refused:
            tagger.fit(X, Y)
        assert "\n" not in str(refused.value)

    def test_numbers_of_numpy(self):
        tagger = make(hidden=np.array([5, 3]), rate=np.float64(0.1), dev_fraction=np.float32(0.5))
        tagger.set_params(epochs=np.int64(1)).fit(X, Y)
        assert tagger.classifier_.config.hidden == (5, 3)
        assert tagger.classifier_.config.rate == 0.1
        assert tagger.classifier_.model.record.sentences["dev"] == len(X) // 2

    def test_gazetteers_and_scheme_go_to_fit(self):
        tagger = make(gazetteers={"LOC": ["Oslo"]}, scheme="plain").fit(X, Y)
        assert list(tagger.classifier_.model.lexicon.gazetteers) == ["gazetteer-LOC"]
        assert tagger.classifier_.model.scheme == "plain"

    def test_names_go_to_fit(self):
        tagger = make(names={"LOC": ["Nuuk"]}, name_augmentation=1.0).fit(X, Y)
        assert tagger.classifier_.model.record.names == {"LOC": 1}
        assert tagger.classifier_.model.record.augmented["names"] > 0

    def test_the_rest_follows_from_what_is_given(self):
        tagger = make(loss="squared-error").fit(X, Y)
        assert tagger.classifier_.config.level == "word"


class TestFitted:
    def test_is_the_classifier(self, fitted):
        plain = direct()
        assert list(fitted.predict(X)) == plain.predict(X)
        for found, expected in zip(fitted.predict_proba(X), plain.predict_proba(X), strict=True):
            np.testing.assert_array_equal(found, expected)
        assert list(fitted.classes_) == plain.tags
        scores = plain.evaluate(SENTENCES)
        assert 0 < scores.total.f1 < 1
        assert fitted.score(X, Y) == scores.total.f1

    def test_columns_are_classes(self, fitted):
        [probabilities] = fitted.predict_proba(X[:1])
        assert probabilities.shape == (len(X[0]), len(fitted.classes_))
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)

    def test_not_before_fit(self):
        tagger = make()
        for ask in (tagger.predict, tagger.predict_proba, lambda x: tagger.score(x, Y)):
            with pytest.raises(NotFittedError):
                ask(X)

    def test_fit_returns_itself_and_leaves_parameters(self):
        tagger = make()
        before = tagger.get_params()
        assert tagger.fit(X, Y) is tagger
        assert tagger.get_params() == before

    def test_pickle(self, fitted):
        again = pickle.loads(pickle.dumps(fitted))
        assert list(again.predict(X)) == list(fitted.predict(X))
        assert again.get_params() == fitted.get_params()

    def test_sentences_of_numpy(self, fitted):
        same = np.array([X[0], X[0]])  # of one length: a matrix
        assert list(fitted.predict(same)) == [fitted.predict(X[:1])[0]] * 2


def test_no_folds_unless_asked():
    quick = {name: value for name, value in tiny.QUICK.items() if name != "folds"}
    for given, expected in (({}, False), ({"folds": 2}, True)):
        fitted = WindowTagger(**quick, **given, vectors="random", threads=1).fit(X, Y)
        assert bool(fitted.classifier_.model.record.expected) == expected


class TestData:
    @pytest.mark.parametrize(
        ("x", "y", "documents", "message"),
        [
            (X[:2], Y[:3], None, "X has 2 sentences, but y has 3"),
            (X[:2], Y[:2], [1], "X has 2 sentences, but documents has 1"),
            ([["a", "b"]], [["O"]], None, "sentence 1: 2 tokens but 1 tags"),
            (
                [["a"], "b"],
                [["O"], ["O"]],
                None,
                "X: sentence 2: expected a list of tokens",
            ),
        ],
    )
    def test_that_does_not_go_together(self, x, y, documents, message):
        with pytest.raises(DataError, match=message) as refused:
            make().fit(x, y, documents)
        assert "\n" not in str(refused.value)

    def test_documents(self):
        documents = ["a"] * 5 + [None] * 3 + ["b"] * (len(X) - 8)
        numbers = [{"a": 0, "b": 1}.get(document) for document in documents]
        given = [
            windowclf.Sentence(x, y, number) for x, y, number in zip(X, Y, numbers, strict=True)
        ]
        settings = {"seed": 6, "epochs": 2}  # with which documents make a difference
        plain = windowclf.WindowClassifier(**tiny.QUICK | settings)
        plain.fit(given, vectors="random", threads=1)
        tagger = make(**settings).fit(X, Y, documents=documents)
        assert list(tagger.predict(X, documents)) == plain.predict(X, numbers)
        assert list(tagger.predict(X, documents)) != list(tagger.predict(X))
        found = np.concatenate(tagger.predict_proba(X, documents))
        np.testing.assert_array_equal(found, np.concatenate(plain.predict_proba(X, numbers)))
        assert not np.array_equal(found, np.concatenate(tagger.predict_proba(X)))
        assert tagger.score(X, Y, documents) == plain.evaluate(given).total.f1
        assert tagger.score(X, Y, documents) != tagger.score(X, Y)

    def test_dev_part_is_of_whole_documents(self):
        documents = [number // 6 for number in range(len(X))]
        tagger = make(dev_fraction=0.25, epochs=2).fit(X, Y, documents)
        record = tagger.classifier_.model.record
        count = len(set(documents))
        assert record.sentences["dev"] == 6 * np.ceil(count / 4)
        assert record.sentences["train"] == len(X) - record.sentences["dev"]
        assert all(epoch.f1 is not None for epoch in record.epochs)

    def test_dev_part_leaves_the_rest_in_order(self):
        splitter = GroupShuffleSplit(1, test_size=0.25, random_state=1)
        train, dev = next(splitter.split(X, groups=[-i for i in range(len(X))]))
        plain = windowclf.WindowClassifier(**tiny.QUICK)
        parts = ([SENTENCES[i] for i in sorted(part)] for part in (train, dev))
        plain.fit(*parts, vectors="random", threads=1)
        tagger = make(dev_fraction=0.25).fit(X, Y)
        for found, expected in zip(tagger.predict_proba(X), plain.predict_proba(X), strict=True):
            np.testing.assert_array_equal(found, expected)

    def test_dev_part_is_fixed_by_the_seed(self):
        sizes = [
            make(dev_fraction=0.2, seed=seed).fit(X, Y).classifier_.model.record.tokens["dev"]
            for seed in (1, 1, 2, 3)
        ]
        assert sizes[0] == sizes[1]
        assert len(set(sizes)) > 1

    def test_no_dev_part_by_default(self, fitted):
        assert fitted.classifier_.model.record.sentences == {"train": len(X), "dev": 0}

    def test_nothing_to_hold_out(self):
        with pytest.raises(DataError, match=r"dev_fraction=0.1 needs two documents"):
            make(dev_fraction=0.1).fit(X, Y, [1] * len(X))


class TestTools:
    def test_is_no_classifier_to_scikit_learn(self):
        assert not is_classifier(WindowTagger())  # it would look for one label in each row
        tags = get_tags(WindowTagger())
        assert tags.target_tags.required
        assert not tags.input_tags.two_d_array

    def test_cross_validation(self):
        cut = len(X) // 2
        scores = cross_val_score(make(), X, Y, cv=KFold(2))
        expected = [
            direct(slice(cut, None)).evaluate(SENTENCES[:cut]).total.f1,
            direct(slice(cut)).evaluate(SENTENCES[cut:]).total.f1,
        ]
        assert scores.tolist() == expected
        predicted = cross_val_predict(make(), X, Y, cv=KFold(2))
        assert list(predicted[:cut]) == direct(slice(cut, None)).predict(X[:cut])
        assert list(predicted[cut:]) == direct(slice(cut)).predict(X[cut:])

    def test_cross_validation_hands_documents_on(self):
        documents = [0] * len(X)
        with_them = cross_val_score(make(), X, Y, cv=KFold(2), params={"documents": documents})
        assert with_them.tolist() != cross_val_score(make(), X, Y, cv=KFold(2)).tolist()

    @pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.processes)])
    def test_grid_search(self, jobs):
        grid = {"hidden": [1, (8,)], "epochs": np.array([3])}
        search = GridSearchCV(make(), grid, cv=2, n_jobs=jobs).fit(X, Y)
        assert search.best_params_ == {"hidden": (8,), "epochs": 3}
        alone = make(hidden=8, epochs=3).fit(X, Y)
        assert list(search.predict(X)) == list(alone.predict(X))

    def test_pipeline(self):
        def lower(sentences):
            return [[token.lower() for token in tokens] for tokens in sentences]

        pipeline = Pipeline([("lower", FunctionTransformer(lower)), ("tagger", make())])
        pipeline.set_params(tagger__hidden=6).fit(X, Y)
        alone = make(hidden=6).fit(lower(X), Y)
        assert list(pipeline.predict(X)) == list(alone.predict(lower(X)))
        assert pipeline.score(X, Y) == alone.score(lower(X), Y)


def test_without_scikit_learn():
    program = """
import sys
sys.modules["sklearn"] = None
import windowclf.integrations.sklearn
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stderr.splitlines()[-1].endswith(
        "windowclf.integrations.sklearn needs an optional package: pip install 'windowclf[sklearn]'"
    )
