import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

import tiny
import windowclf
from windowclf.cli.progress import TrainingProgress
from windowclf.system.locks import exclusive_lock

SEARCH = ["--search", "rate=0.0005:0.05:log", "--search", "hidden=2,4"]
FIXED = {k: v for k, v in tiny.QUICK.items() if k not in ("rate", "hidden")}


@pytest.fixture
def command(tiny_data, tmp_path):
    data = ["--data", tiny_data, "--vectors", "random", "--threads", 1]
    return ["tune", *data, *tiny.options(FIXED), *SEARCH, "--output", tmp_path / "tuned"]


def flat(out):
    return [" ".join(line.split()) for line in out.splitlines() if line.strip()]


def test_tune(run, command, tmp_path, tiny_data):
    code, out, err = run(*command, "--trials", 3)
    folder = tmp_path / "tuned"
    assert code == 0
    notes = err.splitlines()
    pattern = r"trial +(\d)  F1 +([\d.]+)  rate=[\d.e-]+ hidden=[24]"
    assert [re.fullmatch(pattern, line)[1] for line in notes[:3]] == ["1", "2", "3"]
    assert notes[3:] == [f"model: {folder / 'best'}", f"page: {folder / 'tuning.html'}"]
    lines = flat(out)
    assert lines[0] == "the best of 3 trials"
    assert lines[1] == "trial F1 epochs seconds rate hidden"
    assert len(lines) == 7
    scores = sorted((float(re.fullmatch(pattern, line)[2]) for line in notes[:3]), reverse=True)
    assert [float(line.split()[1]) for line in lines[3:6]] == scores
    assert lines[-1].startswith(f"best: F1 {scores[0]:.2f} with rate=")
    best = windowclf.load(folder / "best")
    given = windowclf.load_corpus(tiny_data).splits["dev"]
    assert 100 * best.evaluate(given).total.f1 == pytest.approx(scores[0], abs=0.006)
    assert sorted(p.name for p in folder.iterdir()) == ["best", "study.db", "tuning.html"]
    assert "3 of 3 trials are done" in (folder / "tuning.html").read_text("utf-8")


def test_json_and_going_on(run, command, tmp_path):
    code, out, err = run(*command, "--trials", 2, "--json", "--quiet")
    assert code == 0
    first = json.loads(out)
    assert err.count("\n") == 2
    assert [trial["number"] for trial in first["trials"]] == [1, 2]
    assert first["best"] == max(first["trials"], key=lambda trial: trial["f1"])
    assert first["model"] == str(tmp_path / "tuned" / "best")
    again = json.loads(run("tune", "--resume", tmp_path / "tuned", "--json")[1])
    assert again == first
    further = json.loads(run(*command, "--trials", 3, "--json")[1])
    assert further["trials"][:2] == first["trials"]
    assert len(further["trials"]) == 3


def test_a_search_that_has_fewer_options(run, command, tmp_path):
    first = json.loads(run(*command, "--trials", 1, "--json")[1])
    with closing(sqlite3.connect(tmp_path / "tuned" / "study.db")) as study, study:
        change = "UPDATE study_user_attributes SET value_json = replace(value_json, ?, '')"
        for name in ("clusters", "names"):  # as version 0.1.0 wrote it
            study.execute(change, (f'"{name}": [], ',))
    assert json.loads(run("tune", "--resume", tmp_path / "tuned", "--json")[1]) == first
    assert len(json.loads(run(*command, "--trials", 2, "--json")[1])["trials"]) == 2


def test_lists_of_names_go_to_the_trials(run, command, tmp_path):
    (tmp_path / "LOC.txt").write_text("Nuuk\nRio de Janeiro\n", "utf-8")
    search = ["--search", "name_augmentation=0.5,1", "--names", f"LOC={tmp_path / 'LOC.txt'}"]
    assert run(*command, *search, "--trials", 1)[0] == 0
    record = windowclf.load(tmp_path / "tuned" / "best").model.record
    assert record.names == {"LOC": 2}
    assert record.augmented["names"] > 0


def test_a_search_that_has_settings_by_their_former_names(run, command, tmp_path):
    names = [*command, "--recase", 0.1, "--trials"]
    first = json.loads(run(*names, 1, "--json")[1])
    with closing(sqlite3.connect(tmp_path / "tuned" / "study.db")) as study, study:
        change = "UPDATE study_user_attributes SET value_json = replace(value_json, ?, ?)"
        study.execute(change, ("case_augmentation", "recase"))  # as version 0.1.0 wrote it
    assert json.loads(run("tune", "--resume", tmp_path / "tuned", "--json")[1]) == first
    assert len(json.loads(run(*names, 2, "--json")[1])["trials"]) == 2
    code, _, err = run(*command, "--recase", 0.2, "--trials", 2)
    assert (code, err.partition("other options: ")[2][:20]) == (2, "--case-augmentation;")


@pytest.mark.processes
def test_resume_after_a_kill(run, command, tmp_path):
    folder = tmp_path / "tuned"
    options = [str(word) for word in (*command, "--trials", 60)]
    process = subprocess.Popen(
        [sys.executable, "-m", "windowclf", *options], stderr=subprocess.PIPE, text=True
    )
    for line in process.stderr:
        if line.startswith("trial   2 "):
            break
    time.sleep(0.05)  # into the next one
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    found = json.loads(run(*command, "--trials", 2, "--json")[1])
    done = len(found["trials"])
    assert 2 <= done < 10
    code, out, _ = run(*command, "--trials", done + 1, "--json")
    assert code == 0
    further = json.loads(out)
    assert further["trials"][:done] == found["trials"]
    assert len(further["trials"]) == done + 1
    assert windowclf.load(folder / "best").config.rate == further["best"]["settings"]["rate"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_keeps_what_is_done(run, command, tmp_path, monkeypatch, number, code):
    listen = TrainingProgress.__call__

    def stop(progress, event):
        listen(progress, event)
        if (tmp_path / "tuned" / "best").exists():  # and the second trial is under way
            os.kill(os.getpid(), number)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingProgress, "__call__", stop)
        found, out, err = run(*command, "--trials", 200)
    assert (found, out) == (code, "")
    folder = tmp_path / "tuned"
    _, said = err.splitlines()
    again = f"continue with 'windowclf tune --resume {folder}'"
    assert said == f"interrupted: 1 of 200 trials done; {again}"
    assert "1 of 200 trials are done" in (folder / "tuning.html").read_text("utf-8")
    found = json.loads(run(*command, "--trials", 1, "--json")[1])
    assert len(found["trials"]) == 1


def test_stopped_before_a_trial_was_done(run, command, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("windowclf.classifier.WindowClassifier.fit", stop)
    assert run(*command) == (130, "", "interrupted: no trial was finished\n")
    assert not (tmp_path / "tuned").exists()


def test_two_searches_in_one_folder(run, command, tmp_path):
    folder = tmp_path / "tuned"
    folder.mkdir()
    with exclusive_lock(folder, "search"):
        code, out, err = run(*command, "--trials", 1)
    assert (code, out) == (1, "")
    assert "another search is writing there" in err
    assert not [*folder.iterdir()]


def test_another_search_in_the_folder(run, command, tmp_path):
    assert run(*command, "--trials", 1)[0] == 0
    folder = tmp_path / "tuned"
    before = (folder / "tuning.html").read_bytes()
    code, out, err = run(*command, "--trials", 2, "--epochs", 2, "--sampler", "random")
    assert (code, out) == (2, "")
    assert "with other options: --epochs, --sampler; continue it with --resume" in err
    assert err.count("\n") == 1
    assert (folder / "tuning.html").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ([], 2, "tune needs --output DIR"),
        (["--output", "t", "--search", "rate=2:1"], 2, "--search rate=2:1: expected LOW below"),
        (
            ["--output", "t", "--search", "rate=1:2", "--rate", "1"],
            2,
            "is either searched or fixed",
        ),
        (["--output", "t", "--search", "window=3:7"], 2, "would try window=4: --window: expected"),
        (["--output", "t", "--trials", "0"], 2, "Invalid value for '--trials'"),
        (["--output", "t", "--data", "nowhere"], 2, "unknown data set 'nowhere'"),
        (["--output", "t", "--train", "{data}/train.txt"], 1, "has no dev split"),
        (["--output", "t", "--vectors", "no.txt", "--data", "{data}"], 1, "no.txt"),
        (["--output", "{data}"], 1, "contains files but no search"),
        (["--output", "{data}/train.txt"], 1, "cannot search there: File exists"),
        (["--resume", "t"], 1, "t: no search to resume"),
        (["--resume", "t", "--trials", "3"], 2, "leave out --trials"),
    ],
)
def test_bad_input(run, tiny_data, monkeypatch, tmp_path, options, code, message):
    monkeypatch.chdir(tmp_path)
    before = sorted(tiny_data.iterdir())
    found, out, err = run("tune", *(option.format(data=tiny_data) for option in options))
    assert (found, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1
    assert sorted(tiny_data.iterdir()) == before
    assert not (tmp_path / "t").exists()


def test_without_optuna(tmp_path):
    (tmp_path / "optuna.py").write_text("raise ImportError")
    path = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-m", "windowclf", "tune", "--output", str(tmp_path / "t")],
        capture_output=True,
        text=True,
        env=path,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        "windowclf: error: windowclf tune needs an optional package: "
        "pip install 'windowclf[tune]'\n"
    )
    assert not (tmp_path / "t").exists()
