"""Context beyond the window: the mean of the sentence, and other mentions in the document.

Both are added to ``z`` before ``f``, so ``z`` remains linear in the words.
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

    It acts as one more slot of the window. The topic of a sentence distinguishes a club from the
    city it is named after, even where the window does not show which one is meant.

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
        Dropout rate of the mean, if there is an `rng`.
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
    """The windows of words that occur more than once.

    Attributes
    ----------
    windows : int array, shape (R,)
        Indices of rows of ``z``, word after word.
    sizes : int array, shape (G,)
        Number of windows of each word, two or more; they add up to ``R``.
    """

    windows: IntArray
    sizes: IntArray


def find_mentions(keys: IntArray) -> Mentions:
    """Group the windows that have the same key.

    Parameters
    ----------
    keys : int array, shape (N,)
        The key of each window; 0 for a window without a name.
    """
    keyed = np.flatnonzero(keys)
    keyed = keyed[np.argsort(keys[keyed], kind="stable")]
    firsts = np.flatnonzero(np.diff(keys[keyed], prepend=0))
    sizes = np.diff(firsts, append=len(keyed))
    return Mentions(keyed[np.repeat(sizes > 1, sizes)], sizes[sizes > 1])


def name_keys(names: IntArray, documents: IntArray) -> IntArray:
    """Assign numbers to the names of tokens, different ones in each document.

    Parameters
    ----------
    names : int array, shape (N,)
        The number of each token's name, the same in all documents; 0 if it is not a name.
    documents : int array, shape (N,)
        The number of each token's document, from 0.

    Returns
    -------
    int array, shape (N,)
        Keys for `find_mentions`; 0 if the token is not a name.
    """
    width = int(names.max(initial=0)) - int(names.min(initial=0)) + 1
    keys = documents.astype(np.int64) * width + names
    keys[names == 0] = 0
    return keys


def document_context(
    g: Parameter, z: FloatArray, mentions: Mentions, tokens: int
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Add to the window of a name the mean of its other mentions: ``z_t += g ⊙ mean z_t'``.

    Often only one of the mentions of a name in a document has a window that shows its type
    (Ratinov and Roth 2009, 'context aggregation').

    Parameters
    ----------
    g : Parameter, shape (H,)
        Weight of the other mentions, for each hidden unit.
    z : float array, shape (N + E, H)
        Changed in place. The last ``E`` windows come from elsewhere in the documents.
    tokens : int
        ``N``.

    Returns
    -------
    z : float array, shape (N, H)
        The rows of the tokens, without the last ``E``.
    backward : callable
        Takes ``δ = ∂J/∂z`` after the layer, shape (N, H); adds ``∂J/∂g``, the sum of
        ``δ_t ⊙ mean z_t'``; returns ``∂J/∂z`` before it, shape (N + E, H), where ``g ⊙ δ_t`` is
        divided equally among the other mentions of ``t``.
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
    """Compute, for each row, the mean of the other rows of its group.

    Parameters
    ----------
    rows : float array, shape (R, H)
        The rows, group after group.
    sizes : int array, shape (G,)
        Number of rows of each group, two or more.

    Returns
    -------
    float array, shape (R, H)
    """
    total = np.repeat(gather_add(rows, np.arange(len(rows)), sizes), sizes, axis=0)
    total -= rows
    total /= np.repeat(sizes - 1, sizes)[:, None].astype(rows.dtype)
    return total
