"""Text in which some types are not annotated: what its tags leave open, and who can learn from it.

Where a corpus does not annotate a type, a word outside of all spans may be of that type all the
same. To call it "O" would teach a network to overlook what other corpora teach it to find.
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
    """List which tags of a model agree with what a corpus annotates (Tsuboi et al. 2008).

    Parameters
    ----------
    tags : sequence of str
        The tags of ``n`` tokens; each is one of `labels`.
    labels : sequence of str
        The ``K`` tags of the model.
    lacks : collection of str
        The types that the corpus does not annotate, such as "MISC".
    scheme : Scheme
        Of the tags: where it is PLAIN, each tag is a type.

    Returns
    -------
    bool array, shape (n, K)
        A tag agrees with itself, and "O" also with all tags of the types that the corpus lacks.

    Raises
    ------
    DataError
        If the model knows no such type.
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
    """Check that training distinguishes what is annotated from what is not.

    Parameters
    ----------
    name : str
        Of the argument that needs it, for messages.

    Raises
    ------
    UsageError
        If the loss cannot.
    """
    if config.loss not in PARTIAL_LOSSES:
        able = " or ".join(f"`loss='{loss}'`" for loss in PARTIAL_LOSSES)
        raise UsageError(f"`{name}` needs {able}, not {config.loss}")
