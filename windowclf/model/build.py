"""Construction of the network and the objective that a configuration describes."""

from collections.abc import Mapping, Sequence

import numpy as np

from windowclf.config.config import Config
from windowclf.nn.arrays import FloatArray
from windowclf.nn.crf import Transitions
from windowclf.nn.network import Network, initial_weights
from windowclf.nn.objective import (
    Objective,
    RankingObjective,
    SentenceObjective,
    TokenObjective,
)
from windowclf.tags.schemes import Scheme, legal_transitions


def own_scheme(scheme: Scheme, config: Config) -> Scheme:
    """Choose the internal scheme of a model for tags in `scheme`."""
    if config.loss == "ranking":
        return Scheme.IOB1  # then a run of positive tokens is one span
    return Scheme.PLAIN if scheme is Scheme.PLAIN else Scheme.IOBES


def make_network(
    config: Config,
    tables: Mapping[str, FloatArray],
    labels: Sequence[str],
    rng: "np.random.Generator",
    dtype: type[np.floating] = np.float32,
) -> Network:
    """Build the network that a configuration describes.

    Parameters
    ----------
    tables : mapping of str to float array
        Initial lookup tables by feature.
    labels : sequence of str
        All tags of the model.
    rng : numpy.random.Generator
        Draws the initial weights.
    dtype : numpy float type
        float32 for training, float64 for gradient checks.
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
        np.zeros(config.hidden[0], dtype) if config.document_context else None,
    )


def score_count(config: Config, labels: Sequence[str]) -> int:
    """Count the scores of a window, ``K``: one for each tag, or a single one for ranking."""
    return 1 if config.loss == "ranking" else len(labels)


def make_objective(
    config: Config,
    labels: Sequence[str],
    scheme: Scheme,
    dtype: type[np.floating] = np.float32,
) -> Objective:
    """Make the objective that a configuration describes.

    Parameters
    ----------
    labels : sequence of str
        The ``K`` tags.
    scheme : Scheme
        Scheme of the tags.
    """
    if config.loss == "ranking":
        return RankingObjective()
    penalties = None
    if config.constrained:
        start, transition, end = legal_transitions(labels, scheme)
        zero, never = dtype(0), dtype(-np.inf)
        penalties = Transitions(
            *(np.where(legal, zero, never) for legal in (transition, start, end))
        )
    if config.level == "word":
        return TokenObjective(config.loss, penalties)
    K = len(labels)
    transitions = Transitions(np.zeros((K, K), dtype), np.zeros(K, dtype), np.zeros(K, dtype))
    return SentenceObjective(config.loss, transitions, penalties)


def assemble(
    config: Config,
    tables: Mapping[str, FloatArray],
    weights: Sequence[FloatArray],
    biases: Sequence[FloatArray],
    sentence_weight: FloatArray | None = None,
    document_weight: FloatArray | None = None,
) -> Network:
    """Assemble a network from its arrays and the settings of a configuration."""
    return Network(
        tables,
        weights,
        biases,
        activation=config.activation,
        sentence_weight=sentence_weight,
        document_weight=document_weight,
        input_dropout=config.dropout,
        hidden_dropout=config.hidden_dropout,
    )
