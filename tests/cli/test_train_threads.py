"""Batches that are counted in tokens, and threads, from the command line."""

import json
from pathlib import Path

import pytest

import tiny
import windowclf
from windowclf.system.threads import thread_count
from windowclf.training import batches as batches_module
from windowclf.training import fit as fit_module


@pytest.fixture
def quick(tiny_data, tmp_path, monkeypatch):
    """Options of a short training whose batches fall into parts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(batches_module, "PART_TOKENS", 16)
    settings = tiny.QUICK | {"batch_of": "tokens", "batch_size": 64, "dropout": 0.1, "epochs": 2}
    return ["train", "--data", tiny_data, "--vectors", "random", *tiny.options(settings)]


def test_batches_of_tokens_and_threads(run, quick, monkeypatch):
    parameters, asked = {}, []
    monkeypatch.setattr(fit_module, "thread_count", lambda n: asked.append(n) or thread_count(n))
    for name, threads in (("one", 1), ("two", 2), ("three", 3)):
        code, out, err = run(*quick, "--threads", threads, "--output", name, "--json")
        assert (code, err.splitlines()[-1]) == (0, f"report: {name}/report.html")
        assert len(json.loads(out)["training"]["epochs"]) == 2
        config = windowclf.load(name).config
        assert (config.batch_of, config.batch_size) == ("tokens", 64)
        parameters[name] = next(Path(name).glob("parameters-*")).read_bytes()
    assert asked == [1, 2, 3]
    assert parameters["one"] == parameters["two"] == parameters["three"]


def test_a_number_for_batches_is_of_what_is_said(run, quick):
    counts = {}
    for unit in ("tokens", "sentences"):
        code, out, _ = run(*quick, "--batch-of", unit, "--output", unit, "--json")
        assert code == 0
        counts[unit] = json.loads(out)["training"]["epochs"][-1]["loss"]
    assert counts["tokens"] != counts["sentences"]


@pytest.mark.parametrize("options", [["--threads", "0"], ["--batch-of", "letters"]])
def test_no_such_option(run, quick, options):
    code, out, err = run(*quick, *options, "--output", "out")
    assert (code, out) == (2, "")
    assert err.startswith("windowclf: error: ")
    assert options[0] in err
    assert err.count("\n") == 1
    assert not Path("out").exists()
