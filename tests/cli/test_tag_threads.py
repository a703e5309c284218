"""A file is tagged to the same bytes by any number of threads."""

import json

import numpy as np
import pytest

import tiny
from windowclf.text.lines import CHUNK_BYTES

FORMS = ["text", "jsonl", "conll"]
SIZE = 2 * CHUNK_BYTES + 9000


@pytest.fixture(scope="module")
def lines():
    """Lines that are read in several chunks, many of their words never seen."""
    rng = np.random.default_rng(0)
    found, size = [], 0
    while size < SIZE:
        text = " ".join(
            tiny.unmarked(tiny.MARKED[i]) for i in rng.integers(len(tiny.MARKED), size=5)
        )
        found.append(f"{text} Zo\u00eb{len(found) % 999} x{len(found)}\n".encode())
        size += len(found[-1])
    return found


@pytest.fixture(scope="module")
def file(lines, tmp_path_factory):
    path = tmp_path_factory.mktemp("lines") / "texts"
    path.write_bytes(b"".join(lines))
    return path


@pytest.mark.parametrize("form", FORMS)
def test_a_file(run, model_folder, file, lines, form):
    tag = ["tag", "--model", model_folder, "--format", form, "--input", file]
    code, out, err = run(*tag, "--threads", 1)
    assert (code, err) == (0, "")
    assert run(*tag, "--threads", 2) == (0, out, "")
    if form == "jsonl":
        texts = [json.loads(line)["text"] for line in out.splitlines()]
        assert texts == [line.decode().removesuffix("\n") for line in lines]


@pytest.mark.parametrize("form", ["text", "conll"])
def test_a_line_far_down_that_is_no_text(run, model_folder, file, lines, tmp_path, form):
    wrong = len(lines) - 9
    path = tmp_path / "texts"
    path.write_bytes(b"".join([*lines[:wrong], b"Zo\xeb met Ada\n", *lines[wrong:]]))
    tag = ["tag", "--model", model_folder, "--format", form]
    right = run(*tag, "--input", file)[1]
    outs = []
    for threads in (1, 2):
        code, out, err = run(*tag, "--input", path, "--threads", threads)
        assert code == 1
        assert err == (
            f"windowclf: error: {path}:{wrong + 1}: byte 0xeb is not UTF-8, though the text "
            "around it is; the file is damaged or mixes encodings: remove what is broken with: "
            "iconv -c -f utf-8 -t utf-8\n"
        )
        assert right.startswith(out)
        outs.append(out)
    assert outs[0] == outs[1] != right
    if form == "text":
        assert outs[0].count("\n") == wrong  # none of the lines before it is lost
    else:
        assert outs[0].endswith(f"x{wrong - 1}\tO\n\n")


@pytest.mark.parametrize("threads", ["0", "-1", "many"])
def test_no_such_number_of_threads(run, model_folder, threads):
    code, out, err = run("tag", "--model", model_folder, "--threads", threads, tiny.PAIR)
    assert (code, out) == (2, "")
    assert err.startswith("windowclf: error: ")
    assert "--threads" in err
    assert err.count("\n") == 1
