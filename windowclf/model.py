"""A trained network with the words and tags it knows: tokens in, tags out."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from windowclf.batching import EncodedSentences, encode
from windowclf.calibration import Calibration
from windowclf.config import Config
from windowclf.lexicon.lexicon import Lexicon
from windowclf.metrics import Scores, average_precision, score
from windowclf.nn.arrays import BoolArray, FloatArray, IntArray
from windowclf.nn.chain import Moves
from windowclf.nn.network import Network, initial_weights
from windowclf.nn.objective import (
    Objective,
    RankingObjective,
    SentenceObjective,
    TokenObjective,
)
from windowclf.nn.parameter import Parameter
from windowclf.tag_spans import SpanFinder
from windowclf.tags import OUTSIDE, Scheme, Span, convert, legal_moves, spans
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

    def evaluate(self, encoded: EncodedSentences, gold: Sequence[Sequence[str]]) -> Scores:
        """Compare the tags of encoded sentences with the right ones.

        Parameters
        ----------
        encoded : EncodedSentences
        gold : sequence of sequences of str
            From `gold_tags`.

        Returns
        -------
        Scores
        """
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
        sure: list[FloatArray] = [np.empty(0)]
        right: list[bool] = []
        for tags, found in zip(gold, self.decode(encoded), strict=True):
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


def own_scheme(scheme: Scheme, config: Config) -> Scheme:
    """Choose how a model writes tags that come in `scheme`."""
    if config.loss == "ranking":
        return Scheme.IOB1  # a run of positive tokens is one span
    return Scheme.PLAIN if scheme is Scheme.PLAIN else Scheme.IOBES


def make_network(
    config: Config,
    tables: Mapping[str, FloatArray],
    labels: Sequence[str],
    rng: np.random.Generator,
    dtype: type[np.floating] = np.float32,
) -> Network:
    """Build the network that a configuration asks for.

    Parameters
    ----------
    config : Config
    tables : mapping of str to float array
        Starting values of the lookup tables.
    labels : sequence of str
        The tags.
    rng : numpy.random.Generator
        Draws the starting weights.
    dtype : numpy float type
        float32 to train, float64 to check gradients.
    """
    dimensions = sum(table.shape[1] for table in tables.values())
    weights, biases = initial_weights(
        config.init,
        rng,
        dimensions=dimensions,
        window=config.window,
        hidden=config.hidden,
        classes=score_count(config, labels),
    )
    return assemble(
        config,
        {name: table.astype(dtype) for name, table in tables.items()},
        [weight.astype(dtype) for weight in weights],
        [bias.astype(dtype) for bias in biases],
        np.zeros((dimensions, config.hidden[0]), dtype) if config.sentence_mean else None,
        np.zeros(config.hidden[0], dtype) if config.repeats else None,
    )


def score_count(config: Config, labels: Sequence[str]) -> int:
    """Count the scores of a window, ``K``: one for each tag, or a single one to rank by."""
    return 1 if config.loss == "ranking" else len(labels)


def make_objective(
    config: Config,
    labels: Sequence[str],
    scheme: Scheme,
    dtype: type[np.floating] = np.float32,
) -> Objective:
    """Make the objective that a configuration asks for.

    Parameters
    ----------
    config : Config
    labels : sequence of str
        The ``K`` tags.
    scheme : Scheme
        Of the tags.
    dtype : numpy float type
    """
    if config.loss == "ranking":
        return RankingObjective()
    penalties = None
    if config.constrained:
        start, transition, end = legal_moves(labels, scheme)
        zero, never = dtype(0), dtype(-np.inf)
        penalties = Moves(*(np.where(legal, zero, never) for legal in (transition, start, end)))
    if config.level == "word":
        return TokenObjective(config.loss, penalties)
    K = len(labels)
    moves = Moves(np.zeros((K, K), dtype), np.zeros(K, dtype), np.zeros(K, dtype))
    return SentenceObjective(config.loss, moves, penalties)


def assemble(
    config: Config,
    tables: Mapping[str, FloatArray],
    weights: Sequence[FloatArray],
    biases: Sequence[FloatArray],
    sentence_weight: FloatArray | None = None,
    repeats_weight: FloatArray | None = None,
) -> Network:
    """Put a network together from its arrays and what a configuration says of it."""
    return Network(
        tables,
        weights,
        biases,
        activation=config.activation,
        sentence_weight=sentence_weight,
        repeats_weight=repeats_weight,
        input_dropout=config.dropout,
        hidden_dropout=config.hidden_dropout,
    )


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
