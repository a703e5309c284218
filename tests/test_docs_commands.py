"""The README's Python runs, and its command lines are ones that the program has."""

import gzip
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tiny
from command_lines import parse
from hub_server import hub_server
from windowclf.cli import main

TEXT = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
TAGGED = re.findall(r"^    \$ (windowclf tag .*)\n    ([^$\n].*)$", TEXT, re.MULTILINE)
LINES = [
    line.partition("#")[0].strip().removeprefix("$ ")
    for line in TEXT.splitlines()
    if re.match(r"    (\$ )?windowclf [a-z]", line)
]


@pytest.fixture(scope="module")
def hub():
    """A hub on this machine, whose user is the one of the README."""
    with hub_server({}) as hub:
        yield {
            "HF_ENDPOINT": hub.endpoint,
            "HF_TOKEN": "hf_x",
            "HF_HUB_DISABLE_XET": "1",
            "NO_PROXY": "127.0.0.1",
        }


RUN_ALL = """
import contextlib, io, json, os, runpy, sys, traceback

told = []
for program in sys.argv[1:]:
    os.chdir(os.path.dirname(program))
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            runpy.run_path(program, run_name="__main__")
            wrong = ""
        except BaseException:
            wrong = traceback.format_exc()
    told.append((out.getvalue(), wrong))
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def printed(hub, tmp_path_factory):
    """What each piece of Python prints, and its traceback if it fails.

    They share a process, as the import of what they need takes most of the time; one that starts
    processes has its own.
    """
    told = {}
    for alone in (False, True):
        group = [code for code in PYTHON if ("Process" in code) == alone]
        programs = [tmp_path_factory.mktemp("readme") / "readme.py" for _ in group]
        for program, code in zip(programs, group, strict=True):
            program.write_text(code, "utf-8")
        ran = subprocess.run(
            [sys.executable, "-c", RUN_ALL, *programs],
            env={**os.environ, **hub, "HF_HOME": str(tmp_path_factory.mktemp("home"))},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        told |= zip(group, json.loads(ran.stdout), strict=True)
    return told


@pytest.mark.parametrize("code", PYTHON, ids=[code.splitlines()[0] for code in PYTHON])
def test_the_python_prints_what_it_says(code, printed):
    out, wrong = printed[code]
    assert not wrong, wrong
    lines = iter(out.splitlines())
    for line in re.findall(r"^# → (.*)$", code, re.MULTILINE):
        assert line in lines, f"{line!r} is missing, or comes too soon, in\n{out}"


@pytest.mark.parametrize(("line", "out"), TAGGED)
def test_a_text_is_tagged_as_it_says(line, out, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)  # no model was trained here: the bundled one
    assert main(shlex.split(line)[1:]) == 0
    assert capsys.readouterr().out == f"{out}\n"


@pytest.mark.parametrize("line", [line for line in LINES if "COMMAND" not in line])
def test_a_command_line_parses(line):
    name, *arguments = shlex.split(re.split(r" [<>|] ", line)[0].replace("…", "x"))[1:]
    parse(name, arguments)


ELSEWHERE = ("COMMAND", "s3://", "conll2003", " serve", "--resume")
"""What needs a network or does not end, and what needs a training that was stopped."""

CHEAP = {
    "train": [*tiny.options(tiny.QUICK), "--quiet", "--vectors", "random"],
    "tune": ["--epochs", "1", "--vectors", "random", "--trials", "1"],
    "pretrain": ["--epochs", "1", "--quiet"],
    "gradcheck": [],
}
"""Options that make a command take less time, put before those of the README, which win."""


def write_inputs(folder):
    """Write the files that the README's commands read."""
    text = "Mary Poppins lives in Paris .\nAda saw Tom .\n"
    (folder / "FOLDER").mkdir()
    tiny.write_corpus(folder / "FOLDER")
    conll = (folder / "FOLDER" / "train.txt").read_text()
    records = "".join(json.dumps({"text": line}) + "\n" for line in text.splitlines())
    for name in ("news.txt", "tokens.txt", "notes.txt", "text.txt", "mail/one.txt", "testa.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text * 20)
    (folder / "train.txt").write_text(text * 20)
    (folder / "reviews.csv").write_text("review,stars\nAda lives in Oslo .,5\n")
    (folder / "archive/2020").mkdir(parents=True)
    (folder / "archive/2020/a.jsonl.gz").write_bytes(gzip.compress(records.encode()))
    (folder / "theirs.conll").write_text((folder / "FOLDER" / "test.txt").read_text())
    (folder / "eng.train").write_text(conll)
    for name in ("annotated.jsonl", "train.parquet"):
        assert main(["convert", str(folder / "eng.train"), str(folder / name)]) == 0
    (folder / "corpus").mkdir()
    table = pa.table({"text": text.splitlines()})
    pq.write_table(table, folder / "corpus" / "a.parquet")
    (folder / "cities.txt").write_text("Oslo\nParis\n")
    (folder / "staff.txt").write_text("Ada\nMary Poppins\n")


@pytest.mark.slow
def test_every_command_runs_in_order_in_one_folder(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    write_inputs(tmp_path)
    failed = []
    for line in LINES:
        if any(part in line for part in ELSEWHERE):
            continue
        line, _, source = line.partition(" < ")
        name, *arguments = shlex.split(line)[1:]
        with Path(source or os.devnull).open(encoding="utf-8") as stdin:
            monkeypatch.setattr("sys.stdin", stdin)
            capfd.readouterr()
            code = main([name, *CHEAP.get(name, []), *arguments])
        out, err = capfd.readouterr()
        if code or not (out or err or "--output" in line or name == "convert"):
            failed.append(f"{line}: {code}: {err}")
    assert not failed, "\n".join(failed)
    for made in ("archive-tagged/2020/a.jsonl.gz", "tagged", "tagged-too", "all.parquet"):
        assert (tmp_path / made).exists()


def test_no_two_commands_write_to_one_place():
    outputs = [
        (match[1], line)
        for line in LINES
        if "--resume" not in line and (match := re.search(r"--output (\S+)", line))
    ]
    for place, line in outputs:
        others = {other for where, other in outputs if where == place}
        assert len(others) == 1 or place == "vectors.txt", others | {line}


def test_the_readme_has_all_of_them():
    assert len(PYTHON) > 5
    assert len(LINES) > 5
    assert len(TAGGED) > 5
