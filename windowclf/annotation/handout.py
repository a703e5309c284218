"""Hand out the next passages, so that no two people get the same one."""

import sqlite3
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path
from sqlite3 import Connection

PROPOSALS = "proposals.sqlite"
"""Name of the file with the learner's queue, in the folder of the project."""

LEASE = 600.0
"""Seconds for which a passage is reserved for the client that received it."""

_EVERY = 5
"""One in this many passages is a set-aside one."""
_WAIT = 0.2  # seconds that the learner may take to finish writing


def hand_out(
    connection: Connection,
    queue: Iterator[int],
    order: str,
    client: str,
    count: int,
    exclude: Collection[int],
) -> list[int]:
    """Lease open passages to a client; see `Store.take`.

    Parameters
    ----------
    queue : iterator of int
        Passages to prefer, in order; some may be decided on.
    order : {"uncertain", "random", "given"}
        The order of the project. After the queue, passages come in the order of the source if it
        is "given", and at random otherwise.
    """
    now = time.time()
    connection.execute("DELETE FROM lease WHERE until < ?", (now,))
    rows = connection.execute(
        "SELECT l.passage, l.client, p.set_aside FROM lease l JOIN passage p ON p.id = l.passage"
    ).fetchall()
    others = {passage for passage, other, _ in rows if other != client}
    refused = {*exclude, *others}
    given = Counter(dict(connection.execute(
        "SELECT set_aside, COUNT(*) FROM passage WHERE state IS NOT NULL GROUP BY set_aside"
    ).fetchall()))  # fmt: skip
    given.update(set_aside for passage, _, set_aside in rows if passage in refused)
    by = "id" if order == "given" else "draw"
    training = chain(_still_open(connection, queue), _open(connection, False, by))
    measuring = _open(connection, True, "draw")
    taken: list[int] = []
    while len(taken) < count:
        measures = _EVERY * (given[1] + 1) <= given.total() + 1
        for set_aside in (measures, not measures):
            source = measuring if set_aside else training
            found = next((number for number in source if number not in refused), None)
            if found is not None:
                break
        else:
            break
        taken.append(found)
        refused.add(found)
        given[int(set_aside)] += 1
    leases = [(number, client, now + LEASE) for number in taken]
    connection.executemany("INSERT OR REPLACE INTO lease VALUES (?, ?, ?)", leases)
    # The leases of passages that the client still has are renewed.
    connection.executemany(
        "INSERT OR REPLACE INTO lease SELECT id, ?, ? FROM passage WHERE id = ? AND state IS NULL",
        [(client, now + LEASE, number) for number in {*exclude} - others],
    )
    return taken


def read_queue(folder: Path) -> Iterator[int]:
    """Yield the passages in the learner's queue; none if its file cannot be read."""
    with suppress(sqlite3.Error):
        address = f"{(folder / PROPOSALS).resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=_WAIT)) as connection:
            for (number,) in connection.execute("SELECT passage FROM queue ORDER BY rank"):
                yield number


def _still_open(connection: Connection, queue: Iterator[int]) -> Iterator[int]:
    for number in queue:
        row = connection.execute(
            "SELECT 1 FROM passage WHERE id = ? AND state IS NULL AND NOT set_aside", (number,)
        ).fetchone()
        if row:
            yield number


def _open(connection: Connection, set_aside: bool, by: str) -> Iterator[int]:
    rows = connection.execute(
        f"SELECT id FROM passage WHERE state IS NULL AND set_aside = ? ORDER BY {by}",  # noqa: S608
        (set_aside,),
    )
    return (number for (number,) in rows)
