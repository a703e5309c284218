"""What is found in sentences that were tagged together; each part is made when it is asked for."""

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
    finder : SpanFinder
        Finds the spans in the model's tags.
    lengths : int array, shape (B,)
        Tokens of each sentence.
    s : float array, shape (N, K), or (M, K) with `scored`
    parts : int array, shape (N,)
        The part that each token may have in a name, see `part_of_name`: a span without a letter or
        a digit is dropped, and signs are cut off its ends.
    scored : OpenTokens, optional
        The ``M`` tokens that were scored, where not all were.
    score_all : callable, optional
        Returns the scores of all tokens, where some are missing.

    Attributes
    ----------
    path : int array, shape (N,)
        The best tags by the scores alone.
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
        """The spans that are names, and the path with the tags of these alone."""
        found = self._finder.find(self.path, self.lengths)
        if self._model.scheme is Scheme.PLAIN:  # labels of any tokens, such as parts of speech
            return found, self.path
        names = found.where(found.holding(self._parts == LETTERS))
        names = names.without_ends(self._parts == SIGN)
        if names is found:
            return found, self.path
        return names, self._path_of(names, found)

    def _path_of(self, names: SpanArrays, found: SpanArrays) -> IntArray:
        """Spell the tags of the sentences anew in which spans were dropped or cut."""
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
        """List the spans of some sentences, counted from the first token of these.

        Returns
        -------
        list of tuple
            First token, last token, label and confidence.
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
        """How many spans begin before each sentence."""
        cuts: list[int] = np.searchsorted(self.spans.first, self._ends).tolist()
        return cuts

    def own_tags(self) -> Iterator[list[str]]:
        """Yield the tags of each sentence in the model's own scheme."""
        return self._named(self._model.labels, self._names[1], self.lengths)

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

        Tags that the model distinguishes and users do not, such as B- and S- of a label, are
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
    """Spell a tag of IOBES in IOB2; a plain label is itself."""
    if scheme is Scheme.PLAIN:
        return tag
    return {"S": "B", "E": "I"}.get(tag[0], tag[0]) + tag[1:]


def _in_iob2(p: FloatArray, lengths: IntArray) -> FloatArray:
    """Spell ``O`` and the one label of a model that ranks as ``O``, B- and I-, shape (N, 3).

    A run of the label is one span, so a token begins one if the token before it, which is scored
    by itself, does not have the label.
    """
    label = p[:, 1]
    before = np.roll(label, 1)
    before[(np.cumsum(lengths) - lengths)[lengths > 0]] = 0
    return np.stack([p[:, 0], label * (1 - before), label * before], axis=1)
