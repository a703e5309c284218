"""A project of annotations in its folder: labels, guidelines, passages and decisions on them."""

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
"""Characters of a comment, of the guidelines, and of what a client calls itself, its user and its
requests."""

ORDERS = ("uncertain", "random", "given")
"""What the order of a project may be."""


class ConflictError(StoreError):
    """A decision on what was changed since it was looked at; nothing of it is saved.

    Attributes
    ----------
    passages : list of Passage
        Those that were changed, as they are now.
    """

    def __init__(self, message: str, passages: Sequence[Passage] = ()) -> None:
        super().__init__(message)
        self.passages = [*passages]


class Store:
    """The decisions of a project; to be had from `create` or `open`.

    Each method is a transaction: what it has returned is on the disk.

    Attributes
    ----------
    folder : Path
        That of the project.
    settings : dict of str to Any
        Those it was begun with.
    seed : int
        Of whatever is drawn at random.
    created : str
        When it was begun, as a number of seconds: what distinguishes it from another project.
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
        """Begin a project.

        Parameters
        ----------
        folder : str or Path
            Made if it is not there.
        settings : mapping of str to Any
            What JSON can hold. "order" is one of `ORDERS`, uncertain if not given; "text_unit"
            says how texts are split, see `split_words`.
        seed : int
            Of whatever is drawn at random.
        fill : callable, optional
            Is given the store before it is in its place: if that fails, no project is made.

        Raises
        ------
        UsageError
            If there is a project, or for a label that cannot be.
        StoreError
            If it cannot be written.
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
            If there is none, or it cannot be read; or not be written, unless it is read only.
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
        """Change some of the settings, see `create`."""
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
        """Add a label; passages that were decided on before lack it.

        Raises
        ------
        UsageError
            For a name that is taken, in whatever case, or that cannot be one.
        """
        with self.database.write() as connection:
            return add_label(connection, name)

    def rename_label(self, label: int, name: str) -> Label:
        """Give a label another name; its number stays.

        Raises
        ------
        UsageError
            See `add_label`; and if there is no such label.
        """
        with self.database.write() as connection:
            return rename_label(connection, label, name)

    def guidelines(self) -> tuple[str, int]:
        """Return the guidelines and their version, 0 if none were written."""
        with self.database.read() as connection:
            return _guidelines(connection)

    def set_guidelines(self, text: str, version: int) -> int:
        """Write the guidelines anew.

        Parameters
        ----------
        version : int
            The one that was changed.

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
        """Return a passage as it stands.

        Raises
        ------
        UsageError
            If there is none of that number.
        """
        with self.database.read() as connection:
            return read_passage(connection, number, self.text_unit)

    def decide(self, request: str, who: str, changes: Sequence[Change]) -> list[Saved]:
        """Save decisions: all or none of them.

        Parameters
        ----------
        request : str
            A name that this request alone has: if it is sent again, the same is answered.
        who : str
            The person who decides.

        Returns
        -------
        list of Saved
            In the order of the changes.

        Raises
        ------
        ConflictError
            If a passage has another version by now.
        UsageError
            For a passage or a label that does not exist, or spans that do not fit the text.
        StoreError
            If they cannot be saved.
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
        """Take back the last request of a person whose decisions still stand.

        Parameters
        ----------
        request : str
            See `decide`.

        Returns
        -------
        list of int, optional
            The passages that are as they were before; None if nothing is left to take back.
        """
        asked = _request(request, who)
        with self.database.write() as connection:
            return undo_last(connection, asked)

    def history(self, limit: int, before: int | None = None) -> list[Decision]:
        """List decisions, the newest first.

        Parameters
        ----------
        before : int, optional
            List those before this one.
        """
        with self.database.read() as connection:
            return list_decisions(connection, limit, before)

    def take(self, client: str, count: int, exclude: Collection[int] = ()) -> list[int]:
        """Hand out open passages, in the order of the project; others are not given these.

        Parameters
        ----------
        client : str
            Which window asks, so that it is given again what it lost.
        exclude : collection of int
            Passages that it has.

        Returns
        -------
        list of int
            One in five is of those that measure. Fewer than asked for if no more are open.
        """
        _check_text(client, "client", LONGEST_KEY)
        order = self.settings.get("order", "uncertain")
        queue = read_queue(self.folder) if order == "uncertain" else iter(())
        with self.database.write() as connection:
            return hand_out(connection, queue, order, client, count, exclude)

    def release(self, client: str) -> None:
        """Let others have what was handed out to a client: its window has closed."""
        with self.database.write() as connection:
            connection.execute("DELETE FROM lease WHERE client = ?", (client,))

    def counts(self) -> Counts:
        """Count what there is and what is decided."""
        with self.database.read() as connection:
            return self._tally.counts(connection)

    def rounds(self) -> list[Round]:
        """List the trainings of the learner, the first one first."""
        names = Round.__struct_fields__
        with self.database.read() as connection:
            rows = connection.execute(f"SELECT {', '.join(names)} FROM round ORDER BY id")  # noqa: S608
            return [Round(**dict(zip(names, row, strict=True))) for row in rows]

    def add_round(self, given: Round) -> int:
        """Keep a training of the learner.

        Returns
        -------
        int
            Its number; the one that it came with is not looked at.
        """
        values = msgspec.structs.asdict(given)
        del values["id"]
        names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        with self.database.write() as connection:
            statement = f"INSERT INTO round ({names}) VALUES ({places}) RETURNING id"  # noqa: S608
            return int(connection.execute(statement, values).fetchone()[0])

    def labelled(self, *, set_aside: bool) -> Iterator[LabelledPassage]:
        """Read the accepted passages, in their order.

        Parameters
        ----------
        set_aside : bool
            Whether those that measure are read, or those that train.
        """
        with self.database.read() as connection:
            labels = list_labels(connection)
            rows = connection.execute(
                "SELECT passage, document, name, text, words, spans, known FROM labelled "
                "WHERE state = 'accepted' AND set_aside = ?",
                (set_aside,),
            ).fetchall()  # at once: a transaction that goes on would keep others from writing
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
