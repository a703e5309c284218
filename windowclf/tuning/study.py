"""A search and its trials in a folder: a study of Optuna in a file of SQLite.

SQLite writes each change whole or not at all, even when the process is killed. A journal in a text
file could be left with half a line, and the next line would be appended to it.
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
_OPTIONS, _F1, _CONFIG = "asked", "f1", "config"  # keys in the file, as version 0.1.0 has them
_STATES = (TrialState.COMPLETE, TrialState.PRUNED)


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One training, as plain values for a terminal, for JSON and for a page.

    Parameters
    ----------
    number : int
        From 1, in the order in which the trials ended; those that were cut off are left out.
    state : {"done", "pruned", "diverged", "lost"}
        Whether the trial ran to its end, was ended because it was worse than the median of those
        before, its loss was no longer finite, or worker after worker of a cluster was lost with it.
    f1 : float
        On the dev text, from 0 to 1, of its best epoch; 0 if it had none, or its model was lost.
    settings : dict
        The settings that are searched.
    epochs : list of float
        F1 after each epoch.
    seconds : float
        The time from drawing its settings to its end.
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
        How much of the difference between good trials and all comes from each setting, the largest
        first; the shares add up to 1. Empty if there are too few trials.
    """

    trials: list[Trial]
    best: int | None
    importance: dict[str, float]

    @property
    def best_trial(self) -> Trial | None:
        """The trial of that number."""
        return next((trial for trial in self.trials if trial.number == self.best), None)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, F1 from 0 to 1."""
        facts = {"best": self.best_trial, "importance": self.importance, "trials": self.trials}
        return {name: msgspec.to_builtins(value) for name, value in facts.items()}


@contextmanager
def study_errors(folder: Path) -> Iterator[None]:
    """Report in one line that the study cannot be read or written."""
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = error.__cause__ or error  # which has what SQLite itself says
        reason = one_line(Exception(getattr(cause, "orig", None) or cause))
        raise ModelError(
            f"{folder / STUDY}: cannot be used: {reason}; give another --output, or remove {folder}"
        ) from None


class Search:
    """The study of a new search, or of one that is resumed.

    Parameters
    ----------
    folder : Path
        Must exist; no other process may search there, see `exclusive_lock`.
    sampler : {"tpe", "random"}
        Trials are drawn near the good ones (a tree-structured Parzen estimator), or anywhere.
    seed : int
        Seeds the sampler, together with the number of earlier trials.
    prune : bool
        Whether trials are ended that are worse than the median of those before at the same epoch.
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
        # With the seed of the first run, a resumed search would try the same settings again.
        self.study.sampler = _sampler(sampler, (seed * 1_000_003 + begun) % 2**32)
        self.study.pruner = (
            optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1)
            if prune
            else optuna.pruners.NopPruner()
        )

    @property
    def done(self) -> int:
        """How many trials have come to an end; one that was cut off has not."""
        return len(self.study.get_trials(deepcopy=False, states=_STATES))

    @property
    def best_f1(self) -> float:
        """The highest F1 of a trial that was not pruned; -1 if there is none."""
        done = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return max((trial.value or 0.0 for trial in done), default=-1.0)

    def keep(self, trial: optuna.Trial, config: Config, f1: float) -> None:
        """Note that the model of a trial is about to be kept, with its settings and F1."""
        trial.set_user_attr(_CONFIG, _written(config))
        trial.set_user_attr(_F1, f1)

    def mark(self, trial: optuna.Trial, state: Literal["diverged", "lost"]) -> None:
        """Note that the loss of a trial was no longer finite, or its workers were lost."""
        trial.set_user_attr(state, True)

    def end_cut_off(self) -> None:
        """End the trials that were cut off; one whose model was kept already is done."""
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if _F1 in trial.user_attrs and trial.user_attrs[_CONFIG] == _kept(self.folder):
                self.study.tell(trial.number, trial.user_attrs[_F1])
            else:
                self.study.tell(trial.number, state=TrialState.FAIL)

    def result(self) -> Tuning:
        """List the trials that have come to an end."""
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
        """Keep the options of the search beside its trials."""
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
    # Trials that are under way on a cluster count as bad ones until they end, so that several are
    # not drawn side by side. This changes nothing when one trial follows another.
    with _quiet():  # the option warns that it is experimental before Optuna 5
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)


def _storage(folder: Path) -> optuna.storages.RDBStorage:
    path = str((folder / STUDY).absolute())
    # A connection is closed after each use: an unclosed one is warned of from Python 3.13 on.
    return optuna.storages.RDBStorage(
        URL.create("sqlite", database=path).render_as_string(),
        engine_kwargs={"poolclass": NullPool},
    )


def _kept(folder: Path) -> str | None:
    """Return the settings of the model that is kept; None if there is none."""
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
    """Measure by PED-ANOVA (Watanabe, Bansal and Hutter, IJCAI 2023), if trials suffice."""
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
