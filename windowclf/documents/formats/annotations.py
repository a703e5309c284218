"""A project of ``windowclf annotate``, which is read only: its accepted passages.

A document whose passages are all accepted is read whole; of others, each accepted passage is a
document by itself.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
"""The version of a project's tables; what is newer cannot be read."""

ACCEPTED, SKIPPED, FLAGGED = "accepted", "skipped", "flagged"
"""What a passage can be once somebody has decided on it."""

_SECONDS = 10.0  # to wait for a decision that is just being written
_NOT_ONE = "not a project; expected the annotation.sqlite of 'windowclf annotate'"
_DAMAGED = "the project is damaged: expected what 'windowclf annotate' wrote; go back to a copy"
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
    """A stretch of a document, which was accepted with its spans.

    Parameters
    ----------
    document : int
        The number of its document in the project.
    position : int
        Its place among the passages of the document, from 0.
    place : str
        Its document in the project and in the file that it came from.
    set_aside : bool
        Whether it is kept to measure, not to train on.
    words : list of list of str, optional
        The tokens of its sentences, if the file it came from had tokens.
    spans : sequence of LabelledSpan
        In characters of the passage.
    lacks : tuple of str
        Labels that were added after the decision: what has no span may be one of these.
    fields : mapping of str to Any
        What the record of its document held besides.
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
    """What a project has to train on and to measure with.

    Attributes
    ----------
    passages : list of Passage
        In the order of the documents.
    text_unit : str
        What its texts are split by, see `windowclf.text.tokenizer.split_words`.
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
        SQLite opens a file on the disk by itself, so that it waits for what is just being written;
        what is packed or comes from elsewhere is read from `file`.
    options : ReadOptions
        Without `labels`, all texts are read, decided or not. Passages that are left out are
        counted, and so are those that stand alone or were decided before a label was added.

    Raises
    ------
    DataError
        If it is not a project, or one of a newer version; for a passage that cannot be read.
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
    """Read what is accepted of a document: whole, or passage by passage."""
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
        what = "passages that are records of their own, as their documents are labelled in part"
        options.report.add(what, passages[0].place, len(passages))
    return [_whole([passage], is_labelled=True) for passage in passages]


def _count_left_out(row: _Row, name: str, options: ReadOptions) -> None:
    what = _LEFT_OUT.get(row.state, "passages left out of an unknown state")
    options.report.add(what, _place(row, name))


def _place(row: _Row, name: str) -> str:
    return f"{name}, {row.name}"


def _passage(row: _Row, name: str, labels: Mapping[int, str]) -> Passage:
    """Read a row; without labels, only the text is wanted."""
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
        raise DataError(f"{place}: a span of the unknown label {error}; {_DAMAGED}") from None
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
    """Read a project at once, as no decision can be written meanwhile.

    Parameters
    ----------
    everything : bool
        Whether the texts of passages that are not accepted are wanted, too.
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
    on_disk = not name.lower().endswith(COMPRESSED) and path.is_file()
    if on_disk:
        # Where it may write, SQLite undoes what a server that was killed had begun to write.
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", _SECONDS, uri=True)
    else:
        data = b"" if file is None else file.read()
        if not data:
            raise DataError(f"{name}: {_NOT_ONE}")
        connection = sqlite3.connect(":memory:")
        connection.deserialize(data)
    try:
        yield connection
    finally:
        connection.close()


def _check_version(version: object, name: str) -> None:
    if not isinstance(version, int):
        raise DataError(f"{name}: {_NOT_ONE}")
    if version > FORMAT:
        raise DataError(
            f"{name}: a project of a newer version of windowclf (format {version}, this one reads "
            f"{FORMAT}); update windowclf"
        )


def _reason(error: sqlite3.Error) -> str:
    """Say in a line what SQLite means, and what to do."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):  # such as: no such table
        return _NOT_ONE
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"cannot be read: another process has been writing for {_SECONDS:g} s; try again"
    if code == sqlite3.SQLITE_READONLY:
        return (
            "cannot be read: a server that was killed left what it had begun to write; copy the "
            "folder to where it can be written"
        )
    return f"cannot be read: {one_line(error)}; {_DAMAGED}"
