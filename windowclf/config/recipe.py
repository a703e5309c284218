"""Default settings that depend on the size of the corpus.

The defaults of `Config` suit fourteen thousand sentences. On a hundred sentences they would end
after a hundred updates, before the network has learned anything.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from windowclf.config.config import Config, given_settings, make_config

FEWEST_TO_FOLD = 10
"""With fewer sentences than this, none are held out."""
TRANSFER = 5_000
"""Up to this many sentences, training starts from the bundled model by default."""

RECIPES = (
    (50, (30, 4, 0.002), (80, 4, 0.002)),
    (200, (20, 4, 0.003), (60, 4, 0.002)),
    (1_000, (30, 8, 0.002), (40, 8, 0.002)),
    (5_000, (20, 16, 0.002), (20, 16, 0.002)),
)
"""Each row: the largest number of sentences; then epochs, batch size and learning rate for training
from a base model, and for training from scratch. docs/explanation/few-labels.md has the
measurements. The number of updates matters most; dropout, word dropout and frozen vectors changed
the F1 by less than the seed."""


class CorpusSize(msgspec.Struct, frozen=True):
    """The size of a corpus, from which a recipe is chosen.

    Parameters
    ----------
    sentences, tokens : int
        Numbers of sentences and tokens in the training text.
    labels : int
        Number of labels in it, such as PER and LOC.
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
    """Choose default settings by the size of the training text.

    Parameters
    ----------
    given : mapping of str to object
        Settings of the caller, which are kept; see `make_config`.
    base : mapping of str to object, optional
        Settings that the network takes over from the base model, if there is one.

    Returns
    -------
    config : Config
        All settings.
    chosen : dict of str to object
        Those that the size changed from their defaults.

    Raises
    ------
    UsageError
        If a setting is out of range.
    """
    fixed = given_settings(given)
    chosen = _by_size(size, transfer=base is not None)
    if fixed.get("loss") == "ranking":
        chosen.pop("folds", None)  # ranking needs a dev text for its threshold
    if "batch_of" in fixed:
        chosen.pop("batch_size", None)  # the recipes count sentences
    if "optimizer" in fixed:
        chosen.pop("rate", None)  # the recipes have the rates of Adam
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
    """Choose the number of extra networks that are trained to estimate the F1.

    A small corpus needs more of its sentences held out for a reliable estimate, and its networks
    are cheap to train.
    """
    if size.dev or size.sentences < FEWEST_TO_FOLD:
        return 0
    steps = ((500, 3), (3_000, 2), (20_000, 1))
    return next((folds for most, folds in steps if size.sentences <= most), 0)
