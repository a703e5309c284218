"""The README's Python runs, and its command lines are ones that the program has."""

import re
import shlex
from pathlib import Path

import pytest

from windowclf.cli import windowclf

TEXT = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
LINES = [
    line.partition("#")[0].strip().removeprefix("$ ")
    for line in TEXT.splitlines()
    if re.match(r"    (\$ )?windowclf [a-z]", line)
]


@pytest.mark.parametrize("code", PYTHON)
def test_the_python_runs(code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    assert "Paris LOC 0 5" in capsys.readouterr().out


@pytest.mark.parametrize("line", [line for line in LINES if "COMMAND" not in line])
def test_a_command_line_parses(line):
    name, *arguments = shlex.split(re.split(r" [<>|] ", line)[0].replace("…", "x"))[1:]
    windowclf.get_command(None, name).make_context(name, arguments)


def test_the_readme_has_both():
    assert PYTHON
    assert len(LINES) > 5
