"""Tag the same Parquet files in one process and on a local cluster, and print the time of each.

Run by scripts/scaling.
"""

import argparse
import filecmp
import json
import os
import pickle
import random
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from windowclf import load, load_corpus
from windowclf.system.dask import broadcast, connect

SENTENCES = 5
"""Number of sentences in a text."""


def write_input(folder: Path, data: str, tokens: int, files: int) -> int:
    """Write texts of random sentences from a corpus; return the number of texts."""
    splits = load_corpus(data).splits.values()
    sentences = [(" ".join(s.tokens), len(s.tokens)) for split in splits for s in split]
    draw = random.Random(1)
    folder.mkdir()
    rows = 0
    for number in range(files):
        texts, size = [], 0
        while size < tokens / files:
            drawn = draw.choices(sentences, k=SENTENCES)
            texts.append(" ".join(text for text, _ in drawn))
            size += sum(length for _, length in drawn)
        ids = range(rows, rows + len(texts))
        pq.write_table(pa.table({"id": ids, "text": texts}), folder / f"{number:03d}.parquet")
        rows += len(texts)
    return rows


def tag(sources: list[str], output: Path, *options: str) -> dict[str, Any]:
    """Run the command; return its own figures, and the time of the whole process."""
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-m", "windowclf", "tag"]
    command += [word for source in sources for word in ("--input", source)]
    begun = perf_counter()
    done = subprocess.run(
        [*command, "--output", str(output), "--json", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return {**json.loads(done.stdout), "process": perf_counter() - begun}


def halves(source: Path, output: Path, workers: int) -> dict[str, float]:
    """Run the command on parts of the files in concurrent processes, as an upper bound."""
    shutil.rmtree(output, ignore_errors=True)
    files = sorted(map(str, source.iterdir()))
    with ThreadPoolExecutor(workers) as pool:
        parts = [files[number::workers] for number in range(workers)]
        runs = [
            pool.submit(tag, part, output / str(number), "--engine", "local", "--processes", "1")
            for number, part in enumerate(parts)
        ]
        return {"seconds": max(run.result()["seconds"] for run in runs)}


def cluster_costs(workers: int) -> dict[str, float]:
    """Time the start of a cluster and the sending of the model."""
    classifier = load()
    begun = perf_counter()
    with connect(workers=workers) as client:
        started = perf_counter()
        with broadcast(client, classifier):
            sent = perf_counter()
            client.submit(len, "first").result()
            answered = perf_counter()
    return {
        "start": started - begun,
        "send": sent - started,
        "megabytes": len(pickle.dumps(classifier)) / 1e6,
        "task": answered - sent,
        "stop": perf_counter() - answered,
    }


def same_files(one: Path, other: Path) -> bool:
    """Compare two folders of output to the last byte."""
    names = sorted(str(path.relative_to(one)) for path in one.rglob("*") if path.is_file())
    others = sorted(str(path.relative_to(other)) for path in other.rglob("*") if path.is_file())
    return names == others and not any(filecmp.cmpfiles(one, other, names, shallow=False)[1:])


def measure(arguments: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Run all variants in turn; return the figures of each run."""
    source, workers = work / "input", str(arguments.workers)
    rows = write_input(source, arguments.data, arguments.tokens, arguments.files)
    print(f"{rows:,} texts in {arguments.files} files", file=sys.stderr)
    ways = {
        "one process": ("--engine", "local", "--processes", "1"),
        f"{workers} processes": ("--engine", "local", "--processes", workers),
        f"Dask, {workers} workers": ("--engine", "dask", "--processes", workers),
    }
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
    bound: list[dict[str, float]] = []
    first = work / "first"
    for number in range(arguments.runs):
        for name, options in ways.items():
            output = work / "output" if runs[name] or any(runs.values()) else first
            runs[name].append(tag([str(source)], output, *options))
            if output != first and not same_files(first, output):
                sys.exit(f"{name}: its output differs from that of one process")
            print(f"run {number + 1}, {name}: {runs[name][-1]['seconds']:.1f} s", file=sys.stderr)
        bound.append(halves(source, work / "halves", arguments.workers))
    costs = [cluster_costs(arguments.workers) for _ in range(arguments.runs)]
    return {
        "cores": os.cpu_count(),
        "workers": arguments.workers,
        "rows": rows,
        "bytes": sum(path.stat().st_size for path in source.iterdir()),
        "written": sum(path.stat().st_size for path in first.glob("*.parquet")),
        "runs": runs,
        "bound": bound,
        "cluster": {name: median(cost[name] for cost in costs) for name in costs[0]},
    }


def print_results(results: dict[str, Any]) -> None:
    """Print the median of each variant."""
    runs = results["runs"]
    [first, *_] = runs.values()
    print(
        f"{first[0]['tokens']:,} tokens in {results['rows']:,} texts, {first[0]['done']} files; "
        f"{results['bytes'] / 1e6:.0f} MB read, {results['written'] / 1e6:.0f} MB written; "
        f"median of {len(first)} runs; the output of all is the same to the byte\n"
    )
    head = ("", "tokens/s", "ratio", "seconds", "whole process", "reading", "writing")
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for name, accounts in runs.items():
        seconds = median(account["seconds"] for account in accounts)
        times = [account["seconds_of_work"] for account in accounts]
        shares = [
            median(time[part] / time["working"] for time in times)
            for part in ("reading", "writing")
        ]
        cells = (
            name,
            f"{accounts[0]['tokens'] / seconds:,.0f}",
            f"{median(account['seconds'] for account in first) / seconds:.2f}",
            f"{seconds:.1f}",
            f"{median(account['process'] for account in accounts):.1f}",
            *(f"{100 * share:.1f} %" for share in shares),
        )
        print("| " + " | ".join(cells) + " |")
    bound = median(run["seconds"] for run in results["bound"])
    single = median(account["seconds"] for account in first)
    print(
        f"\nas many processes by themselves, each on its part of the files: {bound:.1f} s, "
        f"{single / bound:.2f} times as fast as one"
    )
    dask = [*runs.values()][-1]
    work = median(run["seconds_of_work"]["working"] for run in dask) / results["workers"]
    print(
        f"each worker worked on its partitions for {work:.1f} s; the rest is the start of the "
        f"cluster, and the time between partitions"
    )
    costs = results["cluster"]
    print(
        f"a cluster: {costs['start']:.2f} s to start, {costs['send']:.2f} s to send the model "
        f"({costs['megabytes']:.1f} MB) to each worker, {1000 * costs['task']:.0f} ms for a first "
        f"task, {costs['stop']:.2f} s to end"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="scripts/scaling", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--data", default="sample", help="a corpus to draw from (default sample)")
    parser.add_argument("--tokens", type=int, default=5_000_000, help="default 5,000,000")
    parser.add_argument("--files", type=int, default=40, help="default 40")
    parser.add_argument("--workers", type=int, default=2, help="default 2")
    parser.add_argument("--runs", type=int, default=3, help="default 3")
    parser.add_argument("--json", help="a file for all numbers")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        results = measure(arguments, Path(work))
    print_results(results)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
