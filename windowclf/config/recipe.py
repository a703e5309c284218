"""Settings that follow from the size of a corpus, where they are not given.

The defaults of `Config` are those of fourteen thousand sentences. On a hundred sentences they would
end after a hundred updates, before the network has learned anything.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from windowclf.config.config import Config, given_settings, make_config

TRANSFER = 5_000
"""Sentences up to which a training begins with the bundled model, if nothing else is said."""


class CorpusSize(msgspec.Struct, frozen=True):
    """What a recipe goes by.

    Parameters
    ----------
    sentences, tokens : int
        Of the training text.
    labels : int
        Labels in it, such as PER and LOC.
    """

    sentences: int
    tokens: int
    labels: int


def choose_settings(
    given: Mapping[str, Any], size: CorpusSize, base: Mapping[str, Any] | None = None
) -> tuple[Config, dict[str, Any]]:
    """Fill in the settings of a training by the size of its text.

    Parameters
    ----------
    given : mapping of str to object
        Settings that stay as they are; see `make_config`.
    base : mapping of str to object, optional
        The settings that the network has from the model that its training begins with, if there
        is one.

    Returns
    -------
    config : Config
    chosen : dict of str to object
        The settings that are not given and differ from the defaults because of the size.

    Raises
    ------
    UsageError
        For a setting that is out of range.
    """
    fixed = given_settings(given)
    chosen = _by_size(size, transfer=base is not None)
    if fixed.keys() & {"batch_of", "loss"}:
        chosen.pop("batch_size", None)  # which counts sentences
    chosen = {name: value for name, value in chosen.items() if name not in fixed}
    config = make_config({**chosen, **fixed, **(base or {})})
    default = make_config({**fixed, **(base or {})})
    return config, {k: v for k, v in chosen.items() if getattr(default, k) != v}


def _by_size(size: CorpusSize, *, transfer: bool) -> dict[str, Any]:
    return {}
