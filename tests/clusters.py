"""Jobs over Parquet, run as a user does, and the processes that they start."""

import subprocess
import sys
import time

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

import tiny

TEXTS = [tiny.unmarked(marked) for marked in tiny.MARKED]


def write_partitions(folder, files, rows, **columns):
    """Write Parquet files of short texts; return a pattern of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        texts = [TEXTS[(number + row) % len(TEXTS)] for row in range(rows)]
        table = pa.table({"id": [*range(rows)], "text": texts, **columns})
        pq.write_table(table, folder / f"{number:03d}.parquet")
    return f"{folder}/*.parquet"


def contents(folder):
    """Read all files of a job but what it was asked."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "_job.json"
    }


def command(*arguments):
    return [sys.executable, "-m", "windowclf", "tag", *map(str, arguments)]


def started(*arguments):
    """Start the command in a process and a session of its own."""
    return subprocess.Popen(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def workers_of(pid):
    """Return the processes of the workers that a process started."""
    return [p for p in psutil.Process(pid).children() if "spawn_main" in " ".join(_line(p))]


def alive(processes):
    """Return the processes that still run."""
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def wait_until(true, seconds=60):
    """Wait until a function returns something true, and return that."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def _line(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []
