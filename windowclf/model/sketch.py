"""A sample of a training text by hashes, which tells how much of another text was in it.

Each sentence that is long enough not to come twice by chance has a number: the hash of its
characters. The sketch of a text is its smallest numbers (the k minimum values of Beyer et al.
2007). Whether a number is small does not depend on the text, so that those sentences of another
text whose numbers are small are a random sample of it, and each is in the first text if, and only
if, its number is in the sketch.

A sketch has no words, and none can be computed from it. But who has a sentence, or guesses it to
the letter, can look for its number.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from heapq import nsmallest
from typing import NamedTuple

from windowclf.model.record import TrainingRecord

SHORTEST = 7
"""Tokens of a sentence."""

_BYTES = 5  # a sentence has the number of one of a million others once in a million
_MOST = 512
"""Numbers in a sketch: of 30 thousand sentences each sixtieth, in 2.5 KB."""


class Shared(NamedTuple):
    """How much of a text was in the training text of a model, by the sketch of that.

    Attributes
    ----------
    found : int
        Sentences of the sample that are in the training text.
    looked_at : int
        Sentences of the sample; all that are long enough where the training text is small.
    """

    found: int
    looked_at: int

    @property
    def share(self) -> float:
        """Estimate the share of the text, of its long sentences, that is in the other."""
        return self.found / self.looked_at if self.looked_at else 0.0


def sketch_sentences(sentences: Iterable[Sequence[str]]) -> bytes:
    """Make the sketch of a text.

    Parameters
    ----------
    sentences : iterable of sequence of str
        Tokens. How a sentence is split into them makes no difference, but there must be
        `SHORTEST` at least.

    Returns
    -------
    bytes
        The same for the same sentences in any order; empty if none is long enough.
    """
    return _pack(_numbers(sentences))


def join_sketches(*sketches: bytes) -> bytes:
    """Make the sketch of several texts together of theirs."""
    return _pack({number for sketch in sketches for number in _unpack(sketch)})


def shared_sentences(record: TrainingRecord, sentences: Iterable[Sequence[str]]) -> Shared:
    """Estimate how much of a text was in the training text of a model.

    Parameters
    ----------
    record : TrainingRecord
        One without a sketch tells nothing.
    sentences : iterable of sequence of str
        Tokens; short sentences are not looked at.
    """
    sketch = record.sketch or b""
    if not sketch:
        return Shared(0, 0)
    known, limit = set(_unpack(sketch)), _limit(sketch)
    looked_at = {number for number in _numbers(sentences) if number <= limit}
    return Shared(len(looked_at & known), len(looked_at))


def _numbers(sentences: Iterable[Sequence[str]]) -> set[int]:
    return {
        int.from_bytes(blake2b(_characters(tokens), digest_size=_BYTES).digest(), "big")
        for tokens in sentences
        if len(tokens) >= SHORTEST
    }


def _characters(tokens: Sequence[str]) -> bytes:
    return "".join(tokens).encode("utf-8", "surrogatepass")


def _pack(numbers: Iterable[int]) -> bytes:
    return b"".join(number.to_bytes(_BYTES, "big") for number in nsmallest(_MOST, numbers))


def _unpack(sketch: bytes) -> list[int]:
    places = range(0, len(sketch) - _BYTES + 1, _BYTES)
    return [int.from_bytes(sketch[place : place + _BYTES], "big") for place in places]


def _limit(sketch: bytes) -> int:
    """Give the largest number that is in a sketch if it is in the text."""
    numbers = _unpack(sketch)
    return numbers[-1] if len(numbers) >= _MOST else 1 << 8 * _BYTES
