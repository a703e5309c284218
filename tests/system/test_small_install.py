"""Without what a small install leaves out, each entry works, or names what it lacks."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import windowclf
import windowclf.system.resources
from windowclf.cli.progress import Bar
from windowclf.errors import MissingPackageError
from windowclf.system.packages import LEFT_OUT, require, whole_install

ROOT = Path(windowclf.__file__).parent.parent
PROGRAM = """
import contextlib, io, json, os, sys
for name in json.loads(sys.argv[1]):
    sys.modules[name] = None
sys.modules["pandas"] = None
from windowclf.cli import main
import windowclf
import windowclf.system.resources
calls = json.loads(sys.stdin.read())
found = []
for call in calls:
    out, err = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        if isinstance(call, list):
            code = main(call)
        else:
            try:
                exec(call)
                code = 0
            except windowclf.WindowclfError as error:
                code = isinstance(error, ImportError) and 1
                print(error, file=sys.stderr)
    out.flush(), err.flush()
    texts = (stream.buffer.getvalue().decode() for stream in (out, err))
    found.append([code, *texts])
print(json.dumps(found))
"""
IOB = "Paris B-LOC\nis O\n. O\n\nOslo B-LOC\n"
WORKS = [
    (["tag", "Paris is in France"], "[LOC Paris] is in [LOC France]"),
    (["tag", "--input", "a.txt", "--format", "jsonl", "--processes", "2"], '"label":"LOC"'),
    (["tag", "--input", "a.txt", "--output", "a.csv"], ""),
    (["tag", "--input", "a.txt.gz"], "[LOC Oslo]"),
    (["info"], "labels"),
    (["info", "--json", "--norms"], '"labels"'),
    (["presets"], "softmax"),
    (["convert", "test.conll", "converted.jsonl"], ""),
    (["evaluate", "--data", ".", "--json"], '"f1"'),
    (["evaluate", "--data", ".", "--json", "--errors"], '"confusion"'),
    (["explain", "Paris is in France", "--json"], '"runner_up"'),
    ("print(windowclf.load().tag('Paris is in France'))", "Paris"),
    ("print(*windowclf.load().pipe(['Oslo is in Norway'] * 300, processes=2))", "Norway"),
    ("print(windowclf.load().predict([['Oslo', 'is']] * 9))", "B-LOC"),
    ("print(windowclf.load().predict_proba([['Oslo', 'is']]))", "[array("),
    ("print(windowclf.load().tag_batch({'text': ['Oslo is in Norway']}))", "Norway"),
    ("print(windowclf.load().explain('Oslo is in Norway', 0).tag)", "LOC"),
    ("print(windowclf.load().evaluate([(['Oslo'], ['B-LOC'])]))", "F1"),
    ("print(windowclf.load_corpus('sample'))", "sample"),
    ("import pickle; print(windowclf.WindowClassifier, pickle)", "pickle"),
]
LACKS = [
    (["tag", "--input", "a.txt", "--output", "a.parquet"], "format parquet needs", "pyarrow"),
    (["tag", "--input", "b.parquet"], "format parquet needs", "pyarrow"),
    (["tag", "--input", "a.txt", "--output", "a.jsonl.gz"], "ends in .gz needs", "pyarrow"),
    (["tag", "--input", "b.txt.zst"], "compressed with Zstandard needs", "pyarrow"),
    (["tag", "--input", "memory://a.txt"], "file in a store needs", "fsspec"),
    (["tag", "--input", "a.txt", "--output", "memory://b.txt"], "file in a store", "fsspec"),
    (["tag", "--engine", "local", "--input", "*.parquet", "--output", "o"], "windowclf tag", ""),
    (["evaluate", "--data", "."], "a table of scores, which --json does without, needs", "rich"),
    (["evaluate", "--data", "conll2003", "--json"], "needs", "datasets"),
    (["explain", "Paris is in France"], "which --json does without, needs", "rich"),
    (["explain", "Paris is in France", "--html", "e.html"], "windowclf explain needs", ""),
    (["train", "--data", "."], "windowclf train needs", ""),
    (["train", "--data", ".", "--from", "none"], "windowclf train needs", ""),
    (["tune", "--data", "."], "needs", ""),
    (["pretrain", "a.txt", "--output", "v.txt"], "pretrain needs", ""),
    (["gradcheck"], "windowclf gradcheck needs", ""),
    (["compare", "MODEL", "OTHER", "--data", "."], "windowclf compare needs", ""),
    (["learning-curve", "--data", "sample"], "needs", ""),
    ("windowclf.WindowClassifier(epochs=1).fit([(['a'], ['O'])])", "fit needs", ""),
    ("windowclf.load().save('copy')", "save needs", "safetensors"),
    ("windowclf.load_vectors('bundled')", "load_vectors needs", ""),
    ("windowclf.pretrain('a.txt')", "needs", ""),
    ("windowclf.load_corpus('conll2003')", "load_corpus needs", "datasets"),
    ("windowclf.write_report", "windowclf.write_report needs", "plotly"),
    ("import windowclf.integrations.hub", "windowclf.integrations.hub needs", "huggingface_hub"),
    ("import windowclf.integrations.datasets", "integrations.datasets needs", "datasets"),
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What each call comes to, in one process."""
    import gzip

    folder = tmp_path_factory.mktemp("small")
    (folder / "a.txt").write_text("Oslo is in Norway\n")
    (folder / "a.txt.gz").write_bytes(gzip.compress(b"Oslo is in Norway\n"))
    (folder / "b.parquet").write_bytes(b"PAR1" + bytes(20) + b"PAR1")
    (folder / "b.txt.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(20))
    for split in ("train", "test"):
        (folder / f"{split}.conll").write_text(IOB)
    model = str(Path(windowclf.system.resources.data_path("model")))
    calls = [call for call, *_ in (*WORKS, *LACKS)]
    shutil.copytree(model, folder / "other")
    models = {"MODEL": model, "OTHER": "other"}
    calls = [[models.get(a, a) for a in c] if isinstance(c, list) else c for c in calls]
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(sorted(LEFT_OUT))],
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    return {repr(call): result for (call, *_), result in zip((*WORKS, *LACKS), found, strict=True)}


@pytest.mark.parametrize(("call", "shown"), WORKS, ids=str)
def test_what_works(outcomes, call, shown):
    code, out, err = outcomes[repr(call)]
    assert (code, err.count("Traceback")) == (0, 0), err
    assert shown in out


@pytest.mark.parametrize(("call", "asked", "package"), LACKS, ids=str)
def test_what_is_missing_is_named_in_one_line(outcomes, call, asked, package):
    code, out, err = outcomes[repr(call)]
    assert (code, out) == (1, "")
    *_, line = err.splitlines()
    assert asked in line
    names = package or f"({'|'.join(LEFT_OUT)}|'windowclf\\[tune\\]')"
    assert re.search(rf"{names}\b|{names}$", line), line
    assert "pip install" in line
    assert "Traceback" not in err


def requirements(lines):
    return dict(re.match(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)", line).groups() for line in lines)


def test_the_list_is_a_part_of_the_dependencies():
    lines = (ROOT / "requirements-tag.txt").read_text().splitlines()
    small = requirements(line for line in lines if not line.startswith("#"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    whole = requirements(project["dependencies"])
    assert small.items() <= whole.items()
    assert {name.replace("-", "_") for name in whole.keys() - small.keys()} == LEFT_OUT


def test_tagging_imports_what_is_in_the_list_and_no_more():
    program = (
        "import sys, windowclf.cli; windowclf.load().tag('Oslo in Norway'); "
        "windowclf.cli.main(['tag', '']); print(*sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    imported = {name.partition(".")[0] for name in ran.stdout.split()}
    listed = requirements(
        line
        for line in (ROOT / "requirements-tag.txt").read_text().splitlines()
        if not line.startswith("#")
    )
    of_module = packages_distributions()
    others = imported - set(sys.stdlib_module_names) - {"windowclf"}
    found = {name.lower() for module in others for name in of_module.get(module, ())}
    # msgspec takes the first where it happens to be there, and Python starts with the second.
    found -= {"typing_extensions", "setuptools"}
    assert found == set(listed)


def test_other_errors_pass():
    with pytest.raises(ModuleNotFoundError, match="nowhere_at_all"), whole_install("a thing"):
        import nowhere_at_all  # noqa: F401
    with pytest.raises(ValueError, match="other"), whole_install("a thing"):
        raise ValueError("other")


def test_a_missing_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPackageError, match="a thing needs the package pyarrow"):
        require("a thing", "pyarrow")


def test_no_bar_without_rich(monkeypatch):
    monkeypatch.setattr("windowclf.cli.progress.stderr_is_terminal", lambda: True)
    monkeypatch.setitem(sys.modules, "rich", None)
    with Bar("speed", description="tagging", total=3) as bar:
        bar.update(advance=1)
