"""The bodies of the requests of the page."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from windowclf.annotation.entries import Change
from windowclf.annotation.review import Disagreement

MOST_HANDED_OUT = 5
"""Passages at once: more would be kept from other annotators, and grow old."""


class NextRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Passages to work on."""

    client: str
    count: Annotated[int, Meta(ge=1, le=MOST_HANDED_OUT)] = 1
    exclude: Annotated[list[int], Meta(max_length=10_000)] = []


class ReleaseRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A window that is closed."""

    client: str


class DecideRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Decisions to save, all or none."""

    request: str
    client: str
    changes: Annotated[list[Change], Meta(min_length=1)]
    who: str = ""


class UndoRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The last decision to take back."""

    request: str
    client: str
    who: str = ""


class LabelRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A label to add, or one to rename."""

    add: str | UnsetType = UNSET
    rename: int | UnsetType = UNSET
    name: str | UnsetType = UNSET


class GuidelinesRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The guidelines, made from a version."""

    text: str
    version: int


class FixRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A name to label otherwise, where it has a certain label, or none.

    Parameters
    ----------
    labelled : bool
        Whether the name is one of the list of names; else one of the contradictions, whose words
        have spaces between them.
    label, new : int, optional
        The label that it has, and the one that it gets; None: none.
    passages : list of int, optional
        Where; everywhere if not given.
    """

    request: str
    client: str
    text: str
    label: int | None
    new: int | None
    labelled: bool = False
    passages: list[int] | None = None
    who: str = ""


class AdoptRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Places that are to be labelled as the model proposes."""

    request: str
    client: str
    chosen: list[Disagreement]
    who: str = ""
