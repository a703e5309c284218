"""The gain from a second core: ``windowclf tag`` on a large file with one and two processes."""

import json
import os
import subprocess
import sys
import threading
import time
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.names import CORES, ONE, TWO
from benchmarks.setup import Setup
from benchmarks.start import windowclf_command
from benchmarks.text import read_text
from benchmarks.turns import Competitor, say

TOKENS = 10_000_000
_SECONDS_BETWEEN = 0.25


def cores(setup: Setup) -> dict[str, list[Competitor]]:
    """Tag a file with one process bound to one core, and with two, in turns; compare the bytes."""
    source, tokens = _write(setup)
    competitors = [Competitor(ONE, "", {"processes": 1}), Competitor(TWO, "", {"processes": 2})]
    for number in range(1, setup.options.runs + 1):
        outputs = []
        for one in competitors:
            output = setup.folder / f"{one.options['processes']}.jsonl"
            one.runs.append({"tokens": tokens, **_run(source, output, one.options["processes"])})
            found = one.runs[-1]
            say(
                f"  round {number} of {setup.options.runs}, {one.name}: "
                f"{tokens / found['seconds']:,.0f} tokens/s, {found['peak_mb']:.0f} MB"
            )
            outputs.append(output.read_bytes())
        if outputs[0] != outputs[1]:
            sys.exit("the outputs of one and of two processes differ")
    return {CORES: competitors}


def _write(setup: Setup) -> tuple[Path, int]:
    """Write the text as JSONL, one document per line, repeated up to the required size."""
    text = read_text(setup.corpus)
    lines = [json.dumps({"text": joined}) + "\n" for joined in text.join()]
    repeats = -(-(setup.options.tokens if setup.options.quick else TOKENS) // text.tokens)
    source = setup.folder / "source.jsonl"
    with source.open("w", encoding="utf-8") as file:
        for _, line in zip(range(repeats * len(lines)), cycle(lines), strict=False):
            file.write(line)
    return source, repeats * text.tokens


def _run(source: Path, output: Path, processes: int) -> dict[str, Any]:
    """Run the command; the memory is that of all processes, with shared memory counted once."""
    command = [*windowclf_command(), "tag", "--input", str(source), "--output", str(output)]
    output.unlink(missing_ok=True)
    begin = time.perf_counter()
    cpus = sorted(os.sched_getaffinity(0))[:processes]
    with subprocess.Popen(
        [*command, "--processes", str(processes)],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),
    ) as process:
        peak, ended = [0.0], threading.Event()

        def watch() -> None:
            while not ended.wait(_SECONDS_BETWEEN):
                peak[0] = max(peak[0], sum(map(_megabytes, _family(process.pid))))

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = process.wait()
        ended.set()
        watcher.join()
    if code:
        sys.exit(code)
    return {"seconds": time.perf_counter() - begin, "peak_mb": peak[0]}


def _family(process: int) -> list[int]:
    """List a process and its descendants."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    except OSError:
        return [process]
    return [process, *(one for child in children.split() for one in _family(int(child)))]


def _megabytes(process: int) -> float:
    """Return the memory of a process, with its proportional share of shared memory."""
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    except OSError:  # the process has ended
        return 0.0
    return int(rollup.partition("\nPss:")[2].split()[0]) * 1024 / 1e6
