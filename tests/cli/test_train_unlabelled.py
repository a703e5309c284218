"""``windowclf train --unlabelled`` and ``--teacher``."""

import json
import shutil
import signal
from pathlib import Path

import pytest

import tiny
import windowclf
from windowclf.cli.progress import TrainingProgress
from windowclf.training.loop import BatchDone

SETTINGS = tiny.QUICK | {"feature": "shape", "batch_size": 20}
TEXTS = ["Nora lives in Rome. Nora saw Tom.", "They met him."]


@pytest.fixture
def start(run, tiny_data, tmp_path, monkeypatch):
    """Options of a training; the user is in a folder with text and a trained model."""
    monkeypatch.chdir(tmp_path)
    Path("text.csv").write_text("body\n" + "\n".join(TEXTS))
    data = ["train", "--data", tiny_data, "--vectors", "random", *tiny.options(SETTINGS)]
    assert run(*data, "--output", "ready", "--seed", "5", "--quiet")[0] == 0
    return data


def parameters(folder):
    [path] = Path(folder).glob("parameters-*")
    return path.read_bytes()


OPTIONS = ["--unlabelled", "text.csv", "--text-column", "body", "--teacher", "ready"]


def test_the_command_is_the_call(run, start, tiny_data):
    code, out, _ = run(*start, *OPTIONS, "--output", "out", "--teachers", "1", "--json")
    assert code == 0
    settings = tiny.QUICK | {"features": "shape", "batch_size": 20, "teachers": 1}
    called = windowclf.WindowClassifier(**settings).fit(
        windowclf.load_corpus(tiny_data),
        vectors="random",
        unlabelled=TEXTS,
        trained_teachers=[windowclf.load("ready")],
    )
    called.save("called")
    assert parameters("out") == parameters("called")
    record = json.loads(out)["training"]
    assert (record["unlabelled"], record["teachers"]) == (["text.csv"], ["ready"])
    assert (record["sentences"]["unlabelled"], record["tokens"]["unlabelled"]) == (3, 13)
    info = " ".join(run("info", "--model", "out")[1].split())
    assert "unlabelled text text.csv, 3 sentences, 13 tokens " in info
    assert "trained teachers ready " in info
    assert "3 sentences, 13 tokens" in Path("out/report.html").read_text("utf-8")
    info = " ".join(run("info", "--model", "called")[1].split())
    assert "unlabelled text 3 sentences, 13 tokens " in info
    assert "trained teachers classifier 1 " in info


def test_it_is_resumed_with_what_it_was_given(run, start, monkeypatch):
    start = [*start, *OPTIONS, "--output", "out"]
    assert run(*start)[0] == 0
    whole = parameters("out")
    shutil.rmtree("out")
    call = TrainingProgress.__call__

    def stop(progress, event):
        call(progress, event)
        if isinstance(event, BatchDone) and event.batch == 2:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingProgress, "__call__", stop)
        assert run(*start)[0] == 130
    assert run("train", "--resume", "out")[0] == 0
    assert parameters("out") == whole


def test_the_model_of_other_teachers_is_not_written_over(run, start):
    assert run(*start, *OPTIONS, "--output", "out")[0] == 0
    assert run(*start, *OPTIONS, "--output", "out")[0] == 0
    others = {"unlabelled": OPTIONS[4:], "teacher": [*OPTIONS[:4], "--teachers", "1"]}
    for what, left in others.items():
        code, _, err = run(*start, *left, "--output", "out")
        assert code == 1
        assert f"the finished model of another training (different --{what}" in err


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (OPTIONS[:4], 2, "--unlabelled needs teachers, whose scores replace the tags: set "
         "--teachers, such as --teachers 4, or pass trained models with --teacher"),
        (["--teacher", "ready", "--loss", "max-margin"], 2,
         "--teacher needs --loss softmax, not max-margin"),
        (["--teacher", "ready", "--level", "word"], 1,
         "ready: was trained with --level sentence and --loss softmax, expected --level word and "
         "--loss softmax, as the network is"),
        (["--teacher", "text.csv"], 1, "text.csv"),
        (["--teachers", "1", "--unlabelled", "nowhere.txt"], 1, "nowhere.txt: cannot be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_taught(run, start, options, code, message):
    found, _, err = run(*start, *options, "--output", "out")
    assert found == code
    assert err.startswith(f"windowclf: error: {message}")
    assert err.count("\n") == 1
    assert not Path("out").exists()
