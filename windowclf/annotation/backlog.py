"""The learner's queries: the passages that need proposals, their words, and counts of them.

Each query is a short transaction of its own, because a long one would delay decisions.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from windowclf.annotation.cutting import split_passage
from windowclf.annotation.entries import State
from windowclf.annotation.store import Store

_IDS = {
    "draw": "SELECT id FROM passage WHERE state IS ? AND set_aside = ? ORDER BY draw LIMIT ?",
    "id": "SELECT id FROM passage WHERE state IS ? AND set_aside = ? ORDER BY id LIMIT ?",
}
_WORDS = """
SELECT id, document, text, words FROM passage
WHERE id IN (SELECT value FROM json_each(?)) ORDER BY document, position
"""
_PROGRESS = """
SELECT
    COALESCE(SUM(sentences) FILTER (WHERE version > ?), 0), COALESCE(SUM(sentences), 0),
    COALESCE(SUM(spans != '[]'), 0)
FROM passage WHERE state = 'accepted' AND set_aside = 0
"""
_LATEST = "SELECT passage FROM decision ORDER BY id DESC LIMIT ?"


class PassageWords(NamedTuple):
    """A passage split into sentences and tokens.

    Attributes
    ----------
    id, document : int
        Numbers of the passage and of its document.
    text : str
        The text of the passage, in which the tokens are located.
    sentences : list of list of str
        The tokens of each sentence.
    """

    id: int
    document: int
    text: str
    sentences: list[list[str]]


class Progress(NamedTuple):
    """The amount of accepted training passages.

    Attributes
    ----------
    changed : int
        Number of sentences whose last decision is after a certain one.
    sentences : int
        Number of all sentences.
    named : int
        Number of passages with at least one name.
    """

    changed: int
    sentences: int
    named: int


class Backlog:
    """The passages of a project."""

    def __init__(self, store: Store) -> None:
        self._database = store.database
        self._text_unit = store.text_unit
        self._order = "id" if store.settings.get("order") == "given" else "draw"

    def ids(self, state: State | None, *, set_aside: bool, most: int = -1) -> list[int]:
        """List passages in the order of the project, without regard to the queue.

        Parameters
        ----------
        state : {"accepted", "skipped", "flagged"}, optional
            State of the passages; None selects open ones.
        set_aside : bool
            Whether to list set-aside passages instead of training passages.
        most : int
            Maximum number of passages; -1 lists all.
        """
        with self._database.read() as connection:
            rows = connection.execute(_IDS[self._order], (state, set_aside, most))
            return [number for (number,) in rows]

    def words(self, numbers: Iterable[int]) -> list[PassageWords]:
        """Read and split passages, sorted by document and position."""
        listed = msgspec.json.encode([*numbers]).decode()
        with self._database.read() as connection:
            rows = connection.execute(_WORDS, (listed,)).fetchall()
        return [
            PassageWords(number, document, text, split_passage(text, words, self._text_unit))
            for number, document, text, words in rows
        ]

    def progress(self, decision: int) -> Progress:
        """Count the accepted training passages, and those decided on after a decision."""
        with self._database.read() as connection:
            return Progress(*connection.execute(_PROGRESS, (decision,)).fetchone())

    def latest(self, count: int) -> list[int]:
        """List the passages of the last decisions, the latest at the end."""
        with self._database.read() as connection:
            rows = connection.execute(_LATEST, (count,)).fetchall()
        return [number for (number,) in reversed(rows)]

    def last_decision(self) -> int:
        """Return the number of the last decision; 0 if there is none."""
        with self._database.read() as connection:
            [number] = connection.execute("SELECT COALESCE(MAX(id), 0) FROM decision").fetchone()
        return int(number)
