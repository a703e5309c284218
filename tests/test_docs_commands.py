"""README and docs: their Python runs, their commands parse and run, their links lead to pages."""

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import annotation_projects
import tiny
from command_lines import parse
from hub_server import hub_server
from windowclf.cli import main

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def order(path):
    """Sort the pages as they are read: the README, the first steps, the guides, the rest."""
    place = path.relative_to(ROOT).as_posix()
    first = ("README.md", "docs/index.md", "docs/start.md", "docs/guides/")
    return next((n for n, start in enumerate(first) if place.startswith(start)), len(first)), place


TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted([ROOT / "README.md", *DOCS.rglob("*.md")], key=order)
}
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def command_lines(text):
    """List the commands of a page: indented lines, without a prompt, remark and optional parts."""
    return [
        re.sub(r" \[-.*?\]", "", line.partition("#")[0]).strip().removeprefix("$ ")
        for line in FENCED.sub("", text).splitlines()
        if re.match(r" {4,}(\$ )?windowclf [a-z]", line)
    ]


DECISIONS = "docs/decisions/"
"""Their Python is for an environment with the packages that a decision compares."""

TUTORIAL = "docs/tutorial/"
"""Its Python is one program over all chapters, which tests/scripts/test_docs.py runs."""

MADE = re.compile(r"docs/(project/|reference/(commands/|bundled-model\.md))")
"""Pages that scripts/docs makes, and whose links it checks."""

PYTHON = {
    f"{page}: {number}": code
    for page, text in TEXTS.items()
    if not page.startswith((DECISIONS, TUTORIAL))
    for number, code in enumerate(re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.M), 1)
}
LINES = {page: lines for page, text in TEXTS.items() if (lines := command_lines(text))}
TAGGED = [
    (shlex.split(line)[1:], out)
    for text in TEXTS.values()
    for line, out in re.findall(r"^ {4,}\$ (windowclf tag .*)\n {4,}([^$\s].*)$", text, re.M)
    if not out.startswith("windowclf: error")
]
NOT_INSTALLED = ("pyspark",)
"""Packages whose examples are compiled and not run."""


def write_inputs(folder):
    """Write the files that the pages read."""
    folder.mkdir(exist_ok=True)
    text = "Mary Poppins lives in Paris .\nAda saw Tom .\n"
    records = "".join(json.dumps({"text": line}) + "\n" for line in text.splitlines())
    (folder / "FOLDER").mkdir()
    tiny.write_corpus(folder / "FOLDER")
    names = ("news", "tokens", "notes", "text", "mail/one", "train", "testa", "letter")
    for name in names:
        (folder / f"{name}.txt").parent.mkdir(exist_ok=True)
        (folder / f"{name}.txt").write_text(text * 20)
    for name in ("texts", "more", "tagged"):
        (folder / f"{name}.jsonl").write_text(records)
    (folder / "reviews.csv").write_text("review,stars\nAda lives in Oslo .,5\n")
    (folder / "tweets.tsv").write_text("tweet\tlikes\nAda lives in Oslo .\t5\n")
    (folder / "archive/2020").mkdir(parents=True)
    (folder / "archive/2020/a.jsonl.gz").write_bytes(gzip.compress(records.encode()))
    (folder / "theirs.conll").write_text((folder / "FOLDER" / "test.txt").read_text())
    (folder / "eng.train").write_text((folder / "FOLDER" / "train.txt").read_text())
    for name in ("annotated.jsonl", "train.parquet"):
        assert main(["convert", str(folder / "eng.train"), str(folder / name)]) == 0
    sample = ROOT / "data" / "sample" / "train.txt"
    sentences = sample.read_text("utf-8").strip().split("\n\n")[:300]
    (folder / "labelled.conll").write_text("\n\n".join(sentences) + "\n", "utf-8")
    assert main(["convert", str(folder / "labelled.conll"), str(folder / "labelled.jsonl")]) == 0
    spans = [{"start": 0, "end": 3, "label": "PER"}, {"start": 0, "end": 8, "label": "PER"}]
    overlap = json.dumps({"text": "Ada Okafor met Tom.", "entities": spans})
    (folder / "export.jsonl").write_text(f"{overlap}\nnull\n")
    (folder / "brat-folder").mkdir()
    (folder / "brat-folder/a.txt").write_text("Ada lives in Oslo.\n")
    (folder / "brat-folder/a.ann").write_text("T1\tPER 0 3\tAda\nT2\tLOC 13 17\tOslo\n")
    (folder / "corpus").mkdir()
    table = pa.table({"text": text.splitlines()})
    pq.write_table(table, folder / "corpus" / "a.parquet")
    for name, lines in (("cities", "Oslo\nParis\n"), ("drugs", "Aspirin\n")):
        (folder / f"{name}.txt").write_text(lines)
    for name in ("staff", "people"):
        (folder / f"{name}.txt").write_text("Ada\nMary Poppins\nJohn Smith\n")
    (folder / "firms.txt").write_text("Siemens\nToyota\n")
    (folder / "brown-1000.tsv").write_text("0110\tParis\n0110\tOslo\n1010\tlives\n")
    (folder / "anatomy.txt").write_text(("The O\nfemur B-BONE\nbroke O\n. O\n\n") * 12)
    project = annotation_projects.make_project(folder / "drugs")
    label = project.labels()[0].id
    for number in range(1, 21):
        annotation_projects.decide(project, number, spans=[(0, 7, label)])
    project.close()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder of these files, to be copied."""
    folder = tmp_path_factory.mktemp("pages") / "inputs"
    write_inputs(folder)
    return folder


@pytest.fixture(scope="module")
def hub():
    """A hub on this machine, whose user is the one of the pages."""
    with hub_server({}) as hub:
        yield {
            "HF_ENDPOINT": hub.endpoint,
            "HF_TOKEN": "hf_x",
            "HF_HUB_DISABLE_XET": "1",
            "NO_PROXY": "127.0.0.1",
        }


RUN_ALL = """
import contextlib, io, json, os, runpy, sys, traceback

results = []
for program in sys.argv[1:]:
    os.chdir(os.path.dirname(program))
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            runpy.run_path(program, run_name="__main__")
            wrong = ""
        except BaseException:
            wrong = traceback.format_exc()
    results.append((out.getvalue(), wrong))
print(json.dumps(results))
"""


@pytest.fixture(scope="module")
def printed(request, hub, inputs, tmp_path_factory):
    """What each selected piece of Python prints, and its traceback if it fails.

    They share a process, as the import of what they need takes most of the time; one that starts
    processes has its own.
    """
    results = {}
    selected = [
        item.callspec.params["code"]
        for item in request.session.items
        if getattr(item, "originalname", "") == "test_the_python_prints_what_it_says"
    ]
    for alone in (False, True):
        group = [
            code
            for code in selected
            if ("Process" in code) == alone and not any(name in code for name in NOT_INSTALLED)
        ]
        programs = []
        for code in group:
            folder = tmp_path_factory.mktemp("page") / "run"
            shutil.copytree(inputs, folder)
            programs.append(folder / "page.py")
            programs[-1].write_text(code, "utf-8")
        ran = subprocess.run(
            [sys.executable, "-c", RUN_ALL, *programs],
            env={**os.environ, **hub, "HF_HOME": str(tmp_path_factory.mktemp("home"))},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        results |= zip(group, json.loads(ran.stdout), strict=True)
    return results


# The README is tested with everything else, the other pages with what takes seconds.
PIECES = [
    pytest.param(
        code, id=name, marks=[] if name.startswith("README.md") else [pytest.mark.processes]
    )
    for name, code in PYTHON.items()
]


@pytest.mark.parametrize("code", PIECES)
def test_the_python_prints_what_it_says(code, printed):
    if any(name in code for name in NOT_INSTALLED):
        compile(code, "page", "exec")
        return
    out, wrong = printed[code]
    assert not wrong, wrong
    lines = iter(out.splitlines())
    for line in re.findall(r"^# → (.*)$", code, re.MULTILINE):
        assert line in lines, f"{line!r} is missing, or comes too soon, in\n{out}"


def test_a_text_is_tagged_as_the_pages_say(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)  # no model was trained here: the bundled one
    for arguments, expected in TAGGED:
        assert main(arguments) == 0
        assert capsys.readouterr().out == f"{expected}\n"


@pytest.mark.parametrize(
    "line",
    dict.fromkeys(line for lines in LINES.values() for line in lines if "COMMAND" not in line),
)
def test_a_command_line_parses(line):
    name, *arguments = shlex.split(re.split(r" [<>|] ", line)[0].replace("…", "x"))[1:]
    parse(name, arguments)


ELSEWHERE = ("COMMAND", "s3://", "conll2003", " serve", "--resume", "--scheduler")
"""What needs a network or does not end, and what needs a training that was stopped."""

CHEAP = {
    "train": [*tiny.options(tiny.QUICK), "--quiet", "--vectors", "random"],
    "learning-curve": [*tiny.options(tiny.QUICK), "--vectors", "random"],
    "tune": ["--epochs", "1", "--vectors", "random", "--trials", "1"],
    "pretrain": ["--epochs", "1", "--quiet"],
}
"""Options that make a command take less time, put before those of the pages, which win."""
CHEAP_WITH_A_BASE = {"train": ["--epochs", "1", "--quiet"]}


def runs(line):
    """Whether a command ends by itself and needs nothing that a test does not have."""
    page = "windowclf annotate" in line and "--status" not in line
    return not page and not any(part in line for part in ELSEWHERE)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in LINES if not page.startswith(DECISIONS)])
def test_the_commands_of_a_page_run_in_order_in_one_folder(
    page, inputs, tmp_path, monkeypatch, capfd
):
    folder = tmp_path / "run"
    shutil.copytree(inputs, folder)
    monkeypatch.chdir(folder)
    train = ["train", *CHEAP["train"], "--data", "drugs", "--output", "drugs/model"]
    if any("drugs/model" in line for line in LINES[page]):
        assert main(train) == 0
    failed = []
    for whole in filter(runs, LINES[page]):
        line, _, source = whole.partition(" < ")
        name, *arguments = shlex.split(line)[1:]
        cheap = (CHEAP_WITH_A_BASE if "--from" in line else CHEAP).get(name, [])
        with Path(source or os.devnull).open(encoding="utf-8") as stdin:
            monkeypatch.setattr("sys.stdin", stdin)
            capfd.readouterr()
            code = main([name, *cheap, *arguments])
        out, err = capfd.readouterr()
        if code or not (out or err or "--output" in line or name == "convert"):
            failed.append(f"{line}: {code}: {err}")
    assert not failed, "\n".join(failed)
    for line in filter(runs, LINES[page]):
        for place in re.findall(r"--(?:output|html) (\S+)", line):
            assert Path(place).exists(), line


@pytest.mark.parametrize("page", LINES)
def test_no_two_commands_of_a_page_write_to_one_place(page):
    outputs = [
        (match[1], line)
        for line in LINES[page]
        if not re.search("--resume|windowclf annotate", line)
        and (match := re.search(r"--output (\S+)", line))
    ]
    for place, line in outputs:
        others = {other for where, other in outputs if where == place}
        assert len(others) == 1 or place in ("vectors.txt", "tagged"), others | {line}


def anchors(text):
    """List the anchors of a page's headings, as GitHub and the site make them."""
    for heading in re.findall(r"^#+ (.*)$", FENCED.sub("", text), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_to_files_and_headings(page):
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", FENCED.sub("", TEXTS[page])):
        place, _, anchor = target.partition("#")
        path = (ROOT / page).parent / place if place else ROOT / page
        if MADE.match(os.path.relpath(path, ROOT)):
            continue
        assert path.exists(), target
        if anchor and not anchor.startswith("windowclf."):  # those of docstrings
            assert anchor in anchors(path.read_text("utf-8")), target


@pytest.mark.parametrize("page", [page for page in TEXTS if not page.startswith(DECISIONS)])
def test_scripts_and_extras_exist(page):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for name in re.findall(r"(?<![\w/])scripts/([\w-]+)", TEXTS[page]):
        assert (ROOT / "scripts" / name).exists(), name
    for names in re.findall(r"(?:windowclf|'\.)\[(\w[\w,]*)\]", TEXTS[page]):
        assert set(names.split(",")) <= set(project["optional-dependencies"]), names


def test_the_readme_is_short_and_has_all_of_them():
    readme = TEXTS["README.md"]
    assert len(readme.splitlines()) <= 220
    assert len(LINES["README.md"]) > 5
    assert "README.md: 1" in PYTHON
    assert len(TAGGED) > 5
    assert "docs/images/tagged.svg" in readme
