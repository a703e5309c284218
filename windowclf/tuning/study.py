"""A search that lies in a folder: a study of Optuna in a file of SQLite.

SQLite writes each change whole or not at all, also when the process is killed; a journal in a text
file would be left with half a line, on which the next one is written.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import optuna
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from windowclf.config.config import Config
from windowclf.errors import ModelError, one_line
from windowclf.model.manifest import read_manifest
from windowclf.tuning.result import State, Trial, Tuning
from windowclf.tuning.space import Searched

STUDY = "study.db"
BEST = "best"
PAGE = "tuning.html"
FEWEST_FOR_IMPORTANCE = 8
_ASKED, _F1, _CONFIG, _DIVERGED, _LOST = "asked", "f1", "config", "diverged", "lost"
_STATES = (TrialState.COMPLETE, TrialState.PRUNED)


@contextmanager
def told_plainly(folder: Path) -> Iterator[None]:
    """Say in one line that the study cannot be read or written."""
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = error.__cause__ or error  # which has what SQLite itself says
        reason = one_line(Exception(getattr(cause, "orig", None) or cause))
        raise ModelError(
            f"{folder / STUDY}: cannot be used: {reason}; give another --output, or remove {folder}"
        ) from None


class Search:
    """A search that is begun, or goes on.

    Parameters
    ----------
    folder : Path
        Must exist; nobody else may search there, see `alone`.
    sampler : {"tpe", "random"}
        Trials are drawn near the good ones (a tree-structured Parzen estimator), or anywhere.
    seed : int
        Of the sampler.
    prune : bool
        Whether trials are ended that are worse than the median of those before at the same epoch.

    Raises
    ------
    ModelError
        If the study in the folder cannot be read.
    """

    def __init__(
        self, folder: Path, *, sampler: Literal["tpe", "random"], seed: int, prune: bool
    ) -> None:
        self.folder = folder
        with told_plainly(folder), _quiet():
            self.study = optuna.create_study(
                storage=_storage(folder),
                study_name="windowclf",
                direction="maximize",
                load_if_exists=True,
            )
            self.end_cut_off()
            begun = len(self.study.get_trials(deepcopy=False))
        # Going on with the first draws again would try the same settings again.
        drawn = (seed * 1_000_003 + begun) % 2**32
        self.study.sampler = _sampler(sampler, drawn)
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
        """Note that the model of a trial is about to be kept, with what it has for settings."""
        trial.set_user_attr(_CONFIG, _written(config))
        trial.set_user_attr(_F1, f1)

    def diverged(self, trial: optuna.Trial) -> None:
        """Note that the loss of a trial was no longer finite."""
        trial.set_user_attr(_DIVERGED, True)

    def lost(self, trial: optuna.Trial) -> None:
        """Note that the workers of a trial were lost, and its model with them."""
        trial.set_user_attr(_LOST, True)

    def end_cut_off(self) -> None:
        """End what was cut off; a trial whose model was kept already is done."""
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if _F1 in trial.user_attrs and trial.user_attrs[_CONFIG] == _kept(self.folder):
                self.study.tell(trial.number, trial.user_attrs[_F1])
            else:
                self.study.tell(trial.number, state=TrialState.FAIL)

    def result(self) -> Tuning:
        """List the trials that have come to an end."""
        trials = self.study.get_trials(deepcopy=False, states=_STATES)
        in_order = sorted(trials, key=lambda trial: trial.datetime_complete or datetime.max)
        listed = [_listed(trial, number) for number, trial in enumerate(in_order, 1)]
        whole = [trial for trial in listed if trial.state not in ("pruned", "lost")]
        best = max(whole, key=lambda trial: trial.f1, default=None)
        return Tuning(
            trials=listed,
            best=best.number if best else None,
            importance=_importance(self.study, whole),
        )


def read_asked(folder: Path) -> Any:
    """Read what a search was asked for; None if there is no search in the folder.

    Raises
    ------
    ModelError
        If the study cannot be read.
    """
    if not (folder / STUDY).is_file():
        return None
    with told_plainly(folder), _quiet():
        asked = [study.user_attrs.get(_ASKED) for study in _storage(folder).get_all_studies()]
    return asked[0] if asked else None


def write_asked(search: Search, asked: Any) -> None:
    """Keep what a search was asked for beside its trials."""
    with told_plainly(search.folder):
        search.study.set_user_attr(_ASKED, asked)


def suggest(trial: optuna.Trial, space: Sequence[Searched]) -> dict[str, Any]:
    """Draw the settings of a trial."""
    found: dict[str, Any] = {}
    for one in space:
        if one.choices:
            found[one.name] = trial.suggest_categorical(one.name, one.choices)
        elif isinstance(one.low, int) and isinstance(one.high, int):
            step = int(one.step or 1)
            found[one.name] = trial.suggest_int(one.name, one.low, one.high, step=step, log=one.log)
        else:
            found[one.name] = trial.suggest_float(
                one.name, one.low, one.high, step=one.step, log=one.log
            )
    return found


def _sampler(kind: Literal["tpe", "random"], seed: int) -> optuna.samplers.BaseSampler:
    if kind == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    # Trials that are under way on a cluster count as bad ones until they end, so that those at
    # the same time are not drawn side by side. Of one trial after another nothing changes.
    with _quiet():  # experimental before Optuna 5
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)


def _storage(folder: Path) -> optuna.storages.RDBStorage:
    path = str((folder / STUDY).absolute())
    return optuna.storages.RDBStorage(URL.create("sqlite", database=path).render_as_string())


def _kept(folder: Path) -> str | None:
    """Give the settings of the model that is kept; None if there is none."""
    try:
        return _written(read_manifest(folder / BEST).config)
    except ModelError:
        return None


def _written(config: Config) -> str:
    return msgspec.json.encode(config).decode()


def _listed(trial: FrozenTrial, number: int) -> Trial:
    epochs = [f1 for _, f1 in sorted(trial.intermediate_values.items())]
    state: State = "pruned" if trial.state is TrialState.PRUNED else "done"
    if trial.user_attrs.get(_DIVERGED):
        state = "diverged"
    f1 = max(epochs, default=0.0) if trial.value is None else trial.value
    if trial.user_attrs.get(_LOST):
        state, f1 = "lost", 0.0
    return Trial(
        number=number,
        state=state,
        f1=f1,
        settings=dict(trial.params),
        epochs=epochs,
        seconds=trial.duration.total_seconds() if trial.duration else 0.0,
    )


def _importance(study: optuna.Study, whole: Sequence[Trial]) -> dict[str, float]:
    """Measure by PED-ANOVA (Watanabe, Bansal and Hutter, IJCAI 2023), if there is enough to see."""
    if len(whole) < FEWEST_FOR_IMPORTANCE or len({trial.f1 for trial in whole}) < 2:
        return {}
    with _quiet():
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        return optuna.importance.get_param_importances(study, evaluator=evaluator)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Optuna logs, and what it says of itself, off the terminal."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
