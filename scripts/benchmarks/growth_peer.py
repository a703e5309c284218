"""The measurements for `benchmarks.growth`."""

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
"""Number of texts in a batch: the default of `pipe`."""


class Stream:
    """Tags a text repeatedly, as one stream, with the bundled model.

    Parameters
    ----------
    text : str
        File of the text.
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
        """Tag a number of tokens; also time the first and the last tenth of them."""
        marks: list[tuple[int, float]] = []  # tokens done and time at the start of each batch
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
    """Trains a network of a given size for two epochs, and tags with it.

    Parameters
    ----------
    text : str
        File of a text with tags.
    tokens : int
        Number of tokens to read from it.
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
    """Assign each word of an entity one of `labels` labels, by its letters; O stays."""
    tags = [
        [
            "O" if tag == "O" else f"L{crc32(token.encode()) % (labels - 1)}"
            for token, tag in zip(sentence, given, strict=True)
        ]
        for sentence, given in zip(text.sentences, text.tags, strict=True)
    ]
    return Text(text.sentences, text.documents, tags, "plain")


def _seconds_per_token(marks: list[tuple[int, float]], begin: float, end: float) -> float:
    """Return the time per token between the marks nearest to two numbers of tokens."""
    first = min(range(len(marks) - 1), key=lambda i: abs(marks[i][0] - begin))
    last = min(range(first + 1, len(marks)), key=lambda i: abs(marks[i][0] - end))
    return (marks[last][1] - marks[first][1]) / (marks[last][0] - marks[first][0])
