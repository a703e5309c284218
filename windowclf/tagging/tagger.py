"""A trained model at work: sentences in, their tags and spans out, as a stream of chunks."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import chain
from threading import Lock
from typing import NamedTuple, TypeVar

import numpy as np

from windowclf.errors import ModelError
from windowclf.model.encoding import number_documents
from windowclf.model.model import Model
from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.context import find_mentions, name_keys
from windowclf.nn.parameter import TableParameter
from windowclf.nn.projection import Projection
from windowclf.system.threads import Workers, thread_count
from windowclf.tagging.chunk import Prediction, TaggedChunk
from windowclf.tagging.projection_cache import FoundWords, ProjectionCache
from windowclf.tags.arrays import SpanFinder

CHUNK_TOKENS = 8192
"""Tokens that are looked up and scored at once."""
KEPT_BYTES = 2**28
"""Rows of words that are kept, at the most: 37,000 words of the carried model."""
LARGEST = 1e30
"""Scores beyond it are broken: the sum over a long sentence would leave the range of float32."""

T = TypeVar("T")

Sentences = Sequence[Sequence[str]]
Documents = Sequence[Hashable | None] | None


class FoundSentences(NamedTuple):
    """Sentences whose words are looked up.

    Attributes
    ----------
    lengths : int array, shape (B,)
        Tokens of each.
    documents : int array, shape (B,)
        The number of the document of each.
    words : FoundWords
        Of all tokens.
    """

    lengths: IntArray
    documents: IntArray
    words: FoundWords


class Tagger:
    """Tags sentences by a model, and remembers the words that it has seen.

    Several threads may use one at the same time.

    Parameters
    ----------
    model : Model
        Is read here, and not again: whoever trains on makes a new tagger.
    kept_bytes : int
        How much memory may hold the projected rows of words, at the most.

    Raises
    ------
    ModelError
        If a parameter is not finite, but for the lookup tables, whose rows are read when they are
        needed; or if a score of the moves between tags is beyond `LARGEST`.
    """

    def __init__(self, model: Model, *, kept_bytes: int = KEPT_BYTES) -> None:
        self.model = model
        self.finder = SpanFinder(model.labels, model.scheme)
        self._kept_bytes = kept_bytes
        for name, parameter in model.parameters().items():
            if not isinstance(parameter, TableParameter):
                _check(f"parameter {name}", parameter.value, float(np.finfo(np.float32).max))
        for name, parameter in model.objective.parameters().items():
            _check(f"parameter {name}", parameter.value, LARGEST)
        self._projection = Projection(model.network)
        self._lock = Lock()
        self._seen = self._begin()

    def _begin(self) -> ProjectionCache:
        # What is computed has the same bits as in the midst of work.
        with Workers(1), np.errstate(over="ignore", invalid="ignore"):
            return ProjectionCache(self.model.lexicon, self._projection, self._kept_bytes)

    def _kept(self) -> ProjectionCache:
        """Give the words that were seen, or begin anew; whoever still has the old ones uses them.

        The lock is for the memory: of two threads each would make its own.
        """
        with self._lock:
            if self._seen.is_stale:
                self._seen = self._begin()
            return self._seen

    def find(self, sentences: Sentences, documents: Documents = None) -> Iterator[FoundSentences]:
        """Look the words of sentences up, chunk by chunk.

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
        FoundSentences
            For `score`. The same sentences in the same order give the same scores, to the last
            bit, whichever threads work.

        Raises
        ------
        UsageError
            If there are more or fewer documents than sentences.
        """
        numbers = number_documents(documents, len(sentences))
        lengths = np.fromiter(map(len, sentences), np.intp, len(sentences))
        for chunk in _chunks(lengths, numbers):
            with np.errstate(over="ignore", invalid="ignore"):  # `score` looks for both
                words = self._kept().find(sentences[chunk])
            yield FoundSentences(lengths[chunk], numbers[chunk], words)

    def score(self, found: FoundSentences) -> FloatArray:
        """Score the tags of each token, shape (N, K).

        Raises
        ------
        ModelError
            If a score is not finite, or beyond `LARGEST`.
        """
        lengths, documents, (places, rows, names) = found
        mentions = None
        if self.model.network.document_weight is not None:
            mentions = find_mentions(name_keys(names, np.repeat(documents, lengths)))
        with np.errstate(over="ignore", invalid="ignore"):  # told in one line instead
            s = self._projection.scores(rows, places, lengths, mentions)
        _check("a score", s, LARGEST)
        return s

    def tag(self, chunks: Iterable[FoundSentences]) -> TaggedChunk:
        """Tag sentences that `find` has looked up, all together."""
        found = list(chunks)
        classes = len(self.model.network.biases[-1].value)
        lengths = [np.empty(0, np.intp), *(chunk.lengths for chunk in found)]
        s = [np.empty((0, classes), np.float32), *map(self.score, found)]
        return TaggedChunk(self.model, self.finder, np.concatenate(lengths), np.concatenate(s))

    def chunks(self, sentences: Sentences, documents: Documents = None) -> Iterator[TaggedChunk]:
        """Tag sentences, chunk by chunk; see `find`."""
        for found in self.find(sentences, documents):
            yield self.tag([found])

    @staticmethod
    def _work(
        function: Callable[[FoundSentences], list[T]],
        chunks: Iterable[FoundSentences],
        threads: int,
    ) -> Iterator[T]:
        with Workers(thread_count(threads)) as workers:
            yield from chain.from_iterable(workers.stream(function, chunks))

    def tags(
        self, sentences: Sentences, documents: Documents = None, threads: int = 1
    ) -> Iterator[list[str]]:
        """Yield the tags of each sentence, IOB2 or plain labels; see `find`.

        With more than one of `threads`, one looks words up and others score.
        """

        def tags(found: FoundSentences) -> list[list[str]]:
            return list(self.tag([found]).tags())

        yield from self._work(tags, self.find(sentences, documents), threads)

    def entities(self, sentences: Sentences) -> Iterator[list[tuple[int, int, str, float]]]:
        """Yield the spans of each sentence, see `TaggedChunk.entities_of`."""

        def entities(found: FoundSentences) -> list[list[tuple[int, int, str, float]]]:
            chunk = self.tag([found])
            return [chunk.entities_of(slice(i, i + 1)) for i in range(len(chunk.lengths))]

        yield from self._work(entities, self.find(sentences), 1)

    def probabilities(
        self, sentences: Sentences, documents: Documents = None, threads: int = 1
    ) -> Iterator[FloatArray]:
        """Yield the probability of each tag at each token, see `TaggedChunk.probabilities`."""

        def probabilities(found: FoundSentences) -> list[FloatArray]:
            chunk = self.tag([found])
            return np.split(chunk.probabilities, np.cumsum(chunk.lengths)[:-1])

        yield from self._work(probabilities, self.find(sentences, documents), threads)

    def predict(self, sentences: Sentences, documents: Documents = None) -> Iterator[Prediction]:
        """Yield tags, spans and confidences of each sentence; see `find`."""
        for chunk in self.chunks(sentences, documents):
            yield from chunk.predictions()


def _check(what: str, values: FloatArray, largest: float) -> None:
    """Refuse numbers beyond the largest, and what is none: that compares as false."""
    if values.size and not (values.max() <= largest and values.min() >= -largest):
        raise ModelError(
            f"damaged model: {what} is not finite or too large; train or fetch the model again"
        )


def _chunks(lengths: IntArray, documents: IntArray) -> Iterator[slice]:
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
