"""The options of work that can be resumed: they are stored with it, so that --resume is enough."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import click
import msgspec
from click.core import ParameterSource
from msgspec import to_builtins

from windowclf.cli.mixture import MIXING, parse_mixture
from windowclf.cli.options import (
    READING,
    given_settings,
    parse_clusters,
    parse_gazetteers,
    parse_names,
)
from windowclf.config.config import RENAMED, Config, make_config
from windowclf.errors import ModelError, UsageError

_BESIDE_RESUME = ("resume", "threads", "engine", "scheduler", "as_json", "quiet")

R = TypeVar("R", bound=msgspec.Struct)


class TrainOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of a training, but for its output; see ``windowclf train --help``.

    Parameters
    ----------
    settings : dict
        Those that were given; others follow from the size of the corpus.
    base_model : str, optional
        See `WindowClassifier.fit`.
    """

    settings: dict[str, Any]
    data: list[str]
    weights: list[str] = []
    maps: list[str] = []
    lacks: list[str] = []
    train_file: str | None
    dev_file: str | None
    test_file: str | None
    scheme: str
    reading: dict[str, str]
    train_fraction: float
    vectors: str
    gazetteers: dict[str, str]
    clusters: dict[str, str] = {}
    names: dict[str, list[str]] = {}
    trained_teachers: list[str] = []
    unlabelled: list[str] = []
    base_model: str | None = None
    keep_labels: bool = False
    compress: bool
    every: float
    threads: int | None

    @classmethod
    def from_command_line(cls, options: dict[str, Any]) -> Self:
        """Check the options of a command, and put the settings among them into `settings`.

        Raises
        ------
        UsageError
            For a setting that is out of range, a second gazetteer of a type, corpora that cannot be
            used together, or text that nobody teaches.
        """
        from windowclf.training.distillation import check_teaching
        from windowclf.training.kept_labels import check_keeping

        settings = given_settings(options)
        config = make_config(settings)
        parse_mixture(options)
        teaching = {name: list(options[name]) for name in ("trained_teachers", "unlabelled")}
        taught = bool(teaching["trained_teachers"])
        if options["keep_labels"]:
            check_keeping(config, options["base_model"], taught=taught)
        check_teaching(config, teachers=taught, unlabelled=bool(teaching["unlabelled"]))
        files = {kind: str(file) for kind, file in parse_gazetteers(options["gazetteers"]).items()}
        clusters = {name: str(file) for name, file in parse_clusters(options["clusters"]).items()}
        names = {kind: [*map(str, found)] for kind, found in parse_names(options["names"]).items()}
        others = {name: options[name] for name in cls.__struct_fields__ if name in options}
        reading = {name: options[name] for name in READING if options.get(name) is not None}
        repeated = {name: list(options[name]) for name in ("data", *MIXING)}
        return cls(
            **others
            | repeated
            | teaching
            | {
                "settings": to_builtins(settings),
                "gazetteers": files,
                "clusters": clusters,
                "names": names,
                "reading": reading,
            }
        )

    def names_by_type(self) -> dict[str, list[Path]]:
        """Give the files of --names as the library takes them."""
        return {kind: [*map(Path, files)] for kind, files in self.names.items()}


class TuneOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of a search, but for its output; see ``windowclf tune --help``."""

    options: dict[str, Any]
    fixed: dict[str, Any] = msgspec.field(name="given")  # as version 0.1.0 calls the settings
    search: list[str]
    trials: int

    @classmethod
    def from_command_line(cls, options: dict[str, Any], search: Sequence[str], trials: int) -> Self:
        """Sort the options of a command into the settings of all trials and the others."""
        parse_mixture(options)
        settings = {"preset", *Config.__struct_fields__, *RENAMED}
        others = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in options.items()
            if name not in settings
        }
        fixed = given_settings(options)
        return cls(options=others, fixed=fixed, search=list(search), trials=trials)


def read_options(stored: object, record: type[R], complaint: str) -> R:
    """Read the options that were stored with work that is resumed.

    Parameters
    ----------
    stored : object
        From JSON.
    complaint : str
        Begins the error: the file, and what it should have been.

    Raises
    ------
    ModelError
        If they are not those of `record`.
    """
    if isinstance(stored, dict):
        # Before several corpora could be given, there was one, or None.
        if record is TrainOptions:
            stored = _with_corpora(stored)
            if isinstance(stored.get("config"), dict):  # as 0.1.0 stores all settings
                stored = stored | {"settings": stored["config"]}
                del stored["config"]
        elif isinstance(stored.get("options"), dict):
            stored = stored | {"options": _with_corpora(stored["options"])}
    if isinstance(stored, dict) and record is TrainOptions and "reading" not in stored:
        # Version 0.1.0 had only these two options of reading, each in its own place.
        names = ("tokens_column", "tags_column")
        before = {name: stored[name] for name in names if stored.get(name) is not None}
        stored = {k: v for k, v in stored.items() if k not in names} | {"reading": before}
    try:
        return msgspec.convert(stored, record)
    except msgspec.ValidationError as error:
        raise ModelError(f"{complaint}: {error}") from None


def _with_corpora(options: dict[str, Any]) -> dict[str, Any]:
    """Give stored options the form that they have since several corpora can be given."""
    data = options.get("data")
    if isinstance(data, list):
        return options
    return options | {"data": [] if data is None else [data], **{name: [] for name in MIXING}}


def refuse_others(context: click.Context) -> None:
    """Refuse options that --resume would not use.

    Raises
    ------
    UsageError
        If there is one.
    """
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in _BESIDE_RESUME:
            raise UsageError(
                f"--resume goes on with the options that the training was given: leave out "
                f"{parameter.opts[0]}"
            )
