"""The accepted passages of a project of ``windowclf annotate``; this format is read-only.

If all passages of a document are accepted, it is read as one document; otherwise each accepted
passage becomes a document of its own.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import chain, groupby
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from windowclf.documents.document import Document, LabelledSpan
from windowclf.documents.reading import ReadOptions
from windowclf.documents.span_borders import check_spans
from windowclf.errors import DataError, join_names, one_line
from windowclf.system.streams import COMPRESSED

FORMAT = 1
"""Newest version of a project's tables that can be read."""

ACCEPTED, SKIPPED, FLAGGED = "accepted", "skipped", "flagged"
"""States of a passage after a decision."""

_SECONDS = 10.0  # to wait while a decision is being written
_NOT_ONE = "not a project; expected the annotation.sqlite of 'windowclf annotate'"
_DAMAGED = "the project is damaged: expected a file of 'windowclf annotate'; restore a copy"
_LEFT_OUT = {
    None: "passages left out that are not decided yet",
    SKIPPED: "passages left out that were skipped",
    FLAGGED: "passages left out that are flagged",
}
_ROWS = """
SELECT document, name, set_aside, fields, position, state, known,
    CASE WHEN state = 'accepted' OR :everything THEN text ELSE '' END,
    CASE WHEN state = 'accepted' OR :everything THEN words END, spans
FROM labelled ORDER BY document, position
"""


class Passage(msgspec.Struct, frozen=True):
    """An accepted passage of a document, with its spans.

    Parameters
    ----------
    document : int
        The number of its document in the project.
    position : int
        Its index among the passages of the document.
    place : str
        The document's place in the project and in its original file.
    set_aside : bool
        Whether it is reserved for measuring a model.
    words : list of list of str, optional
        The tokens of its sentences, if the original file had tokens.
    spans : sequence of LabelledSpan
        Its spans, with offsets in the passage.
    lacks : tuple of str
        Labels that were added after the decision, which its unlabelled words may have.
    fields : mapping of str to Any
        The other fields of the document's record.
    """

    document: int
    position: int
    place: str
    set_aside: bool
    text: str
    words: list[list[str]] | None
    spans: Sequence[LabelledSpan]
    lacks: tuple[str, ...]
    fields: Mapping[str, Any]


class Project(NamedTuple):
    """The passages of a project, for training and measuring.

    Attributes
    ----------
    passages : list of Passage
        The accepted passages, in the order of the documents.
    text_unit : str
        The unit in which its texts are split, see `windowclf.text.tokenizer.split_words`.
    """

    passages: list[Passage]
    text_unit: str


class _Row(msgspec.Struct, frozen=True, array_like=True):
    """A row of the view of all passages."""

    document: int
    name: str
    set_aside: int
    fields: str | None
    position: int
    state: str | None
    known: int | None
    text: str
    words: str | None
    spans: str | None


_Spans = msgspec.json.Decoder(list[tuple[int, int, int]])
_Words = msgspec.json.Decoder(list[list[str]])
_Fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read(file: BinaryIO, name: str, options: ReadOptions) -> Iterator[list[Document]]:
    """Read the documents of a project.

    Parameters
    ----------
    name : str
        SQLite opens a file on the disk itself, because only then it waits for writes in progress;
        compressed and remote files are read from `file`.
    options : ReadOptions
        With ``labels=False``, all texts are read, decided or not. The report counts the passages
        that are left out, that become documents, or that were decided before a label was added.

    Raises
    ------
    DataError
        If the file is not a project or has a newer version, or a passage cannot be read.
    """
    tables = _load(name, file, everything=not options.labels)
    found: list[Document] = []
    for _, group in groupby(tables.rows, key=lambda row: row.document):
        own = [*group]
        try:
            if options.labels:
                found += _labelled(own, name, tables.labels, options)
            else:
                found.append(_whole([_passage(row, name, {}) for row in own], is_labelled=False))
        except DataError as error:
            options.failed(error)
    yield found


def read_project(name: str, options: ReadOptions) -> Project:
    """Read the accepted passages of a project on the disk; count the others.

    Raises
    ------
    DataError
        See `read`.
    """
    tables = _load(name)
    passages = []
    for row in tables.rows:
        if row.state == ACCEPTED:
            try:
                passages.append(_passage(row, name, tables.labels))
            except DataError as error:
                options.failed(error)
        else:
            _count_left_out(row, name, options)
    return Project(passages, options.text_unit or tables.text_unit)


def _labelled(
    rows: Sequence[_Row], name: str, labels: Mapping[int, str], options: ReadOptions
) -> list[Document]:
    """Read the accepted passages of a document, joined if all of them are accepted."""
    passages = [_passage(row, name, labels) for row in rows if row.state == ACCEPTED]
    for row in rows:
        if row.state != ACCEPTED:
            _count_left_out(row, name, options)
    for passage in passages:
        if passage.lacks:
            what = "passages decided before a label was added, so that its names may be missing"
            options.report.add(what, f"{passage.place}: {join_names(passage.lacks)}")
    if passages and len(passages) == len(rows):
        return [_whole(passages, is_labelled=True)]
    if passages:
        what = "passages read as separate records, because their documents are partly labelled"
        options.report.add(what, passages[0].place, len(passages))
    return [_whole([passage], is_labelled=True) for passage in passages]


def _count_left_out(row: _Row, name: str, options: ReadOptions) -> None:
    what = _LEFT_OUT.get(row.state, "passages left out that have an unknown state")
    options.report.add(what, _place(row, name))


def _place(row: _Row, name: str) -> str:
    return f"{name}, {row.name}"


def _passage(row: _Row, name: str, labels: Mapping[int, str]) -> Passage:
    """Read a row; without labels, only its text."""
    place = _place(row, name)
    try:
        words = None if row.words is None else _Words.decode(row.words)
        fields = {} if row.fields is None else _Fields.decode(row.fields)
        given = _Spans.decode(row.spans or "[]") if labels else []
        spans = [LabelledSpan(start, end, labels[label]) for start, end, label in given]
        spans = check_spans(row.text, spans)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise DataError(f"{place}: {error}; {_DAMAGED}") from None
    except KeyError as error:
        raise DataError(f"{place}: a span with the unknown label {error}; {_DAMAGED}") from None
    except DataError as error:
        raise DataError(f"{place}: {error}; {_DAMAGED}") from None
    lacks = tuple(label for number, label in labels.items() if number > (row.known or 0))
    return Passage(
        row.document,
        row.position,
        place,
        bool(row.set_aside),
        row.text,
        words,
        spans,
        lacks,
        fields,
    )


def _whole(passages: Sequence[Passage], *, is_labelled: bool) -> Document:
    """Join the passages of a document."""
    spans: list[LabelledSpan] = []
    start = 0
    for passage in passages:
        spans += [
            LabelledSpan(start + span.start, start + span.end, span.label) for span in passage.spans
        ]
        start += len(passage.text)
    words = [passage.words for passage in passages if passage.words is not None]
    return Document(
        "".join(passage.text for passage in passages),
        [*chain.from_iterable(words)] if len(words) == len(passages) else None,
        spans=spans if is_labelled else None,
        fields=passages[0].fields,
        place=passages[0].place,
    )


class _Tables(NamedTuple):
    """All rows of a project, and its labels by their numbers."""

    rows: list[_Row]
    labels: dict[int, str]
    text_unit: str


def _load(name: str, file: BinaryIO | None = None, *, everything: bool = False) -> _Tables:
    """Read a project at once, because no decision can be written in the meantime.

    Parameters
    ----------
    everything : bool
        Whether to read also the texts of passages that are not accepted.
    """
    try:
        with _opened(name, file) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("BEGIN")
            meta = dict(connection.execute("SELECT key, value FROM meta"))
            _check_version(meta.get("format"), name)
            labels = [*connection.execute("SELECT id, name FROM label ORDER BY id")]
            rows = [*connection.execute(_ROWS, {"everything": everything})]
    except sqlite3.Error as error:
        raise DataError(f"{name}: {_reason(error)}") from error
    try:
        settings = _Fields.decode(meta.get("settings") or "{}")
        return _Tables(
            msgspec.convert(rows, list[_Row]),
            dict(msgspec.convert(labels, list[tuple[int, str]])),
            msgspec.json.decode(settings.get("text_unit", b"null"), type=str | None) or "auto",
        )
    except (msgspec.MsgspecError, TypeError) as error:
        raise DataError(f"{name}: {error}; {_DAMAGED}") from None


@contextmanager
def _opened(name: str, file: BinaryIO | None) -> Iterator[sqlite3.Connection]:
    path = Path(name)
    if not name.lower().endswith(COMPRESSED) and path.is_file():
        # With write access, SQLite rolls back the unfinished write of a killed server.
        address, data = f"{path.absolute().as_uri()}?mode=rw", b""
    else:
        address, data = ":memory:", b"" if file is None else file.read()
        if not data:
            raise DataError(f"{name}: {_NOT_ONE}")
    with closing(sqlite3.connect(address, timeout=_SECONDS, uri=True)) as connection:
        if data:
            connection.deserialize(data)
        yield connection


def _check_version(version: object, name: str) -> None:
    if not isinstance(version, int):
        raise DataError(f"{name}: {_NOT_ONE}")
    if version > FORMAT:
        raise DataError(
            f"{name}: a project of a newer version of windowclf (format {version}, this one reads "
            f"{FORMAT}); update windowclf"
        )


def _reason(error: sqlite3.Error) -> str:
    """Explain an error of SQLite in one line, with a cure."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):  # such as: no such table
        return _NOT_ONE
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"cannot be read: another process has been writing for {_SECONDS:g} s; try again"
    if code == sqlite3.SQLITE_READONLY:
        return (
            "cannot be read: a killed server left an unfinished write; copy the folder to a "
            "writable place"
        )
    return f"cannot be read: {one_line(error)}; {_DAMAGED}"
