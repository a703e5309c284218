"""The bodies of the requests of the page."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from windowclf.annotation.entries import Change

MOST_HANDED_OUT = 5
"""Passages at once: more would be kept from other annotators, and grow old."""


class NextRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Passages to work on."""

    client: str
    count: Annotated[int, Meta(ge=1, le=MOST_HANDED_OUT)] = 1
    exclude: list[int] = []


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
