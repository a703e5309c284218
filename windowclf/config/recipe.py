"""Settings that follow from the size of a corpus, where they are not given.

The defaults of `Config` are those of fourteen thousand sentences. On a hundred sentences they would
end after a hundred updates, before the network has learned anything.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from windowclf.config.config import Config, given_settings, make_config

FEWEST_TO_FOLD = 10
"""Sentences below which none is held out."""
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
    dev : bool
        Whether there is a dev text.
    """

    sentences: int
    tokens: int
    labels: int
    dev: bool = False


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
    if fixed.get("loss") == "ranking":
        chosen.pop("folds", None)  # it chooses its threshold on a dev text
    if fixed.keys() & {"batch_of", "loss"}:
        chosen.pop("batch_size", None)  # which counts sentences
    chosen = {name: value for name, value in chosen.items() if name not in fixed}
    config = make_config({**chosen, **(base or {}), **fixed})
    default = make_config({**(base or {}), **fixed})
    return config, {k: v for k, v in chosen.items() if getattr(default, k) != v}


def _by_size(size: CorpusSize, *, transfer: bool) -> dict[str, Any]:
    return {"folds": _folds(size)}


def _folds(size: CorpusSize) -> int:
    """Choose how many networks are trained besides, to know what to expect.

    The fewer sentences there are, the more of them have to be held out in turn for that, and the
    less each network costs.
    """
    if size.dev or size.sentences < FEWEST_TO_FOLD:
        return 0
    steps = ((500, 5), (3_000, 2), (20_000, 1))
    return next((folds for most, folds in steps if size.sentences <= most), 0)
