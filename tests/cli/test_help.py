import re
import shlex

import click
import pytest

import command_lines
from windowclf.cli import windowclf

COMMANDS = sorted(windowclf.list_commands(None))


def examples(text):
    return [line for line in text.splitlines() if re.match(r"  (.*\| )?windowclf [^:]", line)]


@pytest.mark.parametrize("flag", ["--help", "-h"])
@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example_that_parses(run, command, flag):
    code, out, err = run(command, flag)
    assert (code, err) == (0, "")
    lines = examples(out)
    assert any(line.startswith(f"  windowclf {command}") for line in lines)
    for line in lines:
        parse(line)


def parse(line):
    """Parse an example as click does, without running it."""
    words = shlex.split(line.partition(">")[0])
    name, *arguments = words[words.index("windowclf") + 1 :]
    command_lines.parse(name, arguments)


def test_an_example_that_is_wrong_would_not_parse():
    with pytest.raises(click.UsageError):
        parse("windowclf tag --inptu news.txt")


def test_the_overview_names_every_command(run):
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    for name in COMMANDS:
        assert f"\n  {name} " in out
    for line in examples(out):
        parse(line)


def test_the_version(run):
    from importlib.metadata import version

    assert run("--version") == (0, f"windowclf, version {version('windowclf')}\n", "")


def test_without_a_command_the_overview_goes_to_stderr(run):
    code, out, err = run()
    assert (code, out) == (2, "")
    assert err.startswith("Usage: windowclf")
