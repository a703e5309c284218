"""Which model a command and `load` use where none is named, and what they report of it."""

import json
import re
import shutil
import subprocess
import sys

import pytest

import tiny
import windowclf
from windowclf.cli import main
from windowclf.model.default import MARKER, find_model, remember

TEXT = tiny.unmarked(tiny.PAIR)
BUNDLED = "[LOC Paris] is in [LOC France]\n"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The current directory, empty."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def trained(here, model_folder):
    """A model in the current directory, as a training leaves it."""
    shutil.copytree(model_folder, "models/mine")
    remember(here / "models" / "mine")
    return "models/mine"


def used(run, *options):
    return json.loads(run("info", "--json", *options)[1])["model"]


def test_a_named_model_is_used_and_reported(trained, model_folder, monkeypatch, capsys):
    monkeypatch.setenv("WINDOWCLF_MODEL", "/nowhere")
    assert main(["tag", TEXT, "--model", str(model_folder)]) == 0
    assert capsys.readouterr() == (f"{tiny.PAIR}\n", f"model: {model_folder} (--model)\n")


def test_the_bundled_model_has_a_name(run, trained, model_folder, monkeypatch):
    monkeypatch.setenv("WINDOWCLF_MODEL", str(model_folder))
    assert run("tag", "Paris is in France", "--model", "bundled") == (0, BUNDLED, "")
    assert [entity.label for entity in windowclf.load("bundled").tag("Paris")] == ["LOC"]


def test_the_variable_goes_before_the_folder(run, trained, model_folder, monkeypatch):
    monkeypatch.setenv("WINDOWCLF_MODEL", str(model_folder))
    reported = f"model: {model_folder} (WINDOWCLF_MODEL)\n"
    assert run("tag", TEXT) == (0, f"{tiny.PAIR}\n", reported)
    monkeypatch.setenv("WINDOWCLF_MODEL", "")
    assert used(run) == trained


def test_a_variable_without_a_model_is_an_error(run, trained, monkeypatch):
    monkeypatch.setenv("WINDOWCLF_MODEL", "away\x1b")
    for command in (["tag", TEXT], ["info"], ["explain", TEXT], ["evaluate"]):
        code, out, err = run(*command)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "WINDOWCLF_MODEL: away\N{REPLACEMENT CHARACTER} is not a model folder" in err
    with pytest.raises(windowclf.ModelError, match="WINDOWCLF_MODEL"):
        windowclf.load()


def test_a_model_trained_in_this_folder_is_used_here(run, tiny_data):
    quick = ["--data", tiny_data, "--vectors", "random", *tiny.options(tiny.QUICK)]
    assert run("train", *quick, "--output", "models/mine")[0] == 0
    assert used(run) == "models/mine"
    assert run("tag", TEXT)[2] == "model: models/mine (trained in this folder)\n"
    assert run("train", *quick, "--seed", 2, "--output", "other")[0] == 0
    assert used(run) == "other"
    assert used(run, "--model", "models/mine") == "models/mine"


def test_it_is_not_used_in_another_folder(run, trained, here, no_model, model_folder, monkeypatch):
    shutil.copytree(model_folder, no_model)
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    assert used(run) == str(no_model)
    assert run("tag", TEXT)[2] == ""


def test_a_model_outside_of_this_folder_is_not_noted(run, trained, tiny_data, tmp_path):
    quick = ["--data", tiny_data, "--vectors", "random", *tiny.options(tiny.QUICK)]
    assert run("train", *quick, "--output", tmp_path / "outside")[0] == 0
    assert used(run) == trained


def test_the_folder_may_move(run, trained, tmp_path, monkeypatch):
    (tmp_path / "here").rename(tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    assert used(run) == trained


@pytest.mark.parametrize(
    ("note", "fault"),
    [
        (b"gone\n", "names gone, which is not a model"),
        (b"../here/models/mine", "leads out of this folder, to ../here/models/mine"),
        (b"/etc\n", "leads out of this folder, to /etc"),
        (b"", "is damaged: expected the path of a model"),
        (b"models/mine\nmore", "is damaged: expected the path of a model"),
        (b"models/mine\0", "is damaged: expected the path of a model"),
        (b"\xff\x1b[2J\n", "names \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[2J, which"),
        (b"x" * 1_000_000, "is damaged: expected the path of a model"),
        (None, "cannot be read: Is a directory"),
    ],
)
def test_a_note_that_cannot_be_used_is_reported(
    run, trained, here, no_model, model_folder, note, fault
):
    shutil.copytree(model_folder, no_model)
    marker = here / MARKER
    marker.unlink()
    marker.mkdir() if note is None else marker.write_bytes(note)
    code, out, err = run("tag", TEXT)
    assert (code, out, err.count("\n")) == (0, f"{tiny.PAIR}\n", 1)
    assert err.startswith(f"model: the bundled one, because {MARKER} {fault}")


def test_a_folder_that_cannot_be_written_is_no_error(run, here, tiny_data):
    (here / MARKER).mkdir()
    quick = ["--data", tiny_data, "--vectors", "random", *tiny.options(tiny.QUICK)]
    code, _, err = run("train", *quick, "--output", "mine")
    assert code == 0
    [line] = [line for line in err.splitlines() if MARKER in line]
    assert line == (
        f"the model is not the default here, because {MARKER} cannot be written "
        "(Is a directory): name it with --model mine"
    )


def test_without_any_model_there_is_one_line(run, no_model):
    reason = "no model yet: train one with 'windowclf train', or name one with --model"
    assert run("tag", TEXT) == (1, "", f"windowclf: error: {reason}\n")


def test_load_follows_the_same_rule(trained, model_folder, monkeypatch, caplog):
    assert windowclf.load().to_bytes() == windowclf.load(trained).to_bytes()
    assert caplog.messages == [f"model: {trained} (trained in this folder)"]
    monkeypatch.setenv("WINDOWCLF_MODEL", str(model_folder))
    windowclf.load()
    assert caplog.messages[1:] == [f"model: {model_folder} (WINDOWCLF_MODEL)"]


def test_the_bundled_model_is_loaded_without_a_word(caplog):
    assert windowclf.load().config == windowclf.load(find_model().folder).config
    assert not caplog.messages


def test_a_training_elsewhere_changes_nothing(run, here, tiny_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    quick = ["--data", tiny_data, "--vectors", "random", *tiny.options(tiny.QUICK)]
    assert run("train", *quick, "--output", "mine")[0] == 0
    command = f"{sys.executable} -m windowclf tag 'Paris is in France' | cat"
    ran = subprocess.run(command, shell=True, cwd=here, capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == (BUNDLED, "")


def test_a_terminal_gets_colours(trained, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(["tag", TEXT]) == 0
    out, err = capsys.readouterr()
    assert err == f"model: {trained} (trained in this folder)\n"
    assert "\x1b[" in out
    assert re.sub(r"\x1b\[[0-9;]*m", "", out) == "Paris LOC is in France LOC\n"
