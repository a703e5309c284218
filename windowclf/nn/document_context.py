"""What a word's other windows say: ``z_t += g ⊙ mean z_t'`` over its other places in a document.

A name stands in one place of a text where its window tells what it is, and in three where it does
not (Ratinov and Roth 2009, 'context aggregation'). Taken before ``f``, the sum stays linear in the
words, and a network of windows stays one.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray, gather_add
from windowclf.nn.parameter import Parameter


class Mentions(NamedTuple):
    """The windows whose word comes more than once.

    Attributes
    ----------
    windows : int array, shape (R,)
        Rows of ``z``, those of one word side by side.
    sizes : int array, shape (G,)
        How many windows each of the words has, two or more; they add up to ``R``.
    """

    windows: IntArray
    sizes: IntArray


def find_mentions(keys: IntArray) -> Mentions:
    """Group the windows that have the same key.

    Parameters
    ----------
    keys : int array, shape (N,)
        0 for a window that goes with no other.
    """
    keyed = np.flatnonzero(keys)
    keyed = keyed[np.argsort(keys[keyed], kind="stable")]
    firsts = np.flatnonzero(np.diff(keys[keyed], prepend=0))
    sizes = np.diff(firsts, append=len(keyed))
    return Mentions(keyed[np.repeat(sizes > 1, sizes)], sizes[sizes > 1])


def name_keys(names: IntArray, documents: IntArray) -> IntArray:
    """Give each token a number that its name has in its document alone.

    Parameters
    ----------
    names : int array, shape (N,)
        The number of each token's name, the same in all documents; 0: not a name.
    documents : int array, shape (N,)
        The number of each token's document, from 0.

    Returns
    -------
    int array, shape (N,)
        For `find_mentions`; 0: not a name.
    """
    width = int(names.max(initial=0)) - int(names.min(initial=0)) + 1
    keys = documents.astype(np.int64) * width + names
    keys[names == 0] = 0
    return keys


def document_context(
    g: Parameter, z: FloatArray, mentions: Mentions
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Add to each window of a repeated word the mean of its others.

    Parameters
    ----------
    g : Parameter, shape (H,)
        How much each hidden unit heeds them.
    z : float array, shape (N, H)
        Changed in place.
    mentions : Mentions

    Returns
    -------
    z : float array, shape (N, H)
    backward : callable
        Takes ``δ = ∂J/∂z`` after the layer, shape (N, H); adds ``∂J/∂g``, the sum of
        ``δ_t ⊙ mean z_t'``; returns ``∂J/∂z`` before it, where ``g ⊙ δ_t`` is shared out among
        the windows that ``t`` heeded.
    """
    windows, sizes = mentions
    if not len(windows):
        return z, lambda delta: delta
    others = mean_of_others(z[windows], sizes)
    z[windows] += g.value * others

    def backward(delta: FloatArray) -> FloatArray:
        heeding = delta[windows]
        g.add_grad((heeding * others).sum(axis=0))
        before = delta.copy()
        before[windows] += mean_of_others(g.value * heeding, sizes)
        return before

    return z, backward


def mean_of_others(rows: FloatArray, sizes: IntArray) -> FloatArray:
    """Take the mean of the other rows of each row's group.

    Parameters
    ----------
    rows : float array, shape (R, H)
        Those of one group side by side.
    sizes : int array, shape (G,)
        Rows of each group, two or more.

    Returns
    -------
    float array, shape (R, H)
    """
    total = np.repeat(gather_add(rows, np.arange(len(rows)), sizes), sizes, axis=0)
    total -= rows
    total /= np.repeat(sizes - 1, sizes)[:, None].astype(rows.dtype)
    return total
