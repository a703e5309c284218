"""The parts of scripts/bench that need no peer."""

from importlib import import_module
from pathlib import Path

import pytest

from windowclf import Sentence

SCRIPTS = Path(__file__).parents[2] / "scripts"
SENTENCES = [["Ann", "ran"], ["Bo", "sat", "."], ["Eh"]]


@pytest.fixture(autouse=True)
def _path(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))


@pytest.fixture
def text():
    tags = [["O"] * len(sentence) for sentence in SENTENCES]
    return import_module("benchmarks.text").Text(SENTENCES, [0, 0, 1], tags, "iob2")


def test_a_repeated_text_has_enough_tokens_and_no_document_twice(text):
    repeated, times = text.repeat(13)
    assert (repeated.tokens, times) == (18, 3)
    assert repeated.documents == [0, 0, 1, 2, 2, 3, 4, 4, 5]
    assert repeated.join() == ["Ann ran Bo sat .", "Eh"] * 3


def test_a_text_comes_back_from_its_file(text, tmp_path):
    read_text = import_module("benchmarks.text").read_text
    path = text.write(tmp_path / "text.json")
    assert read_text(path) == text
    assert read_text(path, 3).sentences == SENTENCES[:2]


def test_documents_of_two_splits_stay_apart():
    splits = {
        "train": [Sentence(["a"], ["O"], None), Sentence(["b"], ["O"], 0)],
        "dev": [Sentence(["c"], ["O"], 0), Sentence(["d"], ["O"], 0), Sentence(["e"], ["O"], None)],
    }
    found = import_module("benchmarks.text").from_corpus(splits, "iob2")
    assert found.documents == [0, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("figure", "at_least", "reached"),
    [(2.0, True, True), (1.9, True, False), (2.0, False, True), (2.1, False, False)],
)
def test_a_claim_is_reached_on_its_own_side_of_the_bound(figure, at_least, reached):
    show = import_module("benchmarks.shows").Show("it", figure, 2.0, at_least=at_least)
    assert show.reached is reached


def test_only_what_was_measured_is_judged():
    shows, names = import_module("benchmarks.shows").shows, import_module("benchmarks.names")
    raw = [
        {"name": names.OURS, "tokens_per_second": 300.0},
        {"name": names.SPACY, "tokens_per_second": 10.0},
    ]
    results = {"text": {"dev_tokens": 5}, "groups": {names.RAW: raw}}
    assert [(show.figure, show.bound, show.reached) for show in shows(results)] == [(30, 20, True)]


def test_training_is_held_against_the_fastest_pytorch():
    shows, names = import_module("benchmarks.shows").shows, import_module("benchmarks.names")
    speeds = {names.OURS: 300.0, "PyTorch, slow": 10.0, "PyTorch, fast": 200.0}
    group = [{"name": name, "tokens_per_second": speed} for name, speed in speeds.items()]
    found = shows({"text": {}, "groups": {names.TRAINING[512]: group}})
    assert [(show.figure, show.reached) for show in found] == [(1.5, False)]
    assert "PyTorch, fast" in found[0].name


def test_a_command_is_timed_in_a_process_of_its_own():
    start = import_module("benchmarks.start")
    found = start.launch(["sh", "-c", "exit 0"], "/")
    assert found["seconds"] > 0
    assert 0 < found["peak_mb"] < 100
    with pytest.raises(SystemExit):
        start.launch(["sh", "-c", "exit 3"], "/")
