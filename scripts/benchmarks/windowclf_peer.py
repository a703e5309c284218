"""windowclf as a competitor, through its public interface."""

import statistics
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

import windowclf
from benchmarks.text import read_text
from benchmarks.worker import timed


def _facts() -> dict[str, Any]:
    try:
        own = version("windowclf")
    except PackageNotFoundError:
        own = "not installed"
    return {"windowclf": own, "path": windowclf.__file__, "numpy": np.__version__}


class Tagger:
    """Tags a text with a classifier that is loaded for each run, so that its word cache is empty.

    Parameters
    ----------
    text : str
        File of the text.
    raw : bool
        Whether the input is strings, which windowclf tokenizes, rather than words.
    model : str, optional
        A model folder instead of the bundled model.
    known : bool
        Whether all runs use the same classifier, which has tagged the text before.
    """

    def __init__(
        self, text: str, *, raw: bool = False, model: str | None = None, known: bool = False
    ) -> None:
        self.text = text
        self.raw = raw
        self.model = model
        self.classifier = windowclf.load(model) if known else None
        self._tag(None if known else 5000)
        self.facts = _facts()

    def run(self) -> dict[str, Any]:
        """Tag the text once."""
        return self._tag()

    def _tag(self, first: int | None = None) -> dict[str, Any]:
        text = read_text(self.text, first)
        classifier = self.classifier or windowclf.load(self.model)
        if self.raw:
            texts = text.join()
            found, seconds = timed(lambda: [done.entities for done in classifier.pipe(texts)])
            assert len(found) == len(texts)
        else:
            tags, seconds = timed(lambda: classifier.predict(text.sentences, text.documents))
            assert sum(map(len, tags)) == text.tokens
        return {"seconds": seconds, "tokens": text.tokens}


class Trainer:
    """Trains the same network as PyTorch, see `benchmarks.same_network`.

    Parameters
    ----------
    train, dev : str
        Files of the texts.
    vocabulary : int
        Number of GloVe words besides those of the text.
    """

    def __init__(self, train: str, dev: str, *, vocabulary: int) -> None:
        from benchmarks.same_network import VECTORS, to_sentences

        text = read_text(train)
        self.scheme = text.scheme
        self.train, self.dev = to_sentences(text), read_text(dev)
        self.vocabulary = vocabulary
        self.vectors = windowclf.load_vectors(VECTORS)
        self.facts = _facts()

    def run(
        self, batch_size: int, epochs: int, *, score: bool = False, save: str | None = None
    ) -> dict[str, Any]:
        """Train from the start; the time is the median of the epochs after the first."""
        from benchmarks.same_network import SETTINGS, f1

        classifier = windowclf.WindowClassifier(
            **SETTINGS,
            vocabulary=self.vocabulary,
            batch_of="tokens",
            batch_size=batch_size,
            epochs=epochs,
        )
        classifier.fit(self.train, vectors=self.vectors, scheme=self.scheme)
        if save:
            classifier.save(save)
        record = classifier.model.record
        assert record
        tokens = record.tokens["train"]
        seconds = [epoch.seconds for epoch in record.epochs]
        found = {"seconds": statistics.median(seconds[1:] or seconds), "tokens": tokens}
        if score:
            found["f1"] = f1(self.dev, classifier.predict(self.dev.sentences))
        return found
