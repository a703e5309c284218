"""One more slot of the window: the mean of the sentence's words, ``z_t += W_s mean_i e_i``.

What a sentence is about tells a club from the city whose name it bears, from further off than a
window sees. Being linear in the words, it keeps ``z`` a sum over slots.
"""

from collections.abc import Callable

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray, gather_add, scatter_add
from windowclf.nn.dropout import dropout
from windowclf.nn.parameter import Parameter


def sentence_mean_layer(
    W: Parameter,
    e: FloatArray,
    words: IntArray,
    lengths: IntArray,
    rate: float = 0.0,
    rng: "np.random.Generator | None" = None,
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Project the mean of the word vectors of each sentence.

    Parameters
    ----------
    W : Parameter, shape (d, H)
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
