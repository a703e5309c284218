"""Competitors in turns: each round lets every one of them run once, one at a time."""

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
    """Show the user how far it has come."""
    print(line, file=sys.stderr, flush=True)


def environment(threads: int) -> dict[str, str]:
    """Make the environment of a process that is to use so many threads."""
    return {**os.environ, **dict.fromkeys(THREADS, str(threads))}


@dataclass
class Competitor:
    """A program that takes part, and what it did.

    Parameters
    ----------
    name : str
        As the table has it.
    where : str
        Module of this package and class, such as ``"crfsuite:Tagger"``.
    options : dict
        Arguments of the class.
    run : dict
        Arguments of its `run`.
    threads : int
    path : str
        Folder with the windowclf that is imported, if it is not the one that is installed.

    Attributes
    ----------
    facts : dict
        What the class says of itself, such as versions.
    runs : list of dict
        What each run gave: at least seconds, tokens and peak_mb.
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
        """The most memory that it held."""
        peak: float = max(run["peak_mb"] for run in self.runs)
        return peak

    def to_json(self) -> dict[str, Any]:
        """Give the figures, those of single runs among them."""
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
                "-P",  # not the windowclf of this folder, if another one is named
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
        """Let it run once."""
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
    """Run each competitor once a round; those that are alike but for `run` share a process."""
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
                time.sleep(0.2)  # until the threads of the one before have gone to sleep
                key = json.dumps([one.where, one.threads, one.options, one.path])
                one.runs.append(workers[key].run(one.run))
                found = one.runs[-1]
                say(
                    f"  round {number} of {rounds}, {one.name}: "
                    f"{found['tokens'] / found['seconds']:,.0f} tokens/s"
                )


def run_once(where: str, options: dict[str, Any], threads: int = 1, **run: Any) -> dict[str, Any]:
    """Start a process, let it run once and end it."""
    with Worker(where, threads, options) as worker:
        return worker.run(run)
