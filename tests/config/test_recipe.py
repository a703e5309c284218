"""Settings that follow from the size of a corpus."""

import pytest

from windowclf import Config, UsageError
from windowclf.config.recipe import RECIPES, CorpusSize, choose_settings


def size(sentences, dev=False):
    return CorpusSize(sentences, 20 * sentences, 5, dev)


@pytest.mark.parametrize("place", [0, 1], ids=["anew", "with a base"])
def test_the_rows_of_the_table(place):
    for most, *recipes in RECIPES:
        config, chosen = choose_settings({}, size(most), None if place == 0 else {})
        found = (config.epochs, config.batch_size, config.rate)
        assert found == recipes[1 - place]
        assert {name: getattr(config, name) for name in chosen} == chosen


def test_a_large_corpus_has_the_defaults():
    assert choose_settings({}, size(50_000)) == (Config(), {})
    assert choose_settings({}, size(14_000, dev=True)) == (Config(), {})


def test_what_is_given_stays():
    config, chosen = choose_settings({"epochs": 3, "folds": 1}, size(100))
    assert (config.epochs, config.folds) == (3, 1)
    assert not chosen.keys() & {"epochs", "folds"}
    assert config.batch_size == chosen["batch_size"]


def test_a_preset_is_given():
    config, chosen = choose_settings({"preset": "softmax"}, size(100))
    assert config.epochs == 12
    assert "epochs" not in chosen


@pytest.mark.parametrize(
    ("given", "left"), [({"batch_of": "tokens"}, "batch_size"), ({"optimizer": "sgd"}, "rate")]
)
def test_numbers_that_mean_something_else_are_left(given, left):
    config, chosen = choose_settings(given, size(100))
    assert left not in chosen
    assert getattr(config, left) == getattr(Config(), left)


def test_a_dev_text_needs_no_folds():
    assert choose_settings({}, size(100, dev=True))[0].folds == 0
    assert choose_settings({}, size(100))[0].folds > 0


def test_the_structure_of_a_base_is_kept():
    assert choose_settings({}, size(100), {"hidden": (7,)})[0].hidden == (7,)


def test_a_wrong_setting():
    with pytest.raises(UsageError, match="epochs"):
        choose_settings({"epochs": 0}, size(100))
