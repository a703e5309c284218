"""The search itself: trial after trial, each a training whose F1 on the dev text is noted."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna

from windowclf.corpora.sources import Corpus
from windowclf.training.fit import Listener
from windowclf.tuning.result import Trial
from windowclf.tuning.space import Searched
from windowclf.tuning.study import Search
from windowclf.tuning.training import Material, train
from windowclf.tuning.trials import Trials


def run_trials(
    search: Search,
    corpus: Corpus,
    space: Sequence[Searched],
    given: Mapping[str, Any],
    *,
    trials: int,
    seconds: float | None = None,
    vectors: str = "bundled",
    gazetteers: Mapping[str, str | Path] | None = None,
    compress: bool = False,
    threads: int | None = None,
    listener: Listener | None = None,
    told: Callable[[Trial], None] | None = None,
) -> None:
    """Train until so many trials have been done, and keep the best model in `BEST`.

    Whatever ends it, all trials that were done are in the study, and the one under way is not.

    Parameters
    ----------
    search, corpus, space, given, trials, seconds, compress, told
        See `Trials`.
    vectors, gazetteers, threads
        See `WindowClassifier.fit`.
    listener : callable, optional
        Is told of each batch and each epoch.

    Raises
    ------
    DataError
        If there is no dev text, or it or the training text cannot be used.
    ModelError
        If the study or the best model cannot be written.
    """
    run = Trials(
        search, corpus, space, given, trials=trials, seconds=seconds, compress=compress, told=told
    )
    material = Material(corpus, vectors, gazetteers)
    with run.under_way():
        while run.wanted():
            trial, config = run.begin()

            def heard(epoch: int, f1: float, trial: optuna.Trial = trial) -> None:
                if run.hopeless(trial, epoch, f1):
                    raise optuna.TrialPruned

            try:
                trained = train(material, config, heard=heard, listener=listener, threads=threads)
            except optuna.TrialPruned:
                run.pruned(trial)
            else:
                run.done(trial, config, trained)
