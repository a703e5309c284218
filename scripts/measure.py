"""Train with several seeds and print the mean F1 of each split with its spread.

Run by scripts/measure. Each training is a separate process with one thread.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any


def train(options: list[str], seed: int) -> dict[str, Any]:
    """Train a model in a separate process; return its report."""
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, "-m", "windowclf", "train", *options, "--quiet", "--json"]
        done = subprocess.run(
            [*command, "--seed", str(seed), "--output", str(Path(work, "model"))],
            stdout=subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            check=False,
        )
        if done.returncode:
            sys.exit(done.returncode)
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def main() -> None:
    """Train, then print a line for each seed and a line of means."""
    parser = argparse.ArgumentParser(
        prog="scripts/measure",
        description=__doc__.splitlines()[0],
        epilog="All other options go to windowclf train.",
    )
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds (default 3)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (default 1)")
    parser.add_argument("--jobs", type=int, default=1, help="concurrent trainings (default 1)")
    arguments, options = parser.parse_known_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    with ThreadPoolExecutor(arguments.jobs) as pool:
        runs = list(pool.map(lambda seed: train(options, seed), seeds))
    figures = {
        f"{split} {name}": [100 * run[split][key] for run in runs]
        for split in ("dev", "test")
        for name, key in (("F1", "f1"), ("average precision", "average_precision"))
        if key in runs[0].get(split, {})
    }
    for i, (seed, run) in enumerate(zip(seeds, runs, strict=True)):
        found = "  ".join(f"{name} {values[i]:.2f}" for name, values in figures.items())
        training = run["training"]
        moved = 100 * training["vectors_moved"]
        print(f"seed {seed}: {found}  ({training['seconds']:.0f} s, vectors moved {moved:.1f} %)")
    for name, values in figures.items():
        spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
        print(f"{name}: mean {statistics.mean(values):.2f}{spread}, seeds: {len(values)}")


if __name__ == "__main__":
    main()
