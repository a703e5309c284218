"""``windowclf train --keep-labels``."""

import json
from pathlib import Path

import pytest

import tiny

SETTINGS = tiny.QUICK | {"feature": "shape", "batch_size": 20}
VERBS = "They O\nmet B-VERB\nhim O\n\nAda O\nsaw B-VERB\nTom O\n"


@pytest.fixture
def base(run, tiny_data, tmp_path, monkeypatch):
    """A trained model; the user is in a folder with a file of sentences with a new label."""
    monkeypatch.chdir(tmp_path)
    Path("verbs.txt").write_text(VERBS)
    options = ["--data", tiny_data, "--vectors", "random", "--from", "none"]
    assert run("train", *options, *tiny.options(SETTINGS), "--output", "base", "--quiet")[0] == 0
    return "base"


def test_the_new_model_has_all_labels_and_says_which_are_kept(run, base):
    given = ["--train", "verbs.txt", "--test", "verbs.txt", "--from", base, "--keep-labels"]
    settings = ["--epochs", "2", "--output", "out", "--json"]
    code, out, err = run("train", *given, *settings)
    assert code == 0
    assert "kept from base: LOC, PER; of the tokens that the text leaves open" in err
    record = json.loads(out)["training"]
    assert record["base"] == "base"
    kept = record["kept"]
    assert kept["labels"] == ["LOC", "PER"]
    assert kept["found"] + kept["outside"] + kept["open"] == 4
    assert set(json.loads(out)["test"]["types"]) <= {"VERB"}
    _, out, _ = run("info", "--model", "out")
    assert "LOC, PER, VERB" in out
    assert "began with" in out


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "--keep-labels needs the model whose labels to keep: name it with --from"),
        (["--from", "none"], "--keep-labels needs the model whose labels to keep: name it"),
        (["--from", "base", "--teachers", "2"], "--keep-labels and teachers exclude each other"),
        (
            ["--from", "base", "--level", "word", "--loss", "squared-error"],
            "--keep-labels needs --loss softmax or --loss max-margin",
        ),
    ],
)
def test_what_cannot_keep_labels_is_one_line(run, base, options, complaint):
    code, _, err = run("train", "--train", "verbs.txt", "--keep-labels", *options)
    assert code == 2
    assert complaint in err
    assert len(err.strip().splitlines()) == 1


def test_a_corpus_with_all_labels_has_none_to_keep(run, base, tiny_data):
    code, _, err = run("train", "--data", tiny_data, "--from", base, "--keep-labels")
    assert code == 2
    assert "annotates all labels of the base model" in err
