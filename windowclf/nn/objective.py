"""Objectives: what training makes small, and how scores become tags."""

from typing import Protocol

import numpy as np

from windowclf.nn.activations import logistic
from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.losses import TOKEN_LOSSES, softmax
from windowclf.nn.parameter import Parameter


class Objective(Protocol):
    """A loss with the decoder and the probabilities that belong to it."""

    def parameters(self) -> dict[str, Parameter]:
        """List the parameters of the objective itself, by name."""

    def loss(self, s: FloatArray, gold: IntArray, lengths: IntArray) -> tuple[float, FloatArray]:
        """Compute the mean loss and ``∂J/∂s``; add to the gradients of its own parameters.

        Parameters
        ----------
        s : float array, shape (N, K)
        gold : int array, shape (N,)
        lengths : int array, shape (B,)
        """

    def decode(self, s: FloatArray, lengths: IntArray) -> IntArray:
        """Return the best tags, shape (N,)."""

    def probabilities(self, s: FloatArray, lengths: IntArray) -> FloatArray:
        """Return the probability of each tag of each token, shape (N, K)."""


class TokenObjective:
    """Each token for itself: a loss of `TOKEN_LOSSES`, and the tag with the highest score.

    Parameters
    ----------
    loss : str
        A key of `TOKEN_LOSSES`.
    """

    def __init__(self, loss: str) -> None:
        self.name = loss

    def parameters(self) -> dict[str, Parameter]:
        """Return no parameter: all are the network's."""
        return {}

    def loss(self, s: FloatArray, gold: IntArray, lengths: IntArray) -> tuple[float, FloatArray]:
        """Compute the loss; see `Objective`."""
        del lengths
        return TOKEN_LOSSES[self.name](s, gold)

    def decode(self, s: FloatArray, lengths: IntArray) -> IntArray:
        """Take the highest score of each token."""
        del lengths
        best: IntArray = s.argmax(axis=1)
        return best

    def probabilities(self, s: FloatArray, lengths: IntArray) -> FloatArray:
        """Take the softmax of the scores; of logistic outputs, their shares.

        The scores of max-margin training are no log-probabilities, so its numbers rank tags but
        are not calibrated.
        """
        del lengths
        if self.name == "squared-error":
            o = logistic(s)
            shares: FloatArray = o / np.maximum(o.sum(axis=1, keepdims=True), 1e-30)
            return shares
        return softmax(s)
