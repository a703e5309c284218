"""Tagging whose processes are killed or stopped: one line, and the output is whole or absent."""

import json
import os
import random
import re
import signal
import time
from contextlib import suppress

import psutil
import pytest

import tiny
from clusters import alive, started, wait_until
from command_lines import without_model
from windowclf.cli import main
from windowclf.system.processes import can_fork

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not can_fork(), reason="nothing is copied here"),
]

TEXTS = 25_000
LOST = (
    r"windowclf: error: {place}: one of 2 processes was ended by SIGKILL; "
    r"is there too little memory\? --processes 1 needs the least\n"
)


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A file that takes some seconds to tag."""
    path = tmp_path_factory.mktemp("texts") / "texts.jsonl"
    texts = [tiny.unmarked(marked) for marked in tiny.MARKED]
    with path.open("w", encoding="utf-8") as file:
        for number in range(TEXTS):
            text = " ".join(texts[(number + i) % len(texts)] for i in range(4))
            file.write(json.dumps({"id": number, "text": text}) + "\n")
    return path


@pytest.fixture(scope="module")
def whole(given, model_folder, tmp_path_factory):
    """What one process makes of it, and how long two take."""
    output = tmp_path_factory.mktemp("whole") / "out.jsonl"
    options = ["--model", model_folder, "--input", given, "--output", output]
    assert main(["tag", *map(str, options), "--processes", "1"]) == 0
    begun = time.perf_counter()
    assert main(["tag", *map(str, options), "--processes", "2"]) == 0
    return output.read_bytes(), time.perf_counter() - begun


@pytest.fixture
def tagging(given, model_folder):
    """Return a function that starts the command, and ends it at the end of the test."""
    processes = []

    def tagging(*options):
        command = ["--model", model_folder, "--input", given, "--processes", "2", *options]
        processes.append(started(*command))
        return psutil.Process(processes[-1].pid), processes[-1]

    yield tagging
    for process in processes:
        process.kill()
        process.communicate()


def copies(process):
    try:
        return process.children()
    except psutil.NoSuchProcess:
        return []


@pytest.mark.parametrize("seed", range(10))
def test_a_process_that_is_killed_at_any_moment(tagging, whole, tmp_path, seed):
    expected, seconds = whole
    rng = random.Random(seed)
    output = tmp_path / "out.jsonl"
    process, command = tagging("--output", output)
    both = wait_until(lambda: len(found := copies(process)) == 2 and found)
    time.sleep(rng.uniform(0, seconds) if seed else 0)  # some are killed while they start
    victim = rng.choice(both)
    with suppress(psutil.NoSuchProcess):
        victim.kill()
    out, err = command.communicate(timeout=60)
    assert out == ""
    if command.returncode:
        assert command.returncode == 1
        assert re.fullmatch(
            LOST.format(place=re.escape(f"{output}: not written")), without_model(err)
        )
        assert list(tmp_path.iterdir()) == []
    else:  # it had nothing more to do
        assert without_model(err) == ""
        assert output.read_bytes() == expected
    assert alive([victim, *both]) == []


def test_what_was_written_to_stdout_stays(tagging, whole):
    process, command = tagging("--format", "jsonl")
    begin = ""
    while len(found := copies(process)) < 2:  # it does not begin them before it has written some
        begin += command.stdout.read(50_000)
    first = found[0]
    first.kill()
    out, err = (begin + command.stdout.read()).encode(), command.stderr.read()
    assert command.wait(10) == 1
    lost = re.fullmatch(LOST.format(place=r"stdout: ends after ([\d,]+) texts"), without_model(err))
    assert int(lost[1].replace(",", "")) == out.count(b"\n") > 0
    assert out.endswith(b"\n")
    assert whole[0].startswith(out)


@pytest.mark.parametrize(
    ("number", "to_all"),
    [
        (signal.SIGINT, True),
        (signal.SIGINT, False),
        (signal.SIGTERM, False),
        (signal.SIGKILL, False),
    ],
)
def test_the_end_of_the_command_ends_all(tagging, tmp_path, number, to_all):
    output = tmp_path / "out.jsonl"
    process, command = tagging("--output", output)
    both = wait_until(lambda: len(found := copies(process)) == 2 and found)
    (os.killpg if to_all else os.kill)(process.pid, number)
    out, err = command.communicate(timeout=20)
    assert out == ""
    if number == signal.SIGINT:
        assert command.returncode == 130
        assert without_model(err).strip() == "windowclf: error: interrupted"
        assert list(tmp_path.iterdir()) == []
    else:
        assert (command.returncode, without_model(err)) == (-number, "")
        assert not output.exists()
    wait_until(lambda: not alive(both), 10)
