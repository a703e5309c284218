from dataclasses import replace
from itertools import chain

import pytest

import tiny
from windowclf import DataError, UsageError, learning_curve
from windowclf.corpora.corpus import Corpus
from windowclf.corpora.mixture import mix_corpora
from windowclf.experiments import learning_curve as module
from windowclf.experiments.learning_curve import default_sizes, plan_trainings
from windowclf.tags.schemes import Scheme

TEXT = tiny.sentences()


def corpus(**splits):
    return Corpus("tiny", {"train": TEXT[:50]} | splits, Scheme.IOB2, Scheme.IOB2)


@pytest.fixture
def trained(monkeypatch):
    """What classifiers are given, in the place of trainings: F1 is 0.5."""
    calls = []

    class Fake:
        def __init__(self, **settings):
            self.settings = settings

        def fit(self, part, **training):
            calls.append([self.settings, part, training])

        def evaluate(self, text, *, scheme):
            calls[-1].append(text)
            counts = type("Counts", (), {"f1": 0.5})
            return type("Scores", (), {"total": counts})

    monkeypatch.setattr(module, "WindowClassifier", Fake)
    return calls


@pytest.mark.parametrize(
    ("most", "sizes"),
    [
        (643, [20, 40, 80, 160, 321, 643]),
        (100, [25, 50, 100]),
        (20, [5, 10, 20]),
        (10, [5, 10]),
        (14_041, [438, 877, 1755, 3510, 7020, 14_041]),
    ],
)
def test_default_sizes(most, sizes):
    assert default_sizes(most) == sizes


def test_subsets_are_nested_and_in_order(trained):
    dev, test = TEXT[50:52], TEXT[52:54]
    found = learning_curve(
        corpus(dev=dev, test=test),
        sizes=[10, 20],
        repeats=2,
        settings={"seed": 7},
        vectors="random",
    )
    assert found.scored_on == "test"
    assert [settings for settings, *_ in trained] == [
        {"seed": seed, "folds": 0} for seed in (7, 7, 8, 8)
    ]
    numbers = [[TEXT.index(one) for one in part.splits["train"]] for _, part, *_ in trained]
    assert [len(drawn) for drawn in numbers] == [10, 20, 10, 20]
    assert all(drawn == sorted(drawn) for drawn in numbers)
    assert set(numbers[0]) < set(numbers[1])
    assert set(numbers[0]) != set(numbers[2])
    for _, part, training, text in trained:
        assert part.splits.keys() == {"train", "dev"}
        assert training == {"vectors": "random"}
        assert text == test


def test_a_dev_split_that_is_scored_does_not_choose_the_epoch(trained):
    found = learning_curve(corpus(dev=TEXT[50:52]), sizes=[10], repeats=1, vectors="random")
    assert found.scored_on == "dev"
    [[_, part, _, text]] = trained
    assert [*part.splits] == ["train"]
    assert text == TEXT[50:52]


def test_a_fifth_is_held_out_another_one_in_each_repeat(trained):
    found = learning_curve(corpus(), repeats=5, vectors="random")
    assert (found.scored_on, [point.sentences for point in found.points]) == (
        "held out",
        [10, 20, 40],
    )
    texts = []
    for _, part, _, text in trained:
        assert not [one for one in text if one in part.splits["train"]]
        texts.append([TEXT.index(one) for one in text])
    assert sorted(chain.from_iterable(texts[::3])) == list(range(50))


def test_the_corpora_of_a_mixture_keep_their_proportions(trained):
    mixed = mix_corpora({"a": corpus(), "b": replace(corpus(), splits={"train": TEXT[:10]})})
    learning_curve(mixed, sizes=[6, 24], repeats=2, vectors="random")
    sizes = [[part.sentences for part in drawn.parts] for _, drawn, *_ in trained]
    assert sizes == [[5, 1], [20, 4]] * 2


@pytest.mark.parametrize(
    ("given", "sizes", "error", "message"),
    [
        ({"train": TEXT[:9]}, None, DataError, "9 training sentences: expected at least 10"),
        ({"test": TEXT}, [10, 51], UsageError, "expected at most 50, .* got 51"),
        ({}, [10, 41], UsageError, "at most 40, .* that are not held out, got 41"),
        ({}, [20, 20], UsageError, "in ascending order, .* got 20, 20"),
        ({}, [], UsageError, "in ascending order, .* got none"),
        ({}, [0, 20], UsageError, "expected at least 1, got 0"),
    ],
)
def test_bad_sizes(given, sizes, error, message):
    with pytest.raises(error, match=message):
        plan_trainings(corpus(**given), sizes)


def test_sentences_are_no_corpus():
    with pytest.raises(UsageError, match="corpus: expected a Corpus, got"):
        learning_curve(TEXT)
