"""``windowclf train --from``."""

import json
from pathlib import Path

import pytest

import tiny

SETTINGS = tiny.QUICK | {"feature": "shape", "batch_size": 20}


@pytest.fixture
def base(run, tiny_data, tmp_path, monkeypatch):
    """A trained model; the user is in a folder of her own."""
    monkeypatch.chdir(tmp_path)
    options = ["--data", tiny_data, "--vectors", "random", "--from", "none", "--output", "base"]
    lists = ["--gazetteer", "LOC=places.txt"]
    Path("places.txt").write_text("Oslo\nParis\n")
    assert run("train", *options, *lists, *tiny.options(SETTINGS), "--quiet")[0] == 0
    return "base"


def test_the_record_and_info_say_what_a_model_began_with(run, tiny_data, base):
    given = ["--data", tiny_data, "--from", base, "--output", "out", "--quiet", "--json"]
    code, out, _ = run("train", *given, "--epochs", "1")
    assert code == 0
    training = json.loads(out)["training"]
    assert training["base"] == "base"
    assert "epochs" not in training["chosen"]
    assert training["chosen"]["batch_size"] == 4
    _, out, _ = run("info", "--model", "out")
    assert "began with" in out
    assert "chosen by size" in out


def test_the_same_training_again_is_no_other_one(run, tiny_data, base):
    """Its settings, lists and clusters come from the base, not from options."""
    given = ["--data", tiny_data, "--from", base, "--output", "out", "--quiet", "--epochs", "1"]
    assert run("train", *given)[0] == 0
    assert run("train", *given)[0] == 0
    code, _, err = run("train", *given[:-2], "--epochs", "2")
    assert (code, "different --epochs)" in err) == (1, True)
    code, _, err = run("train", *["none" if part == base else part for part in given])
    assert code == 1
    assert "--from" in err


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--from", "base", "--window", "7"], "--window 7: the base model has"),
        (["--from", "nowhere"], "nowhere/model.json: cannot read the model"),
    ],
)
def test_bad_input_ends_in_a_line(run, tiny_data, base, options, complaint):
    code, _, err = run("train", "--data", tiny_data, *options, "--output", "out")
    assert code in (1, 2)
    line = err.strip().splitlines()[-1]
    assert complaint in line
