"""Objectives: the loss that training minimises, and how scores become tags."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from windowclf.nn import crf_losses
from windowclf.nn.arrays import FloatArray, Gold, IntArray
from windowclf.nn.crf import Transitions, marginals
from windowclf.nn.crf_losses import (
    log_likelihood_loss,
    max_margin_loss,
    partial_log_likelihood_loss,
    partial_max_margin_loss,
)
from windowclf.nn.crf_spans import span_probabilities
from windowclf.nn.layers import logistic
from windowclf.nn.losses import (
    PARTIAL_LOSSES,
    TOKEN_LOSSES,
    distillation_loss,
    ranking_loss,
    softmax,
)
from windowclf.nn.open_tokens import OpenTokens
from windowclf.nn.parameter import Parameter
from windowclf.nn.viterbi_pruning import best_paths


class Objective(Protocol):
    """A loss with the decoder and the probabilities that belong to it."""

    def parameters(self) -> dict[str, Parameter]:
        """Return the parameters of the objective itself, by name."""

    def examples(self, lengths: IntArray) -> int:
        """Count the examples that the loss is a mean over."""

    def loss(self, s: FloatArray, gold: Gold, lengths: IntArray) -> tuple[float, FloatArray]:
        """Compute the mean loss and ``∂J/∂s``; add to the gradients of its own parameters.

        Parameters
        ----------
        s : float array, shape (N, K)
        gold : int array, shape (N,); or float or bool array, shape (N, K)
            The right tags; or a teacher's scores, see `distil_from`; or which tags agree with the
            annotation, at least one per token, which needs a loss of `PARTIAL_LOSSES`.
        lengths : int array, shape (B,)
        """

    def distil_from(self, teacher: Sequence[FloatArray]) -> None:
        """Learn from a teacher's scores in place of gold tags.

        Parameters
        ----------
        teacher : sequence of float array
            The teacher's values of this objective's own parameters.
        """

    def decoding_transitions(self) -> Transitions | None:
        """Return the transitions that `decode` uses; None if it decodes each token by itself."""

    def decode(
        self, s: FloatArray, lengths: IntArray, scored: OpenTokens | None = None
    ) -> IntArray:
        """Return the best tags, shape (N,); there is at least one token.

        Parameters
        ----------
        s : float array, shape (N, K), or (M, K) with `scored`
        lengths : int array, shape (B,)
        scored : OpenTokens, optional
            The ``M`` tokens that `s` has scores for; by default all.
        """

    def probabilities(self, s: FloatArray, lengths: IntArray) -> FloatArray:
        """Return the probability of each tag of each token, shape (N, K); see `decode`."""

    def span_probabilities(
        self,
        s: FloatArray,
        path: IntArray,
        lengths: IntArray,
        first: IntArray,
        last: IntArray,
        scored: OpenTokens | None = None,
    ) -> FloatArray:
        """Return the probability that all tags of a span are right.

        Parameters
        ----------
        s : float array, shape (N, K), or (M, K) with `scored`
        path : int array, shape (N,)
            The tags from `decode`.
        lengths : int array, shape (B,)
        first, last : int array, shape (C,)
            The first and the last token of each span.
        scored : OpenTokens, optional
            See `decode`; must contain all tokens of the spans.

        Returns
        -------
        float array, shape (C,)
        """


def _sole_tags(gold: Gold) -> Gold:
    """Convert to plain tags if exactly one is allowed for each token: their loss is cheaper."""
    if gold.dtype == bool and np.count_nonzero(gold) == len(gold):
        tags: IntArray = gold.argmax(axis=1)
        return tags
    return gold


class _Independent:
    """Base of the objectives that score each token by itself."""

    def parameters(self) -> dict[str, Parameter]:
        """Return no parameters: the network has all of them."""
        return {}

    def probabilities(self, s: FloatArray, lengths: IntArray) -> FloatArray:
        raise NotImplementedError

    def span_probabilities(
        self,
        s: FloatArray,
        path: IntArray,
        lengths: IntArray,
        first: IntArray,
        last: IntArray,
        scored: OpenTokens | None = None,
    ) -> FloatArray:
        """Multiply the probabilities of the tags; see `Objective`."""
        if scored is not None:
            path, first, last = scored.among(path, first, last)
        p = self.probabilities(s, lengths)[np.arange(len(path)), path].astype(np.float64)
        log_p = np.log(np.maximum(p, np.finfo(np.float64).tiny))
        passed = np.cumsum(log_p)
        product: FloatArray = np.exp(passed[last] - passed[first] + log_p[first]).astype(s.dtype)
        return product


class TokenObjective(_Independent):
    """Scores each token by itself: a loss of `TOKEN_LOSSES`, and the tag with the highest score.

    Parameters
    ----------
    loss : str
        A key of `TOKEN_LOSSES`.
    penalties : Transitions, optional
        Minus infinity for each transition that decoding must not make, zero for the others.
    """

    def __init__(self, loss: str, penalties: Transitions | None = None) -> None:
        self.name = loss
        self.compute: Callable[..., tuple[float, FloatArray]] = TOKEN_LOSSES[loss]
        self.penalties = penalties

    def examples(self, lengths: IntArray) -> int:
        """Count the tokens."""
        return int(lengths.sum())

    def loss(self, s: FloatArray, gold: Gold, lengths: IntArray) -> tuple[float, FloatArray]:
        """Compute the loss; see `Objective`."""
        del lengths
        gold = _sole_tags(gold)
        compute: Callable[..., tuple[float, FloatArray]] = self.compute
        if gold.dtype == bool:
            compute = PARTIAL_LOSSES[self.name]
        return compute(s, gold)

    def distil_from(self, teacher: Sequence[FloatArray]) -> None:
        """Use a teacher's scores as `gold`; see `Objective`."""
        del teacher
        self.compute = distillation_loss

    def decoding_transitions(self) -> Transitions | None:
        """Return the penalties; see `Objective`."""
        return self.penalties

    def decode(
        self, s: FloatArray, lengths: IntArray, scored: OpenTokens | None = None
    ) -> IntArray:
        """Take the highest score of each token, or the allowed path with the highest sum."""
        if self.penalties is not None:
            return best_paths(s, lengths, self.penalties, scored)
        best: IntArray = s.argmax(axis=1)
        return best if scored is None else scored.fill(best, int(lengths.sum()))

    def probabilities(self, s: FloatArray, lengths: IntArray) -> FloatArray:
        """Compute the softmax of the scores; logistic outputs are normalised to sum to one.

        The scores of max-margin training are not log-probabilities, so its numbers rank tags but
        are not calibrated.
        """
        del lengths
        if self.name == "squared-error":
            o = logistic(s) + np.finfo(s.dtype).tiny  # all outputs may underflow
            shares: FloatArray = o / o.sum(axis=1, keepdims=True)
            return shares
        return softmax(s)


class SentenceObjective:
    """Scores whole tag paths; the scores of the transitions between tags are learned, too.

    Parameters
    ----------
    loss : {"softmax", "max-margin"}
    transitions : Transitions
        Initial values of ``A`` and of the start and end scores.
    penalties : Transitions, optional
        Minus infinity for each transition that decoding must not make, zero for the others.
    """

    def __init__(
        self, loss: str, transitions: Transitions, penalties: Transitions | None = None
    ) -> None:
        self.compute: Callable[..., tuple[float, FloatArray, Transitions]]
        self.compute_partial: Callable[..., tuple[float, FloatArray, Transitions]]
        self.compute, self.compute_partial = {
            "softmax": (log_likelihood_loss, partial_log_likelihood_loss),
            "max-margin": (max_margin_loss, partial_max_margin_loss),
        }[loss]
        names = ("A", "start", "end")
        self._parameters = {
            n: Parameter(value) for n, value in zip(names, transitions, strict=True)
        }
        self.penalties = penalties

    def parameters(self) -> dict[str, Parameter]:
        """Return ``A`` and the start and end scores."""
        return dict(self._parameters)

    def examples(self, lengths: IntArray) -> int:
        """Count the sentences."""
        return len(lengths)

    def loss(self, s: FloatArray, gold: Gold, lengths: IntArray) -> tuple[float, FloatArray]:
        """Compute the loss; see `Objective`."""
        gold = _sole_tags(gold)
        compute = self.compute_partial if gold.dtype == bool else self.compute
        loss, ds, gradients = compute(s, gold, lengths, self._transitions())
        for parameter, grad in zip(self._parameters.values(), gradients, strict=True):
            parameter.add_grad(grad)
        return loss, ds

    def distil_from(self, teacher: Sequence[FloatArray]) -> None:
        """Use a teacher's scores as `gold`, with its transitions; see `Objective`."""
        self.compute = partial(
            crf_losses.distillation_loss, teacher_transitions=Transitions(*teacher)
        )

    def decoding_transitions(self) -> Transitions:
        """Return the learned transitions plus the penalties; see `Objective`."""
        transitions = self._transitions()
        if self.penalties is None:
            return transitions
        return Transitions(*(a + b for a, b in zip(transitions, self.penalties, strict=True)))

    def decode(
        self, s: FloatArray, lengths: IntArray, scored: OpenTokens | None = None
    ) -> IntArray:
        """Find the best path by Viterbi."""
        return best_paths(s, lengths, self.decoding_transitions(), scored)

    def probabilities(self, s: FloatArray, lengths: IntArray) -> FloatArray:
        """Compute the marginals of the softmax over paths."""
        return marginals(s, lengths, self._transitions())

    def span_probabilities(
        self,
        s: FloatArray,
        path: IntArray,
        lengths: IntArray,
        first: IntArray,
        last: IntArray,
        scored: OpenTokens | None = None,
    ) -> FloatArray:
        """Sum over all paths that have the tags of a span; see `Objective`."""
        transitions = self._transitions()
        if scored is not None:
            path, first, last = scored.among(path, first, last)
            s, lengths, transitions = scored.add_borders(s, lengths, transitions)
        return span_probabilities(s, path, lengths, transitions, first, last)

    def _transitions(self) -> Transitions:
        return Transitions(*(parameter.value for parameter in self._parameters.values()))


class RankingObjective(_Independent):
    """One score per window, ``K = 1``: real windows should rank above corrupted ones (Goyal 2017).

    A window is positive if its score is above zero. Adding a constant to the bias ``b_u`` changes
    no difference between scores, so the bias stores the threshold chosen on the dev text.
    """

    def examples(self, lengths: IntArray) -> int:
        """Count the pairs."""
        return len(lengths) // 2

    def loss(self, s: FloatArray, gold: Gold, lengths: IntArray) -> tuple[float, FloatArray]:
        """Compute the loss of the windows in the first half against those in the second half."""
        del gold, lengths
        half = len(s) // 2
        loss, ds, ds_corrupt = ranking_loss(s[:half], s[half:])
        return loss, np.concatenate([ds, ds_corrupt])

    def distil_from(self, teacher: Sequence[FloatArray]) -> None:
        """Refuse: pairs of windows have no teacher."""
        raise NotImplementedError

    def decoding_transitions(self) -> None:
        """Return None; see `Objective`."""

    def decode(
        self, s: FloatArray, lengths: IntArray, scored: OpenTokens | None = None
    ) -> IntArray:
        """Return 1 where the score is above zero, else 0."""
        best: IntArray = (s[:, 0] > 0).astype(np.int32)
        return best if scored is None else scored.fill(best, int(lengths.sum()))

    def probabilities(self, s: FloatArray, lengths: IntArray) -> FloatArray:
        """Return ``1 - g(s), g(s)`` with the logistic ``g``; it ranks windows but is no more."""
        del lengths
        p = logistic(s)
        return np.concatenate([1 - p, p], axis=1)
