"""What a project of annotations holds, as it passes between the store, the learner and the page."""

from typing import Literal, NamedTuple

import msgspec

from windowclf.documents.document import Document

State = Literal["accepted", "skipped", "flagged"]


class StoredSpan(msgspec.Struct, frozen=True, array_like=True):
    """A labelled stretch of a passage: in JSON, a list of three numbers.

    Parameters
    ----------
    start, end : int
        Characters, from the beginning of the passage.
    label : int
        The number of the label.
    """

    start: int
    end: int
    label: int


DECODE_SPANS = msgspec.json.Decoder(list[StoredSpan]).decode
DECODE_WORDS = msgspec.json.Decoder(list[list[str]]).decode


class Label(msgspec.Struct, frozen=True):
    """A label, whose number never changes.

    Parameters
    ----------
    added : int
        The last decision that there was before the label; 0 at the start.
    """

    id: int
    name: str
    added: int


class Change(msgspec.Struct, frozen=True):
    """What is decided on a passage.

    Parameters
    ----------
    version : int
        The one of the passage that was looked at.
    """

    passage: int
    version: int
    state: State
    spans: list[StoredSpan]
    comment: str = ""


class Saved(msgspec.Struct, frozen=True):
    """A decision that is on the disk; its number is the new version of its passage."""

    passage: int
    version: int


class Passage(msgspec.Struct, frozen=True):
    """A passage as it stands.

    Parameters
    ----------
    document : int
        The number of its document.
    name : str
        The place of the document in the source.
    position, count : int
        Its place among the passages of the document, from 0, and how many there are.
    tokens : list of (int, int)
        Where each begins and ends.
    version : int
        The last decision on it; 0: none.
    state : {"accepted", "skipped", "flagged"}, optional
        None: open.
    known : int
        The last label that there was at that decision.
    set_aside : bool
        Whether it measures the model, and does not train it.
    who, at : str, float, optional
        Who decided last, and when: seconds since 1970.
    """

    id: int
    document: int
    name: str
    position: int
    count: int
    text: str
    tokens: list[tuple[int, int]]
    version: int
    state: State | None
    spans: list[StoredSpan]
    comment: str
    known: int
    set_aside: bool
    who: str | None
    at: float | None


class Decision(msgspec.Struct, frozen=True):
    """A decision of the past.

    Parameters
    ----------
    undoes : int, optional
        The decision that it takes back.
    undone : bool
        Whether another one takes it back.
    text : str
        How the passage begins.
    """

    id: int
    passage: int
    state: State | None
    spans: list[StoredSpan]
    comment: str
    who: str
    at: float
    undoes: int | None
    undone: bool
    text: str


class Counts(msgspec.Struct, frozen=True):
    """How much there is, and how much of it is decided.

    Parameters
    ----------
    sentences, tokens : int
        Of the accepted passages.
    names : dict of str to int
        The labelled stretches of these, by label.
    set_aside, set_aside_accepted : int
        Passages that measure the model.
    """

    documents: int
    passages: int
    open: int
    accepted: int
    skipped: int
    flagged: int
    sentences: int
    tokens: int
    names: dict[str, int]
    set_aside: int
    set_aside_accepted: int


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """A training of the learner, and how its model did on what was set aside.

    Parameters
    ----------
    at : float
        When it ended: seconds since 1970.
    up_to : int
        The last decision that it learned from.
    sentences, tokens, names : int
        What it learned from.
    measured : int
        Sentences that were set aside.
    correct, predicted, gold : int
        Names in them.
    f1, low, high : float, optional
        F1 and its interval.
    """

    at: float
    up_to: int
    sentences: int
    tokens: int
    names: int
    seconds: float
    measured: int = 0
    correct: int = 0
    predicted: int = 0
    gold: int = 0
    f1: float | None = None
    low: float | None = None
    high: float | None = None
    id: int = 0


class LabelledPassage(NamedTuple):
    """An accepted passage, to train on or to measure with.

    Attributes
    ----------
    document : Document
        With the text of the passage, its spans, and its words if the source has its own.
    number : int
        Of the document of the source.
    lacks : tuple of str
        Labels that were added after its decision.
    """

    id: int
    number: int
    document: Document
    lacks: tuple[str, ...]
