"""Lists of names from the user's hand to the tags: training, tagging, folders."""

import gzip
from itertools import product

import pytest

import windowclf
from model_folders import assert_same
from networks import make_vectors, parameter_bytes
from tiny import QUICK, SETTINGS, parse
from windowclf import WindowClassifier
from windowclf.errors import DataError

# Names of one word and of two, none of them twice: only the lists tell what they are.
SYLLABLES = ["ka", "lo", "mi", "ne", "ru", "so", "ti", "va"]
NAMES = [
    f"{a}{b} {b}{a}r".title() if a < b else f"{a}{b}".title()
    for a, b in product(SYLLABLES, SYLLABLES)
]
LISTS = {"LOC": NAMES[::2], "PER": NAMES[1::2]}
NEW = {kind: names[:8] for kind, names in LISTS.items()}  # never in the training text


def marked(kind, name):
    return parse(f"They saw [{kind} {name}] .")


TEXT = [marked(kind, name) for kind in LISTS for name in LISTS[kind] if name not in NEW[kind]]
UNSEEN = [marked(kind, name) for kind, names in NEW.items() for name in names]
OWN = {
    "loss": "softmax",
    "window": 3,
    "sentence_mean": False,
    "constrained": False,
    "features": (),
    "case_augmentation": 0.0,
}


def fit(lists, settings=SETTINGS, **more):
    vectors = make_vectors(["they", "saw", "."])
    classifier = WindowClassifier(**settings | OWN | more)
    return classifier.fit(TEXT, vectors=vectors, gazetteers=lists)


@pytest.fixture(scope="module", params=["word", "sentence"])
def listed(request):
    return fit(LISTS, level=request.param, epochs=12)


def test_a_name_never_seen_is_known_from_its_list(listed):
    scores = listed.evaluate(UNSEEN)
    assert scores.total.f1 == 1
    assert scores.types["LOC"].gold == scores.types["PER"].gold == 8
    without = fit(None, level=listed.config.level, epochs=12)
    assert without.evaluate(UNSEEN).total.f1 < 0.7


def test_another_letter_case_is_no_hindrance(listed):
    name = next(name for name in NEW["LOC"] if " " in name)
    for written in (name, name.upper(), name.lower()):
        [entity] = listed.tag(f"They saw {written}.")
        assert (entity.text, entity.label) == (written, "LOC")


def test_a_folder_keeps_the_lists(listed, tmp_path):
    listed.save(tmp_path / "model")
    again = windowclf.load(tmp_path / "model")
    assert_same(listed, again)
    assert again.model.lexicon.values["gazetteer-LOC"] == LISTS["LOC"]
    assert again.predict([s.tokens for s in UNSEEN]) == [s.tags for s in UNSEEN]


@pytest.mark.parametrize("name", ["names.txt", "names.gz"])
def test_a_file_is_as_good_as_its_names(tmp_path, name):
    data = "# of places\n\n" + "".join(f"{place}\n" for place in LISTS["LOC"])
    path = tmp_path / name
    path.write_bytes(gzip.compress(data.encode()) if path.suffix == ".gz" else data.encode())
    models = [
        fit(LISTS | {"LOC": places}, QUICK, level="word").model
        for places in (LISTS["LOC"], iter(LISTS["LOC"]), path, str(path))
    ]
    path.unlink()
    for model in models:
        assert model.lexicon.values == models[0].lexicon.values
        assert parameter_bytes(model) == parameter_bytes(models[0])


def test_each_list_has_a_table_that_learns():
    before, after = (
        fit(LISTS, QUICK, level="word", epochs=epochs).model.network.tables for epochs in (1, 2)
    )
    assert list(before) == ["word", "gazetteer-LOC", "gazetteer-PER"]
    for name in ("gazetteer-LOC", "gazetteer-PER"):
        assert (before[name].value[[1, 2, 4, 5]] != after[name].value[[1, 2, 4, 5]]).all()


def test_a_list_that_cannot_be_read_is_refused_before_training(tmp_path):
    (tmp_path / "empty.txt").write_text("# none\n", encoding="utf-8")
    for path, message in (("none.txt", "cannot be read"), ("empty.txt", "no name; expected")):
        classifier = WindowClassifier(**QUICK)
        with pytest.raises(DataError, match=rf"{path}: {message}"):
            classifier.fit(TEXT, vectors="random", gazetteers={"LOC": tmp_path / path})
        assert not classifier.is_fitted
