"""Results of sentences that were tagged together; each part is computed on first use."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from windowclf.model.model import Model
from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.open_tokens import OpenTokens
from windowclf.tags.arrays import SpanArrays, SpanFinder
from windowclf.tags.schemes import Scheme, Span, encode
from windowclf.text.token_pattern import LETTERS, SIGN


class Prediction(NamedTuple):
    """The tags of one sentence and their spans.

    Attributes
    ----------
    tags : list of str
        ``n`` tags in the model's own scheme.
    spans : list of Span
        The spans that the tags spell.
    confidences : float array, shape (len(spans),)
        The calibrated probability of each span.
    """

    tags: list[str]
    spans: list[Span]
    confidences: FloatArray


class TaggedChunk:
    """Sentences with their best tag paths; everything else is computed on first use.

    Parameters
    ----------
    finder : SpanFinder
        Finds the spans in the model's tags.
    lengths : int array, shape (B,)
        Number of tokens in each sentence.
    s : float array, shape (N, K), or (M, K) with `scored`
    parts : int array, shape (N,)
        The possible part of each token in a name, see `part_of_name`: a span without a letter or
        digit is dropped, and signs are cut off its ends.
    scored : OpenTokens, optional
        The ``M`` tokens that were scored; by default all.
    score_all : callable, optional
        Returns the scores of all tokens; needed with `scored`.

    Attributes
    ----------
    path : int array, shape (N,)
        The best tags by the scores, before any spans are dropped or cut.
    """

    def __init__(
        self,
        model: Model,
        finder: SpanFinder,
        lengths: IntArray,
        s: FloatArray,
        parts: npt.NDArray[np.int8],
        scored: OpenTokens | None = None,
        score_all: Callable[[], FloatArray] | None = None,
    ) -> None:
        self._model, self._finder = model, finder
        self.lengths, self._s, self._scored = lengths, s, scored
        self._score_all = score_all
        self._parts = parts
        self.path = model.objective.decode(s, lengths, scored)
        self._ends: list[int] = [0, *np.cumsum(lengths).tolist()]

    @property
    def labels(self) -> Sequence[str]:
        """Labels that a span may have."""
        return self._finder.labels

    @cached_property
    def scores(self) -> FloatArray:
        """The scores of all tokens, shape (N, K)."""
        return self._s if self._score_all is None else self._score_all()

    @cached_property
    def spans(self) -> SpanArrays:
        """The spans of all sentences, counted from the first token of the chunk."""
        return self._names[0]

    @cached_property
    def _names(self) -> tuple[SpanArrays, IntArray]:
        """The spans that are names, and the path with only their tags."""
        found = self._finder.find(self.path, self.lengths)
        if self._model.scheme is Scheme.PLAIN:  # any token may have a label, such as punctuation
            return found, self.path
        names = found.where(found.holding(self._parts == LETTERS))
        names = names.without_ends(self._parts == SIGN)
        if names is found:
            return found, self.path
        return names, self._path_of(names, found)

    def _path_of(self, names: SpanArrays, found: SpanArrays) -> IntArray:
        """Respell the tags of sentences in which spans were dropped or cut."""
        path = self.path.copy()
        inside = np.zeros((2, len(path)), bool)
        inside[0, found.tokens()] = inside[1, names.tokens()] = True
        ends = np.array(self._ends)
        cut = np.unique(np.searchsorted(ends, np.flatnonzero(inside[0] != inside[1]), "right"))
        numbers = {tag: number for number, tag in enumerate(self._model.labels)}
        for start, end in zip(ends[cut - 1].tolist(), ends[cut].tolist(), strict=True):
            here = slice(*np.searchsorted(names.first, (start, end)))
            rows = zip(*(array[here].tolist() for array in names), strict=True)
            spans = [Span(a - start, b + 1 - start, self.labels[label]) for a, b, label in rows]
            tags = encode(spans, end - start, self._model.scheme)
            path[start:end] = [numbers[tag] for tag in tags]
        return path

    @cached_property
    def confidences(self) -> FloatArray:
        """The calibrated probability of each span."""
        (first, last, _), path = self._names
        p = self._model.objective.span_probabilities(
            self._s, path, self.lengths, first, last, self._scored
        )
        return self._model.calibration(p)

    def entities_of(self, sentences: slice) -> list[tuple[int, int, str, float]]:
        """List the spans of some sentences.

        Returns
        -------
        list of tuple
            First token, last token, label and confidence; tokens count from the first sentence.
        """
        before = self._ends[sentences.start]
        of_sentences = slice(self._cuts[sentences.start], self._cuts[sentences.stop])
        return [
            (first - before, last - before, label, confidence)
            for first, last, label, confidence in self._rows[of_sentences]
        ]

    @cached_property
    def _rows(self) -> list[tuple[int, int, str, float]]:
        first, last, label = (array.tolist() for array in self.spans)
        labels = map(self._finder.labels.__getitem__, label)
        return list(zip(first, last, labels, self.confidences.tolist(), strict=True))

    @cached_property
    def _cuts(self) -> list[int]:
        """The number of spans before each sentence."""
        cuts: list[int] = np.searchsorted(self.spans.first, self._ends).tolist()
        return cuts

    def own_tags(self) -> Iterator[list[str]]:
        """Yield the tags of each sentence in the model's own scheme."""
        return self._named(self._model.labels, self._names[1], self.lengths)

    def tags(self, sentences: slice = slice(None)) -> Iterator[list[str]]:
        """Yield the tags of some sentences in the public scheme: IOB2, or plain labels."""
        start, stop, _ = sentences.indices(len(self.lengths))
        tokens = slice(self._ends[start], self._ends[stop])
        names = self._finder.spelled
        return self._named(names, self._spelled[tokens], self.lengths[start:stop])

    @cached_property
    def _spelled(self) -> IntArray:
        return self._finder.spell(self.spans, len(self.path))

    def _named(self, names: Sequence[str], ids: IntArray, lengths: IntArray) -> Iterator[list[str]]:
        tags: list[str] = np.array(names, dtype=object)[ids].tolist()
        end = 0
        for length in lengths.tolist():
            start, end = end, end + length
            yield tags[start:end]

    @cached_property
    def probabilities(self) -> FloatArray:
        """The probability of each public tag at each token, shape (N, L).

        Probabilities of tags that only the model distinguishes, such as B- and S- of a label, are
        summed.
        """
        model, spelled = self._model, self._finder.spelled
        p = model.objective.probabilities(self.scores, self.lengths)
        if model.scheme is Scheme.IOB1:
            return _in_iob2(p, self.lengths)
        read = np.zeros((len(p), len(spelled)), dtype=p.dtype)
        for k, tag in enumerate(model.labels):
            read[:, spelled.index(_read_as(tag, model.scheme))] += p[:, k]
        return read

    def predictions(self) -> Iterator[Prediction]:
        """Yield tags, spans and confidences of each sentence."""
        for i, tags in enumerate(self.own_tags()):
            rows = self.entities_of(slice(i, i + 1))
            spans = [Span(first, last + 1, label) for first, last, label, _ in rows]
            yield Prediction(tags, spans, self.confidences[self._cuts[i] : self._cuts[i + 1]])


def _read_as(tag: str, scheme: Scheme) -> str:
    """Convert an IOBES tag to IOB2; plain labels do not change."""
    if scheme is Scheme.PLAIN:
        return tag
    return {"S": "B", "E": "I"}.get(tag[0], tag[0]) + tag[1:]


def _in_iob2(p: FloatArray, lengths: IntArray) -> FloatArray:
    """Convert the probabilities of a ranking model, for ``O`` and its label, to ``O``, B- and I-.

    A run of the label is one span. A token therefore begins a span if the previous token, which is
    scored independently, does not have the label. The result has the shape (N, 3).
    """
    label = p[:, 1]
    before = np.roll(label, 1)
    before[(np.cumsum(lengths) - lengths)[lengths > 0]] = 0
    return np.stack([p[:, 0], label * (1 - before), label * before], axis=1)
