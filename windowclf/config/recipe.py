"""Settings that follow from the size of a corpus, where they are not given.

The defaults of `Config` are those of fourteen thousand sentences. On a hundred sentences they would
end after a hundred updates, before the network has learned anything.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from windowclf.config.config import Config, given_settings, make_config

_READ_TO_KEEP = 10_000  # sentences, over all epochs
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
    given: Mapping[str, Any],
    size: CorpusSize,
    base: Mapping[str, Any] | None = None,
    *,
    keeps: bool = False,
) -> tuple[Config, dict[str, Any]]:
    """Fill in the settings of a training by the size of its text.

    Parameters
    ----------
    given : mapping of str to object
        Settings that stay as they are; see `make_config`.
    base : mapping of str to object, optional
        The settings that the network has from the model that its training begins with, if there
        is one.
    keeps : bool
        Whether the network keeps labels of that model.

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
    if keeps:
        chosen |= _to_keep(size)
    if fixed.keys() & {"batch_of", "loss"}:
        chosen.pop("batch_size", None)  # which counts sentences
    chosen = {name: value for name, value in chosen.items() if name not in fixed}
    config = make_config({**chosen, **(base or {}), **fixed})
    default = make_config({**(base or {}), **fixed})
    return config, {k: v for k, v in chosen.items() if getattr(default, k) != v}


def _by_size(size: CorpusSize, *, transfer: bool) -> dict[str, Any]:
    return {}


def _to_keep(size: CorpusSize) -> dict[str, Any]:
    """Choose settings with which a network learns labels and does not forget others.

    What it forgets grows with the rate much faster than with the number of updates.
    """
    epochs = round(_READ_TO_KEEP / max(size.sentences, 1))
    return {"rate": 0.0003, "batch_size": 8, "epochs": min(max(epochs, 10), 100)}
