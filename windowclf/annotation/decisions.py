"""Decisions on passages: written once, never changed.

An undo is a decision that restores the state before another decision.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from sqlite3 import Connection
from typing import NamedTuple, get_args

import msgspec

from windowclf.annotation.current import count_tokens
from windowclf.annotation.entries import (
    DECODE_SPANS,
    Change,
    Decision,
    Saved,
    State,
    StoredSpan,
)
from windowclf.annotation.labels import list_labels
from windowclf.documents.span_borders import check_spans
from windowclf.errors import DataError, UsageError, quoted, shortened

_STATES = get_args(State)


class Request(NamedTuple):
    """The unique name of a request for decisions, and its author."""

    name: str
    who: str


class _Content(NamedTuple):
    """The state of a passage after a decision."""

    state: str | None
    spans: str
    comment: str
    known: int


class _Standing(NamedTuple):
    """A decision that is neither undone nor followed by another on its passage."""

    id: int
    passage: int
    before: int
    request: str
    version: int


def write_changes(
    connection: Connection, request: Request, changes: Sequence[Change], unit: str
) -> tuple[list[Saved], list[int]]:
    """Write decisions in the caller's transaction.

    Parameters
    ----------
    unit : str
        How texts are split into sentences, see `split_words`.

    Returns
    -------
    saved : list of Saved
        The decisions, in the order of the changes.
    stale : list of int
        Passages whose version has changed: if there are any, the caller must roll back the
        transaction.

    Raises
    ------
    UsageError
        For a passage or a label that does not exist, or spans that do not fit the text.
    """
    labels = {label.id for label in list_labels(connection)}
    known = max(labels, default=0)
    saved: list[Saved] = []
    stale: list[int] = []
    for change in changes:
        row = connection.execute(
            "SELECT version, tokens, text, words FROM passage WHERE id = ?", (change.passage,)
        ).fetchone()
        if row is None:
            raise UsageError(
                f"passage {quoted(change.passage)}: there is no passage with that number"
            )
        version, tokens, text, words = row
        spans = _checked(text, change, labels)
        if version != change.version:
            stale.append(change.passage)
            continue
        if tokens is None:
            count_tokens(connection, change.passage, text, words, unit)
        content = _Content(change.state, msgspec.json.encode(spans).decode(), change.comment, known)
        saved.append(_write(connection, request, change.passage, version, content))
    return saved, stale


def saved_before(
    connection: Connection, request: Request, changes: Sequence[Change]
) -> list[Saved] | None:
    """Return the decisions of a request that was sent again; None if the request is new.

    Raises
    ------
    UsageError
        If other decisions were saved under its name, or two of its changes have the same passage.
    """
    if len({change.passage for change in changes}) < len(changes):
        raise UsageError(
            "two decisions of a request are on the same passage; expected one decision per passage"
        )
    rows = connection.execute(
        "SELECT d.passage, d.id, d.before, d.state, d.comment, d.spans, p.text "
        "FROM decision d JOIN passage p ON p.id = d.passage WHERE d.request = ?",
        (request.name,),
    )
    found = {row[0]: row for row in rows}
    if not found:
        return None
    same = len(found) == len(changes)
    for change in changes:
        _, _, *before, spans, text = found.get(change.passage, (None,) * 7)
        same = same and before == [change.version, change.state, change.comment]
        same = same and DECODE_SPANS(spans) == _checked(text, change)
    if not same:
        raise _name_taken(request)
    return [Saved(change.passage, found[change.passage][1]) for change in changes]


def _name_taken(request: Request) -> UsageError:
    return UsageError(
        f"request {quoted(request.name)}: other decisions were saved under this name; expected a "
        "new name for each request"
    )


def _checked(text: str, change: Change, labels: Collection[int] | None = None) -> list[StoredSpan]:
    """Check a change, and return its spans in order."""
    if change.state not in _STATES:
        raise UsageError(f"state: expected {', '.join(_STATES)}, got {quoted(change.state)}")
    for span in change.spans:
        if labels is not None and span.label not in labels:
            raise UsageError(f"label {quoted(span.label)}: expected the number of a label")
    try:
        return check_spans(text, change.spans)
    except DataError as error:
        raise UsageError(f"passage {change.passage}: {error}") from None


def undo_last(connection: Connection, request: Request) -> list[int] | None:
    """Undo the last request of a person whose decisions still stand; see `Store.undo`."""
    rows = connection.execute(
        "SELECT passage, undoes FROM decision WHERE request = ? ORDER BY id", (request.name,)
    ).fetchall()
    if rows:
        if rows[0][1] is None:
            raise _name_taken(request)
        return [passage for passage, _ in rows]
    last = next(_standing(connection, "who = ?", request.who), None)
    if last is None:
        return None
    same = [*_standing(connection, "request = ? AND who = ?", last.request, request.who)]
    for decision in reversed(same):
        before = connection.execute(
            "SELECT state, spans, comment, known FROM decision WHERE id = ?", (decision.before,)
        ).fetchone()
        content = _Content(*before) if before else _Content(None, "[]", "", 0)
        _write(connection, request, decision.passage, decision.version, content, decision.id)
    return [decision.passage for decision in reversed(same)]


def list_decisions(connection: Connection, limit: int, before: int | None) -> list[Decision]:
    """List decisions, the newest first; see `Store.history`."""
    rows = connection.execute(
        "SELECT d.id, d.passage, d.state, d.spans, d.comment, d.who, d.at, d.undoes, "
        "EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id), p.text "
        "FROM decision d JOIN passage p ON p.id = d.passage "
        "WHERE ? IS NULL OR d.id < ? ORDER BY d.id DESC LIMIT ?",
        (before, before, limit),
    )
    return [
        Decision(
            id=number,
            passage=passage,
            state=state,
            spans=DECODE_SPANS(spans),
            comment=comment,
            who=who,
            at=at,
            undoes=undoes,
            undone=bool(undone),
            text=shortened(text, 80),
        )
        for number, passage, state, spans, comment, who, at, undoes, undone, text in rows
    ]


def _write(
    connection: Connection,
    request: Request,
    passage: int,
    before: int,
    content: _Content,
    undoes: int | None = None,
) -> Saved:
    at = round(time.time(), 3)
    [number] = connection.execute(
        "INSERT INTO decision "
        "(request, passage, before, state, spans, comment, who, at, known, undoes) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (request.name, passage, before, *content[:3], request.who, at, content.known, undoes),
    ).fetchone()
    connection.execute(
        "UPDATE passage SET version = ?, state = ?, spans = ?, comment = ?, known = ? WHERE id = ?",
        (number, *content, passage),
    )
    connection.execute("DELETE FROM lease WHERE passage = ?", (passage,))
    return Saved(passage, number)


def _standing(connection: Connection, where: str, *values: str) -> Iterator[_Standing]:
    """Yield decisions that an undo may take back, the newest first."""
    # An undone decision never stands; excluding these in the query saves calls of `_restored`.
    asked = (
        "SELECT d.id, d.passage, d.before, d.request, p.version "  # noqa: S608
        "FROM decision d JOIN passage p ON p.id = d.passage "
        f"WHERE d.undoes IS NULL AND {where} "
        "AND NOT EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id) ORDER BY d.id DESC"
    )
    rows = connection.execute(asked, values)
    for row in map(_Standing._make, rows):
        if _restored(connection, row.version) == row.id:
            yield row


def _restored(connection: Connection, version: int) -> int:
    """Return the decision whose state a version restores, through all undos; 0 if there is none."""
    while version:
        undoes, before = connection.execute(
            "SELECT d.undoes, o.before FROM decision d "
            "LEFT JOIN decision o ON o.id = d.undoes WHERE d.id = ?",
            (version,),
        ).fetchone()
        if undoes is None:
            break
        version = before
    return version
