"""Decoding when only some tokens are scored and the tag of all others is already certain."""

from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import BoolArray, FloatArray, IntArray
from windowclf.nn.crf import Transitions


class OpenTokens(NamedTuple):
    """The tokens that are scored; all others of their sentences have the same, certain tag.

    Attributes
    ----------
    tokens : int array, shape (M,)
        Indices of the tokens, ascending.
    tag : int
        The tag of all other tokens, which are outside of spans.
    """

    tokens: IntArray
    tag: int

    def fill(self, tags: IntArray, n: int) -> IntArray:
        """Extend the tags of the open tokens, shape (M,), to all ``n`` tokens."""
        path = np.full(n, self.tag, dtype=tags.dtype)
        path[self.tokens] = tags
        return path

    def among(
        self, path: IntArray, first: IntArray, last: IntArray
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Renumber a path and spans so that only open tokens count; spans have no other tokens."""
        first, last = (np.searchsorted(self.tokens, tokens) for tokens in (first, last))
        return path[self.tokens], first, last

    def runs(self, lengths: IntArray) -> "Runs":
        """Group the open tokens into runs of neighbours in one sentence.

        Parameters
        ----------
        lengths : int array, shape (B,)
            Tokens of all sentences.
        """
        ends = np.cumsum(lengths)
        sentence = np.searchsorted(ends, self.tokens, side="right")
        begins = np.ones(len(self.tokens), dtype=bool)
        begins[1:] = (np.diff(self.tokens) > 1) | (np.diff(sentence) > 0)
        first = np.flatnonzero(begins)
        last = np.append(first, len(self.tokens))[1:] - 1
        after = self.tokens[first] > (ends - lengths)[sentence[first]]
        before = self.tokens[last] < ends[sentence[last]] - 1
        return Runs(last - first + 1, after, before)

    def add_borders(
        self, s: FloatArray, lengths: IntArray, transitions: Transitions
    ) -> tuple[FloatArray, IntArray, Transitions]:
        """Make each run a sentence of its own, with the transitions at its borders in its scores.

        Parameters
        ----------
        s : float array, shape (M, K)

        Returns
        -------
        s : float array, shape (M, K)
        lengths : int array, shape (R,)
        transitions : Transitions
            The same transitions with start and end scores of zero.
        """
        runs = self.runs(lengths)
        A = transitions.transition
        s = s.copy()
        last = np.cumsum(runs.lengths) - 1
        first = last - runs.lengths + 1
        s[first] += np.where(runs.after[:, None], A[self.tag], transitions.start)
        s[last] += np.where(runs.before[:, None], A[:, self.tag], transitions.end)
        none = np.zeros_like(transitions.start)
        return s, runs.lengths, Transitions(A, none, none)


class Runs(NamedTuple):
    """Runs of open tokens.

    Attributes
    ----------
    lengths : int array, shape (R,)
    after, before : bool array, shape (R,)
        Whether the run follows a settled token of its sentence, and whether it precedes one.
    """

    lengths: IntArray
    after: BoolArray
    before: BoolArray
