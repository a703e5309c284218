"""Take texts into a project: read files, draw documents, cut passages, and set some aside.

Only the drawn documents are kept, and not in memory, so that the files may be of any size.
"""

import random
import secrets
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from sqlite3 import Connection
from typing import NamedTuple

from windowclf.annotation.cutting import Piece, cut_passages
from windowclf.annotation.decisions import Request, write_changes
from windowclf.annotation.draw import Draw, Drawn, remember_texts, to_json
from windowclf.annotation.entries import Change, StoredSpan
from windowclf.annotation.labels import add_label, list_labels
from windowclf.annotation.store import Store
from windowclf.documents.conversion import labelled_documents
from windowclf.documents.document import Document, LabelledSpan
from windowclf.documents.formats.registry import Format
from windowclf.documents.opening import read_documents
from windowclf.documents.paths import find_inputs, labelled_files
from windowclf.documents.reading import ReadOptions
from windowclf.errors import DataError, UsageError
from windowclf.system.arguments import check_count
from windowclf.tags.schemes import Scheme

POOL = 20_000
"""Default number of documents that a project takes."""
IMPORTED = "import"
"""Author of the decisions that are imported."""

_FEW = 20  # documents; with fewer, single passages are set aside, because a fifth would say little
_SHARE = 5


class Intake(NamedTuple):
    """Counts of the documents that were taken in and left out.

    Attributes
    ----------
    read : int
        Number of documents in the files.
    empty, duplicates : int
        Numbers of documents that were left out: without text, or with a text that is there
        already.
    documents, passages : int
        Numbers of documents and passages that were taken in.
    set_aside : int
        Number of passages that will measure the model.
    matched : int
        Number of documents whose text was there already and whose labels were taken in.
    accepted : int
        Number of passages that were accepted with imported labels.
    labels : tuple of str
        Labels that were added to the project.
    notes : tuple of str
        Notes on guesses and irregularities in the files, one line each.
    """

    read: int
    empty: int
    duplicates: int
    documents: int
    passages: int
    set_aside: int
    matched: int = 0
    accepted: int = 0
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def not_drawn(self) -> int:
        """Number of documents that could have been taken in, but were not drawn."""
        return self.read - self.empty - self.duplicates - self.documents - self.matched


def take_texts(
    store: Store,
    names: Sequence[str],
    options: ReadOptions | None = None,
    form: Format | None = None,
    pool: int | None = POOL,
) -> Intake:
    """Take the texts of files into a project, without their labels.

    Parameters
    ----------
    names : sequence of str
        Files, folders or patterns, see `find_inputs`.
    options : ReadOptions, optional
        Reading options without labels; their report counts the documents that cannot be read.
    pool : int, optional
        Maximum number of documents, drawn at random, or the first ones if the order of the
        project is "given"; None takes all.

    Raises
    ------
    DataError
        If a file cannot be read, or the project would have no text.
    StoreError
        If it cannot be saved; then nothing is.
    """
    options = options or ReadOptions(labels=False)
    inputs, others = find_inputs(names, form, options)
    if others:
        options.report.add("files of no known format left out", names[0], others)
    files = ((f.name, f.form, read_documents(f.path, f.form, options)) for f in inputs)
    intake = _take_in(store, _named(files, options), pool, options)
    if not intake.documents and not store.counts().documents:
        raise DataError(f"{', '.join(names)}: no text to label, {intake.empty:,} empty ones")
    return intake


def import_labelled(
    store: Store,
    names: Sequence[str],
    options: ReadOptions | None = None,
    form: Format | None = None,
    scheme: Scheme | None = None,
) -> Intake:
    """Take labelled files into a project, as accepted decisions.

    Labels that the project lacks are added. The passages of a document without labels stay open.
    If the project has the text already, it gets the labels, unless a decision was made on it.

    Parameters
    ----------
    names : sequence of str
        Labelled files, or folders with them.
    form : Format, optional
        Format of all files; detected if omitted.
    scheme : Scheme, optional
        Scheme of their tags; recognised if omitted.

    Raises
    ------
    DataError
        If a file cannot be read, or the project would have no document.
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
    if not intake.documents and not intake.matched and not store.counts().documents:
        raise DataError(f"{', '.join(names)}: no document to import, {intake.empty:,} empty ones")
    return intake._replace(notes=tuple(notes))


def _named(
    files: Iterable[tuple[str, Format, Iterable[list[Document]]]], options: ReadOptions
) -> Iterator[tuple[str, Document]]:
    """Yield the documents with their places."""
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
        remember_texts(connection)
        [before] = connection.execute("SELECT COUNT(*) FROM document").fetchone()
    rng = random.Random(f"{store.seed} {before}")  # noqa: S311
    # Others can write meanwhile, because only temporary tables change.
    with store.database.read() as connection:
        draw = Draw(connection, rng, pool, store.settings.get("order") != "given", options)
        for name, document in documents:
            draw.offer(name, document)
    with store.database.write() as connection:
        writing = _Writing(connection, store.text_unit)
        writing.write(draw, rng)
        draw.close()
    return Intake(
        read=draw.read,
        empty=draw.empty,
        duplicates=draw.duplicates + writing.not_matched,
        documents=writing.documents,
        passages=writing.passages,
        set_aside=writing.set_aside,
        matched=writing.matched,
        accepted=writing.accepted,
        labels=tuple(writing.added),
    )


class _Writing:
    """Writes the drawn documents with their passages and labels."""

    def __init__(self, connection: Connection, unit: str) -> None:
        self._connection, self._unit = connection, unit
        self._labels = {_key(label.name): label.id for label in list_labels(connection)}
        self._request = Request(f"import {secrets.token_hex(6)}", IMPORTED)
        self.documents = self.passages = self.set_aside = 0
        self.matched = self.not_matched = self.accepted = 0
        self.added: list[str] = []

    def write(self, draw: Draw, rng: random.Random) -> None:
        """Write all drawn documents, in order."""
        for row in draw.rows():
            self._add_labels(row)  # before any decision, so that no imported one lacks a label
        count = sum(row.known is None for row in draw.rows())
        by_document = count >= _FEW
        whole = count if by_document else sum(len(self._cut(row)) for row in draw.rows())
        aside = {*rng.sample(range(whole), round(whole / _SHARE))}
        for row in draw.rows():
            if row.known is not None:
                self._match(row)
                continue
            measures = by_document and self.documents in aside
            self.documents += 1
            [document] = self._connection.execute(
                "INSERT INTO document (name, set_aside, fields) VALUES (?, ?, ?) RETURNING id",
                (row.name, measures, row.fields),
            ).fetchone()
            places = []
            for position, piece in enumerate(self._cut(row)):
                is_aside = measures if by_document else self.passages in aside
                number = self._add(
                    row.text, piece, (document, position, piece.start, is_aside), rng
                )
                places.append((number, piece.start))
            if row.spans is not None:
                self._accept(row.spans, places)

    def _cut(self, row: Drawn) -> list[Piece]:
        if row.known is not None:
            return []
        return cut_passages(row.text, row.words, row.spans or (), self._unit)

    def _add(
        self, text: str, piece: Piece, place: tuple[int, int, int, bool], rng: random.Random
    ) -> int:
        words = None if piece.words is None else to_json(piece.words)
        row = *place, rng.getrandbits(31), text[piece.start : piece.end], words
        [number] = self._connection.execute(
            "INSERT INTO passage (document, position, start, set_aside, draw, text, words) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
            row,
        ).fetchone()
        self.passages += 1
        self.set_aside += place[-1]
        return int(number)

    def _match(self, row: Drawn) -> None:
        """Accept the passages of a document if none is decided on and no span crosses two."""
        found = self._connection.execute(
            "SELECT id, start, version FROM passage WHERE document = ? ORDER BY position",
            (row.known,),
        ).fetchall()
        starts = [start for _, start, _ in found]
        fits = all(
            bisect_right(starts, span.start) > bisect_left(starts, span.end) - 1
            for span in row.spans or ()
        )
        if not fits or any(version for *_, version in found):
            self.not_matched += 1
            return
        self._accept(row.spans or (), [(number, start) for number, start, _ in found])
        self.matched += 1

    def _accept(self, given: Iterable[LabelledSpan], places: Sequence[tuple[int, int]]) -> None:
        """Accept the passages of a document, with its spans. A place is (passage, start)."""
        starts = [start for _, start in places]
        spans: list[list[StoredSpan]] = [[] for _ in places]
        for span in given:
            at = bisect_right(starts, span.start) - 1
            label = self._labels[_key(span.label)]
            spans[at].append(StoredSpan(span.start - starts[at], span.end - starts[at], label))
        changes = [
            Change(number, 0, "accepted", own)
            for (number, _), own in zip(places, spans, strict=True)
        ]
        write_changes(self._connection, self._request, changes, self._unit)
        self.accepted += len(changes)

    def _add_labels(self, row: Drawn) -> None:
        """Add the labels of a document that the project lacks, ignoring letter case."""
        for label in {span.label: None for span in row.spans or ()}:
            if _key(label) not in self._labels:
                try:
                    added = add_label(self._connection, label)
                except UsageError as error:
                    raise DataError(f"{row.name}: {error}") from None
                self._labels[_key(label)] = added.id
                self.added.append(added.name)


def _key(label: str) -> str:
    return unicodedata.normalize("NFC", label).casefold()
