"""Request bodies."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from windowclf.annotation.entries import Change
from windowclf.annotation.review import Disagreement

MOST_HANDED_OUT = 5
"""Maximum number of passages per request. Prefetched passages are withheld from other annotators,
and their proposals become outdated."""


class NextRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Request passages to annotate."""

    client: str
    count: Annotated[int, Meta(ge=1, le=MOST_HANDED_OUT)] = 1
    exclude: Annotated[list[int], Meta(max_length=10_000)] = []


class ReleaseRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Report that a window has closed."""

    client: str


class DecideRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Save decisions, all or none of them."""

    request: str
    client: str
    changes: Annotated[list[Change], Meta(min_length=1)]
    who: str = ""


class UndoRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Undo the last request."""

    request: str
    client: str
    who: str = ""


class LabelRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Add or rename a label."""

    add: str | UnsetType = UNSET
    rename: int | UnsetType = UNSET
    name: str | UnsetType = UNSET


class GuidelinesRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Replace a version of the guidelines."""

    text: str
    version: int


class FixRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Replace the label of a name where it has a certain label, or none.

    Parameters
    ----------
    labelled : bool
        Whether the name is from the list of names. Otherwise it is from the contradictions, whose
        words are joined by spaces.
    label, new : int, optional
        The present label and the new one; None means no label.
    passages : list of int, optional
        The passages to change; all if omitted.
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
    """Replace labels by the proposals of the model in some places."""

    request: str
    client: str
    chosen: list[Disagreement]
    who: str = ""
