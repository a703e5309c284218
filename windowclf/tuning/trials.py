"""What becomes of trials, wherever they are trained: they are drawn, judged, kept and told."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import optuna

from windowclf.config.config import Config, make_config
from windowclf.corpora.sources import Corpus
from windowclf.errors import DataError
from windowclf.model.folder import REPORT
from windowclf.reports.html.training import write_report
from windowclf.tuning.result import Trial
from windowclf.tuning.space import Searched
from windowclf.tuning.study import BEST, Search, suggest, told_plainly
from windowclf.tuning.training import Trained

P = ParamSpec("P")
T = TypeVar("T")


class Trials:
    """Trials of a search, until there are enough of them.

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
    compress : bool
        See `WindowClassifier.save`.
    told : callable, optional
        Is told of each trial that is done.

    Raises
    ------
    DataError
        If there is no dev text.
    """

    def __init__(
        self,
        search: Search,
        corpus: Corpus,
        space: Sequence[Searched],
        given: Mapping[str, Any],
        *,
        trials: int,
        seconds: float | None = None,
        compress: bool = False,
        told: Callable[[Trial], None] | None = None,
    ) -> None:
        if not corpus.splits.get("dev"):
            raise DataError(
                f"{corpus.name}: has no dev split, by which trials are judged: "
                "name the file with --dev"
            )
        self._search, self._corpus, self._space, self._given = search, corpus, space, given
        self._trials, self._compress, self._told = trials, compress, told
        self._end = None if seconds is None else time.monotonic() + seconds
        # Alone uses the study: Ctrl-C, which is heard in the main thread, would leave SQLite in the
        # middle of a change, and what is then to be written finds the file locked.
        self._clerk = ThreadPoolExecutor(1)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Keep what is done, whatever ends the block, and end what is not."""
        with told_plainly(self._search.folder), self._clerk:
            try:
                yield
            except BaseException:
                self._by_clerk(self._search.end_cut_off)
                raise

    def wanted(self, under_way: int = 0) -> bool:
        """Whether another trial is to begin, beside those that are under way."""
        if self._end is not None and time.monotonic() >= self._end:
            return False
        return self._by_clerk(lambda: self._search.done) + under_way < self._trials

    def begin(self) -> tuple[optuna.Trial, Config]:
        """Draw the settings of a trial."""
        return self._by_clerk(self._begin)

    def hopeless(self, trial: optuna.Trial, epoch: int, f1: float) -> bool:
        """Note the F1 of an epoch; say whether the trial is to be ended."""
        return self._by_clerk(self._hopeless, trial, epoch, f1)

    def done(self, trial: optuna.Trial, config: Config, trained: Trained) -> None:
        """Judge a trial that has run to its end or diverged, and keep its model if it is best."""
        self._by_clerk(self._done, trial, config, trained)

    def pruned(self, trial: optuna.Trial) -> None:
        """End a trial that is hopeless."""
        self._by_clerk(self._pruned, trial)

    def lost(self, trial: optuna.Trial) -> None:
        """End a trial whose workers were lost, one after another."""
        self._by_clerk(self._search.lost, trial)
        self._by_clerk(self._pruned, trial)

    def _by_clerk(self, function: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        return self._clerk.submit(function, *given, **named).result()

    def _begin(self) -> tuple[optuna.Trial, Config]:
        trial = self._search.study.ask()
        return trial, make_config({**self._given, **suggest(trial, self._space)})

    def _hopeless(self, trial: optuna.Trial, epoch: int, f1: float) -> bool:
        trial.report(f1, epoch)
        return trial.should_prune()

    def _done(self, trial: optuna.Trial, config: Config, trained: Trained) -> None:
        search, f1 = self._search, trained.f1
        if trained.diverged:
            search.diverged(trial)
        if f1 > search.best_f1 and trained.classifier.is_fitted:
            search.keep(trial, config, f1)
            trained.classifier.save(search.folder / BEST, compress=self._compress)
            write_report(search.folder / BEST / REPORT, trained.classifier, self._corpus)
        search.study.tell(trial, f1)
        self._tell()

    def _pruned(self, trial: optuna.Trial) -> None:
        self._search.study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        self._tell()

    def _tell(self) -> None:
        if self._told:
            self._told(self._search.result().trials[-1])
