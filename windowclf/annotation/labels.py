"""The labels of a project, and the rules for their names."""

import unicodedata
from collections.abc import Collection
from sqlite3 import Connection

from windowclf.annotation.entries import Label
from windowclf.errors import UsageError, quoted
from windowclf.tags.schemes import OUTSIDE

LONGEST_NAME = 100
"""Maximum number of characters in the name of a label."""

_JOINERS = "\u200c\u200d"  # used in the spelling of Persian and Indic words


def list_labels(connection: Connection) -> list[Label]:
    """List the labels in their order."""
    rows = connection.execute("SELECT id, name, added FROM label ORDER BY position, id")
    return [Label(*row) for row in rows]


def add_label(connection: Connection, name: str) -> Label:
    """Add a label; see `Store.add_label`."""
    name = check_name(name, list_labels(connection))
    row = connection.execute(
        "INSERT INTO label (name, position, added) "
        "SELECT ?, COUNT(*), (SELECT COALESCE(MAX(id), 0) FROM decision) FROM label "
        "RETURNING id, name, added",
        (name,),
    ).fetchone()
    return Label(*row)


def rename_label(connection: Connection, label: int, name: str) -> Label:
    """Rename a label; see `Store.rename_label`."""
    labels = {known.id: known for known in list_labels(connection)}
    if label not in labels:
        raise UsageError(f"label {quoted(label)}: expected the number of a label")
    name = check_name(name, [known for known in labels.values() if known.id != label])
    connection.execute("UPDATE label SET name = ? WHERE id = ?", (name, label))
    return Label(label, name, labels[label].added)


def check_name(name: str, labels: Collection[Label]) -> str:
    """Return the name of a label in normal form NFC; refuse one that is malformed or taken."""
    name = unicodedata.normalize("NFC", name) if isinstance(name, str) else name
    wrong = None
    if not isinstance(name, str) or not name or name != name.strip():
        wrong = "expected a name without white space at its ends"
    elif len(name) > LONGEST_NAME:
        wrong = f"expected at most {LONGEST_NAME} characters"
    elif not all(c.isprintable() or c in _JOINERS for c in name):
        wrong = "expected a name without control characters"
    elif name == OUTSIDE:
        wrong = f"expected another name: {OUTSIDE} is the tag of words without a label"
    if wrong:
        raise UsageError(f"label {quoted(name)}: {wrong}")
    for known in labels:
        if known.name.casefold() == name.casefold():
            raise UsageError(
                f"label {quoted(name)}: there is {quoted(known.name)} already; expected names that "
                "differ in more than their case"
            )
    return name
