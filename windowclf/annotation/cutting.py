"""Cut a text into passages, which are annotated one at a time.

The passages partition the text. Each includes the white space that follows it.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

from windowclf.annotation.entries import DECODE_WORDS
from windowclf.documents.span_borders import CharacterSpan
from windowclf.text.tokenizer import split_words, token_starts

LONG, LONGEST = 1_000, 2_000
"""Maximum number of characters of a passage with several sentences, and with a single one."""

_WINDOW = 20_000  # characters that are split at once, because a text may be one line of 10 MB
_PARAGRAPHS = re.compile(r"\n[^\S\n]*\n\s*")
_LINES = re.compile(r"\n\s*")

_Border = tuple[int, bool]
"""A place where a passage may end, and whether it must end there."""


class Piece(NamedTuple):
    """A passage of a text.

    Attributes
    ----------
    start, end : int
        Offsets in the text, in characters.
    words : list of list of str, optional
        The tokens of its sentences, if the source has tokens.
    """

    start: int
    end: int
    words: list[list[str]] | None


def split_passage(text: str, words: str | None, unit: str) -> list[list[str]]:
    """Return the sentences of a passage as tokens.

    Parameters
    ----------
    words : str, optional
        The tokens of the source in JSON, as the project stores them.
    unit : str
        How a text without tokens is split, see `split_words`.
    """
    return split_words(text, unit) if words is None else DECODE_WORDS(words)


def token_places(text: str, sentences: Iterable[Iterable[str]]) -> list[tuple[int, int]]:
    """Return the start and end of each token of a passage, in characters."""
    words = [*chain.from_iterable(sentences)]
    starts = token_starts(text, words)
    return [(start, start + len(word)) for start, word in zip(starts, words, strict=True)]


def cut_passages(
    text: str,
    words: Sequence[Sequence[str]] | None = None,
    spans: Sequence[CharacterSpan] = (),
    unit: str = "auto",
) -> list[Piece]:
    """Cut a text into paragraphs, and cut long paragraphs at the ends of sentences.

    Parameters
    ----------
    words : sequence of sequence of str, optional
        The tokens of its sentences, if the source has tokens.
    spans : sequence of CharacterSpan
        Names that must not be cut, in order and without overlap.
    unit : str
        How the text is split, see `split_words`. With "line", each line is a passage.

    Returns
    -------
    list of Piece
        The passages; only the passage of a blank text is blank.
    """
    breaks = _LINES if unit == "line" else _PARAGRAPHS
    if words is None:
        borders = _pack(_raw_borders(text, breaks, unit), lambda a, b: _token(text, a, b, unit))
        return [Piece(*ends, None) for ends in pairwise(_kept(text, borders, spans))]
    starts = token_starts(text, chain.from_iterable(words))
    firsts = [*accumulate(map(len, words), initial=0)]
    ends = _kept(
        text,
        _pack(
            _own_borders(text, breaks, starts, firsts),
            lambda a, b: _last(starts, a, b),
        ),
        spans,
    )
    return [
        Piece(start, end, _words_between(words, firsts, starts, start, end))
        for start, end in pairwise(ends)
    ]


def _pack(borders: Iterator[_Border], cut: Callable[[int, int], int]) -> list[int]:
    """Choose borders so that no passage is too long.

    Parameters
    ----------
    borders : iterator of (int, bool)
        Possible ends of passages, and whether each is required; the last is the end of the text.
    cut : callable
        Returns a place to cut between two offsets that have no border between them.
    """
    chosen = [0]
    before = 0
    for border, ends in borders:
        if border - chosen[-1] > LONG and before > chosen[-1]:
            chosen.append(before)
        while border - chosen[-1] > LONGEST:
            chosen.append(cut(chosen[-1], chosen[-1] + LONGEST))
        if ends:
            chosen.append(border)
        before = border
    return chosen


def _kept(text: str, borders: list[int], spans: Sequence[CharacterSpan]) -> list[int]:
    """Leave out borders that cut a span or would make a blank passage."""
    starts = [span.start for span in spans]
    kept = [0]
    for border in borders[1:-1]:
        number = bisect_left(starts, border) - 1
        if number >= 0 and spans[number].end > border:
            continue
        if border > kept[-1] and not _is_blank(text, kept[-1], border):
            kept.append(border)
    while len(kept) > 1 and _is_blank(text, kept[-1], len(text)):
        kept.pop()
    return [*kept, len(text)]


def _is_blank(text: str, start: int, end: int) -> bool:
    return text[start:end].isspace() or start == end


def _raw_borders(text: str, breaks: re.Pattern[str], unit: str) -> Iterator[_Border]:
    start = 0
    for found in chain((found.end() for found in breaks.finditer(text)), (len(text),)):
        if found - start > LONG:
            yield from ((border, False) for border in _sentences(text, start, found, unit))
        yield found, True
        start = found


def _sentences(text: str, start: int, end: int, unit: str) -> Iterator[int]:
    """Yield where sentences begin, except for the first one."""
    while end - start > _WINDOW:
        begun = _sentence_starts(text[start : start + _WINDOW], unit)
        if len(begun) > 1:  # the last one may continue beyond the window
            yield from (start + offset for offset in begun[1:])
            start += begun[-1]
        else:
            start = _token(text, start, start + _WINDOW, unit)
            yield start
    yield from (start + offset for offset in _sentence_starts(text[start:end], unit)[1:])


def _sentence_starts(text: str, unit: str) -> list[int]:
    words = split_words(text, unit)
    starts = token_starts(text, chain.from_iterable(words))
    return [starts[first] for first in accumulate(map(len, words[:-1]), initial=0) if starts]


def _token(text: str, start: int, end: int, unit: str) -> int:
    """Return the start of the last token in a stretch, or the stretch's end if it has only one."""
    part = text[start:end]
    starts = token_starts(part, chain.from_iterable(split_words(part, unit)))
    return start + starts[-1] if len(starts) > 1 else end


def _own_borders(
    text: str, breaks: re.Pattern[str], starts: list[int], firsts: list[int]
) -> Iterator[_Border]:
    for first in firsts[1:-1]:
        if 0 < first < len(starts):
            gap = text[starts[first - 1] : starts[first]]
            yield starts[first], breaks.search(gap) is not None
    yield len(text), True


def _last(starts: list[int], start: int, end: int) -> int:
    """Return the start of the last token at or before `end`, or else of the first one after it."""
    number = bisect_right(starts, end) - 1
    if starts[number] <= start:
        number += 1
    return starts[number] if number < len(starts) else end


def _words_between(
    words: Sequence[Sequence[str]], firsts: list[int], starts: list[int], start: int, end: int
) -> list[list[str]]:
    first = bisect_left(starts, start) if start else 0
    last = bisect_left(starts, end) if end <= (starts[-1] if starts else 0) else len(starts)
    found = []
    number = max(bisect_right(firsts, first) - 1, 0)
    while number < len(words) and firsts[number] < last:
        sentence = words[number][max(first - firsts[number], 0) : last - firsts[number]]
        if sentence:
            found.append([*sentence])
        number += 1
    return found
