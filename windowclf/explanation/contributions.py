"""Contributions of words and their features to the window of a token, which add up to ``z``.

``z_t = Σ_k W_k e_{t+k} + W_s mean_i e_i + g ⊙ mean z_t' + b``, and ``e = [L_1[i_1]; …; L_F[i_F]]``
concatenates the features of a word. ``z`` is thus a sum over words, and over features of each word.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.batch import Batch
from windowclf.nn.context import Mentions
from windowclf.nn.layers import dense_layer, lookup
from windowclf.nn.network import Network
from windowclf.nn.parameter import Parameter


class Parts(NamedTuple):
    """Contributions of each source, as ``m`` numbers each.

    Attributes
    ----------
    window : float64 array, shape (2c+1, F, m)
        Contribution of each feature of the word in each slot.
    sentence : float64 array, shape (n, F, m)
        Contribution of each feature of each word through the mean of the sentence; ``n`` is 0 if
        the network does not use the mean.
    elsewhere : float64 array, shape (m,), or None
        Contribution of the other mentions of the name in its document, if there are any.
    bias : float64 array, shape (m,)
        Contribution of the bias.
    """

    window: FloatArray
    sentence: FloatArray
    elsewhere: FloatArray | None
    bias: FloatArray

    @property
    def total(self) -> FloatArray:
        """The sum of all parts, shape (m,)."""
        words = self.window.sum(axis=(0, 1)) + self.sentence.sum(axis=(0, 1))
        total: FloatArray = words + self.bias
        return total if self.elsewhere is None else total + self.elsewhere

    @property
    def by_share(self) -> FloatArray:
        """All parts in the order of `Explanation.shares`, summed over features, (shares, m)."""
        further = [self.bias] if self.elsewhere is None else [self.elsewhere, self.bias]
        return np.concatenate([self.window.sum(axis=1), self.sentence.sum(axis=1), further])


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributions:
    """The terms of ``z`` of one window, as float64 arrays.

    Parameters
    ----------
    widths : list of int
        ``d_f`` of each of the ``F`` features; they add up to ``d``.
    window : float array, shape (2c+1, d)
        ``e`` of the word in each slot.
    W : float array, shape (d, 2c+1, H)
    sentence : float array, shape (n, d)
        ``e`` of each word of the sentence; ``n`` is 0 for a network without the sentence mean.
    W_s : float array, shape (d, H)
    elsewhere : float array, shape (H,), or None
        ``g ⊙ mean z_t'``, if the name has other mentions in its document.
    b : float array, shape (H,)
    """

    widths: list[int]
    window: FloatArray
    W: FloatArray
    sentence: FloatArray
    W_s: FloatArray
    elsewhere: FloatArray | None
    b: FloatArray

    def through(self, M: FloatArray) -> Parts:
        """Map all parts of ``z`` linearly.

        Parameters
        ----------
        M : float array, shape (H, m)
            The identity for the parts of ``z``; some of its columns for some units; the transpose
            of ``∂s/∂z`` for contributions to the scores, to first order.

        Returns
        -------
        Parts
            Its total is ``zᵀ M``.
        """
        stops = np.cumsum(self.widths)
        features = [
            slice(stop - width, stop) for stop, width in zip(stops, self.widths, strict=True)
        ]
        n = len(self.sentence)
        window = [np.einsum("kd,dkh->kh", self.window[:, f], self.W[f]) @ M for f in features]
        sentence = [self.sentence[:, f] @ (self.W_s[f] @ M) / max(n, 1) for f in features]
        return Parts(
            np.stack(window, axis=1),
            np.stack(sentence, axis=1),
            None if self.elsewhere is None else self.elsewhere @ M,
            self.b @ M,
        )

    @property
    def z(self) -> FloatArray:
        """The sum of all parts, shape (H,)."""
        z: FloatArray = np.einsum("kd,dkh->h", self.window, self.W) + self.b
        if len(self.sentence):
            z += self.sentence.mean(axis=0) @ self.W_s
        return z if self.elsewhere is None else z + self.elsewhere


def contributions(network: Network, batch: Batch, token: int) -> Contributions:
    """Decompose the window of a token.

    Parameters
    ----------
    network : Network
        The network, used without dropout as in tagging.
    batch : Batch
        A sentence together with the others of its document.
    token : int
        Index of the token over all sentences, from 0.

    Returns
    -------
    Contributions
        Their sum is ``z`` of the token's window, as `Network.forward` computes it.
    """
    tables = list(network.tables.values())

    def vectors(rows: IntArray) -> FloatArray:
        return lookup(tables, batch.features[rows])[0].astype(np.float64)

    W, b = _exact(network.weights[0]), _exact(network.biases[0])
    d, slots, hidden = W.shape
    sentence: FloatArray = np.empty((0, d))
    W_s: FloatArray = np.zeros((d, hidden))
    if network.sentence_weight is not None:
        ends = np.cumsum(batch.lengths)
        here = int(np.searchsorted(ends, token, side="right"))
        tokens = np.arange(ends[here] - batch.lengths[here], ends[here])
        sentence = vectors(batch.windows[tokens, slots // 2])
        W_s = _exact(network.sentence_weight)
    elsewhere = None
    if network.document_weight is not None and batch.mentions is not None:
        others = _others(batch.mentions, token)
        if len(others):
            # The mean of sums over slots is the sum of means: one mean vector per slot.
            means = np.stack([vectors(rows).mean(axis=0) for rows in batch.windows[others].T])
            elsewhere = _exact(network.document_weight) * (np.einsum("kd,dkh->h", means, W) + b)
    return Contributions(
        widths=[table.shape[1] for table in tables],
        window=vectors(batch.windows[token]),
        W=W,
        sentence=sentence,
        W_s=W_s,
        elsewhere=elsewhere,
        b=b,
    )


def _others(mentions: Mentions, token: int) -> IntArray:
    """List the windows of the other mentions of the token's name."""
    place = np.flatnonzero(mentions.windows == token)
    ends = np.cumsum(mentions.sizes)
    group = np.searchsorted(ends, place, side="right")
    if not len(group):
        return place
    end = int(ends[group[0]])
    same: IntArray = mentions.windows[end - int(mentions.sizes[group[0]]) : end]
    others: IntArray = same[same != token]
    return others


class Derivative(NamedTuple):
    """The scores' derivative with respect to ``z``, as float64 arrays.

    Attributes
    ----------
    a : float array, shape (H_last,)
        Output of the last hidden layer.
    ds_dz : float array, shape (K, H)
        ``∂s/∂z``
    """

    a: FloatArray
    ds_dz: FloatArray


def derivative(network: Network, z: FloatArray) -> Derivative:
    """Score a window from its ``z``, and backpropagate from each score.

    Parameters
    ----------
    z : float64 array, shape (H,)
        See `Contributions`.
    """
    f, slope = network.activation
    classes = len(network.biases[-1].value)
    # The window is repeated for each score, so that one backward pass has all gradients.
    layer: FloatArray = np.tile(z, (classes, 1))
    steps = []
    for weight, bias in zip(network.weights[1:], network.biases[1:], strict=True):
        a: FloatArray = f(layer)
        layer, back = dense_layer(Parameter(_exact(weight)), Parameter(_exact(bias)), a)
        steps.append((a, back))
    delta: FloatArray = np.eye(classes)
    for hidden, back in reversed(steps):
        delta = back(delta) * slope(hidden)
    return Derivative(a[0], delta)


def _exact(parameter: Parameter) -> FloatArray:
    return parameter.value.astype(np.float64)
