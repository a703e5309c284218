import contextlib
import json
import os
import subprocess
import sys
import threading

import pytest

import tiny
from command_lines import without_model

MARKED = [tiny.PAIR, "[PER Mary Poppins] lives in [LOC New York] .", "They saw him ."]
TEXTS = [tiny.unmarked(marked) for marked in MARKED]
CONLL = """\
Paris\tB-LOC
is\tO
in\tO
France\tB-LOC

Mary\tB-PER
Poppins\tI-PER
lives\tO
in\tO
New\tB-LOC
York\tI-LOC
.\tO

They\tO
saw\tO
him\tO
.\tO

"""


def lines(texts, end="\n"):
    return "".join(f"{text}{end}" for text in texts)


@pytest.fixture(params=["arguments", "file", "stdin", "-", "dash", "windows"])
def texts(request, tmp_path, stdin):
    """The same texts in each of the ways to give them: what stands on the command line."""
    data = lines(TEXTS).encode()
    path = tmp_path / "texts"
    path.write_bytes(data)
    stdin(data)
    if request.param == "windows":
        path.write_bytes(b"\xef\xbb\xbf" + lines(TEXTS, "\r\n").encode())
    return {"arguments": TEXTS, "stdin": [], "-": ["-"], "dash": ["--input", "-"]}.get(
        request.param, ["--input", path]
    )


def test_text(run, model_folder, texts):
    assert run("tag", "--model", model_folder, *texts) == (0, lines(MARKED), "")


def test_the_name_of_a_file_is_a_text_and_a_note_says_so(run, model_folder, tmp_path):
    path = tmp_path / "news.txt"
    path.write_text(tiny.PAIR)
    code, out, err = run("tag", "--model", model_folder, str(path))
    assert (code, out.count("\n")) == (0, 1)
    assert "news.txt' is tagged as text; to tag the file of that name, use --input\n" in err
    assert err.count("\n") == 1


def test_conll(run, model_folder, texts):
    assert run("tag", "--model", model_folder, "--format", "conll", *texts) == (0, CONLL, "")


def test_jsonl(run, model_folder, texts, classifier):
    code, out, err = run("tag", "--model", model_folder, "--format", "jsonl", *texts)
    assert (code, err) == (0, "")
    assert out.count("\n") == len(TEXTS)
    for text, line in zip(TEXTS, out.splitlines(), strict=True):
        found = json.loads(line)
        assert list(found) == ["text", "entities"]
        assert found["text"] == text
        wanted = [
            {"text": e.text, "label": e.label, "start": e.start, "end": e.end}
            for e in classifier.tag(text)
        ]
        for entity in found["entities"]:
            assert list(entity) == ["text", "label", "start", "end", "score"]
            assert 0 < entity.pop("score") <= 1
        assert found["entities"] == wanted
    assert json.loads(out.splitlines()[0])["entities"][1]["start"] == 12


def test_tokens_that_are_given_stay_whole(run, model_folder, stdin):
    text = "Mary  Poppins\tmet don't-stop.now New York\n"
    stdin(text.encode())
    arguments = ["tag", "--model", model_folder, "--pretokenized", "--format"]
    code, out, err = run(*arguments, "conll")
    tokens = [line.split("\t")[0] for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert tokens == ["Mary", "Poppins", "met", "don't-stop.now", "New", "York", ""]
    [found] = map(json.loads, run(*arguments, "jsonl", "Mary  Poppins met Tom")[1].splitlines())
    assert [(e["text"], e["start"], e["end"]) for e in found["entities"]] == [
        ("Mary  Poppins", 0, 13),
        ("Tom", 18, 21),
    ]


def test_an_empty_line_is_a_text(run, model_folder, stdin):
    tag = ["tag", "--model", model_folder, "--format"]
    texts = ["", TEXTS[0], "  "]
    data = lines(texts).encode()
    stdin(data)
    assert run(*tag, "text") == (0, lines(["", MARKED[0], "  "]), "")
    stdin(data)
    assert run(*tag, "conll") == (0, CONLL.partition("Mary")[0], "")
    stdin(data)
    assert [json.loads(line)["text"] for line in run(*tag, "jsonl")[1].splitlines()] == texts


def test_no_text_at_all(run, model_folder, stdin):
    stdin(b"")
    assert run("tag", "--model", model_folder) == (0, "", "")


def test_text_that_is_not_ascii(run, model_folder, stdin):
    stdin("Ada met Zoë 😀\u2028in Paris\n".encode())
    code, out, err = run("tag", "--model", model_folder, "--format", "jsonl")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["text"] == "Ada met Zoë 😀\u2028in Paris"
    assert all(found["text"][e["start"] : e["end"]] == e["text"] for e in found["entities"])


def program(model, *options, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "windowclf", "tag", "--model", model, *options],
        env=os.environ | {"PYTHONUNBUFFERED": ""} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_line_is_answered_before_the_next_one_comes(model_folder):
    with program(model_folder) as process:
        too_long = threading.Timer(20, process.kill)
        too_long.start()
        for text, marked in zip(TEXTS, MARKED, strict=True):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline().decode() == f"{marked}\n"
        too_long.cancel()
        process.stdin.close()
        assert process.stdout.read() == b""
        assert without_model(process.stderr.read().decode()) == ""
    assert process.returncode == 0


def test_a_reader_that_goes_away_is_no_error(model_folder):
    with program(model_folder) as process:
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):  # it reads no further either
            process.stdin.write(lines(TEXTS * 2000).encode())
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        assert without_model(process.stderr.read().decode()) == ""
    assert process.returncode == 1


@pytest.mark.parametrize(
    ("encoding", "form", "text"),
    [
        ("ascii", "text", "Zoë met Ada".encode()),
        ("utf-8", "text", b"Zo\xeb met Ada"),
        ("utf-8", "jsonl", b"Zo\xeb met Ada"),
    ],
)
def test_what_cannot_be_written_is_one_line(model_folder, encoding, form, text):
    environment = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "1"}
    with program(model_folder, "--format", form, text, **environment) as process:
        _, err = process.communicate()
    assert b"Traceback" not in err
    assert err.count(b"\n") <= 2  # one is the model


def test_what_goes_to_a_pipe_is_utf8(model_folder):
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"}
    with program(model_folder, "Zo\u00eb saw him .", **environment) as process:
        out, err = process.communicate()
    assert "Zoë" in out.decode("utf-8")
    assert without_model(err.decode()) == ""
