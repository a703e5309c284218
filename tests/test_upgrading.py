"""docs/upgrading.md: the new names exist, and of the old ones those work that it says work."""

import re
from importlib import import_module
from pathlib import Path

import pytest

import windowclf
from command_lines import parse
from windowclf.config.config import RENAMED

TEXT = (Path(__file__).parents[1] / "docs/upgrading.md").read_text("utf-8")
MODULES = [
    name
    for row in re.findall(r"^\| `windowclf\..*? \| (`windowclf\..*) \|$", TEXT, re.MULTILINE)
    for name in re.findall(r"`([\w.]+)`", row)
]
LINES = re.findall(r"^ +windowclf (\w+) (.*)$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_where_it_says(name):
    import_module(name)


def test_there_are_modules_and_command_lines():
    assert len(MODULES) > 10
    assert LINES


@pytest.mark.parametrize(("command", "arguments"), LINES)
def test_a_command_line_parses(command, arguments):
    parse(command, arguments.split())


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("tag", "--processes 2"),
        ("serve", "--workers 2"),
        ("train", "--repeats --recase 0.1 --overwrite"),
        ("train", "--no-document-context --case-augmentation 0.1"),
        ("evaluate", "--recase upper"),
        ("evaluate", "--case upper"),
    ],
)
def test_options_of_both_versions_parse(command, options):
    parse(command, options.split())
    for option in re.findall(r"--[a-z-]+", options):
        assert option in TEXT


@pytest.mark.parametrize("command", ["tag", "serve"])
def test_a_removed_option_is_refused(command):
    with pytest.raises(Exception, match="No such option"):
        parse(command, ["--threads", "2"])


def test_every_renamed_setting_is_listed():
    for old, new in RENAMED.items():
        assert f"`config.{old}`" in TEXT
        assert f"`config.{new}`" in TEXT
        windowclf.WindowClassifier(**{old: getattr(windowclf.Config(), new)})
        with pytest.raises(TypeError):
            windowclf.Config(**{old: getattr(windowclf.Config(), new)})
