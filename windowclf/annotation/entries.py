"""The entries of an annotation project that the store, the learner and the page exchange."""

from typing import Literal, NamedTuple

import msgspec

from windowclf.documents.document import Document

State = Literal["accepted", "skipped", "flagged"]


class StoredSpan(msgspec.Struct, frozen=True, array_like=True):
    """A labelled span of a passage: in JSON, a list of three numbers.

    Parameters
    ----------
    start, end : int
        Offsets in the passage, in characters.
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
        The last decision before the label was added; 0 if there was none.
    """

    id: int
    name: str
    added: int


class Change(msgspec.Struct, frozen=True):
    """A new decision on a passage.

    Parameters
    ----------
    version : int
        The version of the passage that the person saw.
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
    """The current state of a passage.

    Parameters
    ----------
    document : int
        The number of its document.
    name : str
        The place of the document in the source.
    position, count : int
        The place of the passage in its document, from 0, and the number of passages there.
    tokens : list of (int, int)
        Start and end of each token.
    version : int
        The last decision on the passage; 0 if there is none.
    state : {"accepted", "skipped", "flagged"}, optional
        The last decision's verdict; None if the passage is open.
    known : int
        The last label that existed at that decision.
    set_aside : bool
        Whether the passage measures the model and does not train it.
    who, at : str, float, optional
        Author and time of the last decision, in seconds since 1970.
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
    """A decision in the history.

    Parameters
    ----------
    undoes : int, optional
        The decision that this one undoes.
    undone : bool
        Whether a later decision undoes this one.
    text : str
        The beginning of the passage.
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
    """Counts of documents, passages and decisions.

    Parameters
    ----------
    sentences, tokens : int
        Sentences and tokens in the accepted passages.
    names : dict of str to int
        Number of names in the accepted passages, by label.
    set_aside, set_aside_accepted : int
        All passages that measure the model, and the accepted ones among them.
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
    """A training of the learner, and the score of its model on the set-aside passages.

    Parameters
    ----------
    at : float
        Time of its end, in seconds since 1970.
    up_to : int
        The last decision that it learned from.
    sentences, tokens, names : int
        Size of the training data.
    measured : int
        Number of set-aside sentences that the model was scored on.
    correct, predicted, gold : int
        Numbers of names in these sentences.
    f1, low, high : float, optional
        F1 and its 95 % interval, from 0 to 1; None if there were too few names.
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
    """An accepted passage, for training or for measuring.

    Attributes
    ----------
    document : Document
        The passage's text, its spans, and its tokens if the source has tokens.
    number : int
        The number of its document in the project.
    lacks : tuple of str
        Labels that were added after the passage was accepted.
    """

    id: int
    number: int
    document: Document
    lacks: tuple[str, ...]
