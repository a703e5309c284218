"""A sample of a training text as hashes, which shows how much of another text it contained.

Each sentence that is too long to occur twice by chance has a number, the hash of its characters.
The sketch of a text consists of its smallest numbers (the k minimum values of Beyer et al. 2007).
Whether a number is small does not depend on the text. The sentences of another text with small
numbers are therefore a random sample of it, and each is in the first text if and only if its number
is in the sketch.

A sketch contains no words, and none can be computed from it. But anyone who has a sentence, or
guesses it to the letter, can check whether its number is in the sketch.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from heapq import nsmallest
from typing import NamedTuple

from windowclf.model.record import TrainingRecord

SHORTEST = 7
"""Smallest length in tokens of a sentence in a sketch."""

_BYTES = 5  # a sentence shares its number with one of a million others once in a million
_MOST = 512
"""Largest number of hashes in a sketch: 2.5 KB, or one in sixty of 30 thousand sentences."""


class Shared(NamedTuple):
    """The overlap of a text with the training text of a model, by the model's sketch.

    Attributes
    ----------
    found : int
        Number of sentences in the sample that are in the training text.
    looked_at : int
        Number of sentences in the sample; if the training text is small, all long sentences.
    """

    found: int
    looked_at: int

    @property
    def share(self) -> float:
        """Estimate the share of the text's long sentences that are in the training text."""
        return self.found / self.looked_at if self.looked_at else 0.0


def sketch_sentences(sentences: Iterable[Sequence[str]]) -> bytes:
    """Make the sketch of a text.

    Parameters
    ----------
    sentences : iterable of sequence of str
        Tokens of each sentence. The tokenization does not matter, but sentences with fewer than
        `SHORTEST` tokens are left out.

    Returns
    -------
    bytes
        The same for the same sentences in any order; empty if none is long enough.
    """
    return _pack(_numbers(sentences))


def join_sketches(*sketches: bytes) -> bytes:
    """Combine the sketches of several texts into one."""
    return _pack({number for sketch in sketches for number in _unpack(sketch)})


def shared_sentences(record: TrainingRecord, sentences: Iterable[Sequence[str]]) -> Shared:
    """Estimate how much of a text was in the training text of a model.

    Parameters
    ----------
    record : TrainingRecord
        The model's record; without a sketch the sample is empty.
    sentences : iterable of sequence of str
        Tokens of each sentence; short sentences are left out.
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
    """Return the limit up to which all numbers of the text are in its sketch."""
    numbers = _unpack(sketch)
    return numbers[-1] if len(numbers) >= _MOST else 1 << 8 * _BYTES
