"""A trained network with the words and tags it knows: tokens in, tags out."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from windowclf.batching import EncodedSentences, encode
from windowclf.calibration import Calibration, expected_calibration_error
from windowclf.config import Config
from windowclf.lexicon.lexicon import Lexicon
from windowclf.metrics import Scores, average_precision, score
from windowclf.nn.arrays import BoolArray, FloatArray, IntArray
from windowclf.nn.network import Network
from windowclf.nn.objective import Objective
from windowclf.nn.parameter import Parameter
from windowclf.tag_spans import SpanFinder
from windowclf.tags import OUTSIDE, Scheme, Span, convert, spans
from windowclf.training.history import TrainingRecord

CHUNK_TOKENS = 8192
"""Tokens that are scored at once: enough to keep the processor busy, small enough for its cache."""


class Prediction(NamedTuple):
    """The tags of one sentence, and the spans they spell.

    Attributes
    ----------
    tags : list of str
        ``n`` tags in the model's own scheme.
    spans : list of Span
    confidences : float array, shape (len(spans),)
        The calibrated probability of each span.
    """

    tags: list[str]
    spans: list[Span]
    confidences: FloatArray


@dataclass(slots=True)
class Model:
    """All that tagging needs.

    Parameters
    ----------
    config : Config
    lexicon : Lexicon
    labels : list of str
        The ``K`` tags, in the order of the scores.
    scheme : Scheme
        IOBES for spans, PLAIN where each token has a label of its own.
    network : Network
    objective : Objective
    calibration : Calibration
        Corrects the probabilities of spans.
    record : TrainingRecord, optional
        How the model was trained.
    """

    config: Config
    lexicon: Lexicon
    labels: list[str]
    scheme: Scheme
    network: Network
    objective: Objective
    calibration: Calibration = field(default_factory=Calibration)
    record: TrainingRecord | None = None

    def parameters(self) -> dict[str, Parameter]:
        """List all that training changes, by name: the network's, then the objective's."""
        return {**self.network.parameters(), **self.objective.parameters()}

    def scores(self, encoded: EncodedSentences) -> Iterator[tuple[IntArray, FloatArray]]:
        """Score encoded sentences, chunk by chunk.

        Parameters
        ----------
        encoded : EncodedSentences

        Yields
        ------
        lengths : int array, shape (B,)
            Of the sentences of the chunk.
        s : float array, shape (N, K)
        """
        for chunk in _chunks(encoded):
            batch = encoded.batch(chunk, self.config.window)
            s, _ = self.network.forward(batch)
            yield batch.lengths, s

    def decode(self, encoded: EncodedSentences) -> Iterator[Prediction]:
        """Tag encoded sentences.

        Parameters
        ----------
        encoded : EncodedSentences

        Yields
        ------
        Prediction
            One for each sentence, in order.
        """
        finder = SpanFinder(self.labels, self.scheme)
        for lengths, s in self.scores(encoded):
            path = self.objective.decode(s, lengths)
            first, last, label = finder.find(path, lengths)
            p = self.objective.span_probabilities(s, path, lengths, first, last)
            confidences = self.calibration(p)
            tags = self._names(path)
            cuts = np.searchsorted(first, np.cumsum(lengths)).tolist()  # spans before its end
            begin = 0
            for part, end in zip(_parts(lengths), cuts, strict=True):
                here = slice(begin, end)
                found = [
                    Span(a - part.start, b - part.start + 1, finder.labels[k])
                    for a, b, k in zip(
                        first[here].tolist(), last[here].tolist(), label[here].tolist(), strict=True
                    )
                ]
                yield Prediction(tags[part], found, confidences[here])
                begin = end

    def tags(self, encoded: EncodedSentences) -> Iterator[list[str]]:
        """Tag encoded sentences as `decode` does, and spare the probabilities."""
        for lengths, s in self.scores(encoded):
            tags = self._names(self.objective.decode(s, lengths))
            for part in _parts(lengths):
                yield tags[part]

    def _names(self, best: IntArray) -> list[str]:
        names: list[str] = np.array(self.labels, dtype=object)[best].tolist()
        return names

    def evaluate(
        self,
        encoded: EncodedSentences,
        gold: Sequence[Sequence[str]],
        *,
        confidence: bool = False,
    ) -> Scores:
        """Compare the tags of encoded sentences with the right ones.

        Parameters
        ----------
        encoded : EncodedSentences
        gold : sequence of sequences of str
            From `gold_tags`.
        confidence : bool
            Whether to measure how far the confidences can be trusted as well.

        Returns
        -------
        Scores
        """
        if confidence:
            predictions = list(self.decode(encoded))
            found = score(gold, (prediction.tags for prediction in predictions), self.scheme)
            error = expected_calibration_error(*self._beside_gold(predictions, gold))
            found = replace(found, calibration_error=error)
        else:
            found = score(gold, self.tags(encoded), self.scheme)
        if self.config.loss != "ranking":
            return found
        ranking = average_precision(*self.ranking(encoded, gold))
        return replace(found, average_precision=ranking)

    def confidences(
        self, encoded: EncodedSentences, gold: Sequence[Sequence[str]]
    ) -> tuple[FloatArray, BoolArray]:
        """Give the confidence of each span that is found, and tell which are right.

        Parameters
        ----------
        encoded : EncodedSentences
        gold : sequence of sequences of str
            From `gold_tags`.
        """
        return self._beside_gold(self.decode(encoded), gold)

    def _beside_gold(
        self, predictions: Iterable[Prediction], gold: Sequence[Sequence[str]]
    ) -> tuple[FloatArray, BoolArray]:
        sure: list[FloatArray] = [np.empty(0)]
        right: list[bool] = []
        for tags, found in zip(gold, predictions, strict=True):
            true = set(spans(tags, self.scheme))
            sure.append(found.confidences)
            right += [span in true for span in found.spans]
        return np.concatenate(sure), np.array(right, dtype=bool)

    def ranking(
        self, encoded: EncodedSentences, gold: Sequence[Sequence[str]]
    ) -> tuple[FloatArray, BoolArray]:
        """Score each token with the one score of a ranking model, and tell which are positive."""
        s = [s[:, 0] for _, s in self.scores(encoded)]
        relevant = [tag != OUTSIDE for tags in gold for tag in tags]
        return np.concatenate([np.empty(0), *s]), np.array(relevant, dtype=bool)

    def gold_tags(self, tags: Sequence[str], scheme: Scheme) -> list[str]:
        """Write the right tags of a sentence as this model writes them.

        Parameters
        ----------
        tags : sequence of str
        scheme : Scheme
            Of the tags.
        """
        if self.config.loss != "ranking":
            return convert(tags, scheme, self.scheme)
        # One that ranks knows a single label.
        labels = tags if scheme is Scheme.PLAIN else [tag.partition("-")[2] for tag in tags]
        positive = self.config.positive
        return [f"I-{positive}" if label == positive else OUTSIDE for label in labels]

    def predict(
        self, sentences: Sequence[Sequence[str]], documents: Sequence[Hashable | None] | None = None
    ) -> Iterator[Prediction]:
        """Tag sentences given as tokens; see `decode` and `encode`."""
        if sentences:
            yield from self.decode(encode(sentences, self.lexicon, documents=documents))


def _parts(lengths: IntArray) -> Iterator[slice]:
    """Yield the place of each sentence among the tokens of a chunk."""
    end = 0
    for length in lengths.tolist():
        start, end = end, end + length
        yield slice(start, end)


def _chunks(encoded: EncodedSentences) -> Iterator[IntArray]:
    """Group consecutive sentences so that each group has about `CHUNK_TOKENS` tokens.

    Documents are kept whole, but for those that are longer than that.
    """
    starts = encoded.first
    order = np.arange(len(starts))
    begins = np.flatnonzero(np.diff(encoded.documents, prepend=-1))
    of_document = np.repeat(starts[begins], np.diff(begins, append=len(order)))
    group = np.stack([of_document // CHUNK_TOKENS, (starts - of_document) // CHUNK_TOKENS])
    cuts = np.flatnonzero(np.diff(group).any(axis=0)) + 1
    for chunk in np.split(order, cuts):
        if len(chunk):
            yield chunk
