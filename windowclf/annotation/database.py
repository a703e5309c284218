"""The file of an annotation project: its tables, and one transaction at a time.

SQLite's rollback journal is used, so that the project is one file that can be copied, and can be
read from a read-only folder.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from windowclf.documents.formats.annotations import FORMAT
from windowclf.errors import StoreError, one_line, quoted

_WAIT = 10.0
"""Seconds that a transaction waits for one of another process."""
_SYNCHRONOUS = "FULL"  # a confirmed decision survives a loss of power

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE label (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    added INTEGER NOT NULL  -- the last decision before the label was added
);
CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,  -- the place of the document in the source
    set_aside INTEGER NOT NULL,
    fields TEXT  -- JSON: the other fields of its record
);
-- The passages of a document partition its text. `version` is the last decision on a passage.
CREATE TABLE passage (
    id INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES document,
    position INTEGER NOT NULL,
    start INTEGER NOT NULL,
    set_aside INTEGER NOT NULL,  -- whether the passage measures the model
    draw INTEGER NOT NULL,  -- random number that orders passages
    version INTEGER NOT NULL DEFAULT 0,
    state TEXT CHECK (state IN ('accepted', 'skipped', 'flagged')),  -- NULL: open
    known INTEGER NOT NULL DEFAULT 0,  -- the last label that existed at that decision
    sentences INTEGER,  -- NULL before the first decision, like tokens
    tokens INTEGER,
    spans TEXT NOT NULL DEFAULT '[]',  -- JSON: [[start, end, label], ...]
    comment TEXT NOT NULL DEFAULT '',
    text TEXT NOT NULL,
    words TEXT,  -- JSON: tokens by sentence, if the source has tokens
    UNIQUE (document, position)
);
CREATE INDEX passage_order ON passage (state, set_aside, draw);
CREATE TABLE decision (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    request TEXT NOT NULL,
    passage INTEGER NOT NULL REFERENCES passage,
    before INTEGER NOT NULL,  -- the version that it replaced
    state TEXT,
    spans TEXT NOT NULL,
    comment TEXT NOT NULL,
    who TEXT NOT NULL,
    at REAL NOT NULL,
    known INTEGER NOT NULL,
    undoes INTEGER REFERENCES decision,
    UNIQUE (request, passage)
);
CREATE INDEX decision_undone ON decision (undoes) WHERE undoes IS NOT NULL;
CREATE TABLE lease (
    passage INTEGER PRIMARY KEY REFERENCES passage,
    client TEXT NOT NULL,
    until REAL NOT NULL
);
CREATE TABLE round (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    up_to INTEGER NOT NULL,  -- the last decision that it learned from
    sentences INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    names INTEGER NOT NULL,
    seconds REAL NOT NULL,
    measured INTEGER NOT NULL,  -- number of set-aside sentences
    correct INTEGER NOT NULL,
    predicted INTEGER NOT NULL,
    gold INTEGER NOT NULL,
    f1 REAL,
    low REAL,
    high REAL
);
CREATE VIEW labelled AS
SELECT
    document.id AS document, document.name AS name, document.fields AS fields,
    passage.set_aside AS set_aside, passage.id AS passage, passage.position AS position,
    passage.start AS start, passage.text AS text, passage.words AS words,
    passage.spans AS spans, passage.known AS known, passage.state AS state
FROM passage JOIN document ON document.id = passage.document
ORDER BY passage.document, passage.position;
"""


class Database:
    """A connection to the file of a project; any thread may use it.

    Parameters
    ----------
    path : Path
        The file, which must exist; see `create_file`.
    read_only : bool
        Whether to refuse writing, as is needed in a read-only folder.

    Raises
    ------
    StoreError
        If the file cannot be opened, is not a project, is damaged or has a newer format.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        if not path.is_file():
            cure = "expected the folder of a project that `windowclf annotate` made"
            raise StoreError(f"{path}: no such file; {cure}")
        with self._errors("cannot be opened"):
            self.connection = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=rw",  # sqlite falls back to read-only
                uri=True,
                timeout=_WAIT,
                isolation_level=None,
                check_same_thread=False,
            )
        try:
            with self._errors("cannot be read"):
                self._check_format()
                self.connection.execute(f"PRAGMA synchronous = {_SYNCHRONOUS}")
            if read_only:  # not mode=ro: a reader, too, must roll back what a killed server left
                self.connection.execute("PRAGMA query_only = ON")
            else:
                self._check_writable()
        except BaseException:
            self.connection.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self.connection.close()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Read in one transaction. Keep it short, because others cannot write meanwhile."""
        with self._transaction("BEGIN", "cannot be read") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Write in one transaction; its changes are on the disk when it ends.

        Raises
        ------
        StoreError
            If the changes cannot be written; then none of them is.
        """
        with self._transaction("BEGIN IMMEDIATE", "not saved") as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str, failed: str) -> Iterator[sqlite3.Connection]:
        with self._lock, self._errors(failed):
            self.connection.execute(begin)
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # after a full disk, sqlite has rolled back already
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _errors(self, failed: str) -> Iterator[None]:
        try:
            yield
        except UnicodeEncodeError as error:
            place = f"character {error.start}"
            raise StoreError(
                f"{self.path}: {failed}: a text has half of a surrogate pair at {place}; "
                "expected text that can be written as UTF-8"
            ) from None
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {failed}: {_reason(error)}") from error

    def _check_writable(self) -> None:
        if not os.access(self.path.parent, os.W_OK):  # the journal is written there
            cure = "expected a folder that can be written"
            raise StoreError(f"{self.path.parent}: cannot be written; {cure}")
        with self._transaction("BEGIN IMMEDIATE", "cannot be written"):
            pass

    def _check_format(self) -> None:
        names = {name for (name,) in self.connection.execute("SELECT name FROM sqlite_master")}
        if not names >= {"meta", "passage", "decision"}:
            raise StoreError(f"{self.path}: is not a project of `windowclf annotate`")
        found = self.connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
        if not found or not isinstance(found[0], int) or found[0] > FORMAT:
            given = quoted(found[0]) if found else "missing"
            raise StoreError(
                f"{self.path}: its format is {given}; expected {FORMAT}, which this version of "
                "windowclf reads: update windowclf"
            )


def create_file(path: Path, values: Mapping[str, str | int]) -> None:
    """Write an empty project.

    Parameters
    ----------
    values : mapping of str to str or int
        Rows of the table ``meta``, without the format.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.executescript(f"BEGIN; {_SCHEMA}")
            rows = [*values.items(), ("format", FORMAT)]
            connection.executemany("INSERT INTO meta VALUES (?, ?)", rows)
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise StoreError(f"{path}: cannot be written: {_reason(error)}") from error


def _reason(error: sqlite3.Error) -> str:
    """Describe an error of sqlite and what to do about it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    said = one_line(error)
    cures = {
        sqlite3.SQLITE_FULL: "free some space on the disk, and try again",
        sqlite3.SQLITE_IOERR: "check whether the disk is full or damaged, and try again",
        sqlite3.SQLITE_READONLY: "expected a file and a folder that can be written",
        sqlite3.SQLITE_CANTOPEN: "expected a file and a folder that can be written",
        sqlite3.SQLITE_PERM: "expected a file and a folder that can be written",
        sqlite3.SQLITE_BUSY: f"another process has been writing for {_WAIT:.0f} s; try again",
        sqlite3.SQLITE_LOCKED: "another process is writing; try again",
        sqlite3.SQLITE_NOTADB: "expected a project that `windowclf annotate` made",
        sqlite3.SQLITE_CORRUPT: "the file is damaged: restore a backup, or try the command "
        "`.recover` of the program sqlite3",
        sqlite3.SQLITE_TOOBIG: "expected a shorter text",
    }
    return f"{said}; {cures[code]}" if code in cures else said
