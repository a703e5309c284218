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

RECIPES = (
    (50, (30, 4, 0.002), (80, 4, 0.002)),
    (200, (20, 4, 0.003), (60, 4, 0.002)),
    (1_000, (30, 8, 0.002), (40, 8, 0.002)),
    (5_000, (20, 16, 0.002), (20, 16, 0.002)),
)
"""Sentences, at the most; then epochs, batch size and rate of a training that begins with another
model, and of one that begins anew. docs/explanation/few-labels.md has the measurements. What counts
is the number of updates; dropout, word dropout and frozen vectors changed the F1 by less than the
seed."""


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
    if "batch_of" in fixed:
        chosen.pop("batch_size", None)  # which counts sentences
    if "optimizer" in fixed:
        chosen.pop("rate", None)  # which is that of Adam
    chosen = {name: value for name, value in chosen.items() if name not in fixed}
    config = make_config({**chosen, **fixed, **(base or {})})
    default = make_config({**fixed, **(base or {})})
    return config, {k: v for k, v in chosen.items() if getattr(default, k) != v}


def _by_size(size: CorpusSize, *, transfer: bool) -> dict[str, Any]:
    """Look a size up in the table of recipes."""
    for most, with_base, anew in RECIPES:
        if size.sentences <= most:
            epochs, batch_size, rate = with_base if transfer else anew
            patience = max(Config().patience, epochs // 2)
            return {
                "epochs": epochs,
                "batch_size": batch_size,
                "rate": rate,
                "patience": patience,
                "folds": _folds(size),
            }
    return {"folds": _folds(size)}


def _folds(size: CorpusSize) -> int:
    """Choose how many networks are trained besides, to know what to expect.

    The fewer sentences there are, the more of them have to be held out in turn for that, and the
    less each network costs.
    """
    if size.dev or size.sentences < FEWEST_TO_FOLD:
        return 0
    steps = ((500, 3), (3_000, 2), (20_000, 1))
    return next((folds for most, folds in steps if size.sentences <= most), 0)
