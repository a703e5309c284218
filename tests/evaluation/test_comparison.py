import json
import random
from dataclasses import replace
from types import SimpleNamespace

import pytest
from paired import paired_bootstrap

import tiny
import windowclf
from windowclf.documents.sentence import Sentence
from windowclf.errors import UsageError
from windowclf.evaluation.bootstrap import Difference
from windowclf.evaluation.comparison import (
    FEWEST_DOCUMENTS,
    Against,
    compare,
    differing_settings,
    resampling_units,
    score_units,
    unit_counts,
)
from windowclf.reports.wording import in_words, method, points, value
from windowclf.tags.schemes import Scheme

EITHER = ("Jordan", "Austin", "Lincoln", "Paris", "Florence")
FIRST = {
    "PER": ("Ada", "Mary", "Tom", "Eve", *EITHER),
    "LOC": ("New", "Los", "San", "Rio", *EITHER),
}
LAST = ("Hill", "Wells", "Ford", "Dale")
PLAIN = {
    "window": 1,
    "features": (),
    "sentence_mean": False,
    "document_context": False,
    "constrained": False,
    "case_augmentation": 0.0,
    "hidden": 8,
    "epochs": 4,
}


def names(count, seed):
    """Sentences with names whose last word does not show their type: most first words do."""
    rng = random.Random(seed)
    marked = [
        f"They saw [{label} {rng.choice(FIRST[label])} {rng.choice(LAST)}] {rng.choice('abcde')} ."
        for label in rng.choices(("PER", "LOC"), k=count)
    ]
    return [tiny.parse(sentence) for sentence in marked]


@pytest.fixture(scope="module")
def text():
    return names(300, seed=2)


@pytest.fixture(scope="module")
def trained():
    """Models that see one word at a time, at sentence level, with another seed, at word level."""
    given = names(120, seed=1)

    def train(**settings):
        made = windowclf.WindowClassifier(**tiny.SETTINGS | PLAIN | settings)
        return made.fit(given, given[:30], vectors="random").model

    return {"one": train(), "two": train(seed=2), "word": train(level="word")}


@pytest.fixture(scope="module")
def compared(trained, text):
    return compare(trained, text, Scheme.IOB2, samples=2000)


def test_another_seed_is_not_significant_and_another_level_is(compared):
    by_name = {against.name: against for against in compared.against}
    assert list(by_name) == ["two", "word"]
    assert abs(by_name["two"].total.f1) > 0.01
    assert not by_name["two"].significant
    assert by_name["word"].significant
    assert by_name["word"].total.high < -0.1


def test_the_f1_is_that_of_evaluate(compared, trained, text):
    assert [run.name for run in compared.runs] == list(trained)
    for run in compared.runs:
        classifier = windowclf.WindowClassifier()
        classifier._model = trained[run.name]
        scores = classifier.evaluate(text)
        assert run.total == scores.total
        assert run.types == scores.types
    assert compared.runs[2].total.f1 < 0.9


def test_differences_are_those_of_the_units(compared, trained, text):
    units, unit = resampling_units(text)
    assert (
        (compared.resampling_unit, compared.resampling_units)
        == (unit, len(units))
        == ("sentences", 300)
    )
    labels = ["LOC", "PER"]
    scored = [score_units(model, text, Scheme.IOB2, units) for model in trained.values()]
    counts = unit_counts(scored, labels)
    assert counts.shape == (300, 3, 3, 3)
    for number, against in enumerate(compared.against, 1):
        found = {
            kind: paired_bootstrap(counts[:, 0, place], counts[:, number, place], samples=2000)
            for place, kind in enumerate(["all", *labels])
        }
        assert against.total == found["all"]
        assert against.types == {label: found[label] for label in labels}
    seeds, levels = (against.total.p for against in compared.against)
    assert [against.p for against in compared.against] == [seeds, 2 * levels]
    assert levels < seeds


def test_counts_of_units_add_up(classifier, other):
    given = [replace(s, document=i // 3) for i, s in enumerate(tiny.sentences())]
    units, unit = resampling_units(given)
    assert (unit, units[1]) == ("documents", slice(3, 6))
    labels = ["LOC", "PER"]
    scored = [score_units(c.model, given, Scheme.IOB2, units) for c in (classifier, other)]
    totals = unit_counts(scored, labels).sum(axis=0).tolist()
    for c, (total, *types) in zip((classifier, other), totals, strict=True):
        scores = c.evaluate(given)
        for row, counts in zip(
            (total, *types), (scores.total, *map(scores.types.get, labels)), strict=True
        ):
            assert row == [counts.correct, counts.predicted, counts.gold]


def numbered(numbers):
    return [Sentence(["x"], ["O"], number) for number in numbers]


def test_documents_are_the_units_where_there_are_enough():
    enough = [i // 2 for i in range(2 * FEWEST_DOCUMENTS)]
    units, unit = resampling_units(numbered(enough))
    assert (unit, units) == ("documents", [slice(i, i + 2) for i in range(0, len(enough), 2)])
    units, unit = resampling_units(numbered(enough[:-2]))
    assert (unit, len(units)) == ("sentences", len(enough) - 2)
    # A sentence without a number is alone, also beside others; a number may come again.
    units, unit = resampling_units(numbered([*enough, None, None, 0]))
    assert (unit, units[-4:]) == (
        "documents",
        [slice(38, 40), slice(40, 41), slice(41, 42), slice(42, 43)],
    )
    assert resampling_units(numbered([None] * 50))[1] == "sentences"
    assert resampling_units([]) == ([], "sentences")


def test_settings_that_differ(trained, classifier):
    one, two, word = trained.values()
    assert differing_settings([one, one]) == []
    [seed] = differing_settings([one, two])
    assert (seed.name, seed.values) == ("seed", [1, 2])
    found = {s.name: s.values for s in differing_settings([one, two, word])}
    assert found == {"seed": [1, 2, 1], "level": ["sentence", "sentence", "word"]}
    found = {s.name: s.values for s in differing_settings([one, classifier.model])}
    assert {"data", "vectors", "training sentences", "window", "hidden"} <= set(found)
    assert found["training sentences"] == [120, len(tiny.sentences())]


def test_labels_and_gazetteers_and_versions_are_told(classifier):
    model = classifier.model
    record = model.record
    lexicon = SimpleNamespace(
        gazetteers={"gazetteer-LOC": SimpleNamespace(names=["a", "b"])}, clusters={"rcv1": "abc"}
    )
    fewer = replace(model, labels=["O", "S-PER"], lexicon=lexicon, record=None)
    found = {s.name: s.values for s in differing_settings([model, fewer])}
    assert found["labels"] == [["LOC", "PER"], ["PER"]]
    assert found["gazetteers"] == [[], ["LOC (2 names)"]]
    assert found["clusters"] == [[], ["rcv1 (3 words)"]]
    assert found["vectors"] == [record.vectors, None]
    assert found["windowclf"] == [record.versions["windowclf"], None]


def test_models_with_other_labels_can_be_held_against_each_other(classifier):
    people = [s for s in tiny.sentences() if not any("LOC" in tag for tag in s.tags)]
    only_people = windowclf.WindowClassifier(**tiny.QUICK).fit(people, vectors="random")
    given = tiny.sentences()
    found = compare({"a": classifier.model, "b": only_people.model}, given, Scheme.IOB2, samples=99)
    assert found.runs[1].types["LOC"].gold == found.runs[0].types["LOC"].gold > 0
    assert found.runs[1].types["LOC"].predicted == 0
    assert found.against[0].types["LOC"].f1 == -found.runs[0].types["LOC"].f1


@pytest.mark.parametrize(
    ("settings", "scheme", "message"),
    [
        (
            {"loss": "ranking", "positive": "LOC", "level": "word"},
            Scheme.IOB2,
            "a finds spans but b finds single words that are LOC: expected runs that look for the",
        ),
        ({}, Scheme.PLAIN, "a finds spans but b finds a label for each word"),
    ],
)
def test_models_that_look_for_something_else(classifier, settings, scheme, message):
    model = classifier.model
    config = replace_config(model.config, **settings)
    other = replace(model, config=config, scheme=model.scheme if settings else scheme)
    with pytest.raises(UsageError, match=message):
        compare({"a": model, "b": other}, tiny.sentences(), Scheme.IOB2)


def replace_config(config, **settings):
    if not settings:
        return config
    return windowclf.Config(**settings, sentence_mean=False, document_context=False)


def test_curves_are_those_of_the_records(compared, trained):
    for run, model in zip(compared.runs, trained.values(), strict=True):
        assert run.epochs == model.record.epochs
        assert run.best_epoch == model.record.best_epoch


def test_json(compared):
    facts = json.loads(json.dumps(compared.to_json()))
    assert facts["unit"] == "sentences"
    assert facts["samples"] == 2000
    assert [run["name"] for run in facts["runs"]] == ["one", "two", "word"]
    word = compared.runs[2]
    assert facts["runs"][2]["total"] == {
        "precision": word.total.precision,
        "recall": word.total.recall,
        "f1": word.total.f1,
        "gold": word.total.gold,
        "predicted": word.total.predicted,
        "correct": word.total.correct,
    }
    assert facts["runs"][2]["types"]["PER"]["f1"] == word.types["PER"].f1
    assert [against["significant"] for against in facts["against"]] == [False, True]
    assert facts["against"][1]["total"]["low"] == compared.against[1].total.low
    assert {"name": "seed", "values": [1, 2, 1]} in facts["settings"]


@pytest.mark.parametrize(
    ("p", "of", "said"),
    [
        (0.0002, 1, "p = 0.0002: significant"),
        (0.05, 1, "p = 0.0500: not significant"),
        (0.00001, 1, "p < 0.0001: significant"),
        (0.3, 2, "p = 0.3000 (Holm's correction): not significant"),
    ],
)
def test_in_words(p, of, said):
    total = Difference(f1=0.00523, low=0.0031, high=0.0074, p=0.01)
    against = Against(name="b", total=total, p=p, types={})
    expected = f"F1 differs by +0.52 (95 % interval +0.31 to +0.74), {said}"
    assert in_words(against, of) == expected


def test_the_method_in_words(compared):
    said = method(compared)
    assert "2,000 samples of 300 sentences, drawn with seed 1; p is corrected by Holm's" in said


@pytest.mark.parametrize(
    ("share", "written"),
    [(0.01234, "+1.23"), (-0.01234, "−1.23"), (0.0, "0.00"), (-0.00001, "0.00")],
)
def test_points(share, written):
    assert points(share) == written


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (None, "none"),
        ([], "none"),
        (True, "on"),
        (False, "off"),
        ([300, 100], "300 100"),
        (100000, "100,000"),
        (0.001, "0.001"),
        ("all", "all"),
    ],
)
def test_values_of_settings(given, written):
    assert value(given) == written
