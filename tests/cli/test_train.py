import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tiny
import windowclf
from windowclf.cli.progress import TrainingProgress
from windowclf.errors import TrainingError
from windowclf.model.folder import REPORT
from windowclf.model.manifest import MANIFEST, TIMES
from windowclf.model.record import Epoch

QUICK = tiny.options(tiny.QUICK)


@pytest.fixture
def quick(tiny_data, tmp_path, monkeypatch):
    """Options of a short training; the user stands in an empty folder, with no model yet."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return ["train", "--data", tiny_data, "--vectors", "random", *QUICK]


def test_without_a_dev_text_the_f1_to_expect_is_told(run, quick, tiny_data):
    alone = ["train", "--train", tiny_data / "train.txt", *quick[3:], "--folds", "2", "--epochs", 2]
    code, out, err = run(*alone, "--output", "out")
    assert code == 0
    told = re.fullmatch(r"expected F1 on new text: (\d+ \(\d+ to \d+\), from .*)\n", out)
    warning, header, *epochs, _, _ = err.splitlines()
    assert warning.startswith("warning: there is no dev split: cross-validation with --folds")
    assert [line.split()[0] for line in (header, *epochs)] == ["epoch", "1", "2"]
    code, out, _ = run("info", "--model", "out")
    assert f"expected F1  {told[1]}" in re.sub(" {3,}", "  ", out)
    code, out, _ = run(*alone, "--output", "out", "--json")
    expected = json.loads(out)["training"]["expected"]
    assert expected["low"] <= expected["f1"] <= expected["high"]
    assert expected["labels"].keys() == {"LOC", "PER"}


def test_a_training_is_told_and_saved(run, quick, tiny_data):
    code, out, err = run(*quick, "--output", "out", "--epochs", "2")
    assert code == 0
    header, first, second, model, report = err.splitlines()
    assert header.split() == ["epoch", "loss", "precision", "recall", "F1", "tokens/s"]
    assert [first.split()[0], second.split()[0]] == ["1", "2"]
    assert (model, report) == ("model: out", "report: out/report.html")
    assert f"{tiny_data}, dev" in out
    assert f"{tiny_data}, test" in out
    assert "epoch" not in out
    config = windowclf.load("out").config
    for name, value in (tiny.QUICK | {"epochs": 2, "hidden": (4,)}).items():
        assert getattr(config, name) == value


def test_json_alone_is_on_stdout(run, quick):
    code, out, _ = run(*quick, "--output", "out", "--json")
    facts = json.loads(out)
    assert code == 0
    assert out.count("\n") == 1
    assert facts["model"] == "out"
    assert facts["training"]["vectors"] == "random"
    assert len(facts["training"]["epochs"]) == 1
    model = windowclf.load("out")
    corpus = windowclf.load_corpus(quick[2])
    for split in ("dev", "test"):
        assert facts[split] == model.evaluate(corpus.splits[split]).to_json()


def test_quiet_leaves_out_the_epochs(run, quick):
    code, out, err = run(*quick, "--output", "out", "--quiet")
    assert (code, err) == (0, "model: out\nreport: out/report.html\n")
    assert out


def test_the_default_output_is_named_after_the_data(run, quick, tiny_data):
    assert run(*quick)[0] == 0
    assert (Path("models") / tiny_data.name / MANIFEST).is_file()


def test_files_and_settings_reach_the_training(run, quick, tiny_data):
    code, out, _ = run(
        *["train", "--train", tiny_data / "train.txt", "--vectors", tiny_data / "vectors.vec"],
        *[*QUICK, "--output", "out", "--json", "--hidden", "3", "--feature", "shape"],
        *["--feature", "suffix3", "--freeze-vectors", "--loss", "max-margin", "--seed", "7"],
    )
    facts = json.loads(out)
    assert code == 0
    assert "dev" not in facts
    assert "test" not in facts
    assert facts["training"]["vectors_moved"] == 0
    config = windowclf.load("out").config
    assert config.hidden == (4, 3)
    assert config.features == ("shape", "suffix3")
    assert (config.freeze_vectors, config.loss, config.seed) == (True, "max-margin", 7)


def test_no_feature_at_all(run, quick):
    assert run(*quick, "--output", "out", "--feature", "none")[0] == 0
    assert windowclf.load("out").config.features == ()


def test_plain_labels(run, quick, tmp_path):
    (tmp_path / "train.txt").write_text("dogs NOUN\nbark VERB\n\n" * 9)
    options = ["--scheme", "plain", "--vectors", "random", "--output", "out"]
    code, out, _ = run("train", "--data", tmp_path, *options, *QUICK)
    assert (code, out) == (0, "")
    assert windowclf.load("out").labels == ["NOUN", "VERB"]


def test_a_compressed_model_is_smaller_and_tags(run, quick):
    sizes = {}
    for name, more in (("plain", []), ("small", ["--compress"])):
        assert run(*quick, "--hidden", "100", "--output", name, *more)[0] == 0
        sizes[name] = sum(file.stat().st_size for file in Path(name).glob("parameters*"))
    assert sizes["small"] < 0.6 * sizes["plain"]
    assert [run("tag", "--model", name, tiny.unmarked(tiny.PAIR))[0] for name in sizes] == [0, 0]


def test_teachers_are_told_of(run, quick):
    code, _, err = run(*quick, "--teachers", "2", "--output", "out")
    assert code == 0
    told = [line for line in err.splitlines() if "teach" in line]
    assert told == ["teacher 1 of 2", "teacher 2 of 2", "the network they teach"]


def test_the_same_seed_gives_the_same_bytes(run, quick):
    for name in ("a", "b"):
        assert run(*quick, "--output", name)[0] == 0
    a, b = ({path.name: path.read_bytes() for path in Path(n).iterdir()} for n in ("a", "b"))
    assert len(a) == 6
    assert a.pop(TIMES) != b.pop(TIMES)
    assert a.pop(REPORT) != b.pop(REPORT)  # the report shows the times
    assert a == b
    names = [next(Path(name).glob("parameters-*")).name for name in ("a", "b")]
    assert run(*quick, "--output", "c", "--seed", "2")[0] == 0
    assert next(Path("c").glob("parameters-*")).name != names[0]


def test_a_second_training_takes_the_place_of_the_first(run, quick):
    for seed in ("1", "2"):
        assert run(*quick, "--output", "out", "--seed", seed, "--overwrite")[0] == 0
    assert windowclf.load("out").config.seed == 2
    assert len(list(Path("out").iterdir())) == 6


def test_a_loss_that_diverges_later_keeps_the_best_epoch(run, quick, monkeypatch):
    def call(_, event):
        if isinstance(event, Epoch) and event.epoch == 2:
            raise TrainingError("the loss is nan at epoch 3, batch 1")

    monkeypatch.setattr(TrainingProgress, "__call__", call)
    code, out, err = run(*quick, "--output", "out", "--epochs", "9")
    assert (code, out) == (1, "")
    assert err == (
        "windowclf: error: the loss is nan at epoch 3, batch 1; the best epoch so far is in out\n"
    )
    assert len(windowclf.load("out").model.record.epochs) == 2
    assert not Path("out", "checkpoint").exists()


def test_a_part_of_the_train_split(run, quick):
    counts = {}
    for fraction in ("1", "0.5", "0.0001"):
        _, out, _ = run(*quick, "--output", "out", "--train-fraction", fraction, "--json")
        counts[fraction] = json.loads(out)["training"]["sentences"]["train"]
    assert counts == {"1": counts["1"], "0.5": round(counts["1"] / 2), "0.0001": 1}
    for wrong in ("0", "1.5"):
        code, _, err = run(*quick, "--output", "out", "--train-fraction", wrong)
        assert code == 2
        assert err.startswith("windowclf: error: --train-fraction: expected more than 0")


def test_a_program_of_its_own(quick):
    command = [sys.executable, "-m", "windowclf", *quick, "--output", "out", "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 0 <= json.loads(ran.stdout)["dev"]["f1"] <= 1
    assert ran.stderr.endswith("model: out\nreport: out/report.html\n")
    assert "\x1b" not in ran.stdout + ran.stderr
