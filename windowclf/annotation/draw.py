"""Draw the documents that a project takes from a source, without a list in memory."""

import math
import random
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from sqlite3 import Connection
from typing import NamedTuple

import msgspec

from windowclf.annotation.entries import DECODE_WORDS
from windowclf.documents.document import Document, LabelledSpan
from windowclf.documents.formats.records import other_fields
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, printable

_MOST_FIELDS = 10_000  # bytes of the fields besides the text

_NO_TABLES = ("DROP TABLE IF EXISTS temp.seen", "DROP TABLE IF EXISTS temp.drawn")
_TABLES = (
    # Hashes of the texts in the project, with their document, and of the texts that were offered.
    "CREATE TEMP TABLE seen (hash INTEGER PRIMARY KEY, document INTEGER)",
    "CREATE TEMP TABLE drawn (slot INTEGER PRIMARY KEY, number INTEGER NOT NULL, "
    "name TEXT NOT NULL, text TEXT NOT NULL, words TEXT, spans TEXT, fields TEXT, known INTEGER)",
)
_SPANS = msgspec.json.Decoder(list[LabelledSpan]).decode


class Drawn(NamedTuple):
    """A document that was drawn.

    Attributes
    ----------
    name : str
        The place of the document in the source.
    fields : str, optional
        The other fields of its record, as JSON.
    known : int, optional
        The document of the project that has the same text, but not these labels.
    """

    name: str
    text: str
    words: list[list[str]] | None
    spans: list[LabelledSpan] | None
    fields: str | None
    known: int | None


class Draw:
    """Draws documents into temporary tables: algorithm L of Li (1994), a reservoir.

    Parameters
    ----------
    connection : Connection
        A connection to the project.
    pool : int, optional
        Number of documents to draw; all if omitted.
    is_random : bool
        Whether to draw at random instead of taking the first ones.
    options : ReadOptions
        The reading options of the source; their report counts the documents that cannot be kept.

    Attributes
    ----------
    read, empty, duplicates : int
        Number of documents that were offered, of those without text, and of those whose text
        was known already.
    """

    def __init__(
        self,
        connection: Connection,
        rng: random.Random,
        pool: int | None,
        is_random: bool,
        options: ReadOptions,
    ) -> None:
        self._connection, self._rng, self._options = connection, rng, options
        self._pool, self._is_random = pool, is_random
        self.read = self.empty = self.duplicates = 0
        self._offered = 0
        self._next = pool or 0  # number of the next offered document to draw, from 0
        self._weight = 1.0
        if pool and is_random:
            self._skip()

    def offer(self, name: str, document: Document) -> None:
        """Count a document, and keep it if it is drawn."""
        self.read += 1
        if not document.text or document.text.isspace():
            self.empty += 1
            return
        key = hash(document.text)
        new = self._connection.execute("INSERT OR IGNORE INTO seen (hash) VALUES (?)", (key,))
        if not new.rowcount:
            self._offer_again(key, name, document)
            return
        number = self._offered
        self._offered += 1
        if self._pool is None or number < self._pool:
            self._keep(number, name, document)
        elif self._is_random and number == self._next:
            self._keep(self._rng.randrange(self._pool), name, document)
            self._skip()

    def rows(self) -> Iterator[Drawn]:
        """Yield the drawn documents, in the order of the source."""
        rows = self._connection.execute(
            "SELECT name, text, words, spans, fields, known FROM drawn ORDER BY number"
        )
        for name, text, words, spans, fields, known in rows:
            own = None if words is None else DECODE_WORDS(words)
            labelled = None if spans is None else _SPANS(spans)
            yield Drawn(name, text, own, labelled, fields, known)

    def close(self) -> None:
        """Drop the temporary tables."""
        for statement in _NO_TABLES:
            self._connection.execute(statement)

    def _offer_again(self, key: int, name: str, document: Document) -> None:
        """Keep the labels of a text that the project has already."""
        [known] = self._connection.execute(
            "SELECT document FROM seen WHERE hash = ?", (key,)
        ).fetchone()
        if known is None or document.spans is None:
            self.duplicates += 1
            return
        self._connection.execute("UPDATE seen SET document = NULL WHERE hash = ?", (key,))
        self._keep(~known, name, document, known)

    def _skip(self) -> None:
        self._weight *= (1 - self._rng.random()) ** (1 / (self._pool or 1))
        left = min(self._weight, 1 - 2**-53)  # the weight may round to 1
        gap = math.log(1 - self._rng.random()) / math.log1p(-left)
        self._next += int(gap) + (self._offered > 0)

    def _keep(self, slot: int, name: str, document: Document, known: int | None = None) -> None:
        name = printable(name)
        try:
            document.text.encode()
        except UnicodeEncodeError as error:
            what = f"half of a surrogate pair at character {error.start}"
            cure = "expected text that can be written as UTF-8"
            self._options.failed(DataError(f"{name}: {what}; {cure}"))
            return
        words = None if document.words is None else to_json(document.words)
        spans = None if document.spans is None else to_json([*document.spans])
        fields = self._fields(name, document)
        row = slot, self.read, name, document.text, words, spans, fields, known
        self._connection.execute("REPLACE INTO drawn VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def _fields(self, name: str, document: Document) -> str | None:
        """Write the other fields of a record as JSON; None if there are none or too many."""
        text = getattr(document.layout, "text", None) or self._options.text_column
        fields = {key: value for key, value in other_fields(document).items() if key != text}
        if not fields:
            return None
        try:
            written = to_json(fields)
        except (TypeError, ValueError):
            written = ""
        if not 0 < len(written) <= _MOST_FIELDS:
            self._options.report.add("records whose other fields are too large to keep", name)
            return None
        return written


def remember_texts(connection: Connection) -> None:
    """Create the temporary tables, and enter the texts of the project into them."""
    connection.execute("PRAGMA temp.cache_size = -32000")  # kilobytes: a million hashes
    for statement in _NO_TABLES + _TABLES:
        connection.execute(statement)
    rows = connection.execute("SELECT document, text FROM passage ORDER BY document, position")
    for document, passages in groupby(rows, itemgetter(0)):
        text = "".join(text for _, text in passages)
        connection.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (hash(text), document))


def to_json(value: object) -> str:
    """Encode a value as the project stores it."""
    return msgspec.json.encode(value).decode()
