"""The files that only a forge reads: the workflow, the forms, the hooks and the citation."""

import os
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))


def read(path):
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


@pytest.fixture(scope="module")
def jobs():
    return read(".github/workflows/ci.yml")["jobs"]


def commands(jobs):
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


def test_every_script_that_the_workflow_calls_can_be_run(jobs):
    called = set(re.findall(r"\bscripts/([\w-]+)", "\n".join(commands(jobs))))
    assert called >= {"lint", "test", "test-versions", "release"}
    assert not {name for name in called if not os.access(ROOT / "scripts" / name, os.X_OK)}


def test_the_workflow_does_what_the_project_s_own_ci_does(jobs):
    own = (ROOT / ".ci/run").read_text("utf-8").replace("\\\n ", "")
    for line in re.findall(r"^scripts/.*$", own, flags=re.MULTILINE):
        wanted = re.sub(r"(test-versions lowest) .*", r"\1", line)  # of it the workflow runs all
        run = "\n".join(commands(jobs)).replace("${{ matrix.versions }}", "lowest")
        assert wanted.strip() in run, line


def test_the_workflow_runs_every_python_and_other_systems(jobs):
    minors = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert jobs["test"]["strategy"]["matrix"]["python"] == minors
    others = jobs["other-systems"]
    assert others["strategy"]["matrix"]["os"] == ["macos-latest", "windows-latest"]
    assert others["continue-on-error"] is True  # as long as only Linux is among the classifiers
    systems = [name for name in PROJECT["classifiers"] if name.startswith("Operating System")]
    assert systems == ["Operating System :: POSIX :: Linux"]


def test_options_of_scripts_are_those_of_their_comments(jobs):
    usage = (ROOT / "scripts/test").read_text("utf-8")
    for command in commands(jobs):
        for option in re.findall(r"scripts/test .*?(--\w+)", command):
            assert f"scripts/test {option}" in usage


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_a_form_has_what_the_forge_needs(path):
    form = read(path)
    if path.stem == "config":
        assert {link["name"] for link in form["contact_links"]} >= {"Security"}
        return
    assert {"name", "description", "body"} <= form.keys()
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    assert all(part["attributes"]["label"] for part in fields)
    ids = [part["id"] for part in fields]
    assert len({*ids}) == len(ids)


def test_each_hook_runs_a_program_of_the_dev_extra():
    required = {re.match(r"[\w-]+", line)[0] for line in PROJECT["optional-dependencies"]["dev"]}
    hooks = [hook for repo in read(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert len(hooks) > 3
    for hook in hooks:
        folder, program = hook["entry"].split()[0].rsplit("/", 1)
        assert (hook["language"], folder) == ("system", ".venv-test/bin")
        assert program in required | {"python"}


def test_the_address_of_the_project_is_the_same_everywhere():
    urls = PROJECT["urls"]
    assert read("CITATION.cff")["repository-code"] == urls["Homepage"]
    links = chain.from_iterable(read(path).get("contact_links", []) for path in FORMS)
    for link in links:
        assert link["url"].startswith((urls["Homepage"], urls["Documentation"]))
