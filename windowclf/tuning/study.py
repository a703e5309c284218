"""A search and its trials in a folder: an Optuna study in an SQLite file.

SQLite writes each change atomically, even if the process is killed. A journal in a text file could
be left with half a line, to which the next line would be appended.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import optuna
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from windowclf.config.config import Config
from windowclf.errors import ModelError, one_line
from windowclf.model.manifest import read_manifest

STUDY = "study.db"
BEST = "best"
PAGE = "tuning.html"
FEWEST_FOR_IMPORTANCE = 8
_OPTIONS, _F1, _CONFIG = "asked", "f1", "config"  # keys in the file, unchanged since 0.1.0
_STATES = (TrialState.COMPLETE, TrialState.PRUNED)


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A trial as plain values, for a terminal, JSON and a page.

    Parameters
    ----------
    number : int
        Number from 1, in the order in which the trials ended, without interrupted trials.
    state : {"done", "pruned", "diverged", "lost"}
        Whether the trial was completed, was stopped because it was worse than the median of the
        earlier ones, had a loss that was not finite, or lost too many workers of a cluster.
    f1 : float
        F1 of its best epoch on the dev text, from 0 to 1; 0 without an epoch or a model.
    settings : dict
        Its values of the searched settings.
    epochs : list of float
        F1 after each epoch.
    seconds : float
        Time from drawing its settings to its end.
    """

    number: int
    state: Literal["done", "pruned", "diverged", "lost"]
    f1: float
    settings: dict[str, Any]
    epochs: list[float]
    seconds: float


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """All trials of a search.

    Parameters
    ----------
    trials : list of Trial
        In the order in which they ended.
    best : int, optional
        The number of the trial with the highest F1 among those that were not pruned or lost.
    importance : dict of str to float
        The share of each setting in the difference between good trials and all, the largest first;
        the shares add up to 1. Empty if there are too few trials.
    """

    trials: list[Trial]
    best: int | None
    importance: dict[str, float]

    @property
    def best_trial(self) -> Trial | None:
        """The trial with the number `best`; None without one."""
        return next((trial for trial in self.trials if trial.number == self.best), None)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, with F1 from 0 to 1."""
        facts = {"best": self.best_trial, "importance": self.importance, "trials": self.trials}
        return {name: msgspec.to_builtins(value) for name, value in facts.items()}


@contextmanager
def study_errors(folder: Path) -> Iterator[None]:
    """Convert errors in reading or writing the study to an error of one line."""
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = error.__cause__ or error  # the error of SQLite itself
        reason = one_line(Exception(getattr(cause, "orig", None) or cause))
        raise ModelError(
            f"{folder / STUDY}: cannot be used: {reason}; choose another --output, or remove "
            f"{folder}"
        ) from None


class Search:
    """The study of a new or resumed search.

    Parameters
    ----------
    folder : Path
        An existing folder in which no other process is searching, see `exclusive_lock`.
    sampler : {"tpe", "random"}
        Whether settings are drawn near those of good trials, by a tree-structured Parzen estimator,
        or uniformly.
    seed : int
        Seeds the sampler, together with the number of earlier trials.
    prune : bool
        Whether to stop trials that are worse than the median of the earlier ones at the same epoch.
    """

    def __init__(
        self, folder: Path, *, sampler: Literal["tpe", "random"], seed: int, prune: bool
    ) -> None:
        self.folder = folder
        with study_errors(folder), _quiet():
            self.study = optuna.create_study(
                storage=_storage(folder),
                study_name="windowclf",
                direction="maximize",
                load_if_exists=True,
            )
            self.end_cut_off()
            begun = len(self.study.get_trials(deepcopy=False))
        # With the seed alone, a resumed search would try the same settings again.
        self.study.sampler = _sampler(sampler, (seed * 1_000_003 + begun) % 2**32)
        self.study.pruner = (
            optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1)
            if prune
            else optuna.pruners.NopPruner()
        )

    @property
    def done(self) -> int:
        """The number of trials that have ended, without interrupted ones."""
        return len(self.study.get_trials(deepcopy=False, states=_STATES))

    @property
    def best_f1(self) -> float:
        """The highest F1 of a trial that was not pruned; -1 without one."""
        done = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return max((trial.value or 0.0 for trial in done), default=-1.0)

    def keep(self, trial: optuna.Trial, config: Config, f1: float) -> None:
        """Record that the model of a trial is about to be saved, with its settings and F1."""
        trial.set_user_attr(_CONFIG, _written(config))
        trial.set_user_attr(_F1, f1)

    def mark(self, trial: optuna.Trial, state: Literal["diverged", "lost"]) -> None:
        """Record that the loss of a trial was not finite, or that its workers were lost."""
        trial.set_user_attr(state, True)

    def end_cut_off(self) -> None:
        """End interrupted trials; a trial whose model was already saved counts as done."""
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if _F1 in trial.user_attrs and trial.user_attrs[_CONFIG] == _kept(self.folder):
                self.study.tell(trial.number, trial.user_attrs[_F1])
            else:
                self.study.tell(trial.number, state=TrialState.FAIL)

    def result(self) -> Tuning:
        """Return the trials that have ended."""
        with study_errors(self.folder):
            trials = self.study.get_trials(deepcopy=False, states=_STATES)
            in_order = sorted(trials, key=lambda trial: trial.datetime_complete or datetime.max)
            listed = [_plain(trial, number) for number, trial in enumerate(in_order, 1)]
            whole = [trial for trial in listed if trial.state not in ("pruned", "lost")]
            best = max(whole, key=lambda trial: trial.f1, default=None)
            return Tuning(
                trials=listed,
                best=best.number if best else None,
                importance=_importance(self.study, whole),
            )

    def write_options(self, options: Any) -> None:
        """Store the options of the search with its trials."""
        with study_errors(self.folder):
            self.study.set_user_attr(_OPTIONS, options)


def stored_options(folder: Path) -> Any:
    """Read the options of a search; None if there is no search in the folder.

    Raises
    ------
    ModelError
        If the study cannot be read.
    """
    if not (folder / STUDY).is_file():
        return None
    with study_errors(folder), _quiet():
        found = [study.user_attrs.get(_OPTIONS) for study in _storage(folder).get_all_studies()]
    return found[0] if found else None


def _sampler(kind: Literal["tpe", "random"], seed: int) -> optuna.samplers.BaseSampler:
    if kind == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    # Trials in progress on a cluster count as bad until they end, so that concurrent trials are not
    # drawn close together. This has no effect on sequential trials.
    with _quiet():  # before Optuna 5 the option warns that it is experimental
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)


def _storage(folder: Path) -> optuna.storages.RDBStorage:
    path = str((folder / STUDY).absolute())
    # Connections are closed after each use, because Python 3.13 and later warn about unclosed ones.
    return optuna.storages.RDBStorage(
        URL.create("sqlite", database=path).render_as_string(),
        engine_kwargs={"poolclass": NullPool},
    )


def _kept(folder: Path) -> str | None:
    """Return the settings of the saved model; None without one."""
    try:
        return _written(read_manifest(folder / BEST).config)
    except ModelError:
        return None


def _written(config: Config) -> str:
    return msgspec.json.encode(config).decode()


def _plain(trial: FrozenTrial, number: int) -> Trial:
    epochs = [f1 for _, f1 in sorted(trial.intermediate_values.items())]
    lost, diverged = (trial.user_attrs.get(state) for state in ("lost", "diverged"))
    pruned = trial.state is TrialState.PRUNED
    f1 = max(epochs, default=0.0) if trial.value is None else trial.value
    return Trial(
        number=number,
        state="lost" if lost else "diverged" if diverged else "pruned" if pruned else "done",
        f1=0.0 if lost else f1,
        settings=dict(trial.params),
        epochs=epochs,
        seconds=trial.duration.total_seconds() if trial.duration else 0.0,
    )


def _importance(study: optuna.Study, whole: list[Trial]) -> dict[str, float]:
    """Measure importance by PED-ANOVA (Watanabe, Bansal and Hutter, IJCAI 2023) if possible."""
    if len(whole) < FEWEST_FOR_IMPORTANCE or len({trial.f1 for trial in whole}) < 2:
        return {}
    with _quiet():
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        return optuna.importance.get_param_importances(study, evaluator=evaluator)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the log and the warnings of Optuna off the terminal."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
