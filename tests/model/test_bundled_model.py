"""The bundled model."""

import socket

import pytest

from windowclf import load
from windowclf.model.default import find_model
from windowclf.nn.quantised_table import QuantisedTable
from windowclf.system.resources import data_path

FOLDER = data_path("model")


@pytest.fixture(scope="module")
def bundled():
    return load()


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("the bundled model needs no network")

    monkeypatch.setattr(socket, "socket", refuse)


def test_it_is_found_where_none_was_trained(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert find_model() == (FOLDER, "bundled", None)


def test_its_folder_can_be_named(bundled):
    [a], [b] = (model.tag("It was in Berlin.") for model in (bundled, load(FOLDER)))
    assert a == b


def test_it_fits_into_the_package():
    files = list(FOLDER.iterdir())
    assert sum(file.stat().st_size for file in files) <= 16_000_000
    assert {file.name.partition("-")[0] for file in files} == {
        *("README.md", "model.json", "parameters", "lexicon", "training")
    }


def test_it_knows_ninety_thousand_words(bundled):
    table = bundled.model.network.tables["word"]
    assert isinstance(table, QuantisedTable)
    assert table.shape[0] >= 90_000
    assert table.shape[1] == 100


@pytest.mark.parametrize("case", [str, str.upper, str.lower])
def test_it_knows_the_four_types(bundled, case):
    assert bundled.labels == ["LOC", "MISC", "ORG", "PER"]
    text = case("Angela Merkel met French ministers at Siemens in Berlin .")
    found = {entity.label: entity.text for entity in bundled.tag(text)}
    assert found == {
        "PER": case("Angela Merkel"),
        "MISC": case("French"),
        "ORG": case("Siemens"),
        "LOC": case("Berlin"),
    }


def test_its_confidences_are_probabilities(bundled):
    found = bundled.tag("Paris is in France, and Washington plays Jordan on Friday.")
    assert all(0 < entity.score < 1 for entity in found)
    assert bundled.model.calibration.slope > 0
