"""JSONL corpora: tokens with tags, or text with character spans, one JSON object a line."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from windowclf.errors import DataError
from windowclf.tags import Scheme, Span, encode
from windowclf.text.lines import read_lines
from windowclf.text.sentence import Sentence
from windowclf.text.tokenizer import Token, tokenize


class _CharacterSpan(msgspec.Struct):
    start: int
    end: int
    label: str


_Spans = list[_CharacterSpan | tuple[int, int, str]]


class _Line(msgspec.Struct):
    """Any one of the layouts that annotation tools write; unknown keys are left alone."""

    tokens: list[str] | None = None
    tags: list[str] | None = None
    ner_tags: list[str] | None = None
    text: str | None = None
    entities: _Spans | None = None
    spans: _Spans | None = None
    label: _Spans | None = None


def read_jsonl(path: str | Path) -> Iterator[Sentence]:
    """Read the sentences of a JSONL file.

    A line is ``{"tokens": [...], "tags": [...]}`` (or ``"ner_tags"``), or ``{"text": "...",
    "entities": [...]}`` (or ``"spans"`` or ``"label"``), where an entity is an object with
    ``start``, ``end`` and ``label`` or the array ``[start, end, label]``, in characters. A
    text is tokenised, a span that cuts through a token is widened to the whole of it, and
    the tags are IOB2.

    Parameters
    ----------
    path : str or Path
        UTF-8 text, gzipped if the name ends in ``.gz``.

    Yields
    ------
    Sentence
        Without tags if the line has none.

    Raises
    ------
    DataError
        If the file cannot be read or holds no sentence, or a line is none of these.
    """
    decoder = msgspec.json.Decoder(_Line)
    empty = True
    for number, line in read_lines(path):
        if not line.strip():
            continue
        try:
            sentence = _sentence(decoder.decode(line))
        except msgspec.MsgspecError as error:
            raise DataError(f"{path}:{number}: {error}; expected one JSON object a line") from error
        except DataError as error:
            raise DataError(f"{path}:{number}: {error}") from None
        if len(sentence):
            empty = False
            yield sentence
    if empty:
        raise DataError(f"{path}: no sentence; expected one JSON object a line")


def _sentence(line: _Line) -> Sentence:
    if line.tokens is not None:
        return _pretokenized(line.tokens, line.ner_tags if line.tags is None else line.tags)
    if line.text is None:
        raise DataError('neither "tokens" nor "text"; expected one of them')
    tokens = tokenize(line.text)
    words = [token.text for token in tokens]
    spans = next((s for s in (line.entities, line.spans, line.label) if s is not None), None)
    if spans is None:
        return Sentence(words)
    return Sentence(words, encode(_align(line.text, spans, tokens), len(tokens), Scheme.IOB2))


def _pretokenized(tokens: list[str], tags: list[str] | None) -> Sentence:
    if tags is not None and len(tags) != len(tokens):
        raise DataError(f"{len(tokens)} tokens but {len(tags)} tags; expected as many")
    if "" in tokens:
        raise DataError("an empty token; expected each to hold a character")
    return Sentence(tokens, tags)


def _align(text: str, spans: _Spans, tokens: Sequence[Token]) -> list[Span]:
    """Turn spans of characters into spans of tokens."""
    starts = [token.start for token in tokens]
    ends = [token.end for token in tokens]
    aligned: list[Span] = []
    before = (0, 0)
    for start, end, label in sorted(map(_triple, spans)):
        here = f"span {start}:{end}"
        if not 0 <= start < end <= len(text):
            raise DataError(f"{here} does not fit a text of {len(text)} characters")
        first, last = bisect_right(ends, start), bisect_left(starts, end)
        if first == last or not label:
            raise DataError(f"{here} has no {'label' if first < last else 'token'}")
        if start < before[1]:
            raise DataError(f"{here} overlaps span {before[0]}:{before[1]}")
        if aligned and first < aligned[-1].end:
            raise DataError(
                f"{here} shares the token {tokens[first].text!r} with span "
                f"{before[0]}:{before[1]}; put a space between them or join the spans"
            )
        aligned.append(Span(first, last, label))
        before = (start, end)
    return aligned


def _triple(span: _CharacterSpan | tuple[int, int, str]) -> tuple[int, int, str]:
    return span if isinstance(span, tuple) else (span.start, span.end, span.label)
