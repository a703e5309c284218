"""A competitor in a process of its own: prepares, then runs whenever it is told to.

Started by `benchmarks.turns` as ``python -m benchmarks.worker JSON``. It speaks JSON lines:
first its facts, then an answer to each line of stdin, until there is none.
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
    """Say how much memory this process has held at once, in MB (10⁶ bytes).

    On Linux ``ru_maxrss`` counts what the parent held when it started the process as well.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    except (OSError, IndexError):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def pin() -> None:
    """Keep a process of one thread on one core, the last one it may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def timed(function: Callable[[], T]) -> tuple[T, float]:
    """Call a function; return what it gives, and the seconds that it took.

    The garbage collector overlooks what was there before, most of which is the benchmark's own.
    """
    gc.collect()
    gc.freeze()
    begin = time.perf_counter()
    found = function()
    seconds = time.perf_counter() - begin
    gc.unfreeze()
    return found, seconds


def fastest(choices: Iterable[int], function: Callable[[int], object]) -> int:
    """Try each choice twice, and name the one that took the least time."""
    times = {
        choice: min(timed(partial(function, choice))[1] for _ in range(2)) for choice in choices
    }
    return min(times, key=times.__getitem__)


def main() -> None:
    """Prepare the competitor that the command line names, then serve."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
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
