"""Partially annotated text: the tags that it leaves open, and the losses that can learn from it.

In a corpus that does not annotate a type, a word outside of all spans may still have that type.
Training it as "O" would teach the network to overlook what other corpora teach it to find.
"""

from collections.abc import Collection, Sequence

import numpy as np

from windowclf.config.config import Config
from windowclf.errors import DataError, UsageError, quoted
from windowclf.nn.arrays import BoolArray
from windowclf.nn.losses import PARTIAL_LOSSES
from windowclf.tags.schemes import OUTSIDE, Scheme


def allowed_tags(
    tags: Sequence[str],
    labels: Sequence[str],
    lacks: Collection[str],
    scheme: Scheme = Scheme.IOBES,
) -> BoolArray:
    """List the tags of a model that agree with a corpus's annotation (Tsuboi et al. 2008).

    Parameters
    ----------
    tags : sequence of str
        The tags of ``n`` tokens; each is one of `labels`.
    labels : sequence of str
        The ``K`` tags of the model.
    lacks : collection of str
        The types that the corpus does not annotate, such as "MISC".
    scheme : Scheme
        Scheme of the tags; with PLAIN, each tag is a type.

    Returns
    -------
    bool array, shape (n, K)
        A tag agrees with itself, and "O" also with all tags of the types that the corpus lacks.

    Raises
    ------
    DataError
        If the model does not have a type of `lacks`.
    """
    types = [label if scheme is Scheme.PLAIN else label.partition("-")[2] for label in labels]
    known = sorted({*types} - {OUTSIDE, ""})
    for name in lacks:
        if name not in known:
            raise DataError(
                f"`lacks`: {quoted(name)} is not a label of the training text; "
                f"expected one of {', '.join(known)}"
            )
    numbers = {label: number for number, label in enumerate(labels)}
    outside = np.array([tag == OUTSIDE for tag in tags], dtype=bool)
    lacked = np.array([name in lacks for name in types], dtype=bool)
    allowed: BoolArray = outside[:, None] & lacked
    allowed[np.arange(len(tags)), [numbers[tag] for tag in tags]] = True
    return allowed


def check_partial_loss(config: Config, name: str = "lacks") -> None:
    """Check that the loss supports partially annotated text.

    Parameters
    ----------
    name : str
        Name of the argument that needs it, for the message.

    Raises
    ------
    UsageError
        If the loss does not support it.
    """
    if config.loss not in PARTIAL_LOSSES:
        able = " or ".join(f"`loss='{loss}'`" for loss in PARTIAL_LOSSES)
        raise UsageError(f"`{name}` needs {able}, not {config.loss}")
