"""A person at a terminal sees how far tagging is; a program sees nothing."""

import gzip
import re

import pytest
from rich.progress import Progress

import tiny
from command_lines import without_model
from windowclf.cli import main

TEXT = f"{tiny.unmarked(tiny.PAIR)}\n" * 3
DONE = r"(\d+ files?), (\d+ texts?), (\d+ tokens?) in \d+\.\d s: [\d,]+ tokens/s\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "xterm")
    (tmp_path / "[red].txt").write_text(TEXT)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b'{"text": "Ada met Tom"}\n'))
    return tmp_path


@pytest.fixture
def watched(folder, model_folder, monkeypatch, capsys):
    """Return a function that tags before a person's eyes, and returns stdout and stderr."""

    def watched(*arguments, terminals=("stderr",), code=0):
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(f"sys.{name}.isatty", lambda name=name: name in terminals)
        capsys.readouterr()
        assert main(["tag", "--model", str(model_folder), *arguments]) == code
        out, err = capsys.readouterr()
        return out, without_model(err)

    return watched


@pytest.fixture
def steps(monkeypatch):
    """The calls of the bar; the first makes the task."""
    steps = []

    def record(method):
        original = getattr(Progress, method)

        def recorded(self, *arguments, **fields):
            steps.append(fields)
            return original(self, *arguments, **fields)

        monkeypatch.setattr(Progress, method, recorded)

    record("add_task")
    record("update")
    return steps


INPUTS = ["--input", "[red].txt", "--input", "b.jsonl.gz"]
BOTH = ("stdout", "stderr")


def test_the_bar_shows_file_tokens_and_speed(watched):
    out, err = watched(*INPUTS, "--output", "out.jsonl")
    assert out == ""
    assert "b.jsonl.gz" in err
    assert "15 tokens" in err
    assert re.search(r"[\d,]+ tokens/s", err)
    assert re.search(r"\d:\d\d:\d\d", err)
    out, err = watched("--input", "[red].txt", "--output", "out.jsonl")
    assert "[red].txt" in err


def test_the_line_at_the_end(watched):
    for arguments, counts in (
        ([*INPUTS, "--output", "out.jsonl"], ("2 files", "4 texts", "15 tokens")),
        (["--input", "[red].txt"], ("1 file", "3 texts", "12 tokens")),
        ([*INPUTS, "--output", "out"], ("2 files", "4 texts", "15 tokens")),
    ):
        _, err = watched(*arguments)
        assert re.search(DONE + r"\Z", err).groups() == counts


def test_how_far_it_is_counts_packed_bytes_of_all_files(watched, steps, folder):
    watched(*INPUTS, "--output", "out")
    task, *updates = steps
    total = sum((folder / name).stat().st_size for name in INPUTS[1::2])
    assert task["total"] == total
    assert [step["description"] for step in updates] == ["[red].txt", "b.jsonl.gz"]
    assert [step["completed"] for step in updates] == [len(TEXT), total]
    assert [step["tokens"] for step in updates] == ["12 tokens", "15 tokens"]


def test_the_size_of_a_stream_is_not_known(watched, steps, stdin):
    stdin(TEXT.encode())
    out, err = watched("--format", "jsonl")
    task, step = steps
    assert task["total"] is None
    assert step["description"] == "stdin"
    assert step["completed"] == len(TEXT)
    assert out.count("\n") == 3
    assert re.search(DONE + r"\Z", err).groups() == ("1 file", "3 texts", "12 tokens")


def test_no_bar_among_texts_on_a_terminal(watched, steps):
    out, err = watched("--input", "[red].txt", terminals=BOTH)
    assert out.count("\n") == 3
    assert re.fullmatch(DONE, err)
    assert steps == []


def test_answers_on_a_terminal_come_without_progress(watched, steps, stdin):
    assert watched("Ada met Tom", terminals=BOTH)[1] == ""
    assert watched("Ada met Tom", terminals=("stderr",))[1] == ""
    stdin(TEXT.encode())
    assert watched(terminals=BOTH)[1] == ""
    assert steps == []


@pytest.mark.parametrize("terminals", [(), ("stdout",)])
def test_a_program_sees_nothing(watched, steps, terminals):
    out, err = watched(*INPUTS, "--output", "out.jsonl", terminals=terminals)
    assert (out, err) == ("", "")
    assert steps == []


def test_a_tagging_that_fails_has_no_line_at_the_end(watched, folder):
    (folder / "bad.txt").write_bytes(b"\xff\n")
    _, err = watched("--input", "bad.txt", "--output", "out.txt", code=1)
    assert " tokens in " not in err
    assert err.endswith("iconv -f ENCODING -t utf-8, or set --encoding ENCODING\n")
    assert "windowclf: error: bad.txt:1: byte 0xff" in err


def test_a_terminal_is_spared_what_is_no_text(watched):
    for arguments in (["Ada"], INPUTS):
        out, err = watched(*arguments, "--format", "parquet", terminals=BOTH, code=2)
        assert out == ""
        assert err == (
            "windowclf: error: parquet cannot be shown in a terminal; name an --output file\n"
        )
