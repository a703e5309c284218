"""Spans of whole batches: the rules of `schemes.spans`, vectorised for arrays of tags."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from windowclf.tags.schemes import OUTSIDE, Scheme, spans

_IntArray = NDArray[np.integer[Any]]


class SpanArrays(NamedTuple):
    """The spans of a batch, in order.

    Attributes
    ----------
    first, last : int array, shape (M,)
        The first and the last token of each span, counted from the start of the batch.
    label : int array, shape (M,)
        Index of its label in `SpanFinder.labels`.
    """

    first: NDArray[np.intp]
    last: NDArray[np.intp]
    label: NDArray[np.intp]

    def where(self, chosen: NDArray[np.bool_]) -> "SpanArrays":
        """Select some of the spans."""
        return self if chosen.all() else SpanArrays(*(array[chosen] for array in self))

    def holding(self, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Detect which spans contain a marked token of the batch."""
        held: NDArray[np.bool_] = marked[self.first]  # decides most spans
        if not held.all():
            count = np.cumsum(marked)
            held = held | (count[self.last] > count[self.first])
        return held

    def without_ends(self, marked: NDArray[np.bool_]) -> "SpanArrays":
        """Cut marked tokens off both ends of the spans; each must have an unmarked token."""
        first, last = self.first, self.last
        while (cut := marked[first]).any():
            first = first + cut
        while (cut := marked[last]).any():
            last = last - cut
        return (
            self
            if first is self.first and last is self.last
            else SpanArrays(first, last, self.label)
        )

    def tokens(self) -> NDArray[np.intp]:
        """List the tokens of all spans."""
        ranges = [np.arange(first, last + 1) for first, last in zip(*self[:2], strict=True)]
        return np.concatenate([np.empty(0, np.intp), *ranges])


class SpanFinder:
    """Finds spans in arrays of tag indices.

    Parameters
    ----------
    tags : sequence of str
        The ``K`` tags that the indices refer to.

    Attributes
    ----------
    labels : list of str
        The labels of spans, in the order of their first tags.
    spelled : list of str
        The tags that the indices from `spell` refer to: IOB2 tags, or plain labels.

    Raises
    ------
    DataError
        If a tag is neither ``O`` nor a prefix with a label.
    """

    def __init__(self, tags: Sequence[str], scheme: Scheme) -> None:
        alone = [spans([tag], scheme) for tag in tags]
        names = [found[0].label if found else "" for found in alone]
        self.labels = list(dict.fromkeys(name for name in names if name))
        prefixes = ("",) if scheme is Scheme.PLAIN else ("B-", "I-")
        self._spellings = len(prefixes)
        pairs = [(label, prefix) for label in self.labels for prefix in prefixes]
        self.spelled = [OUTSIDE, *(prefix + label for label, prefix in pairs)]
        numbers = {name: number for number, name in enumerate(self.labels)}
        self._label = np.array([numbers.get(name, -1) for name in names], dtype=np.intp)
        # I- continues the span of its label, unless a neighbouring tag separates the two.
        inside = [f"I-{name}" if name else tag for name, tag in zip(names, tags, strict=True)]
        pairs = list(zip(inside, tags, strict=True))
        self._begins = np.array([len(spans([i, tag], scheme)) == 2 for i, tag in pairs], dtype=bool)
        self._ends = np.array([len(spans([tag, i], scheme)) == 2 for i, tag in pairs], dtype=bool)

    def find(self, path: _IntArray, lengths: _IntArray) -> SpanArrays:
        """Find the spans of a batch by conlleval's rules, in order.

        Parameters
        ----------
        path : int array, shape (N,)
            The tags of all sentences.
        lengths : int array, shape (B,)
            Tokens of each sentence.
        """
        label = self._label[path]
        continues = np.zeros(len(path) + 1, dtype=bool)  # whether the previous span continues
        continues[1:-1] = label[1:] == label[:-1]
        continues[1:-1] &= ~(self._begins[path[1:]] | self._ends[path[:-1]])
        continues[np.cumsum(lengths)] = False
        in_span = label >= 0
        first = np.flatnonzero(in_span & ~continues[:-1])
        last = np.flatnonzero(in_span & ~continues[1:])
        return SpanArrays(first, last, label[first])

    def spell(self, spans: SpanArrays, tokens: int) -> NDArray[np.intp]:
        """Spell spans as well-formed tags.

        Parameters
        ----------
        tokens : int
            Number of tokens in the batch.

        Returns
        -------
        int array, shape (tokens,)
            Indices of the tags in `spelled`.
        """
        first, last, label = spans
        inside = self._spellings * (label + 1)
        change = np.zeros(tokens + 1, dtype=np.intp)
        change[first] = inside
        change[last + 1] -= inside
        ids = np.cumsum(change[:-1])
        ids[first] -= self._spellings - 1
        return ids
