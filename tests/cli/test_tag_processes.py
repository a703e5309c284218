"""A file is tagged to the same bytes by any number of processes."""

import io
import json
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tiny
from windowclf.system import shared_work
from windowclf.tagging import texts as texts_module
from windowclf.text.lines import CHUNK_BYTES

SIZE = CHUNK_BYTES + 9000


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


@pytest.fixture
def tagged(run, model_folder, tmp_path):
    """Return a function that tags a file; it returns what the command does, and the output."""

    def tagged(path, end, processes, *options):
        output = tmp_path / f"{processes}{end}"
        output.unlink(missing_ok=True)
        ran = run(
            *("tag", "--model", model_folder, "--input", path, "--output", output),
            *("--processes", processes, *options),
        )
        return *ran, output.read_bytes() if output.exists() else None

    return tagged


@pytest.fixture
def copies(monkeypatch):
    """Count the copies of this process that are made."""
    made = []
    real = shared_work.Worker

    def make(function):
        made.append(real(function))
        return made[-1]

    monkeypatch.setattr(shared_work, "Worker", make)
    return made


def unpacked(end, data):
    """Read the rows of Parquet; leave other formats as they are."""
    return pq.read_table(io.BytesIO(data)).to_pylist() if end == ".parquet" else data


@pytest.mark.usefixtures("shared_at_once")
@pytest.mark.parametrize("end", [".txt", ".jsonl", ".csv", ".conll", ".parquet", ".spacy"])
def test_a_file(tagged, copies, file, lines, end):
    code, out, err, expected = tagged(file, end, 1)
    assert (code, out, err) == (0, "", "")
    assert not copies
    code, out, err, found = tagged(file, end, 2)
    assert (code, out, err) == (0, "", "")
    assert unpacked(end, found) == unpacked(end, expected)
    assert len(copies) == 2
    if end == ".jsonl":
        texts = [json.loads(line)["text"] for line in found.splitlines()]
        assert texts == [line.decode().removesuffix("\n") for line in lines]


@pytest.mark.usefixtures("shared_at_once")
@pytest.mark.parametrize(
    ("end", "how"),
    [
        (".conll", ["--pretokenized"]),
        (".jsonl", ["--lines"]),
        (".csv", ["--text-unit", "file"]),
    ],
)
def test_other_ways_to_split(tagged, copies, file, end, how):
    assert tagged(file, end, 2, *how) == tagged(file, end, 1, *how)
    assert len(copies) == 2


@pytest.mark.usefixtures("shared_at_once")
@pytest.mark.parametrize("end", [".jsonl", ".conll", ".parquet"])
def test_records_that_come_with_tokens(tagged, copies, tmp_path, end):
    records = [
        {"id": number, "tokens": tiny.unmarked(marked).split()}
        for number, marked in enumerate(tiny.MARKED * 20)
    ]
    path = tmp_path / "tokens.jsonl"
    path.write_bytes(b"".join(json.dumps(record).encode() + b"\n" for record in records))
    one, two = (tagged(path, end, processes) for processes in (1, 2))
    assert one[:3] == two[:3] == (0, "", "")
    assert unpacked(end, two[3]) == unpacked(end, one[3])
    assert len(copies) == 2


@pytest.mark.usefixtures("shared_at_once")
@given(
    texts=st.lists(
        st.sampled_from([tiny.unmarked(marked) for marked in tiny.MARKED])
        | st.text("Ada met Zo\u00eb.\n\u200b\U0001f600", max_size=40),
        max_size=30,
    ),
    processes=st.integers(2, 3),
)
@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_any_texts(classifier, monkeypatch, texts, processes):
    monkeypatch.setattr(texts_module, "BATCH_CHARACTERS", 100)
    one, several = (
        [(t.text, t.token_count, t.words, t.sentences, t.tags, t.entities) for t in found]
        for found in (classifier.pipe(texts, processes=number) for number in (1, processes))
    )
    assert several == one


def test_a_small_file_needs_no_copy(tagged, copies, tmp_path, monkeypatch):
    path = tmp_path / "small"
    path.write_text(tiny.unmarked(tiny.PAIR))
    assert tagged(path, ".jsonl", 2)[0] == 0
    assert not copies


def test_a_large_file_is_shared_by_itself(run, model_folder, copies, tmp_path, lines, monkeypatch):
    monkeypatch.setattr(shared_work, "processor_count", lambda: 2)
    monkeypatch.setattr(shared_work, "ENOUGH", CHUNK_BYTES)
    monkeypatch.setattr("threading.active_count", lambda: 1)
    path = tmp_path / "texts"
    path.write_bytes(b"".join(lines))
    tag = ["tag", "--model", model_folder, "--input", path, "--format", "jsonl"]
    found = run(*tag)
    assert len(copies) == 2
    monkeypatch.setattr(shared_work, "processor_count", lambda: 1)
    assert run(*tag) == found
    assert len(copies) == 2


@pytest.mark.usefixtures("shared_at_once")
def test_a_file_after_another(run, model_folder, copies, file, tmp_path):
    (tmp_path / "in").mkdir()
    for name in "abc":
        (tmp_path / "in" / f"{name}.txt").write_bytes(file.read_bytes()[: 9000 * (ord(name) - 95)])
    found = []
    for processes in (1, 2):
        output = tmp_path / f"out{processes}"
        options = ["--input", tmp_path / "in", "--output", output, "--processes", processes]
        assert run("tag", "--model", model_folder, *options) == (0, "", "")
        found.append({path.name: path.read_bytes() for path in output.iterdir()})
    assert found[0] == found[1]
    assert len(found[0]) == 3
    assert len(copies) == 2  # the same for all


@pytest.mark.usefixtures("shared_at_once")
@pytest.mark.parametrize("form", ["text", "conll"])
def test_a_line_far_down_that_is_no_text(run, model_folder, file, lines, tmp_path, form):
    wrong = len(lines) - 9
    path = tmp_path / "texts"
    path.write_bytes(b"".join([*lines[:wrong], b"Zo\xeb met Ada\n", *lines[wrong:]]))
    tag = ["tag", "--model", model_folder, "--format", form]
    right = run(*tag, "--input", file)[1]
    outs = []
    for processes in (1, 2):
        code, out, err = run(*tag, "--input", path, "--processes", processes)
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


@pytest.mark.parametrize("processes", ["0", "-1", "many"])
def test_no_such_number_of_processes(run, model_folder, processes):
    code, out, err = run("tag", "--model", model_folder, "--processes", processes, tiny.PAIR)
    assert (code, out) == (2, "")
    assert err.startswith("windowclf: error: ")
    assert "--processes" in err
    assert err.count("\n") == 1


@pytest.mark.usefixtures("shared_at_once")
def test_a_broken_file_has_no_output(tagged, lines, tmp_path):
    path = tmp_path / "broken"
    path.write_bytes(b"".join([*lines[:-9], b"Zo\xeb met Ada\n"]))
    assert tagged(path, ".jsonl", 2) == tagged(path, ".jsonl", 1)
    assert tagged(path, ".jsonl", 2)[3] is None


def test_where_nothing_is_copied(run, model_folder, file, monkeypatch):
    monkeypatch.setattr(shared_work, "can_fork", lambda: False)
    tag = ["tag", "--model", model_folder, "--input", file, "--format", "jsonl"]
    code, out, err = run(*tag, "--processes", 2)
    assert (code, out) == (2, "")
    assert err.startswith("windowclf: error: --processes 2: only the main thread")
    assert err.count("\n") == 1
    assert run(*tag)[0] == 0


def test_what_a_process_asks_is_answered_before_it_asks_on(model_folder):
    """A program that writes a line and waits for its answer, repeatedly, gets each answer."""
    text = tiny.unmarked(tiny.PAIR)
    program = """
import sys
from windowclf.cli import main
from windowclf.system import shared_work
shared_work.ENOUGH = 0
sys.exit(main())
"""
    command = [sys.executable, "-c", program, "tag", "--model", model_folder, "--processes", "2"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for _ in range(20):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline()
        process.stdin.close()
        assert process.wait(10) == 0
