"""The trials of a search: trainings whose F1 on the dev text is recorded."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import optuna
from msgspec.structs import asdict

from windowclf.classifier import WindowClassifier
from windowclf.config.config import Config, given_settings, make_config
from windowclf.corpora.corpus import Corpus
from windowclf.errors import DataError, TrainingError
from windowclf.lexicon.clusters import Clusters
from windowclf.model.folder import REPORT
from windowclf.model.record import Epoch
from windowclf.training.fit import Listener
from windowclf.training.loop import BatchDone, NetworkBegins
from windowclf.tuning.space import Searched
from windowclf.tuning.study import BEST, Search, Trial, study_errors

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """The trainings of a search, and its limits.

    Parameters
    ----------
    corpus : Corpus
        A corpus with a dev split, on which trials are scored.
    space : sequence of Searched
        The settings that differ from trial to trial.
    fixed : mapping of str to object
        The settings that all trials share, the seed among them.
    trials : int
        The number of trials, including those of earlier runs.
    seconds : float, optional
        No further trial starts after this time.
    vectors, gazetteers, clusters, names
        See `WindowClassifier.fit`.
    compress : bool
        See `WindowClassifier.save`.
    """

    corpus: Corpus
    space: Sequence[Searched]
    fixed: Mapping[str, Any]
    trials: int
    seconds: float | None = None
    vectors: str = "bundled"
    gazetteers: Mapping[str, str | Path | Iterable[str]] | None = None
    clusters: Mapping[str, str | Path | Clusters | Mapping[str, str | int]] | None = None
    names: Mapping[str, str | Path | Iterable[str | Path]] | None = None
    compress: bool = False


class Trained(NamedTuple):
    """The result of a training; if it diverged, that of the best epoch before, if there is one."""

    classifier: WindowClassifier
    diverged: bool

    @property
    def f1(self) -> float:
        """F1 of the best epoch on the dev text; 0 without an epoch."""
        if not self.classifier.is_fitted or not self.classifier.model.record:
            return 0.0
        return max((epoch.f1 or 0.0 for epoch in self.classifier.model.record.epochs), default=0.0)


def train(
    plan: SearchPlan,
    config: Config,
    *,
    on_epoch: Callable[[int, float], None],
    listener: Listener | None = None,
    threads: int | None = None,
) -> Trained:
    """Train with the settings of one trial.

    The listener is called with each batch and each epoch, and `on_epoch` with the number of each
    epoch, counted over all networks if there are teachers, and its F1. Either may stop the training
    with an exception.
    """
    epochs = 0

    def listen(event: BatchDone | Epoch | NetworkBegins) -> None:
        nonlocal epochs
        if listener and not isinstance(event, NetworkBegins):  # a trial is shown in one line
            listener(event)
        if isinstance(event, Epoch) and event.f1 is not None:
            epochs += 1
            on_epoch(epochs, event.f1)

    given = {*given_settings(plan.fixed), *(one.name for one in plan.space)}
    settings = {name: value for name, value in asdict(config).items() if name in given}
    classifier = WindowClassifier(**settings)
    try:
        classifier.fit(
            plan.corpus,
            vectors=plan.vectors,
            gazetteers=plan.gazetteers,
            clusters=plan.clusters,
            names=plan.names,
            listener=listen,
            threads=threads,
        )
    except TrainingError:
        return Trained(classifier, diverged=True)
    return Trained(classifier, diverged=False)


def _in_clerk(
    method: Callable[Concatenate["Trials", P], T],
) -> Callable[Concatenate["Trials", P], T]:
    """Run a method in the only thread that uses the study.

    Ctrl-C interrupts the main thread. There it could interrupt SQLite during a change, and later
    writes would find the file locked.
    """

    def run(self: "Trials", /, *arguments: P.args, **named: P.kwargs) -> T:
        return self.clerk.submit(method, self, *arguments, **named).result()

    return update_wrapper(run, method)


class Trials:
    """Draws, judges and stores trials, which may be trained elsewhere, until there are enough.

    Parameters
    ----------
    search : Search
        The search, which may have trials of earlier runs.
    plan : SearchPlan
        The trainings and their number.
    on_trial : callable, optional
        Called with each trial that has ended.
    write_report : callable, optional
        Writes the report of a training, as `windowclf.write_report` does.

    Raises
    ------
    DataError
        If there is no dev text.
    """

    def __init__(
        self,
        search: Search,
        plan: SearchPlan,
        *,
        on_trial: Callable[[Trial], None] | None = None,
        write_report: Callable[[Path, WindowClassifier, Corpus], None] | None = None,
    ) -> None:
        if not plan.corpus.splits.get("dev"):
            raise DataError(
                f"{plan.corpus.name}: has no dev split, on which trials are scored: "
                "name the file with --dev"
            )
        self.plan, self._search = plan, search
        self._on_trial, self._write_report = on_trial, write_report
        self._end = None if plan.seconds is None else time.monotonic() + plan.seconds
        self.clerk = ThreadPoolExecutor(1)

    def run(self, *, threads: int | None = None, listener: Listener | None = None) -> None:
        """Train one trial after another in this process, and keep the best model in `BEST`.

        If it is interrupted, the study has the finished trials, but not the current one. The
        listener is called with each batch and each epoch.

        Raises
        ------
        DataError
            If the corpus cannot be used.
        ModelError
            If the study or the best model cannot be written.
        """
        with self.under_way():
            while self.wanted():
                trial, config = self.begin()

                def on_epoch(epoch: int, f1: float, trial: optuna.Trial = trial) -> None:
                    if self.hopeless(trial, epoch, f1):
                        raise optuna.TrialPruned

                try:
                    trained = train(
                        self.plan, config, on_epoch=on_epoch, listener=listener, threads=threads
                    )
                except optuna.TrialPruned:
                    self.pruned(trial)
                else:
                    self.done(trial, trained)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Keep the finished trials at the end of the block, and end the others."""
        with study_errors(self._search.folder), self.clerk:
            try:
                yield
            except BaseException:
                self.clerk.submit(self._search.end_cut_off).result()
                raise

    @_in_clerk
    def wanted(self, under_way: int = 0) -> bool:
        """Whether another trial should start, besides those in progress."""
        if self._end is not None and time.monotonic() >= self._end:
            return False
        return self._search.done + under_way < self.plan.trials

    @_in_clerk
    def begin(self) -> tuple[optuna.Trial, Config]:
        """Draw the settings of a trial."""
        trial = self._search.study.ask()
        drawn = {searched.name: searched.draw(trial) for searched in self.plan.space}
        return trial, make_config({**self.plan.fixed, **drawn})

    @_in_clerk
    def hopeless(self, trial: optuna.Trial, epoch: int, f1: float) -> bool:
        """Record the F1 of an epoch; return whether to stop the trial."""
        trial.report(f1, epoch)
        return trial.should_prune()

    @_in_clerk
    def done(self, trial: optuna.Trial, trained: Trained) -> None:
        """Score a trial that is complete or has diverged, and save its model if it is the best."""
        search, f1 = self._search, trained.f1
        if trained.diverged:
            search.mark(trial, "diverged")
        if f1 > search.best_f1 and trained.classifier.is_fitted:
            search.keep(trial, trained.classifier.config, f1)
            folder = search.folder / BEST
            trained.classifier.save(folder, compress=self.plan.compress)
            if self._write_report:
                self._write_report(folder / REPORT, trained.classifier, self.plan.corpus)
        search.study.tell(trial, f1)
        self._notify()

    @_in_clerk
    def pruned(self, trial: optuna.Trial, *, lost: bool = False) -> None:
        """End a trial that is hopeless, or that lost too many workers."""
        if lost:
            self._search.mark(trial, "lost")
        self._search.study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        self._notify()

    def _notify(self) -> None:
        if self._on_trial:
            self._on_trial(self._search.result().trials[-1])
