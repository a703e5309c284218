"""Build the wheel and the source archive of a release, and check them.

Run by scripts/release. The wheel is built from the source archive, so that the archive is known to
be complete. Nothing is uploaded.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
DIST = ROOT / "dist"
TEXT, TAGGED = "Paris is in France", "[LOC Paris] is in [LOC France]"
LARGEST = {"wheel": 30, "sdist": 32}
"""Megabytes above which an artefact has something in it that should not be there."""
PLACES = {"data/": "windowclf/data/", "requirements-tag.txt": "windowclf/requirements-tag.txt"}
"""Files beside the package that the wheel has inside it."""


class NotReadyError(Exception):
    """What stands in the way of a release."""


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a program without the PYTHONPATH of this one, and return what it prints to stdout.

    What it prints to stderr is shown if it fails. pip, for one, reports the dependencies that a
    small install leaves out on purpose.
    """
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run([*map(str, command)], cwd=cwd, env=env, capture_output=True, text=True)
    if ran.returncode:
        sys.stderr.write(ran.stdout + ran.stderr)
        raise NotReadyError(f"{Path(command[0]).name} failed: {' '.join(map(str, command))}")
    return ran.stdout


def check_ready(root: Path = ROOT) -> str:
    """Check the tree, the changelog and the citation; return the version to release."""
    changed = run("git", "status", "--porcelain", cwd=root)
    if changed:
        raise NotReadyError(f"commit or remove these files first:\n{changed}")
    version = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    changelog = (root / "CHANGELOG.md").read_text("utf-8")
    entry = re.search(
        rf"^## {re.escape(version)} - (\d{{4}}-\d\d-\d\d)$", changelog, flags=re.MULTILINE
    )
    if entry is None:
        raise NotReadyError(f"CHANGELOG.md has no line '## {version} - YYYY-MM-DD'")
    citation = (root / "CITATION.cff").read_text("utf-8")
    for line in (f"version: {version}", f"date-released: {entry[1]}"):
        if f"\n{line}\n" not in citation:
            raise NotReadyError(f"CITATION.cff has no line '{line}'")
    return version


def tracked(root: Path = ROOT) -> set[str]:
    """List the files under version control."""
    return set(run("git", "ls-files", "-z", cwd=root).rstrip("\0").split("\0"))


def in_wheel(files: set[str]) -> set[str]:
    """Return where the wheel has the files of the project that belong in it."""
    places = {name for name in files if name.startswith("windowclf/")}
    for beside, inside in PLACES.items():
        places |= {inside + name[len(beside) :] for name in files if name.startswith(beside)}
    return places


def compare(what: str, has: set[str], expected: set[str]) -> None:
    """Compare the contents of an artefact with version control."""
    wrong = [f"{what} lacks {name}" for name in sorted(expected - has)]
    wrong += [f"{what} has {name}" for name in sorted(has - expected)]
    if wrong:
        raise NotReadyError("\n".join(wrong))


def check_contents(wheel: Path, archive: Path, version: str) -> None:
    """Compare both artefacts with version control, and print what is in them."""
    files = tracked()
    with zipfile.ZipFile(wheel) as packed:
        sizes = {info.filename: info.file_size for info in packed.infolist()}
    compare("the wheel", {name for name in sizes if ".dist-info/" not in name}, in_wheel(files))
    describe("wheel", wheel, sizes)
    with tarfile.open(archive) as source:
        top = f"windowclf-{version}/"
        sizes = {file.name.removeprefix(top): file.size for file in source if file.isfile()}
    compare("the source archive", {*sizes} - {"PKG-INFO"}, files)
    describe("sdist", archive, sizes)


def describe(kind: str, path: Path, sizes: dict[str, int]) -> None:
    """Print the size of an artefact and of the folders in it; refuse one that is too large."""
    packed = path.stat().st_size
    print(f"\n{path.name}: {packed / 1e6:.1f} MB, {len(sizes)} files,", end=" ")
    print(f"unpacked {sum(sizes.values()) / 1e6:.1f} MB")
    print(f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
    folders: dict[str, list[int]] = {}
    for name, size in sizes.items():
        depth = 2 if name.startswith("windowclf/data/") else 1
        folder = "/".join(name.split("/")[:-1][:depth]) or "(top)"
        folders.setdefault(folder, []).append(size)
    for folder, parts in sorted(folders.items()):
        print(f"  {folder:35} {len(parts):5} files {sum(parts) / 1e6:8.2f} MB")
    if packed > LARGEST[kind] * 1e6:
        raise NotReadyError(f"{path.name} is larger than {LARGEST[kind]} MB")


def environment(folder: Path, *installs: Sequence[str | Path]) -> Path:
    """Make an empty environment, run pip in it once for each of `installs`; return its bin."""
    run(sys.executable, "-m", "venv", folder)
    binaries = folder / ("Scripts" if os.name == "nt" else "bin")
    for arguments in installs:
        run(binaries / "python", "-m", "pip", "install", "--quiet", *arguments)
    return binaries


def check_installed(binaries: Path, version: str, folder: Path) -> None:
    """Tag a text with the program and in Python, away from the checkout."""
    printed = run(binaries / "windowclf", "--version", cwd=folder).split()[-1]
    if printed != version:
        raise NotReadyError(f"windowclf --version prints {printed}, expected {version}")
    tagged = run(binaries / "windowclf", "tag", TEXT, cwd=folder).strip()
    if tagged != TAGGED:
        raise NotReadyError(f"windowclf tag prints {tagged!r}, expected {TAGGED!r}")
    program = f"import windowclf; print([e.label for e in windowclf.load().tag({TEXT!r})])"
    run(binaries / "python", "-c", program, cwd=folder)


def megabytes(binaries: Path) -> int:
    """Measure the packages of an environment, without pip."""
    program = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run(binaries / "python", "-c", program).strip())
    files = (path for path in packages.rglob("*") if path.is_file())
    parts = ("pip", "setuptools", "wheel")
    return round(
        sum(
            path.stat().st_size
            for path in files
            if not path.relative_to(packages).parts[0].startswith(parts)
        )
        / 1e6
    )


def main() -> None:
    """Build and check a release."""
    version = check_ready()
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", DIST, ROOT)
    (wheel,), (archive,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    check_contents(wheel, archive, version)
    print(run(sys.executable, "-m", "twine", "check", "--strict", wheel, archive))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        whole = environment(folder / "whole", [wheel])
        run(whole / "python", "-m", "pip", "check")
        check_installed(whole, version, folder)
        print(f"the wheel is installed and tags; its environment has {megabytes(whole)} MB")
        os.environ["PATH"] = f"{whole}{os.pathsep}{os.environ['PATH']}"
        print(run("bash", "scripts/demo", "--installed"))
        with zipfile.ZipFile(wheel) as packed:
            requirements = packed.extract("windowclf/requirements-tag.txt", folder)
        small = environment(folder / "small", ["--no-deps", wheel], ["-r", requirements])
        check_installed(small, version, folder)
        print(f"the small install tags; its environment has {megabytes(small)} MB")
        source = environment(folder / "source", ["--no-deps", archive], ["-r", requirements])
        check_installed(source, version, folder)
        print("the source archive is installed and tags")
    print(f"\n{version} is ready in {DIST.name}/; RELEASE.md says how to publish it")


if __name__ == "__main__":
    try:
        main()
    except NotReadyError as problem:
        sys.exit(f"scripts/release: {problem}")
