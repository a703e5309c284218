"""Texts taken into a project: read from files, drawn, cut into passages, some set aside to measure.

However many there are, only those that are drawn are kept, and these not in memory.
"""

import math
import random
import secrets
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from operator import itemgetter
from sqlite3 import Connection
from typing import Any, NamedTuple

import msgspec

from windowclf.annotation.cutting import Piece, cut_passages
from windowclf.annotation.decisions import Request, write_changes
from windowclf.annotation.entries import DECODE_WORDS, Change, StoredSpan
from windowclf.annotation.labels import add_label, list_labels
from windowclf.annotation.store import Store
from windowclf.documents.conversion import labelled_documents
from windowclf.documents.document import Document, LabelledSpan
from windowclf.documents.formats.records import other_fields
from windowclf.documents.formats.registry import Format
from windowclf.documents.opening import read_documents
from windowclf.documents.paths import find_inputs, labelled_files
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, UsageError, printable
from windowclf.system.arguments import check_count
from windowclf.tags.schemes import Scheme

POOL = 20_000
"""Documents that are kept of more, if nothing else is said."""
IMPORTED = "import"
"""Who decided what is imported."""

_FEW = 20  # documents, of which no fifth can be set aside that says much
_SHARE = 5
_MOST_FIELDS = 10_000  # bytes of a record besides its text

_TABLES = (
    "DROP TABLE IF EXISTS temp.seen",
    "DROP TABLE IF EXISTS temp.taken",
    "CREATE TEMP TABLE seen (hash INTEGER PRIMARY KEY)",
    "CREATE TEMP TABLE taken (slot INTEGER PRIMARY KEY, number INTEGER NOT NULL, "
    "name TEXT NOT NULL, text TEXT NOT NULL, words TEXT, spans TEXT, fields TEXT)",
)
_SPANS = msgspec.json.Decoder(list[LabelledSpan]).decode


class Intake(NamedTuple):
    """What was taken in, and what was not.

    Attributes
    ----------
    read : int
        Documents in the files.
    empty, duplicates : int
        Of these, left out because there is nothing to label, or the same text is there.
    documents, passages : int
        Taken in; the rest was not drawn.
    set_aside : int
        Passages that are kept to measure.
    accepted : int
        Passages that came with labels.
    labels : tuple of str
        Labels that the project did not have.
    notes : tuple of str
        What was guessed or is not regular, a line each.
    """

    read: int
    empty: int
    duplicates: int
    documents: int
    passages: int
    set_aside: int
    accepted: int = 0
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def not_drawn(self) -> int:
        """How many documents could have been taken in, and were not drawn."""
        return self.read - self.empty - self.duplicates - self.documents


def take_texts(
    store: Store,
    names: Sequence[str],
    options: ReadOptions | None = None,
    form: Format | None = None,
    pool: int | None = POOL,
) -> Intake:
    """Take the texts of files into a project; their labels are not looked at.

    Parameters
    ----------
    names : sequence of str
        See `find_inputs`.
    options : ReadOptions, optional
        Without labels; its report counts what cannot be read.
    pool : int, optional
        How many documents are kept: drawn at random, or the first ones if the order of the
        project is "given". None: all.

    Raises
    ------
    DataError
        If a file cannot be read, or has no text that is new.
    StoreError
        If it cannot be saved; then nothing is.
    """
    options = options or ReadOptions(labels=False)
    inputs, others = find_inputs(names, form, options)
    if others:
        options.report.add("files of no known format left out", names[0], others)
    files = ((f.name, f.form, read_documents(f.path, f.form, options)) for f in inputs)
    intake = _take_in(store, _named(files, options), pool, options)
    if not intake.documents:
        left = f"{intake.empty:,} empty and {intake.duplicates:,} that the project has"
        raise DataError(f"{', '.join(names)}: no text to label; {left}; expected texts")
    return intake


def import_labelled(
    store: Store,
    names: Sequence[str],
    options: ReadOptions | None = None,
    form: Format | None = None,
    scheme: Scheme | None = None,
) -> Intake:
    """Take labelled files into a project, as accepted decisions.

    A label that the project lacks is added. A document without labels is open.

    Parameters
    ----------
    names : sequence of str
        Files, or folders of them.
    form : Format, optional
        Of all files; detected if not given.
    scheme : Scheme, optional
        Of their tags; recognised if not given.

    Raises
    ------
    DataError
        If a file cannot be read, or has no document that is new.
    StoreError
        If it cannot be saved; then nothing is.
    """
    options = options or ReadOptions()
    notes: list[str] = []
    found = [
        pair
        for name in names
        for pair in ([(name, form)] if form else labelled_files(name, options))
    ]
    files = (
        (path, kind, labelled_documents(path, kind, options, notes, scheme)) for path, kind in found
    )
    intake = _take_in(store, _named(files, options), None, options)
    if not intake.documents:
        left = f"{intake.empty:,} empty and {intake.duplicates:,} that the project has"
        raise DataError(f"{', '.join(names)}: no document to import; {left}")
    return intake._replace(notes=tuple(notes))


def _named(
    files: Iterable[tuple[str, Format, Iterable[list[Document]]]], options: ReadOptions
) -> Iterator[tuple[str, Document]]:
    """Yield documents with their places."""
    for path, form, batches in files:
        is_lines = form.name == "text" and options.text_unit in (None, "line")
        between = ":" if is_lines and options.on_error == "stop" else ", document "
        for number, document in enumerate(chain.from_iterable(batches), 1):
            yield document.place or f"{path}{between}{number}", document


def _take_in(
    store: Store,
    documents: Iterable[tuple[str, Document]],
    pool: int | None,
    options: ReadOptions,
) -> Intake:
    if pool is not None:
        check_count(pool, "pool", least=1)
    with store.database.read() as connection:
        for statement in _TABLES:
            connection.execute(statement)
        [before] = connection.execute("SELECT COALESCE(MAX(id), 0) FROM document").fetchone()
        _remember_texts(connection)
    rng = random.Random(f"{store.seed} {before}")  # noqa: S311
    # Nobody has to wait meanwhile: only the temporary tables are used.
    with store.database.read() as connection:
        draw = _Draw(connection, rng, pool, store.settings.get("order") != "given", options)
        for name, document in documents:
            draw.offer(name, document)
        [taken] = connection.execute("SELECT COUNT(*) FROM taken").fetchone()
    with store.database.write() as connection:
        labels = {_key(label.name): label.id for label in list_labels(connection)}
        writing = _Writing(connection, labels, before, store.text_unit)
        writing.write(rng)
        for table in ("seen", "taken"):
            connection.execute(f"DROP TABLE temp.{table}")
    return Intake(
        draw.read,
        draw.empty,
        draw.duplicates,
        taken,
        writing.passages,
        writing.set_aside,
        writing.accepted,
        tuple(writing.added),
    )


def _remember_texts(connection: Connection) -> None:
    """Remember the texts that the project has, to know them again."""
    rows = connection.execute("SELECT document, text FROM passage ORDER BY document, position")
    for _, passages in groupby(rows, itemgetter(0)):
        text = "".join(text for _, text in passages)
        connection.execute("INSERT OR IGNORE INTO seen VALUES (?)", (hash(text),))


class _Draw:
    """Draws documents into a temporary table: algorithm L of Li, a reservoir without a list."""

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
        self._next = pool or 0  # which one of those that are offered is drawn next, from 0
        self._weight = 1.0
        if pool and is_random:
            self._skip()

    def offer(self, name: str, document: Document) -> None:
        """Count a document, and keep it if it is drawn."""
        self.read += 1
        text = document.text
        if not text or text.isspace():
            self.empty += 1
            return
        seen = self._connection.execute("INSERT OR IGNORE INTO seen VALUES (?)", (hash(text),))
        if not seen.rowcount:
            self.duplicates += 1
            return
        number = self._offered
        self._offered += 1
        if self._pool is None or number < self._pool:
            self._keep(number, name, document)
        elif self._is_random and number == self._next:
            self._keep(self._rng.randrange(self._pool), name, document)
            self._skip()

    def _skip(self) -> None:
        self._weight *= (1 - self._rng.random()) ** (1 / (self._pool or 1))
        left = min(self._weight, 1 - 2**-53)  # which may round to 1
        gap = math.log(1 - self._rng.random()) / math.log1p(-left)
        self._next += int(gap) + (self._offered > 0)

    def _keep(self, slot: int, name: str, document: Document) -> None:
        name = printable(name)
        try:
            document.text.encode()
        except UnicodeEncodeError as error:
            self._options.failed(
                DataError(
                    f"{name}: half of a surrogate pair at character {error.start}; expected text "
                    "that can be written as UTF-8"
                )
            )
            return
        words = None if document.words is None else _json(document.words)
        spans = None if document.spans is None else _json([*document.spans])
        row = slot, self.read, name, document.text, words, spans, self._fields(name, document)
        self._connection.execute("REPLACE INTO taken VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def _fields(self, name: str, document: Document) -> str | None:
        """Write the other fields of a record."""
        text = getattr(document.layout, "text", None) or self._options.text_column
        fields = {key: value for key, value in other_fields(document).items() if key != text}
        if not fields:
            return None
        try:
            written = _json(fields)
        except (TypeError, ValueError):
            written = ""
        if not 0 < len(written) <= _MOST_FIELDS:
            self._options.report.add("records whose other fields are too large to keep", name)
            return None
        return written


class _Writing:
    """Writes the documents that were drawn, with their passages and their labels."""

    def __init__(
        self, connection: Connection, labels: dict[str, int], before: int, unit: str
    ) -> None:
        self._connection, self._labels, self._unit = connection, labels, unit
        self._before = before
        self._request = Request(f"import {secrets.token_hex(6)}", IMPORTED)
        self.passages = self.set_aside = self.accepted = 0
        self.added: list[str] = []

    def write(self, rng: random.Random) -> None:
        """Write them all, in their order."""
        self._add_labels()
        [count] = self._connection.execute("SELECT COUNT(*) FROM taken").fetchone()
        by_document = count >= _FEW
        whole = count if by_document else sum(len(row.pieces) for row in self._rows())
        aside = {*rng.sample(range(whole), round(whole / _SHARE))}
        for number, row in enumerate(self._rows()):
            measures = by_document and number in aside
            document = self._before + number + 1
            self._connection.execute(
                "INSERT INTO document VALUES (?, ?, ?, ?)",
                (document, row.name, measures, row.fields),
            )
            ids = []
            for position, piece in enumerate(row.pieces):
                is_aside = measures if by_document else self.passages in aside
                ids.append(self._add(document, position, row.text, piece, is_aside, rng))
            if row.spans is not None:
                self._accept(row, ids)

    def _rows(self) -> Iterator["_Taken"]:
        rows = self._connection.execute(
            "SELECT name, text, words, spans, fields FROM taken ORDER BY number"
        )
        for name, text, words, spans, fields in rows:
            own = None if words is None else DECODE_WORDS(words)
            labelled = None if spans is None else _SPANS(spans)
            pieces = cut_passages(text, own, labelled or (), self._unit)
            yield _Taken(name, text, fields, labelled, pieces)

    def _add(
        self,
        document: int,
        position: int,
        text: str,
        piece: Piece,
        set_aside: bool,
        rng: random.Random,
    ) -> int:
        words = None if piece.words is None else _json(piece.words)
        draw = rng.getrandbits(31)
        row = document, position, piece.start, set_aside, draw, text[piece.start : piece.end], words
        [number] = self._connection.execute(
            "INSERT INTO passage (document, position, start, set_aside, draw, text, words) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
            row,
        ).fetchone()
        self.passages += 1
        self.set_aside += set_aside
        return int(number)

    def _accept(self, row: "_Taken", ids: list[int]) -> None:
        """Accept the passages of a document with the spans that it came with."""
        starts = [piece.start for piece in row.pieces]
        spans: list[list[StoredSpan]] = [[] for _ in ids]
        for span in row.spans or ():
            at = bisect_right(starts, span.start) - 1
            label = self._labels[_key(span.label)]
            spans[at].append(StoredSpan(span.start - starts[at], span.end - starts[at], label))
        changes = [
            Change(number, 0, "accepted", own) for number, own in zip(ids, spans, strict=True)
        ]
        write_changes(self._connection, self._request, changes, self._unit)
        self.accepted += len(changes)

    def _add_labels(self) -> None:
        """Add the labels that the project lacks, before any decision: what is imported knows all.

        Those that differ only in case are one.
        """
        rows = self._connection.execute(
            "SELECT name, spans FROM taken WHERE spans IS NOT NULL ORDER BY number"
        )
        for where, spans in rows:
            for label in {span.label: None for span in _SPANS(spans)}:
                if _key(label) not in self._labels:
                    try:
                        added = add_label(self._connection, label)
                    except UsageError as error:
                        raise DataError(f"{where}: {error}") from None
                    self._labels[_key(label)] = added.id
                    self.added.append(added.name)


class _Taken(NamedTuple):
    """A document that was drawn."""

    name: str
    text: str
    fields: str | None
    spans: list[LabelledSpan] | None
    pieces: list[Piece]


def _key(label: str) -> str:
    return unicodedata.normalize("NFC", label).casefold()


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
