import json

import numpy as np
import pytest

import tiny
import windowclf
from networks import tagger_scores
from windowclf.evaluation.metrics import average_precision

OPTIONS = ["--loss", "ranking", "--positive", "LOC", *tiny.options(tiny.QUICK)]


@pytest.fixture
def trained(run, tiny_data, tmp_path, monkeypatch):
    """A folder with a model that ranks locations, and what its training printed."""
    monkeypatch.chdir(tmp_path)
    train = ["train", "--data", tiny_data, "--vectors", "random", *OPTIONS]
    code, out, _ = run(*train, "--epochs", "12", "--output", "ranker", "--json")
    assert code == 0
    return tmp_path / "ranker", json.loads(out)


def test_a_ranking_is_trained_tagged_and_scored(run, trained, tiny_data):
    folder, told = trained
    assert told["dev"]["types"].keys() == {"LOC"}
    assert [epoch["average_precision"] for epoch in told["training"]["epochs"]]
    code, out, _ = run(
        "evaluate", "--model", folder, "--data", tiny_data, "--split", "dev", "--json"
    )
    assert code == 0
    found = json.loads(out)
    assert found["average_precision"] == told["dev"]["average_precision"] > 0.6
    _, out, _ = run("evaluate", "--model", folder, "--data", tiny_data, "--split", "dev")
    assert f"average precision {found['average_precision']:.4f}" in out
    _, out, _ = run("tag", "--model", folder, "--format", "jsonl", tiny.unmarked(tiny.MARKED[0]))
    assert {entity["label"] for entity in json.loads(out)["entities"]} <= {"LOC"}


def test_the_average_precision_is_that_of_the_scores(trained, tiny_data):
    folder, told = trained
    tagger = windowclf.load(folder).tagger
    dev = windowclf.load_corpus(tiny_data).splits["dev"]
    relevant = [tag.endswith("LOC") for sentence in dev for tag in sentence.tags]
    s = tagger_scores(tagger, [sentence.tokens for sentence in dev])[:, 0]
    assert average_precision(s, np.array(relevant)) == pytest.approx(
        told["dev"]["average_precision"]
    )


def test_the_threshold_needs_a_dev_text(run, tiny_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train = next(path for path in tiny_data.iterdir() if path.name.startswith("train"))
    code, out, err = run("train", "--train", train, "--vectors", "random", *OPTIONS)
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith(
        "windowclf: error: --loss ranking chooses its threshold on a dev text"
    )
