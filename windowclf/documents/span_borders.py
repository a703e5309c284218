"""Checks of character spans against their text and its words."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import Protocol, TypeVar

import msgspec

from windowclf.errors import DataError, quoted
from windowclf.text.tokenizer import token_starts
from windowclf.text.typography import strip


class CharacterSpan(Protocol):
    """A span with a label: the characters ``start`` to ``end - 1`` of a text."""

    @property
    def start(self) -> int: ...  # noqa: D102
    @property
    def end(self) -> int: ...  # noqa: D102
    @property
    def label(self) -> str: ...  # noqa: D102


SpanStruct = TypeVar("SpanStruct", bound=msgspec.Struct)


def check_spans(text: str, spans: Iterable[SpanStruct]) -> list[SpanStruct]:
    """Sort the spans of a text, and trim white space and invisible characters at their ends.

    Parameters
    ----------
    spans : iterable of struct
        Spans with ``start``, ``end`` and ``label``.

    Raises
    ------
    DataError
        If a span exceeds the text, is blank, has no label or overlaps another span.
    """
    found: list[SpanStruct] = []
    before = (0, 0)
    for span in sorted(spans, key=lambda span: (span.start, span.end)):  # type: ignore[attr-defined]
        start, end = span.start, span.end  # type: ignore[attr-defined]
        if not 0 <= start < end <= len(text):
            here = f"span {quoted(start)}:{quoted(end)}"
            raise DataError(f"{here} does not fit a text of {len(text)} characters")
        inside = text[start:end]
        if not span.label or not strip(inside):  # type: ignore[attr-defined]
            missing = "token" if span.label else "label"  # type: ignore[attr-defined]
            raise DataError(f"span {start}:{end} has no {missing}")
        if start < before[1]:
            raise DataError(f"span {start}:{end} overlaps span {before[0]}:{before[1]}")
        before = (start, end)
        start += inside.index(strip(inside))
        end = start + len(strip(inside))
        if (start, end) != before:
            span = msgspec.structs.replace(span, start=start, end=end)
        found.append(span)
    return found


def fit_words(
    text: str, sentences: list[list[str]], spans: Sequence[CharacterSpan], *, exact: bool
) -> list[list[str]]:
    """Adjust the words of a text, so that no span crosses sentences and no word is in two spans.

    Parameters
    ----------
    sentences : list of list of str
        The words of each sentence of the text.
    spans : sequence of CharacterSpan
        Spans from `check_spans`.
    exact : bool
        Whether to split a word at every span border within it. If False, it is split only where it
        would belong to two spans.

    Returns
    -------
    list of list of str
        The new sentences. Sentences and words outside all spans are unchanged, and so are those
        around a span that contains no word.
    """
    words = [*chain.from_iterable(sentences)]
    starts = token_starts(text, words)
    ends = [start + len(word) for start, word in zip(starts, words, strict=True)]
    cuts: dict[int, set[int]] = {}  # by word, the offsets in the text at which it is split
    joined: set[int] = set()  # words joined to the sentence of the previous word
    taken = -1  # the last word that is in a span
    for span in spans:
        first, last = bisect_right(ends, span.start), bisect_left(starts, span.end) - 1
        if first > last:  # the span lies between words, which need not cover the text
            continue
        joined.update(range(first + 1, last + 1))
        for number, border in ((first, span.start), (last, span.end)):
            if starts[number] < border < ends[number] and (exact or first == taken == number):
                cuts.setdefault(number, set()).add(border)
        taken = last
    fitted: list[list[str]] = []
    number = 0
    for sentence in sentences:
        if number not in joined:
            fitted.append([])
        for word in sentence:
            if number in cuts:
                borders = [starts[number], *sorted(cuts[number]), ends[number]]
                fitted[-1] += [text[i:j] for i, j in pairwise(borders)]
            else:
                fitted[-1].append(word)
            number += 1
    return fitted
