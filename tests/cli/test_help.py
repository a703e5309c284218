import os
import re
import shlex
import subprocess
import sys

import click
import pytest

import command_lines
from windowclf.cli import windowclf
from windowclf.cli.groups import Group, GroupedCommand
from windowclf.cli.tag_job import ONLY_JOBS
from windowclf.config.check import option_name

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


def context(name):
    parent = click.Context(windowclf, **windowclf.context_settings)
    command = windowclf.get_command(None, name)
    return command, click.Context(command, info_name=name, parent=parent)


def options(command, ctx):
    members = [each for each in command.get_params(ctx) if isinstance(each, click.Option)]
    return [option for option in members if not option.hidden]


LONG = [name for name in COMMANDS if len(options(*context(name))) > 12]


def test_the_commands_with_many_options_show_them_in_groups():
    assert {"train", "tune", "tag", "evaluate", "learning-curve", "annotate"} <= set(LONG)
    for name in LONG:
        assert isinstance(windowclf.get_command(None, name), GroupedCommand), name


@pytest.mark.parametrize("name", LONG)
def test_every_option_is_in_a_group_and_in_the_help(run, name):
    command, ctx = context(name)
    groups = command.options_by_group(command.get_params(ctx))
    assert [group for group, _ in groups if group not in command.groups] == []
    grouped = [option.name for _, members in groups for option in members]
    assert sorted(grouped) == sorted(option.name for option in options(command, ctx))
    for group, members in groups:
        for option in members:
            assert option.name.endswith("help") or option.group == group.heading
    out = run(name, "--help")[1]
    headings = re.findall(r"^(\w.*):$", out, re.MULTILINE)
    assert headings == [group.heading for group, _ in groups]
    for option in options(command, ctx):
        assert re.search(rf"^  .*{option.opts[-1]}\b", out, re.MULTILINE)


def test_a_group_names_only_parameters_that_some_command_has():
    known = {"help"}
    named = set()
    for name in LONG:
        command, ctx = context(name)
        known |= {option.name for option in options(command, ctx)}
        named |= {parameter for group in command.groups for parameter in group.names}
    assert named <= known


def test_the_options_of_jobs_stand_apart_and_say_when_they_apply(run):
    out = run("tag", "--help")[1]
    jobs = out.partition("\nJobs:\n")[2]
    assert jobs.lstrip().startswith("These options apply only to jobs")
    for name in ("engine", *ONLY_JOBS):
        assert option_name(name) in jobs


def test_an_option_without_a_group_is_shown_last():
    command = GroupedCommand(
        "try",
        groups=[Group("First", ("b",))],
        params=[click.Option(["--a"], help="A."), click.Option(["--b"], help="B.")],
    )
    text = command.get_help(click.Context(command))
    assert [line.split()[0] for line in text.splitlines() if line][1:] == [
        *("First:", "--b", "Other", "--a", "--help")
    ]


@pytest.mark.parametrize(
    ("words", "expected"), [("tra", "train"), ("tag --inp", "--input"), ("train --hid", "--hidden")]
)
def test_a_shell_completes_commands_and_options(words, expected):
    environment = {
        "_WINDOWCLF_COMPLETE": "bash_complete",
        "COMP_WORDS": f"windowclf {words}",
        "COMP_CWORD": str(len(words.split())),
    }
    ran = subprocess.run(
        [sys.executable, "-m", "windowclf"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"plain,{expected}" in ran.stdout.splitlines()


def test_the_lines_of_help_switch_completion_on(run):
    out = run("--help")[1]
    shells = re.findall(r"_WINDOWCLF_COMPLETE=(\w+)_source windowclf", out)
    assert shells == ["bash", "zsh", "fish"]
    for shell in shells:
        ran = subprocess.run(
            [sys.executable, "-m", "windowclf"],
            env=os.environ | {"_WINDOWCLF_COMPLETE": f"{shell}_source"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert f"{shell}_complete" in ran.stdout
