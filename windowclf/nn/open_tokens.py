"""Scores of some tokens only: the tag of all others is settled beforehand."""

from typing import NamedTuple

import numpy as np

from windowclf.nn.arrays import BoolArray, FloatArray, IntArray
from windowclf.nn.crf import Transitions


class OpenTokens(NamedTuple):
    """The tokens that are scored; all others of their sentences have one tag, which is settled.

    Attributes
    ----------
    tokens : int array, shape (M,)
        In order.
    tag : int
        The tag of the others: that of tokens in no span.
    """

    tokens: IntArray
    tag: int

    def fill(self, tags: IntArray, n: int) -> IntArray:
        """Give each of ``n`` tokens its tag, from those of the open ones, shape (M,)."""
        path = np.full(n, self.tag, dtype=tags.dtype)
        path[self.tokens] = tags
        return path

    def among(
        self, path: IntArray, first: IntArray, last: IntArray
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Count the tokens of spans, all of them open, among the open tokens; cut the path so."""
        first, last = (np.searchsorted(self.tokens, tokens) for tokens in (first, last))
        return path[self.tokens], first, last

    def runs(self, lengths: IntArray) -> "Runs":
        """Group them into runs of neighbours in one sentence.

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
        """Make a sentence of each run, whose scores hold the transitions at its borders.

        Parameters
        ----------
        s : float array, shape (M, K)

        Returns
        -------
        s : float array, shape (M, K)
        lengths : int array, shape (R,)
        transitions : Transitions
            With no scores of their own for the first and the last tag.
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
