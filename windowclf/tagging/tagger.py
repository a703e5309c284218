"""A trained model at work: sentences in, their tags and spans out, as a stream of chunks."""

from collections.abc import Hashable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from windowclf.batching import number_documents
from windowclf.model import Model
from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.projection import Projection
from windowclf.nn.repeats import find_repeats, name_keys
from windowclf.tag_spans import FoundSpans, SpanFinder
from windowclf.tagging.seen_words import SeenWords
from windowclf.tags import Span

CHUNK_TOKENS = 8192
"""Tokens that are looked up and decoded at once."""
KEPT_BYTES = 2**27
"""Rows of words that are kept, at the most: 18,000 words of the carried model."""


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
    tagger : Tagger
    lengths : int array, shape (B,)
        Tokens of each sentence.
    s : float array, shape (N, K)
    path : int array, shape (N,)
    """

    def __init__(self, tagger: "Tagger", lengths: IntArray, s: FloatArray, path: IntArray) -> None:
        self._tagger = tagger
        self.labels = tagger.finder.labels
        self.lengths, self.s, self.path = lengths, s, path
        self._ends = np.concatenate([[0], np.cumsum(lengths)])

    @cached_property
    def spans(self) -> FoundSpans:
        """The spans of all sentences, counted from the first token of the chunk."""
        return self._tagger.finder.find(self.path, self.lengths)

    @cached_property
    def confidences(self) -> FloatArray:
        """The calibrated probability of each span."""
        model = self._tagger.model
        first, last, _ = self.spans
        p = model.objective.span_probabilities(self.s, self.path, self.lengths, first, last)
        return model.calibration(p)

    def tokens_of(self, sentences: slice) -> slice:
        """Return the place of some sentences among the tokens."""
        return slice(int(self._ends[sentences.start]), int(self._ends[sentences.stop]))

    def spans_of(self, sentences: slice) -> slice:
        """Return the place of some sentences among the spans."""
        return slice(int(self._cuts[sentences.start]), int(self._cuts[sentences.stop]))

    @cached_property
    def _cuts(self) -> IntArray:
        """How many spans begin before each sentence."""
        return np.searchsorted(self.spans.first, self._ends)

    def own_tags(self) -> Iterator[list[str]]:
        """Yield the tags of each sentence in the model's own scheme."""
        return self._named(self._tagger.model.labels, self.path, self.lengths)

    def tags(self, sentences: slice = slice(None)) -> Iterator[list[str]]:
        """Yield the tags of each of some sentences as users read them: IOB2, or plain labels."""
        start, stop, _ = sentences.indices(len(self.lengths))
        tokens = self.tokens_of(slice(start, stop))
        names = self._tagger.finder.spelled
        return self._named(names, self._spelled[tokens], self.lengths[start:stop])

    @cached_property
    def _spelled(self) -> IntArray:
        return self._tagger.finder.spell(self.spans, len(self.path))

    def _named(self, names: Sequence[str], ids: IntArray, lengths: IntArray) -> Iterator[list[str]]:
        tags: list[str] = np.array(names, dtype=object)[ids].tolist()
        end = 0
        for length in lengths.tolist():
            start, end = end, end + length
            yield tags[start:end]

    def predictions(self) -> Iterator[Prediction]:
        """Yield tags, spans and confidences of each sentence."""
        first, last, label = (array.tolist() for array in self.spans)
        start = begin = 0
        for tags, end in zip(self.own_tags(), self._cuts[1:].tolist(), strict=True):
            found = [
                Span(first[i] - start, last[i] - start + 1, self.labels[label[i]])
                for i in range(begin, end)
            ]
            yield Prediction(tags, found, self.confidences[begin:end])
            begin = end
            start += len(tags)


class Tagger:
    """Tags sentences by a model, and remembers the words that it has seen.

    Several threads may use one at the same time.

    Parameters
    ----------
    model : Model
        Is read here, and not again: whoever trains on makes a new tagger.
    kept_bytes : int
        How much memory may hold the projected rows of words, at the most.
    """

    def __init__(self, model: Model, *, kept_bytes: int = KEPT_BYTES) -> None:
        self.model = model
        self.finder = SpanFinder(model.labels, model.scheme)
        self._kept_bytes = kept_bytes
        self._projection = Projection(model.network)
        self._seen = self._begin()

    def _begin(self) -> SeenWords:
        return SeenWords(self.model.lexicon, self._projection, self._kept_bytes)

    def scores(
        self, sentences: Sequence[Sequence[str]], documents: Sequence[Hashable | None] | None = None
    ) -> Iterator[tuple[IntArray, FloatArray]]:
        """Score sentences, chunk by chunk.

        Parameters
        ----------
        sentences : sequence of sequences of str
            Tokens.
        documents : sequence, optional
            A number or a name of the document that each sentence is of: neighbours with the
            same one are together; None is by itself, and so is every sentence without
            `documents`.

        Yields
        ------
        lengths : int array, shape (B,)
            Of the sentences of the chunk.
        s : float array, shape (N, K)

        Raises
        ------
        UsageError
            If there are more or fewer documents than sentences.
        """
        numbers = number_documents(documents, len(sentences))
        lengths = np.fromiter(map(len, sentences), np.intp, len(sentences))
        for chunk in _chunks(lengths, numbers):
            yield lengths[chunk], self._score(sentences[chunk], lengths[chunk], numbers[chunk])

    def _score(
        self, sentences: Sequence[Sequence[str]], lengths: IntArray, documents: IntArray
    ) -> FloatArray:
        seen = self._seen
        if seen.is_stale:
            seen = self._seen = self._begin()
        places, rows, names = seen.find(sentences)
        repeats = None
        if self.model.network.repeats_weight is not None:
            repeats = find_repeats(name_keys(names, np.repeat(documents, lengths)))
        return self._projection.scores(rows, places, lengths, repeats)

    def chunks(
        self, sentences: Sequence[Sequence[str]], documents: Sequence[Hashable | None] | None = None
    ) -> Iterator[TaggedChunk]:
        """Tag sentences, chunk by chunk; see `scores`."""
        for lengths, s in self.scores(sentences, documents):
            yield self._tagged(lengths, s)

    def tag(
        self, sentences: Sequence[Sequence[str]], documents: Sequence[Hashable | None] | None = None
    ) -> TaggedChunk:
        """Tag sentences as one chunk; see `scores`."""
        classes = len(self.model.network.biases[-1].value)
        nothing = np.empty(0, np.intp), np.empty((0, classes), np.float32)
        parts = zip(nothing, *self.scores(sentences, documents), strict=True)
        lengths, s = (np.concatenate(arrays) for arrays in parts)
        return self._tagged(lengths, s)

    def _tagged(self, lengths: IntArray, s: FloatArray) -> TaggedChunk:
        return TaggedChunk(self, lengths, s, self.model.objective.decode(s, lengths))

    def tags(
        self, sentences: Sequence[Sequence[str]], documents: Sequence[Hashable | None] | None = None
    ) -> Iterator[list[str]]:
        """Yield the tags of each sentence: IOB2, or plain labels; see `scores`."""
        for chunk in self.chunks(sentences, documents):
            yield from chunk.tags()

    def predict(
        self, sentences: Sequence[Sequence[str]], documents: Sequence[Hashable | None] | None = None
    ) -> Iterator[Prediction]:
        """Yield tags, spans and confidences of each sentence; see `scores`."""
        for chunk in self.chunks(sentences, documents):
            yield from chunk.predictions()


def _chunks(lengths: IntArray, documents: npt.NDArray[np.int32]) -> Iterator[slice]:
    """Group consecutive sentences so that each group has about `CHUNK_TOKENS` tokens.

    Documents are kept whole, but for those that are longer than that.
    """
    starts = np.cumsum(lengths) - lengths
    begins = np.flatnonzero(np.diff(documents, prepend=-1))
    of_document = np.repeat(starts[begins], np.diff(begins, append=len(lengths)))
    group = np.stack([of_document // CHUNK_TOKENS, (starts - of_document) // CHUNK_TOKENS])
    cuts = np.flatnonzero(np.diff(group).any(axis=0)) + 1
    for begin, end in zip([0, *cuts], [*cuts, len(lengths)], strict=True):
        if end > begin:
            yield slice(int(begin), int(end))
