"""What scripts/release refuses, and which files it expects in what it builds."""

import re
import subprocess
import tomllib
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"


@pytest.fixture
def release(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return import_module("release")


@pytest.fixture
def project(tmp_path):
    """A project that is ready, under version control."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.0 - 2026-11-30\n\n- a\n")
    (tmp_path / "CITATION.cff").write_text(
        "title: a\nversion: 1.2.0\ndate-released: 2026-11-30\nlicense: MIT\n"
    )
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(folder, *arguments):
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder):
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x")


def test_a_project_that_is_ready_gives_its_version(release, project):
    assert release.check_ready(project) == "1.2.0"


def test_uncommitted_files_are_refused(release, project):
    (project / "notes.txt").write_text("x")
    with pytest.raises(release.NotReadyError, match=r"notes\.txt"):
        release.check_ready(project)


@pytest.mark.parametrize("heading", ["## Unreleased", "## 1.2.0", "## 1.2.1 - 2026-11-30"])
def test_a_version_without_a_dated_entry_is_refused(release, project, heading):
    (project / "CHANGELOG.md").write_text(f"# Changelog\n\n{heading}\n")
    commit(project)
    with pytest.raises(release.NotReadyError, match=r"no line '## 1\.2\.0 - "):
        release.check_ready(project)


@pytest.mark.parametrize("line", ["version: 1.2.0", "date-released: 2026-11-30"])
def test_another_version_or_date_in_the_citation_is_refused(release, project, line):
    path = project / "CITATION.cff"
    path.write_text(path.read_text().replace(line, line[:-1] + "9"))
    commit(project)
    with pytest.raises(release.NotReadyError, match=re.escape(line)):
        release.check_ready(project)


def test_the_contents_are_those_of_version_control(release):
    files = {"windowclf/a.py", "data/model/b", "requirements-tag.txt", "tests/c.py", ".ci/run"}
    wheel = {"windowclf/a.py", "windowclf/data/model/b", "windowclf/requirements-tag.txt"}
    assert release.in_wheel(files) == wheel
    with pytest.raises(release.NotReadyError, match=r"^x lacks b\nx has c$"):
        release.compare("x", {"a", "c"}, {"a", "b"})


def test_an_artefact_that_is_too_large_is_refused(release, monkeypatch, tmp_path, capsys):
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("windowclf/a.py", b"\0" * 5_000)
    release.describe("wheel", path, {"windowclf/a.py": 5_000})
    assert "1 files, unpacked 0.0 MB" in capsys.readouterr().out
    monkeypatch.setitem(release.LARGEST, "wheel", 0.001)
    with pytest.raises(release.NotReadyError, match=r"larger than 0\.001 MB"):
        release.describe("wheel", path, {"windowclf/a.py": 5_000})


def test_the_project_has_a_dated_entry_for_its_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    dated = [heading for heading in headings if heading != "Unreleased"]
    assert re.fullmatch(rf"{re.escape(version)} - \d{{4}}-\d\d-\d\d", dated[0])
    assert dated == sorted(dated, reverse=True)
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {version}\ndate-released: {dated[0].split()[-1]}\n" in citation
