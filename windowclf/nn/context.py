"""What a window learns from further off: the mean of its sentence, other mentions in its document.

Both are added to ``z`` before ``f``, so ``z`` stays linear in the words.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray, gather_add, scatter_add
from windowclf.nn.layers import dropout
from windowclf.nn.parameter import Parameter


def sentence_mean_layer(
    W: Parameter,
    e: FloatArray,
    words: IntArray,
    lengths: IntArray,
    rate: float = 0.0,
    rng: "np.random.Generator | None" = None,
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Project the mean of the word vectors of each sentence: ``z_t = W_s mean_i e_i``.

    It is one more slot of the window. The topic of a sentence separates a club from the city
    whose name it bears, even where the window does not show it.

    Parameters
    ----------
    W : Parameter, shape (d, H)
        The transpose of ``W_s``.
    e : float array, shape (n, d)
        The vectors of the distinct words.
    words : int array, shape (N,)
        The row of `e` of each token, sentence after sentence.
    lengths : int array, shape (B,)
        Tokens in each sentence; they add up to ``N``.
    rate : float
        Probability that an element of a mean is left out, if there is an `rng`.
    rng : numpy.random.Generator, optional

    Returns
    -------
    z : float array, shape (N, H)
        The same for each token of a sentence.
    backward : callable
        Takes ``δ = ∂J/∂z``, shape (N, H), and sums it over each sentence to ``δ_s``; adds
        ``∂J/∂W = δ_s mᵀ`` for the mean ``m``; returns ``∂J/∂e``, where each token adds
        ``Wᵀ δ_s / n_s`` to its word.
    """
    lengths = lengths[lengths > 0]
    sizes = lengths[:, None].astype(e.dtype)
    mean: FloatArray = gather_add(e, words, lengths) / sizes
    mean, drop_back = dropout(mean, rate, rng)

    def backward(delta: FloatArray) -> FloatArray:
        summed = gather_add(delta, np.arange(len(delta)), lengths)
        W.add_grad(mean.T @ summed)
        share = drop_back(summed @ W.value.T) / sizes
        return scatter_add(words, np.repeat(share, lengths, axis=0), len(e))

    return np.repeat(mean @ W.value, lengths, axis=0), backward


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
        0 for a window that has no name.
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
    g: Parameter, z: FloatArray, mentions: Mentions, tokens: int
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Add to the window of a name the mean of its other mentions: ``z_t += g ⊙ mean z_t'``.

    In one place of a document the window of a name shows what it is, and in three it does not
    (Ratinov and Roth 2009, 'context aggregation').

    Parameters
    ----------
    g : Parameter, shape (H,)
        How much each hidden unit takes over.
    z : float array, shape (N + E, H)
        Changed in place. The last ``E`` windows are of other places in the documents.
    tokens : int
        ``N``.

    Returns
    -------
    z : float array, shape (N, H)
        That of the tokens alone.
    backward : callable
        Takes ``δ = ∂J/∂z`` after the layer, shape (N, H); adds ``∂J/∂g``, the sum of
        ``δ_t ⊙ mean z_t'``; returns ``∂J/∂z`` before it, shape (N + E, H), where ``g ⊙ δ_t`` is
        shared out among the other mentions of ``t``.
    """
    windows, sizes = mentions
    others = mean_of_others(z[windows], sizes)
    z[windows] += g.value * others

    def backward(delta: FloatArray) -> FloatArray:
        before = np.zeros_like(z)
        before[:tokens] = delta
        if len(windows):
            after = before[windows]
            g.add_grad((after * others).sum(axis=0))
            before[windows] += mean_of_others(g.value * after, sizes)
        return before

    return z[:tokens], backward


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
