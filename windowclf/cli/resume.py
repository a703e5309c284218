"""The options of work that can be resumed; they are stored with it for --resume."""

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
    """The options of a training except its output; see ``windowclf train --help``.

    Parameters
    ----------
    settings : dict
        The settings from the command line; defaults may depend on the size of the corpus.
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
        """Check the options of a command, and collect the fields of `Config` in `settings`.

        Raises
        ------
        UsageError
            If a setting is out of range, a type has two gazetteers, the corpora cannot be combined,
            or there is unlabelled text but no teacher.
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
        """Return the files of --names by type, as the library takes them."""
        return {kind: [*map(Path, files)] for kind, files in self.names.items()}


class TuneOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of a search except its output; see ``windowclf tune --help``."""

    options: dict[str, Any]
    fixed: dict[str, Any] = msgspec.field(name="given")  # the name in files of 0.1.0
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
    """Read the stored options of work that is resumed.

    Parameters
    ----------
    stored : object
        The parsed JSON of the file.
    complaint : str
        Start of the error message: the name of the file and the expected content.

    Raises
    ------
    ModelError
        If the stored options are not valid for `record`.
    """
    if isinstance(stored, dict):
        # Earlier versions stored a single corpus, or None.
        if record is TrainOptions:
            stored = _with_corpora(stored)
            if isinstance(stored.get("config"), dict):  # 0.1.0 stored every setting
                stored = stored | {"settings": stored["config"]}
                del stored["config"]
        elif isinstance(stored.get("options"), dict):
            stored = stored | {"options": _with_corpora(stored["options"])}
    if isinstance(stored, dict) and record is TrainOptions and "reading" not in stored:
        # 0.1.0 had only these two reading options, outside of `reading`.
        names = ("tokens_column", "tags_column")
        before = {name: stored[name] for name in names if stored.get(name) is not None}
        stored = {k: v for k, v in stored.items() if k not in names} | {"reading": before}
    try:
        return msgspec.convert(stored, record)
    except msgspec.ValidationError as error:
        raise ModelError(f"{complaint}: {error}") from None


def _with_corpora(options: dict[str, Any]) -> dict[str, Any]:
    """Convert stored options of one corpus to the present form for several corpora."""
    data = options.get("data")
    if isinstance(data, list):
        return options
    return options | {"data": [] if data is None else [data], **{name: [] for name in MIXING}}


def refuse_others(context: click.Context) -> None:
    """Raise an error for options that --resume would ignore.

    Raises
    ------
    UsageError
        If there is such an option on the command line.
    """
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in _BESIDE_RESUME:
            raise UsageError(
                f"--resume continues with the stored options of the training: leave out "
                f"{parameter.opts[0]}"
            )
