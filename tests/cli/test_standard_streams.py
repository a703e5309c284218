"""Stdin, stdout and stderr that are closed, full, or in the encoding of a locale."""

import io
import os
import subprocess
import sys

import pytest
from rich.console import Console

from windowclf.cli import main
from windowclf.cli.console import stdout_has_colour

TEXT = "Zoë 中 met Ada in Paris"
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def shell(line, model_folder, **env):
    """Run a line of a shell, in which W stands for the program."""
    program = f"{sys.executable} -m windowclf"
    line = line.replace("TAG", f"W tag --model {model_folder}").replace("W", program, 1)
    return subprocess.run(
        ["sh", "-c", line], capture_output=True, env={**os.environ, **env}, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize(
    "line", ["TAG Paris >&-", "W --help >&-", "TAG Paris <&- >&- 2>&-", "TAG <&- 2>&-"]
)
def test_a_closed_stream_ends_the_program(line, model_folder):
    found = shell(line, model_folder)
    assert (found.returncode, found.stdout, found.stderr) == (1, b"", b"")


@pytest.mark.processes
@pytest.mark.parametrize(
    "line", ["W info >&-", "W presets --json >&- 2>&-", "W train --epochs 1 >&-", "W --version >&-"]
)
def test_a_closed_stdout_ends_every_command(line, model_folder, tmp_path):
    found = shell(f"cd {tmp_path}; {line}", model_folder, PYTHONPATH=os.pathsep.join(sys.path))
    assert (found.returncode, found.stdout, found.stderr) == (1, b"", b"")
    assert not any(tmp_path.iterdir())


@pytest.mark.processes
def test_what_needs_no_such_stream_is_done(model_folder):
    found = shell("TAG In Oslo <&- 2>&-", model_folder)
    assert (found.returncode, found.stderr) == (0, b"")
    assert b"Oslo" in found.stdout


@pytest.mark.processes
def test_a_closed_stdin_is_named(model_folder):
    found = shell("TAG <&-", model_folder)
    assert (found.returncode, found.stdout) == (1, b"")
    assert found.stderr.splitlines()[-1].startswith(
        b"windowclf: error: stdin: cannot be read: it is closed"
    )


@pytest.mark.processes
def test_a_full_stderr_ends_no_work(model_folder):
    found = shell("TAG In Oslo 2>/dev/full", model_folder)
    assert found.returncode == 0
    assert b"Oslo" in found.stdout


@pytest.mark.processes
@pytest.mark.parametrize("env", [{"PYTHONIOENCODING": "cp1252"}, C_LOCALE])
def test_a_pipe_is_utf8_whatever_the_locale(model_folder, tmp_path, env):
    (tmp_path / "in.txt").write_text(TEXT, encoding="utf-8")
    found = shell(f"TAG < {tmp_path / 'in.txt'}", model_folder, **env)
    assert found.returncode == 0
    plain = found.stdout.decode("utf-8")
    assert "Zoë" in plain
    assert "中" in plain


@pytest.mark.parametrize("form", ["text", "jsonl", "csv", "conll"])
def test_every_format_is_utf8_off_a_terminal(monkeypatch, model_folder, form):
    data = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(data, encoding="cp1252"))
    assert main(["tag", "--model", str(model_folder), "--format", form, TEXT]) == 0
    assert "中" in data.getvalue().decode("utf-8")


def test_a_terminal_keeps_its_encoding(monkeypatch, model_folder):
    data = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(data, encoding="cp1252"))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(["tag", "--model", str(model_folder), "Zoë 中"]) == 0
    written = data.getvalue().decode("cp1252")
    assert "Zoë" in written
    assert "?" in written
    assert "\\u" not in written


COLOURS = [
    {},
    {"NO_COLOR": "1"},
    {"NO_COLOR": ""},
    {"TERM": "dumb"},
    {"TERM": "unknown"},
    {"FORCE_COLOR": "1"},
    {"FORCE_COLOR": ""},
    {"FORCE_COLOR": "1", "NO_COLOR": "1"},
    {"FORCE_COLOR": "1", "TERM": "dumb"},
]


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("env", COLOURS, ids=str)
def test_colours_follow_the_rules_of_rich(monkeypatch, model_folder, env, terminal):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **env}.items():
        monkeypatch.setenv(name, value)
    data = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(data, encoding="utf-8"))
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    console = Console()
    expected = console.color_system is not None and not console.no_color
    assert stdout_has_colour() == expected
    assert main(["tag", "--model", str(model_folder), "Ada lives in Paris ."]) == 0
    assert main(["presets"]) == 0
    assert ("\x1b[" in data.getvalue().decode()) == expected
