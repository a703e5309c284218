"""CONTRIBUTING.md and RELEASE.md: the files, scripts, folders and options that they name exist."""

import os
import re
from pathlib import Path

import pytest

import windowclf
from command_lines import parse

ROOT = Path(__file__).parents[1]
PACKAGE = Path(windowclf.__file__).parent
TEXTS = [ROOT / name for name in ("CONTRIBUTING.md", "RELEASE.md", "CODE_OF_CONDUCT.md")]
CONTRIBUTING = TEXTS[0].read_text("utf-8")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_files_that_are_named_exist(path):
    text = path.read_text("utf-8")
    named = re.findall(r"(?<![\w/.-])((?:windowclf|tests|scripts|docs|\.ci)/[\w./-]*\w)", text)
    linked = re.findall(r"\]\((?!http)([^)#]+)", text)
    for name in {*named, *linked}:
        if "NAME" not in name:
            assert (ROOT / name).exists(), name


def test_every_script_is_listed():
    scripts = {path.name for path in (ROOT / "scripts").iterdir() if os.access(path, os.X_OK)}
    scripts = {name for name in scripts if (ROOT / "scripts" / name).is_file()}
    assert scripts - set(re.findall(r"scripts/([\w-]+)", CONTRIBUTING)) == set()


def test_every_folder_of_the_package_is_listed():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", CONTRIBUTING, re.MULTILINE)
    assert set(re.findall(r"\w+", " ".join(rows))) == folders


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("documents/formats/registry.py", ["FORMATS"]),
        ("config/config.py", ["FeatureName", "__post_init__"]),
        ("lexicon/features.py", ["feature_function", "feature_values"]),
        ("nn/losses.py", ["TOKEN_LOSSES"]),
        ("nn/objective.py", ["SentenceObjective", "TokenObjective"]),
        ("cli/__init__.py", ["_COMMANDS"]),
    ],
)
def test_names_are_in_the_files_that_it_says(file, names):
    assert f"windowclf/{file}" in CONTRIBUTING
    source = (PACKAGE / file).read_text("utf-8")
    for name in names:
        assert name in CONTRIBUTING
        assert re.search(rf"\b{name}\b", source), name


def test_options_exist():
    parse("gradcheck", ["--loss", "max-margin"])
    parse("train", ["--feature", "shape"])
