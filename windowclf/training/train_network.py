"""Training with the best epoch kept."""

from collections.abc import Callable

import numpy as np

from windowclf.evaluation import evaluate as evaluation
from windowclf.evaluation.metrics import Scores, best_threshold
from windowclf.model.model import Model
from windowclf.model.record import Epoch
from windowclf.system.threads import Workers, thread_count
from windowclf.tagging.tagger import Tagger
from windowclf.training.batches import TrainingBatches
from windowclf.training.checkpoints import Checkpoints
from windowclf.training.loop import BatchDone, Training
from windowclf.training.prepare import generators
from windowclf.training.texts import Texts

Listener = Callable[[BatchDone | Epoch], None]

_WHOLE_WORDS = ("word", "written")
"""Features that hold a whole word: what word dropout takes for an unknown one."""


def learn(
    model: Model,
    texts: Texts,
    epochs: list[Epoch],
    listener: Listener | None,
    threads: int | None = None,
    checkpoints: Checkpoints | None = None,
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
    checkpoints : Checkpoints, optional
        Is told of each batch and each epoch after the listener.

    Raises
    ------
    TrainingError
        If the loss is no longer finite.
    ModelError
        If a checkpoint cannot be written, or is damaged.
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
    training = Training(network, model.objective, batches, config, generators(config)[2])
    if checkpoints:
        checkpoints.restore(training, best)
    try:
        with Workers(thread_count(threads)) as workers:
            for event in training.run(evaluate if texts.dev else None, workers):
                if isinstance(event, Epoch):
                    epochs.append(event)
                    if event.best:
                        for name, parameter in parameters.items():
                            np.copyto(best[name], parameter.value)
                if listener:
                    listener(event)
                if checkpoints:
                    checkpoints.after(event, training, best)
    finally:
        if checkpoints:
            checkpoints.under_way = False
        for name, parameter in parameters.items():
            np.copyto(parameter.value, best[name])
