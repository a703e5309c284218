"""The Pythons and the versions of dependencies that the scripts install."""

import ast
import os
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REQUIREMENTS = [
    requirement
    for requirement in chain(PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    if not requirement.startswith("windowclf[")
]

# Stands for a Python of version $FAKE: makes an environment whose pip writes down what it is given.
PYTHON = """#!/bin/bash
case "$1 $2" in
  "-c "*) echo "$FAKE" ;;
  "-m venv")
    mkdir -p "$4/bin"
    echo made with $FAKE >> made
    printf '#!/bin/bash\necho "$@" >> pip\n[ "${6:-}" != -r ] || cat "$7" >> pip\n' > "$4/bin/pip"
    printf '#!/bin/bash\necho "$@" >> run\n' > "$4/bin/python"
    chmod +x "$4"/bin/*
    ;;
  *) exec {python} "$@" ;;
esac
"""


@pytest.fixture
def run(tmp_path):
    """Run a command of a copy of the scripts with a Python of some version."""
    (tmp_path / "scripts").mkdir()
    for name in ("environment", "test-versions"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    python = tmp_path / "fake-python"
    python.write_text(PYTHON.replace("{python}", shutil.which("python3")))
    python.chmod(0o755)

    def run(version, *command):
        return subprocess.run(
            ["bash", *command],
            cwd=tmp_path,
            env=os.environ | {"PYTHON": str(python), "FAKE": version},
            capture_output=True,
            text=True,
        )

    return run


SET_UP = ("-c", ". scripts/environment && use_environment demo")


def test_another_python_or_another_requirement_makes_the_environment_again(run, tmp_path):
    made = tmp_path / "made"
    for version in ("3.12.1", "3.12.1", "3.13.0"):
        assert run(version, *SET_UP).returncode == 0
    assert made.read_text() == "made with 3.12.1\nmade with 3.13.0\n"
    with (tmp_path / "pyproject.toml").open("a") as project:
        project.write("# another\n")
    assert run("3.13.0", *SET_UP).returncode == 0
    assert made.read_text().count("\n") == 3


@pytest.mark.parametrize("version", ["2.7.18", "3.10.13", "3.14.0", ""])
def test_a_python_that_is_not_supported_is_reported(run, tmp_path, version):
    ran = run(version, *SET_UP)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert re.fullmatch(r"windowclf needs Python 3\.11 to 3\.13; .*\n", ran.stderr)
    assert not (tmp_path / "made").exists()


def test_the_supported_pythons_are_the_same_everywhere(run):
    first, end = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    minors = range(int(first), int(end))
    listed = [name for name in PROJECT["classifiers"] if "Python :: 3." in name]
    assert listed == [f"Programming Language :: Python :: 3.{minor}" for minor in minors]
    said = f"Python 3.{minors[0]} to 3.{minors[-1]}"
    assert f"\n{said} with pip" in (ROOT / "README.md").read_text("utf-8")
    assert said in (ROOT / "scripts/environment").read_text("utf-8")
    for minor in range(minors[0] - 1, minors[-1] + 2):
        ran = run(f"3.{minor}.0", "-c", ". scripts/environment")
        assert (ran.returncode == 0) == (minor in minors), minor


def test_the_lowest_versions_are_those_of_the_requirements(run, tmp_path):
    for _ in range(2):
        ran = run("3.11.7", "scripts/test-versions", "lowest", "tests/cli")
        assert ran.returncode == 0, ran.stderr
    command, *pinned = (tmp_path / "pip").read_text().splitlines()  # installed once
    assert "-e .[dev]" in command
    assert pinned == [requirement.replace(">=", "==") for requirement in REQUIREMENTS]
    assert (tmp_path / "run").read_text().splitlines()[0].endswith(" tests/cli")


def test_every_requirement_has_a_lowest_version():
    for requirement in REQUIREMENTS:
        assert re.fullmatch(r"[\w.-]+(\[\w+\])?>=\d[\d.]*(,<[\d.]+)?", requirement)


def test_every_package_that_is_imported_is_required():
    modules = set()
    for path in (ROOT / "windowclf").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add(node.module.partition(".")[0])
    required = {normal(re.match(r"[\w.-]+", line)[0]) for line in REQUIREMENTS}
    # These two come with extras of what is required: dask[dataframe] and uvicorn[standard].
    required |= {"pandas", "httptools"}
    distributions = packages_distributions()
    foreign = {module: set(map(normal, distributions.get(module, []))) for module in modules}
    foreign.pop("windowclf")
    assert not {module for module, names in foreign.items() if names and not names & required}


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()
