"""A competitor in a separate process, which prepares its work and runs it on request.

`benchmarks.turns` starts it as ``python -m benchmarks.worker JSON``. It writes JSON lines: first
its facts, then an answer to each line of stdin, until stdin ends.
"""

import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def peak_mb() -> float:
    """Return the peak memory of this process in MB (10⁶ bytes).

    On Linux, ``ru_maxrss`` would include the memory of the parent at the start of the process.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    except (OSError, IndexError):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def pin() -> None:
    """Bind a single-threaded process to one core, the last one it may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def timed(function: Callable[[], T]) -> tuple[T, float]:
    """Call a function; return its result and its time in seconds.

    The garbage collector ignores earlier objects, most of which belong to the benchmark.
    """
    gc.collect()
    gc.freeze()
    begin = time.perf_counter()
    found = function()
    seconds = time.perf_counter() - begin
    gc.unfreeze()
    return found, seconds


def fastest(choices: Iterable[int], function: Callable[[int], object]) -> int:
    """Try each choice twice, and return the fastest one."""
    times = {
        choice: min(timed(partial(function, choice))[1] for _ in range(2)) for choice in choices
    }
    return min(times, key=times.__getitem__)


def main() -> None:
    """Prepare the competitor that the command line names, then serve."""
    answers, sys.stdout = (
        sys.stdout,
        sys.stderr,
    )  # output of libraries must not mix with the answers
    module, name, threads, options = json.loads(sys.argv[1])
    if threads == 1:
        pin()
    competitor = getattr(import_module(f"benchmarks.{module}"), name)(**options)
    print(json.dumps(competitor.facts), file=answers, flush=True)
    for line in sys.stdin:
        found = competitor.run(**json.loads(line))
        print(json.dumps({**found, "peak_mb": peak_mb()}), file=answers, flush=True)


if __name__ == "__main__":
    main()
