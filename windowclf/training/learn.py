"""Training with the best epoch kept."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from windowclf import evaluation
from windowclf.batching import EncodedSentences
from windowclf.metrics import Scores, best_threshold
from windowclf.model import Model
from windowclf.tagging.tagger import Tagger
from windowclf.text.sentence import Sentence
from windowclf.threads import Workers, thread_count
from windowclf.training.batches import TrainingBatches
from windowclf.training.history import Epoch
from windowclf.training.loop import BatchDone, train
from windowclf.training.prepare import generators

Listener = Callable[[BatchDone | Epoch], None]

_WHOLE_WORDS = ("word", "written")
"""Features that hold a whole word: what word dropout takes for an unknown one."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What a network is trained on and chosen by.

    Parameters
    ----------
    tokens : sequence of sequences of str
        The training text, once in each letter case.
    documents : sequence
        See `encode`.
    train : EncodedSentences
        The same, with gold tags.
    versions : int
        In how many.
    dev : sequence of Sentence
        May be empty: then the last epoch is the best.
    gold : sequence of sequences of str
        The right tags of `dev`, as the model writes them.
    """

    tokens: Sequence[Sequence[str]]
    documents: Sequence[Hashable | None]
    train: EncodedSentences
    versions: int
    dev: Sequence[Sentence]
    gold: Sequence[Sequence[str]]


def learn(
    model: Model,
    texts: Texts,
    epochs: list[Epoch],
    listener: Listener | None,
    threads: int | None = None,
) -> None:
    """Train a model; whatever ends it, the parameters are those of the best epoch that was done.

    Parameters
    ----------
    model : Model
    texts : Texts
    epochs : list of Epoch
        Is added to.
    listener : callable or None
        Is told of each batch and each epoch.
    threads : int, optional
        See `thread_count`.

    Raises
    ------
    TrainingError
        If the loss is no longer finite.
    """
    config, network = model.config, model.network

    def evaluate() -> Scores:
        if config.loss == "ranking":  # the bias takes up the threshold, see `RankingObjective`
            threshold = best_threshold(*evaluation.ranking(Tagger(model), texts.dev, texts.gold))
            network.biases[-1].value -= network.biases[-1].value.dtype.type(threshold)
        return evaluation.evaluate(Tagger(model), texts.dev, texts.gold)

    parameters = model.parameters()
    best = {name: parameter.value.copy() for name, parameter in parameters.items()}
    columns = [i for i, name in enumerate(model.lexicon.features) if name in _WHOLE_WORDS]
    batches = TrainingBatches(texts.train, config, columns, texts.versions)
    try:
        with Workers(thread_count(threads), batches.parts) as workers:
            for event in train(
                network,
                model.objective,
                batches,
                config,
                evaluate=evaluate if texts.dev else None,
                rng=generators(config)[2],
                workers=workers,
            ):
                if isinstance(event, Epoch):
                    epochs.append(event)
                    if event.best:
                        for name, parameter in parameters.items():
                            np.copyto(best[name], parameter.value)
                if listener:
                    listener(event)
    finally:
        for name, parameter in parameters.items():
            np.copyto(parameter.value, best[name])
