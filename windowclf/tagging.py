"""Texts in, entities with character offsets out, as a stream."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import msgspec

from windowclf.errors import UsageError
from windowclf.model import Model
from windowclf.tags import Scheme, convert
from windowclf.text.tokenizer import Token, sentences

Splitter = Callable[[str], list[list[Token]]]


class Entity(msgspec.Struct, frozen=True):
    """A labelled stretch of a text.

    Parameters
    ----------
    text : str
        ``source[start:end]``.
    label : str
    start, end : int
        Character offsets.
    score : float
        Probability that it is an entity with this border and this label, from 0 to 1.
    """

    text: str
    label: str
    start: int
    end: int
    score: float


class TaggedText(NamedTuple):
    """A text with what was found in it.

    Attributes
    ----------
    text : str
    sentences : list of list of Token
    tags : list of list of str
        IOB2, or plain labels; one for each token.
    entities : list of Entity
        In order.
    """

    text: str
    sentences: list[list[Token]]
    tags: list[list[str]]
    entities: list[Entity]


def given_tokens(text: str) -> list[list[Token]]:
    """Take a text as one sentence whose tokens are separated by white space."""
    tokens = []
    end = 0
    for word in text.split():
        start = text.index(word, end)
        end = start + len(word)
        tokens.append(Token(word, start, end))
    return [tokens] if tokens else []


def tag_texts(
    model: Model,
    texts: Iterable[str],
    *,
    split: Splitter = sentences,
    batch_size: int = 512,
) -> Iterator[TaggedText]:
    """Tag texts as they come; no more than a batch of them is held at a time.

    Parameters
    ----------
    model : Model
    texts : iterable of str
    split : callable
        Splits a text into sentences of tokens.
    batch_size : int
        Texts that are tagged at once.

    Returns
    -------
    iterator of TaggedText
        One for each text, in order.

    Raises
    ------
    UsageError
        If `batch_size` is less than 1.
    """
    if batch_size < 1:
        raise UsageError(f"batch_size: expected at least 1, got {batch_size}")
    return _tag_batches(model, iter(texts), split, batch_size)


def _tag_batches(
    model: Model, texts: Iterator[str], split: Splitter, batch_size: int
) -> Iterator[TaggedText]:
    outer = Scheme.PLAIN if model.scheme is Scheme.PLAIN else Scheme.IOB2
    while batch := list(islice(texts, batch_size)):
        split_texts = [split(text) for text in batch]
        words = [[token.text for token in tokens] for found in split_texts for tokens in found]
        texts_of = [number for number, found in enumerate(split_texts) for _ in found]
        predictions = model.predict(words, documents=texts_of)
        for text, found in zip(batch, split_texts, strict=True):
            tags: list[list[str]] = []
            entities: list[Entity] = []
            for tokens in found:
                prediction = next(predictions)
                tags.append(convert(prediction.tags, model.scheme, outer))
                for span, score in zip(
                    prediction.spans, prediction.confidences.tolist(), strict=True
                ):
                    start, end = tokens[span.start].start, tokens[span.end - 1].end
                    entities.append(Entity(text[start:end], span.label, start, end, score))
            yield TaggedText(text, found, tags, entities)
