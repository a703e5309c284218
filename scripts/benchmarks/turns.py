"""Running competitors in turns: in each round every competitor runs once, one at a time."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")


def say(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)


def environment(threads: int) -> dict[str, str]:
    """Return the environment variables that limit a process to a number of threads."""
    return {**os.environ, **dict.fromkeys(THREADS, str(threads))}


@dataclass
class Competitor:
    """A program in a comparison, and its measurements.

    Parameters
    ----------
    name : str
        Its name in the table.
    where : str
        Module of this package and class, such as ``"crfsuite:Tagger"``.
    options : dict
        Arguments of the class.
    run : dict
        Arguments of its `run`.
    threads : int
        Number of its threads.
    path : str
        Folder of another windowclf to import instead of the installed one.

    Attributes
    ----------
    facts : dict
        Facts that the class reports, such as versions.
    runs : list of dict
        The measurements of each run: at least seconds, tokens and peak_mb.
    """

    name: str
    where: str
    options: dict[str, Any]
    run: dict[str, Any] = field(default_factory=dict)
    threads: int = 1
    path: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """Tokens per second, the median of the runs."""
        return statistics.median(run["tokens"] / run["seconds"] for run in self.runs)

    @property
    def peak_mb(self) -> float:
        """The peak memory over all runs."""
        peak: float = max(run["peak_mb"] for run in self.runs)
        return peak

    def to_json(self) -> dict[str, Any]:
        """Return the figures, including those of single runs."""
        return {
            "name": self.name,
            "threads": self.threads,
            "tokens_per_second": self.speed,
            "peak_mb": self.peak_mb,
            "facts": self.facts,
            "settings": self.run,
            "runs": self.runs,
        }


class Worker:
    """The process of one or several competitors, see `benchmarks.worker`."""

    def __init__(self, where: str, threads: int, options: dict[str, Any], path: str = "") -> None:
        self.where = where
        given = environment(threads)
        if path:
            given["PYTHONPATH"] = os.pathsep.join([path, given.get("PYTHONPATH", "")])
        module, _, name = where.partition(":")
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-P",  # do not import windowclf from the current folder
                "-m",
                "benchmarks.worker",
                json.dumps([module, name, threads, options]),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=given,
            text=True,
        )
        self.facts = self._answer()

    def run(self, options: dict[str, Any]) -> dict[str, Any]:
        """Run the competitor once."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(options) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"{self.where}: ended with status {self._process.wait()}, see above")
        found: dict[str, Any] = json.loads(line)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def take_turns(competitors: Iterable[Competitor], rounds: int) -> None:
    """Run each competitor once per round; those that differ only in `run` share a process."""
    competitors = list(competitors)
    workers: dict[str, Worker] = {}
    with ExitStack() as stack:
        for one in competitors:
            key = json.dumps([one.where, one.threads, one.options, one.path])
            if key not in workers:
                say(f"  preparing {one.name} …")
                worker = Worker(one.where, one.threads, one.options, one.path)
                workers[key] = stack.enter_context(worker)
            one.facts = workers[key].facts
        for number in range(1, rounds + 1):
            for one in competitors:
                time.sleep(0.2)  # wait until the threads of the previous one are idle
                key = json.dumps([one.where, one.threads, one.options, one.path])
                one.runs.append(workers[key].run(one.run))
                found = one.runs[-1]
                say(
                    f"  round {number} of {rounds}, {one.name}: "
                    f"{found['tokens'] / found['seconds']:,.0f} tokens/s"
                )


def run_once(where: str, options: dict[str, Any], threads: int = 1, **run: Any) -> dict[str, Any]:
    """Start a process, run the competitor once, and end the process."""
    with Worker(where, threads, options) as worker:
        return worker.run(run)
