"""A project's cache of the proposals of the model in the loop, their uncertainty, and the queue.

All of it can be recomputed. Therefore the file is not synchronised with the disk, and it is
replaced if it is damaged or belongs to another project. Each access opens the file again, so that a
reader sees a replacement by the other process.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from windowclf.annotation.handout import PROPOSALS
from windowclf.nn.arrays import FloatArray, IntArray

_FORMAT = 1
_SCHEMA = f"""
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE proposal (
    passage INTEGER PRIMARY KEY, round INTEGER NOT NULL, spans TEXT NOT NULL,
    uncertainty REAL NOT NULL
);
CREATE TABLE queue (rank INTEGER PRIMARY KEY, passage INTEGER NOT NULL UNIQUE);
PRAGMA user_version = {_FORMAT};
"""
_WAIT = 10.0  # seconds that the other process's transaction may take
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_FORMAT")
_ALL = "SELECT passage, round, spans, uncertainty FROM proposal ORDER BY passage"
_SOME = """
SELECT passage, round, spans, uncertainty FROM proposal
WHERE passage IN (SELECT value FROM json_each(?))
"""

ProposedSpan = tuple[int, int, int, float]
"""Start and end in code points of the passage, number of the label, and confidence."""


class Proposal(msgspec.Struct, frozen=True):
    """The names that a model proposes in a passage.

    Parameters
    ----------
    passage : int
        Number of the passage.
    round : int
        The round of the model; 0 for the initial model.
    spans : list of ProposedSpan
        The names, in order and without overlap.
    uncertainty : float
        Uncertainty of the model on this passage, at least 0; used only for ranking.
    """

    passage: int
    round: int
    spans: list[ProposedSpan]
    uncertainty: float = 0.0


_decode = msgspec.json.Decoder(list[ProposedSpan]).decode


class ProposalCache:
    """The file with the proposals of a project.

    Parameters
    ----------
    folder : Path
        The folder of the project.
    project : str
        An identifier that distinguishes the project from an earlier one in the same folder, such
        as its time of creation.
    """

    def __init__(self, folder: Path, project: str) -> None:
        self._path = folder / PROPOSALS
        self._project = project

    def of(self, passages: Sequence[int]) -> dict[int, Proposal]:
        """Return the proposals for those of the passages that have some."""
        listed = msgspec.json.encode([*passages]).decode()
        rows = self._rows(_SOME, listed)
        return {proposal.passage: proposal for proposal in _proposals(rows)}

    def all(self) -> Iterator[Proposal]:
        """Yield all proposals, by passage."""
        yield from _proposals(self._rows(_ALL))

    def uncertainties(self) -> tuple[IntArray, FloatArray]:
        """Return the passages that have proposals, and the uncertainty of each."""
        rows = self._rows("SELECT passage, uncertainty FROM proposal ORDER BY passage")
        passages, uncertainty = zip(*rows, strict=True) if rows else ((), ())
        return np.array(passages, np.intp), np.array(uncertainty, np.float64)

    def fact(self, name: str) -> str | None:
        """Return a fact that `note` stored; None if there is none."""
        for (value,) in self._rows("SELECT value FROM about WHERE name = ?", name):
            return str(value)
        return None

    def write(self, proposals: Iterable[Proposal]) -> None:
        """Store proposals, replacing earlier ones for the same passages.

        Raises
        ------
        sqlite3.OperationalError
            If the file cannot be written.
        """
        rows = [
            (each.passage, each.round, msgspec.json.encode(each.spans).decode(), each.uncertainty)
            for each in proposals
        ]
        self._write(("INSERT OR REPLACE INTO proposal VALUES (?, ?, ?, ?)", rows))

    def write_queue(self, passages: Iterable[int]) -> None:
        """Replace the queue that `read_queue` reads; see `write`."""
        ranked = [*enumerate(passages)]
        self._write(("DELETE FROM queue", [()]), ("INSERT INTO queue VALUES (?, ?)", ranked))

    def note(self, name: str, value: str) -> None:
        """Store a fact about the proposals; see `write`."""
        self._write(("INSERT OR REPLACE INTO about VALUES (?, ?)", [(name, value)]))

    def _rows(self, query: str, *values: str) -> list[Any]:
        """Read rows; none if the file is missing, damaged or of another project."""
        try:
            with closing(self._connect("ro")) as connection:
                if not self._is_own(connection):
                    return []
                return connection.execute(query, values).fetchall()
        except sqlite3.DatabaseError:
            return []

    def _write(self, *changes: tuple[str, Sequence[Sequence[object]]]) -> None:
        """Change the file in one transaction; replace it first if it is damaged."""

        def change() -> None:
            with closing(self._open()) as connection, connection:
                for statement, rows in changes:
                    connection.executemany(statement, rows)

        try:
            change()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorname", "") not in _DAMAGED:
                raise
            self._path.unlink(missing_ok=True)
            change()

    def _open(self) -> sqlite3.Connection:
        """Open the file for writing; create it if there is none for this project."""
        connection = self._connect("rwc")
        try:
            if self._is_own(connection):
                return connection
            if connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
                connection.close()
                self._path.unlink(missing_ok=True)
                connection = self._connect("rwc")
            connection.executescript(_SCHEMA)
            with connection:
                about = ("project", self._project)
                connection.execute("INSERT INTO about VALUES (?, ?)", about)
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_own(self, connection: sqlite3.Connection) -> bool:
        if connection.execute("PRAGMA user_version").fetchone() != (_FORMAT,):
            return False
        row = connection.execute("SELECT value FROM about WHERE name = 'project'").fetchone()
        return bool(row == (self._project,))

    def _connect(self, mode: str) -> sqlite3.Connection:
        uri = f"{self._path.resolve().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, timeout=_WAIT)
        try:
            connection.execute("PRAGMA synchronous = OFF")
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def _proposals(rows: Iterable[Any]) -> Iterator[Proposal]:
    for passage, number, spans, uncertainty in rows:
        with suppress(msgspec.DecodeError):  # the file may be damaged
            yield Proposal(passage, number, _decode(spans), uncertainty)
