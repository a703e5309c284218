"""Tagged sentences as arrays, from which tags, spans and probabilities are made when asked for."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from windowclf.model.model import Model
from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.tags.arrays import FoundSpans, SpanFinder
from windowclf.tags.schemes import Scheme, Span


class Prediction(NamedTuple):
    """The tags of one sentence, and the spans they spell.

    Attributes
    ----------
    tags : list of str
        ``n`` tags in the model's own scheme.
    spans : list of Span
    confidences : float array, shape (len(spans),)
        The calibrated probability of each span.
    """

    tags: list[str]
    spans: list[Span]
    confidences: FloatArray


class TaggedChunk:
    """Sentences and the best paths through their tags; the rest is made when it is asked for.

    Parameters
    ----------
    model : Model
    finder : SpanFinder
        Of the model's tags.
    lengths : int array, shape (B,)
        Tokens of each sentence.
    s : float array, shape (N, K)

    Attributes
    ----------
    path : int array, shape (N,)
    """

    def __init__(self, model: Model, finder: SpanFinder, lengths: IntArray, s: FloatArray) -> None:
        self._model, self._finder = model, finder
        self.labels = finder.labels
        self.lengths, self.s = lengths, s
        self.path = model.objective.decode(s, lengths)
        self._ends: list[int] = [0, *np.cumsum(lengths).tolist()]

    @cached_property
    def spans(self) -> FoundSpans:
        """The spans of all sentences, counted from the first token of the chunk."""
        return self._finder.find(self.path, self.lengths)

    @cached_property
    def confidences(self) -> FloatArray:
        """The calibrated probability of each span."""
        first, last, _ = self.spans
        p = self._model.objective.span_probabilities(self.s, self.path, self.lengths, first, last)
        return self._model.calibration(p)

    def entities_of(self, sentences: slice) -> list[tuple[int, int, str, float]]:
        """List the spans of some sentences, counted from the first token of these.

        Returns
        -------
        list of tuple
            First token, last token, label and confidence.
        """
        first, last, label, sure = self._lists
        before = self._ends[sentences.start]
        return [
            (first[i] - before, last[i] - before, self.labels[label[i]], sure[i])
            for i in range(self._cuts[sentences.start], self._cuts[sentences.stop])
        ]

    @cached_property
    def _lists(self) -> tuple[list[int], list[int], list[int], list[float]]:
        first, last, label = (array.tolist() for array in self.spans)
        return first, last, label, self.confidences.tolist()

    @cached_property
    def _cuts(self) -> list[int]:
        """How many spans begin before each sentence."""
        cuts: list[int] = np.searchsorted(self.spans.first, self._ends).tolist()
        return cuts

    def own_tags(self) -> Iterator[list[str]]:
        """Yield the tags of each sentence in the model's own scheme."""
        return self._named(self._model.labels, self.path, self.lengths)

    def tags(self, sentences: slice = slice(None)) -> Iterator[list[str]]:
        """Yield the tags of each of some sentences as users read them: IOB2, or plain labels."""
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
        """The probability of each tag that `tags` may give at each token, shape (N, L).

        What the model tells apart and users do not, such as B- and S- of a label, is summed.
        """
        model, spelled = self._model, self._finder.spelled
        p = model.objective.probabilities(self.s, self.lengths)
        if model.scheme is Scheme.IOB1:
            return _begun(p, self.lengths)
        read = np.zeros((len(p), len(spelled)), dtype=p.dtype)
        for k, tag in enumerate(model.labels):
            read[:, spelled.index(_read_as(tag, model.scheme))] += p[:, k]
        return read

    def predictions(self) -> Iterator[Prediction]:
        """Yield tags, spans and confidences of each sentence."""
        first, last, label = (array.tolist() for array in self.spans)
        start = begin = 0
        for tags, end in zip(self.own_tags(), self._cuts[1:], strict=True):
            found = [
                Span(first[i] - start, last[i] - start + 1, self.labels[label[i]])
                for i in range(begin, end)
            ]
            yield Prediction(tags, found, self.confidences[begin:end])
            begin = end
            start += len(tags)


def _read_as(tag: str, scheme: Scheme) -> str:
    """Spell a tag of IOBES in IOB2; a plain label is itself."""
    if scheme is Scheme.PLAIN:
        return tag
    return {"S": "B", "E": "I"}.get(tag[0], tag[0]) + tag[1:]


def _begun(p: FloatArray, lengths: IntArray) -> FloatArray:
    """Spell ``O`` and the one label of a model that ranks as ``O``, B- and I-, shape (N, 3).

    A run of the label is one span, so a token begins one if the token before it, which is scored
    by itself, has the label not.
    """
    label = p[:, 1]
    before = np.roll(label, 1)
    before[(np.cumsum(lengths) - lengths)[lengths > 0]] = 0
    return np.stack([p[:, 0], label * (1 - before), label * before], axis=1)
