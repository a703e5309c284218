"""The input of a network."""

from dataclasses import dataclass

from windowclf.nn.arrays import Gold, IntArray
from windowclf.nn.context import Mentions


@dataclass(frozen=True, slots=True)
class Batch:
    """Sentences as arrays: their distinct words, and the windows of their tokens.

    Parameters
    ----------
    features : int array, shape (n, F)
        Feature ids of the ``n`` distinct words; row 0 is the padding past a sentence's ends.
    windows : int array, shape (N + E, 2c+1)
        For each of the ``N`` tokens, the rows of `features` in its window; then ``E`` windows
        from elsewhere in the documents, which only `mentions` refers to.
    lengths : int array, shape (B,)
        Tokens in each of the ``B`` sentences; they add up to ``N``.
    gold : int array, shape (N,), or float or bool array, shape (N, K), optional
        The right tag of each token; or a teacher's scores of its tags; or which of its tags agree
        with the annotation, at least one per token.
    mentions : Mentions, optional
        The windows of words that occur more than once in their document.
    """

    features: IntArray
    windows: IntArray
    lengths: IntArray
    gold: Gold | None = None
    mentions: Mentions | None = None

    def tags(self) -> Gold:
        """Return `gold`.

        Raises
        ------
        ValueError
            If the batch has none.
        """
        if self.gold is None:
            raise ValueError("the batch has no gold tags to learn from")
        return self.gold
