"""What the learner reads of a project: which passages there are to propose in, and their words.

Each question is a transaction of its own and short: a long one would keep a decision waiting.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from windowclf.annotation.entries import DECODE_WORDS, State
from windowclf.annotation.store import Store
from windowclf.tagging.texts import unit_splitter

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
    """A passage, split.

    Attributes
    ----------
    id, document : int
    text : str
    sentences : list of list of str
    """

    id: int
    document: int
    text: str
    sentences: list[list[str]]


class Progress(NamedTuple):
    """What is accepted, of the passages to learn from.

    Attributes
    ----------
    changed : int
        Sentences of those that were decided on after some decision.
    sentences : int
    named : int
        Passages with a name.
    """

    changed: int
    sentences: int
    named: int


class Backlog:
    """The passages of a project."""

    def __init__(self, store: Store) -> None:
        self._database = store.database
        self._split = unit_splitter(store.text_unit)
        self._order = "id" if store.settings.get("order") == "given" else "draw"

    def ids(self, state: State | None, *, set_aside: bool, most: int = -1) -> list[int]:
        """List passages in the order of the project, without that of the queue.

        Parameters
        ----------
        state : {"accepted", "skipped", "flagged"}, optional
            None: open.
        set_aside : bool
            Whether those that measure are wanted, or those to learn from.
        most : int
            The first ones; all by default.
        """
        with self._database.read() as connection:
            rows = connection.execute(_IDS[self._order], (state, set_aside, most))
            return [number for (number,) in rows]

    def words(self, numbers: Iterable[int]) -> list[PassageWords]:
        """Read and split some passages, those of a document one after the other."""
        listed = msgspec.json.encode([*numbers]).decode()
        with self._database.read() as connection:
            rows = connection.execute(_WORDS, (listed,)).fetchall()
        return [
            PassageWords(
                number, document, text, self._split(text) if words is None else DECODE_WORDS(words)
            )
            for number, document, text, words in rows
        ]

    def progress(self, decision: int) -> Progress:
        """Count what is accepted, and what of it was decided on after a decision."""
        with self._database.read() as connection:
            return Progress(*connection.execute(_PROGRESS, (decision,)).fetchone())

    def latest(self, count: int) -> list[int]:
        """List the passages of the last decisions, the very last one at the end."""
        with self._database.read() as connection:
            rows = connection.execute(_LATEST, (count,)).fetchall()
        return [number for (number,) in reversed(rows)]

    def last_decision(self) -> int:
        """Return the number of the last decision; 0 if there is none."""
        with self._database.read() as connection:
            [number] = connection.execute("SELECT COALESCE(MAX(id), 0) FROM decision").fetchone()
        return int(number)
