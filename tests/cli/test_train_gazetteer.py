"""``windowclf train --gazetteer``."""

import json
from pathlib import Path

import pytest

import tiny
import windowclf

LISTS = {"LOC": ["New York", "Oslo", "Tirana"], "geo-loc": ["France"]}
TEXT = "Ada lives in New York"


@pytest.fixture
def train(run, tiny_data, tmp_path, monkeypatch):
    """Return a function that trains shortly; the user stands in a folder with files of names."""
    monkeypatch.chdir(tmp_path)
    for kind, names in LISTS.items():
        Path(f"{kind}.txt").write_text("\n".join(names), encoding="utf-8")
    settings = tiny.QUICK | {"level": "word", "loss": "softmax", "feature": "shape"}

    def train(output, *options):
        data = ["--data", tiny_data, "--vectors", "random", *tiny.options(settings)]
        code, out, err = run("train", *data, "--output", output, "--json", *options)
        assert (code, err.splitlines()[-1]) == (0, f"report: {output}/report.html")
        return json.loads(out)

    return train


def test_the_lists_go_into_the_model(run, train, tiny_data):
    files = [option for kind in LISTS for option in ("--gazetteer", f"{kind}={kind}.txt")]
    facts = train("out", *files)
    for kind in LISTS:
        Path(f"{kind}.txt").unlink()
    classifier = windowclf.load("out")
    for kind, names in LISTS.items():
        assert classifier.model.lexicon.values[f"gazetteer-{kind}"] == names
    shapes = json.loads(run("info", "--model", "out", "--json")[1])["parameters"]
    width = tiny.QUICK["feature_dimensions"]
    assert shapes["L_gazetteer-LOC"] == shapes["L_gazetteer-geo-loc"] == [6, width]
    dev = ["--data", tiny_data, "--split", "dev", "--json"]
    assert json.loads(run("evaluate", "--model", "out", *dev)[1]) == facts["dev"]
    code, out, err = run("tag", "--model", "out", "--format", "jsonl", TEXT)
    assert (code, err) == (0, "")
    assert len(json.loads(out)["entities"]) == len(classifier.tag(TEXT))


def test_the_command_is_the_call(train, tiny_data):
    train("out", "--gazetteer", "LOC=LOC.txt")
    settings = {"level": "word", "loss": "softmax", "features": "shape"}
    corpus = windowclf.load_corpus(tiny_data)
    called = windowclf.WindowClassifier(**tiny.QUICK | settings)
    called.fit(corpus, vectors="random", gazetteers={"LOC": LISTS["LOC"]}).save("called")
    [trained], [own] = (list(Path(name).glob("parameters-*")) for name in ("out", "called"))
    assert trained.name == own.name
    assert trained.read_bytes() == own.read_bytes()
