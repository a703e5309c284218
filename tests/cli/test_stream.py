"""Tagging a long stream takes the memory of a short one."""

import re
import subprocess
import sys
import threading
from itertools import cycle, islice
from pathlib import Path

import pytest

import tiny

EARLY, LINES = 100_000, 1_000_000
MEGABYTE = 1024  # kB


def peak_memory(process):
    """Return the most memory that a process has had, in kB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_million_lines_take_no_more_memory(model_folder):
    command = [sys.executable, "-m", "windowclf", "tag", "--model", model_folder]
    texts = [f"{tiny.unmarked(marked)}\n".encode() for marked in tiny.MARKED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        done = threading.Event()

        def write():
            process.stdin.writelines(islice(cycle(texts), LINES))
            process.stdin.flush()
            done.wait()  # so that the process is still there to be measured
            process.stdin.close()

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        assert sum(1 for _ in islice(process.stdout, EARLY)) == EARLY
        early = peak_memory(process)
        assert sum(1 for _ in islice(process.stdout, LINES - EARLY)) == LINES - EARLY
        late = peak_memory(process)
        done.set()
        writer.join()
        assert process.stdout.read() == b""
    assert process.returncode == 0
    assert late - early < 10 * MEGABYTE, (early, late)
