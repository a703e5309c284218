"""An annotation project in its folder: labels, guidelines, passages and decisions on them."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import msgspec

from windowclf.annotation.current import Tally, read_passage
from windowclf.annotation.database import Database, create_file
from windowclf.annotation.decisions import (
    Request,
    list_decisions,
    saved_before,
    undo_last,
    write_changes,
)
from windowclf.annotation.entries import (
    DECODE_SPANS,
    DECODE_WORDS,
    Change,
    Counts,
    Decision,
    Label,
    LabelledPassage,
    Passage,
    Round,
    Saved,
)
from windowclf.annotation.handout import hand_out, read_queue
from windowclf.annotation.labels import add_label, list_labels, rename_label
from windowclf.documents.document import Document, LabelledSpan
from windowclf.documents.paths import PROJECT_FILE
from windowclf.errors import StoreError, UsageError
from windowclf.system.files import whole_file

LONGEST_COMMENT, LONGEST_GUIDELINES, LONGEST_KEY = 10_000, 1_000_000, 200
"""Maximum number of characters of a comment, of the guidelines, and of the names of a client, a
person and a request."""

ORDERS = ("uncertain", "random", "given")
"""Values of a project's setting "order"."""


class ConflictError(StoreError):
    """A passage or the guidelines were changed since they were read; nothing is saved.

    Attributes
    ----------
    passages : list of Passage
        The changed passages in their current state.
    """

    def __init__(self, message: str, passages: Sequence[Passage] = ()) -> None:
        super().__init__(message)
        self.passages = [*passages]


class Store:
    """A project; `create` and `open` return one.

    Each method is a transaction: when it returns, its changes are on the disk.

    Attributes
    ----------
    folder : Path
        The folder of the project.
    settings : dict of str to Any
        The settings, see `create` and `change_settings`.
    seed : int
        Seed of all random draws in the project.
    created : str
        Time of creation, in seconds since 1970; it identifies the project.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.database = Database(path, read_only=read_only)
        self.folder = path.parent
        with self.database.read() as connection:
            found = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        self.settings: dict[str, Any] = msgspec.json.decode(found["settings"])
        self.seed = int(found["seed"])
        self.created = str(found["created"])
        self.text_unit = self.settings.get("text_unit") or "auto"
        self._tally = Tally()

    @classmethod
    def create(
        cls,
        folder: str | Path,
        labels: Sequence[str],
        settings: Mapping[str, Any],
        seed: int,
        fill: Callable[["Store"], object] | None = None,
    ) -> "Store":
        """Create a project.

        Parameters
        ----------
        folder : str or Path
            The folder of the project; created if it does not exist.
        settings : mapping of str to Any
            Settings that JSON can represent. "order" is one of `ORDERS`, by default "uncertain";
            "text_unit" says how texts are split, see `split_words`.
        seed : int
            Seed of all random draws in the project.
        fill : callable, optional
            Called with the store before the file is moved into place: if it raises, no project is
            created.

        Raises
        ------
        UsageError
            If the folder has a project, or a label has an invalid name.
        StoreError
            If the project cannot be written.
        """
        folder = Path(folder)
        path = folder / PROJECT_FILE
        if path.exists():
            raise UsageError(f"{folder}: there is a project already; choose another folder")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as temporary:
                create_file(
                    temporary,
                    {
                        "settings": msgspec.json.encode(settings).decode(),
                        "seed": seed,
                        "created": str(time.time()),
                    },
                )
                with cls(temporary) as store:
                    for name in labels:
                        store.add_label(name)
                    if fill:
                        fill(store)
        except OSError as error:
            reason = error.strerror or str(error)
            cure = "expected a folder that can be written, with space for the texts"
            raise StoreError(f"{path}: cannot be written: {reason}; {cure}") from error
        return cls(path)

    @classmethod
    def open(cls, folder: str | Path, *, read_only: bool = False) -> "Store":
        """Open a project.

        Raises
        ------
        StoreError
            If there is no project or it cannot be read, or, without `read_only`, not be written.
        """
        return cls(Path(folder) / PROJECT_FILE, read_only=read_only)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def change_settings(self, changed: Mapping[str, Any]) -> None:
        """Change some of the settings; see `create`."""
        settings = self.settings | dict(changed)
        written = msgspec.json.encode(settings).decode()
        with self.database.write() as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'settings'", (written,))
        self.settings = settings

    def labels(self) -> list[Label]:
        """List the labels in their order."""
        with self.database.read() as connection:
            return list_labels(connection)

    def add_label(self, name: str) -> Label:
        """Add a label; earlier decisions lack it.

        Raises
        ------
        UsageError
            If the name is invalid, or is taken in any letter case.
        """
        with self.database.write() as connection:
            return add_label(connection, name)

    def rename_label(self, label: int, name: str) -> Label:
        """Rename a label; its number stays the same.

        Raises
        ------
        UsageError
            If the label does not exist; see also `add_label`.
        """
        with self.database.write() as connection:
            return rename_label(connection, label, name)

    def guidelines(self) -> tuple[str, int]:
        """Return the guidelines and their version, 0 if none were written."""
        with self.database.read() as connection:
            return _guidelines(connection)

    def set_guidelines(self, text: str, version: int) -> int:
        """Replace the guidelines.

        Parameters
        ----------
        version : int
            The version that the text was made from.

        Returns
        -------
        int
            The new version.

        Raises
        ------
        ConflictError
            If somebody has changed them since.
        """
        _check_text(text, "guidelines", LONGEST_GUIDELINES)
        with self.database.write() as connection:
            _, now = _guidelines(connection)
            if version != now:
                raise ConflictError(
                    "the guidelines were changed meanwhile; look at them, then save yours"
                )
            values = [("guidelines", text), ("guidelines_version", now + 1)]
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values)
        return now + 1

    def passage(self, number: int) -> Passage:
        """Return the current state of a passage.

        Raises
        ------
        UsageError
            If there is no passage with that number.
        """
        with self.database.read() as connection:
            return read_passage(connection, number, self.text_unit)

    def decide(self, request: str, who: str, changes: Sequence[Change]) -> list[Saved]:
        """Save decisions: all or none of them.

        Parameters
        ----------
        request : str
            A unique name of the request: if it is sent again, the earlier result is returned.
        who : str
            The author of the decisions.

        Returns
        -------
        list of Saved
            The decisions, in the order of the changes.

        Raises
        ------
        ConflictError
            If the version of a passage has changed.
        UsageError
            For a passage or a label that does not exist, or spans that do not fit the text.
        StoreError
            If the decisions cannot be saved.
        """
        asked = _request(request, who)
        for change in changes:
            _check_text(change.comment, "comment", LONGEST_COMMENT)
        with self.database.write() as connection:
            saved = saved_before(connection, asked, changes)
            if saved is not None:
                return saved
            saved, stale = write_changes(connection, asked, changes, self.text_unit)
            if stale:
                raise ConflictError(
                    f"{len(stale):,} of {len(changes):,} passages were decided on meanwhile; look "
                    "at them, then decide",
                    [read_passage(connection, number, self.text_unit) for number in stale],
                )
        return saved

    def undo(self, request: str, who: str) -> list[int] | None:
        """Undo the last request of a person whose decisions still stand.

        Parameters
        ----------
        request : str
            A unique name of the request, see `decide`.

        Returns
        -------
        list of int, optional
            The passages that were restored; None if nothing is left to undo.
        """
        asked = _request(request, who)
        with self.database.write() as connection:
            return undo_last(connection, asked)

    def history(self, limit: int, before: int | None = None) -> list[Decision]:
        """List decisions, the newest first.

        Parameters
        ----------
        before : int, optional
            List only decisions before this one.
        """
        with self.database.read() as connection:
            return list_decisions(connection, limit, before)

    def take(self, client: str, count: int, exclude: Collection[int] = ()) -> list[int]:
        """Lease open passages to a client, in the order of the project.

        Parameters
        ----------
        client : str
            Name of the window. Its own leases do not keep passages from it.
        exclude : collection of int
            Passages that the window already has; their leases are renewed.

        Returns
        -------
        list of int
            The passages; one in five is a set-aside one. They are fewer than `count` if no more
            are open.
        """
        _check_text(client, "client", LONGEST_KEY)
        order = self.settings.get("order", "uncertain")
        queue = read_queue(self.folder) if order == "uncertain" else iter(())
        with self.database.write() as connection:
            return hand_out(connection, queue, order, client, count, exclude)

    def release(self, client: str) -> None:
        """End the leases of a client whose window has closed."""
        with self.database.write() as connection:
            connection.execute("DELETE FROM lease WHERE client = ?", (client,))

    def counts(self) -> Counts:
        """Count documents, passages, decisions and names."""
        with self.database.read() as connection:
            return self._tally.counts(connection)

    def rounds(self) -> list[Round]:
        """List the trainings of the learner, in order."""
        names = Round.__struct_fields__
        with self.database.read() as connection:
            rows = connection.execute(f"SELECT {', '.join(names)} FROM round ORDER BY id")  # noqa: S608
            return [Round(**dict(zip(names, row, strict=True))) for row in rows]

    def add_round(self, given: Round) -> int:
        """Store a training of the learner.

        Returns
        -------
        int
            The number of the round; its `id` is ignored.
        """
        values = msgspec.structs.asdict(given)
        del values["id"]
        names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        with self.database.write() as connection:
            statement = f"INSERT INTO round ({names}) VALUES ({places}) RETURNING id"  # noqa: S608
            return int(connection.execute(statement, values).fetchone()[0])

    def labelled(self, *, set_aside: bool) -> Iterator[LabelledPassage]:
        """Read the accepted passages, in the order of the source.

        Parameters
        ----------
        set_aside : bool
            Whether to read the set-aside passages instead of the training passages.
        """
        with self.database.read() as connection:
            labels = list_labels(connection)
            rows = connection.execute(
                "SELECT passage, document, name, text, words, spans, known FROM labelled "
                "WHERE state = 'accepted' AND set_aside = ?",
                (set_aside,),
            ).fetchall()  # all at once, because a long transaction would block writers
        names = {label.id: label.name for label in labels}
        for number, document, name, text, words, spans, known in rows:
            found = [LabelledSpan(s.start, s.end, names[s.label]) for s in DECODE_SPANS(spans)]
            own = None if words is None else DECODE_WORDS(words)
            lacks = tuple(label.name for label in labels if label.id > known)
            read = Document(text, words=own, spans=found, place=name)
            yield LabelledPassage(number, document, read, lacks)


def _guidelines(connection: Connection) -> tuple[str, int]:
    rows = connection.execute("SELECT key, value FROM meta WHERE key LIKE 'guidelines%'")
    found = dict(rows.fetchall())
    return found.get("guidelines", ""), found.get("guidelines_version", 0)


def _request(name: str, who: str) -> Request:
    _check_text(name, "request", LONGEST_KEY)
    _check_text(who, "who", LONGEST_KEY)
    return Request(name, who)


def _check_text(text: str, what: str, most: int) -> None:
    if not isinstance(text, str) or len(text) > most:
        raise UsageError(f"{what}: expected a text of at most {most:,} characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{what}: half of a surrogate pair at character {error.start}; expected text that can "
            "be written as UTF-8"
        ) from None
