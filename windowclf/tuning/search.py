"""The search itself: trial after trial, each a training whose F1 on the dev text is noted."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from msgspec.structs import asdict

from windowclf.classifier import WindowClassifier
from windowclf.config import make_config
from windowclf.corpora.sources import Corpus
from windowclf.errors import DataError, TrainingError
from windowclf.model_folder import REPORT
from windowclf.pages.training import write_report
from windowclf.training.history import Epoch
from windowclf.training.learn import Listener
from windowclf.training.loop import BatchDone
from windowclf.tuning.result import Trial
from windowclf.tuning.space import Searched
from windowclf.tuning.study import BEST, Search, suggest, told_plainly


class _Watch:
    """Hears the epochs of a trial, and ends it by `TrialPruned` if it is hopeless."""

    def __init__(self, trial: optuna.Trial, further: Listener | None) -> None:
        self._trial, self._further = trial, further
        self._epochs = 0  # of all networks, where there are teachers

    def __call__(self, event: BatchDone | Epoch) -> None:
        if self._further:
            self._further(event)
        if isinstance(event, Epoch) and event.f1 is not None:
            self._epochs += 1
            self._trial.report(event.f1, self._epochs)
            if self._trial.should_prune():
                raise optuna.TrialPruned


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
    search : Search
    corpus : Corpus
        With a dev split, which tells good trials from bad ones.
    space : sequence of Searched
    given : mapping of str to object
        The settings that are fixed, the seed among them.
    trials : int
        In all, those of earlier runs counted.
    seconds : float, optional
        After so long no further trial is begun.
    vectors, gazetteers, threads, compress
        See `WindowClassifier.fit` and `WindowClassifier.save`.
    listener : callable, optional
        Is told of each batch and each epoch.
    told : callable, optional
        Is told of each trial that is done.

    Raises
    ------
    DataError
        If there is no dev text, or it or the training text cannot be used.
    ModelError
        If the study or the best model cannot be written.
    """
    if not corpus.splits.get("dev"):
        raise DataError(
            f"{corpus.name}: has no dev split, by which trials are judged: name the file with --dev"
        )
    begun = time.monotonic()
    with told_plainly(search.folder):
        while search.done < trials and (seconds is None or time.monotonic() - begun < seconds):
            trial = search.study.ask()
            try:
                config = make_config({**given, **suggest(trial, space)})
                classifier = WindowClassifier(**asdict(config))
                try:
                    classifier.fit(
                        corpus,
                        vectors=vectors,
                        gazetteers=gazetteers,
                        listener=_Watch(trial, listener),
                        threads=threads,
                    )
                except TrainingError:  # its best epoch before counts
                    search.diverged(trial)
                f1 = _best_f1(classifier)
                if f1 > search.best_f1 and classifier.is_fitted:
                    search.keep(trial, config, f1)
                    classifier.save(search.folder / BEST, compress=compress)
                    write_report(search.folder / BEST / REPORT, classifier, corpus)
                search.study.tell(trial, f1)
            except optuna.TrialPruned:
                search.study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            except BaseException:
                search.end_cut_off()
                raise
            if told:
                told(search.result().trials[-1])


def _best_f1(classifier: WindowClassifier) -> float:
    record = classifier.model.record if classifier.is_fitted else None
    return max((epoch.f1 or 0.0 for epoch in record.epochs), default=0.0) if record else 0.0
