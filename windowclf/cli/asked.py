"""What ``windowclf train`` was asked for: its checkpoints hold it, so that --resume is enough."""

from typing import Any

import click
import msgspec
from click.core import ParameterSource

from windowclf.cli.options import given_settings, parse_gazetteers
from windowclf.config.config import Config, make_config
from windowclf.errors import ModelError, UsageError
from windowclf.training.checkpoint_file import CHECKPOINT
from windowclf.training.checkpoints import Checkpoints

_BESIDE_RESUME = ("resume", "threads", "engine", "scheduler", "as_json", "quiet")


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of a training, but for its output; see ``windowclf train --help``."""

    config: Config
    data: str | None
    train_file: str | None
    dev_file: str | None
    test_file: str | None
    scheme: str
    tokens_column: str | None
    tags_column: str | None
    train_fraction: float
    vectors: str
    gazetteers: dict[str, str]
    compress: bool
    every: float
    threads: int | None


def make_asked(options: dict[str, Any]) -> Asked:
    """Put together what the command line said.

    Raises
    ------
    UsageError
        For a setting that is out of range, or a second gazetteer of a type.
    """
    config = make_config(given_settings(options))
    names = parse_gazetteers(options["gazetteers"])
    facts = {name: options[name] for name in Asked.__struct_fields__ if name in options}
    files = {kind: str(file) for kind, file in names.items()}
    return Asked(**facts | {"config": config, "gazetteers": files})


def read_asked(checkpoints: Checkpoints) -> Asked:
    """Read what the training that goes on was asked for.

    Raises
    ------
    ModelError
        If it was not started by ``windowclf train``.
    """
    try:
        return msgspec.convert(checkpoints.asked, Asked)
    except msgspec.ValidationError as error:
        raise ModelError(
            f"{checkpoints.folder / CHECKPOINT}: not of 'windowclf train': {error}"
        ) from None


def refuse_others(context: click.Context) -> None:
    """Refuse options that --resume does not heed.

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
