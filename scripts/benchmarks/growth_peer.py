"""How windowclf's cost grows: with the text, and with the sizes of the network."""

import time
from collections.abc import Iterator
from itertools import cycle, groupby
from typing import Any
from zlib import crc32

import windowclf
from benchmarks.same_network import VECTORS, to_sentences
from benchmarks.text import Text, read_text
from benchmarks.worker import timed

BATCH = 512
"""Texts at once: what `pipe` takes if nothing is said."""


class Stream:
    """Tags a text over and over, as one stream, with the bundled model.

    Parameters
    ----------
    text : str
        Its file.
    """

    def __init__(self, text: str) -> None:
        found = read_text(text)
        self.texts = found.join()
        pairs = zip(found.documents, found.sentences, strict=True)
        self.sizes = [
            sum(len(sentence) for _, sentence in group)
            for _, group in groupby(pairs, key=lambda pair: pair[0])
        ]
        self.classifier = windowclf.load()
        self.facts: dict[str, Any] = {}

    def run(self, tokens: int) -> dict[str, Any]:
        """Tag so many tokens; time the first and the last tenth of them as well."""
        marks: list[tuple[int, float]] = []  # the tokens done, and the time, as a batch begins
        given = 0

        def stream() -> Iterator[str]:
            nonlocal given
            for number, (text, size) in enumerate(cycle(zip(self.texts, self.sizes, strict=True))):
                if given >= tokens:
                    return
                if number % BATCH == 0:
                    marks.append((given, time.perf_counter()))
                given += size
                yield text

        def consume() -> int:
            return sum(len(done.entities) for done in self.classifier.pipe(stream()))

        entities, seconds = timed(consume)
        marks.append((given, time.perf_counter()))
        return {
            "seconds": seconds,
            "tokens": given,
            "entities": entities,
            "first_tenth": _seconds_per_token(marks, 0, given / 10),
            "last_tenth": _seconds_per_token(marks, given * 9 / 10, given),
        }


class Size:
    """Trains a network of some size for two epochs, and tags with it.

    Parameters
    ----------
    text : str
        File of a text with tags.
    tokens : int
        How much of it is read.
    """

    def __init__(self, text: str, tokens: int) -> None:
        self.text = read_text(text, tokens)
        self.vectors = windowclf.load_vectors(VECTORS)
        self.facts: dict[str, Any] = {}

    def run(self, labels: int | None = None, **settings: Any) -> dict[str, Any]:
        """Time the second epoch, and the tagging of the same text."""
        text = self.text if labels is None else relabel(self.text, labels)
        classifier = windowclf.WindowClassifier(**settings, epochs=2)
        classifier.fit(to_sentences(text), vectors=self.vectors, scheme=text.scheme)
        record = classifier.model.record
        assert record
        _, seconds = timed(lambda: classifier.predict(text.sentences, text.documents))
        return {
            "seconds": seconds,
            "tokens": text.tokens,
            "training_seconds": record.epochs[-1].seconds,
        }


def relabel(text: Text, labels: int) -> Text:
    """Give each word of an entity one of so many labels, drawn by its letters; O is one more."""
    tags = [
        [
            "O" if tag == "O" else f"L{crc32(token.encode()) % (labels - 1)}"
            for token, tag in zip(sentence, given, strict=True)
        ]
        for sentence, given in zip(text.sentences, text.tags, strict=True)
    ]
    return Text(text.sentences, text.documents, tags, "plain")


def _seconds_per_token(marks: list[tuple[int, float]], begin: float, end: float) -> float:
    """Measure between the two marks that are nearest to two numbers of tokens."""
    first = min(range(len(marks) - 1), key=lambda i: abs(marks[i][0] - begin))
    last = min(range(first + 1, len(marks)), key=lambda i: abs(marks[i][0] - end))
    return (marks[last][1] - marks[first][1]) / (marks[last][0] - marks[first][0])
