"""The README's Python runs, and its command lines are ones that the program has."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from command_lines import parse
from hub_server import hub_server
from windowclf.cli import main

TEXT = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
TAGGED = re.findall(r"^    \$ (windowclf tag .*)\n    ([^$\n].*)$", TEXT, re.MULTILINE)
LINES = [
    line.partition("#")[0].strip().removeprefix("$ ")
    for line in TEXT.splitlines()
    if re.match(r"    (\$ )?windowclf [a-z]", line)
]


@pytest.fixture(scope="module")
def hub():
    """A hub on this machine, whose user is the one of the README."""
    with hub_server({}) as hub:
        yield {
            "HF_ENDPOINT": hub.endpoint,
            "HF_TOKEN": "hf_x",
            "HF_HUB_DISABLE_XET": "1",
            "NO_PROXY": "127.0.0.1",
        }


@pytest.mark.parametrize("code", PYTHON, ids=[code.splitlines()[0] for code in PYTHON])
def test_the_python_prints_what_it_says(code, tmp_path, hub):
    program = tmp_path / "readme.py"  # in a process of its own, as processes that it starts read it
    program.write_text(code, "utf-8")
    ran = subprocess.run(
        [sys.executable, program],
        cwd=tmp_path,
        env={**os.environ, **hub, "HF_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    printed = iter(ran.stdout.splitlines())
    for line in re.findall(r"^# → (.*)$", code, re.MULTILINE):
        assert line in printed, f"{line!r} is missing, or comes too soon, in\n{ran.stdout}"


@pytest.mark.parametrize(("line", "out"), TAGGED)
def test_a_text_is_tagged_as_it_says(line, out, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)  # no model was trained here: the bundled one
    assert main(shlex.split(line)[1:]) == 0
    assert capsys.readouterr().out == f"{out}\n"


@pytest.mark.parametrize("line", [line for line in LINES if "COMMAND" not in line])
def test_a_command_line_parses(line):
    name, *arguments = shlex.split(re.split(r" [<>|] ", line)[0].replace("…", "x"))[1:]
    parse(name, arguments)


def test_the_readme_has_all_of_them():
    assert len(PYTHON) > 5
    assert len(LINES) > 5
    assert len(TAGGED) > 5
