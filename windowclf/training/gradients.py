"""The gradient check of a configuration on a small synthetic batch."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from windowclf.config.config import Config
from windowclf.model.build import make_network, make_objective, score_count
from windowclf.nn.batch import Batch
from windowclf.nn.context import find_mentions
from windowclf.nn.gradcheck import GradientCheck, check_gradients
from windowclf.nn.layers import window_rows
from windowclf.nn.losses import PARTIAL_LOSSES
from windowclf.tags.schemes import Scheme

_LABELS = ("O", *(f"{prefix}-{label}" for label in ("LOC", "PER") for prefix in "BIES"))
_LENGTHS = np.array([6, 1, 4, 3])
_WORDS, _ROWS, _DIMENSIONS = 6, 5, 10
_ALLOWED = 0.3  # share of the other tags that agree with a partial annotation


def check_config(config: Config, *, samples: int = 40) -> Iterator[GradientCheck]:
    """Check the gradient of every parameter of the network that a configuration describes.

    Layers, activation, loss, level, window and dropout follow the configuration, in float64. The
    batch has four sentences of six distinct words, so that words repeat in their windows, and all
    losses use the same dropout masks. A loss that can learn from partially annotated text is
    checked on such text, too; the larger error counts.

    Parameters
    ----------
    samples : int
        Largest number of elements of each parameter to compare.

    Yields
    ------
    GradientCheck
        One for each parameter, word vectors included.
    """
    rng = np.random.default_rng(config.seed)
    names = ["word", *config.features]
    tables = {name: rng.normal(size=(_ROWS, _DIMENSIONS)) for name in names}
    network = make_network(config, tables, _LABELS, rng, np.float64)
    objective = make_objective(config, _LABELS, Scheme.IOBES, np.float64)
    parameters = {**network.parameters(), **objective.parameters()}
    for parameter in parameters.values():
        if not parameter.value.any():  # initially zero, where activations have their kinks
            parameter.value += rng.normal(scale=0.5, size=parameter.value.shape)
    features = rng.integers(1, _ROWS, (_WORDS + 1, len(names)))
    features[0] = 0  # the padding
    words = rng.integers(1, _WORDS + 1, int(_LENGTHS.sum()))
    gold = rng.integers(0, max(score_count(config, _LABELS), 2), len(words))
    windows = window_rows(words, _LENGTHS, config.window)
    batches = [Batch(features, windows, _LENGTHS, gold, find_mentions(words))]
    if config.loss in PARTIAL_LOSSES:
        allowed = rng.random((len(words), len(_LABELS))) < _ALLOWED
        allowed[np.arange(len(words)), gold] = True
        batches.append(replace(batches[0], gold=allowed))

    def check(batch: Batch) -> list[GradientCheck]:
        def loss() -> float:
            s, _ = network.forward(batch, np.random.default_rng(config.seed))
            return objective.loss(s, batch.tags(), batch.lengths)[0]

        def loss_and_gradients() -> float:
            s, backward = network.forward(batch, np.random.default_rng(config.seed))
            value, ds = objective.loss(s, batch.tags(), batch.lengths)
            backward(ds)
            return value

        run = loss_and_gradients, parameters, rng
        return list(check_gradients(*run, loss=loss, samples=samples // len(batches)))

    for checks in zip(*map(check, batches), strict=True):
        error = float(np.max([found.error for found in checks]))  # NaN if any is NaN
        yield replace(checks[0], checked=sum(found.checked for found in checks), error=error)
