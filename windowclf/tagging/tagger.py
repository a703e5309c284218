"""Tagging of sentences by a trained model, as a stream of chunks."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from threading import Lock
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from windowclf.errors import ModelError
from windowclf.model.encoding import number_documents
from windowclf.model.model import Model
from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.context import Mentions, find_mentions, name_keys
from windowclf.nn.layers import Padded
from windowclf.nn.open_tokens import OpenTokens
from windowclf.nn.parameter import TableParameter
from windowclf.nn.projection import Projection, Windows
from windowclf.system.shared_work import share
from windowclf.system.threads import one_blas_thread
from windowclf.tagging.chunk_work import ChunkWork
from windowclf.tagging.projection_cache import PAD, ProjectionCache
from windowclf.tagging.tagged_chunk import Prediction, TaggedChunk
from windowclf.tags.arrays import SpanFinder
from windowclf.tags.schemes import OUTSIDE

CHUNK_TOKENS = 8192
"""Number of tokens that are looked up and scored together."""
KEPT_BYTES = 2**27
"""Memory for cached rows, enough for 75,000 words of the bundled model."""
LARGEST = 1e30
"""Largest valid score; with larger ones, the sum over a long sentence would overflow float32."""

T = TypeVar("T")

Sentences = Sequence[Sequence[str]]
Documents = Sequence[Hashable | None] | None


class EncodedChunk(NamedTuple):
    """Sentences whose words have been looked up.

    Attributes
    ----------
    lengths : int array, shape (B,)
        Number of tokens in each sentence.
    documents : int array, shape (B,)
        The number of each sentence's document.
    words, names, parts, cache
        See `windowclf.tagging.projection_cache.Found`.
    """

    lengths: IntArray
    documents: IntArray
    words: IntArray
    names: IntArray
    parts: npt.NDArray[np.int8]
    cache: ProjectionCache


class Tagger:
    """Tags sentences with a model, and caches the words that it has seen.

    Several threads may use a tagger at the same time.

    Parameters
    ----------
    model : Model
        The model, whose parameters are read once: make a new tagger after further training.
    kept_bytes : int
        Largest amount of memory for the projected rows of words.

    Raises
    ------
    ModelError
        If a parameter is not finite, or a transition score is larger than `LARGEST`. The rows of
        lookup tables are checked later, when they are used.
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
        with np.errstate(over="ignore", invalid="ignore"):
            self._projection = Projection(model.network)
        _check("a weight of the first layer", self._projection.product.unit, LARGEST / 2**15)
        self._first = None if model.first_pass is None else Projection(model.first_pass)
        self._outside = model.labels.index(OUTSIDE) if self._first is not None else -1
        self._lock = Lock()
        self._cache = self._new_cache()

    def _new_cache(self) -> ProjectionCache:
        # With the same settings as during tagging, the results have the same bits.
        with one_blas_thread, np.errstate(over="ignore", invalid="ignore"):
            first = None if self._first is None else self._first.product
            product = self._projection.product
            return ProjectionCache(self.model.lexicon, product, first, self._kept_bytes)

    def _fresh_cache(self) -> ProjectionCache:
        """Return the projection cache, or a new one if it is stale.

        Threads that hold the old one keep using it. The lock limits memory: without it two threads
        could each make a new one.
        """
        with self._lock:
            if self._cache.is_full:
                self._cache = self._cache.renewed()
            return self._cache

    def lookup(self, sentences: Sentences, documents: Documents = None) -> Iterator[EncodedChunk]:
        """Look up the words of sentences, chunk by chunk.

        Parameters
        ----------
        sentences : sequence of sequences of str
            The tokens of each sentence.
        documents : sequence, optional
            The number or name of each sentence's document. Neighbouring sentences with the same
            value form one document; a sentence with None is a document by itself, and so is every
            sentence by default.

        Yields
        ------
        EncodedChunk
            A chunk for `score`. The same sentences in the same order give the same scores to the
            last bit, with any number of threads.

        Raises
        ------
        UsageError
            If there are more or fewer documents than sentences.
        """
        return self.lookup_numbered(sentences, number_documents(documents, len(sentences)))

    def lookup_numbered(self, sentences: Sentences, documents: IntArray) -> Iterator[EncodedChunk]:
        """Look up words as `lookup` does, with documents numbered from 0, shape (B,)."""
        for chunk in _chunks(_lengths(sentences), documents):
            yield self.lookup_chunk(sentences[chunk], documents[chunk])

    def lookup_chunk(self, sentences: Sentences, documents: IntArray) -> EncodedChunk:
        """Look up the words of one chunk, see `lookup_numbered`."""
        with np.errstate(over="ignore", invalid="ignore"):  # `score` checks for both
            found = self._fresh_cache().lookup(sentences)
        return EncodedChunk(_lengths(sentences), documents, *found)

    def score(self, chunk: EncodedChunk) -> FloatArray:
        """Score the tags of each token, shape (N, K).

        Raises
        ------
        ModelError
            If a score is not finite, or larger than `LARGEST`.
        """
        return self._score(chunk, np.arange(len(chunk.words)))

    def _padded(self, chunk: EncodedChunk) -> Padded:
        return Padded.of(chunk.words, chunk.lengths, self._projection.window, PAD)

    def first_scores(self, chunk: EncodedChunk) -> FloatArray:
        """Score whether a token needs the full network, or is outside of spans, shape (N, 2).

        Raises
        ------
        ValueError
            If the model has no first pass.
        """
        if self._first is None:
            raise ValueError("the model has no first pass")
        windows, means = self._first.all_rows(self._padded(chunk), chunk.words)
        return self._first.scores(chunk.cache.first_rows(), windows, chunk.lengths, means)

    def _score(self, chunk: EncodedChunk, tokens: IntArray) -> FloatArray:
        """Score the tags of some tokens, shape (M, K)."""
        projection, lengths, padded = self._projection, chunk.lengths, self._padded(chunk)
        mentions, wanted = None, tokens
        if self.model.network.document_weight is not None:
            keys = name_keys(chunk.names, np.repeat(chunk.documents, lengths))
            mentions, wanted = _of_tokens(find_mentions(keys), tokens, len(chunk.words))
        words = [padded.words[padded.position[wanted] + slot] for slot in range(projection.window)]
        if projection.has_mean:
            sentence = np.repeat(np.arange(len(lengths)), lengths)
            scored = np.zeros(len(lengths), dtype=bool)
            scored[sentence[wanted]] = True
            inside = scored[sentence]
            words.append(chunk.words[inside])
        with np.errstate(over="ignore", invalid="ignore"):  # reported as one error instead
            try:
                pool, rows = chunk.cache.rows(words)
            except FloatingPointError:
                raise _damaged("the projection of a word") from None
            means = None
            if projection.has_mean:
                means = np.full(len(chunk.words), -1, dtype=np.intp)
                means[inside] = rows[projection.window]
            windows = Windows(wanted, np.array(rows[: projection.window]))
            s = projection.scores(pool, windows, lengths, means, mentions)
        _check("a score", s, LARGEST)
        return s if len(wanted) == len(tokens) else s[np.searchsorted(wanted, tokens)]

    def tag(self, chunks: Iterable[EncodedChunk]) -> TaggedChunk:
        """Tag the sentences of all chunks from `lookup` together."""
        chunks = list(chunks)
        lengths: list[IntArray] = [np.empty(0, np.intp)]
        tokens: list[IntArray] = [np.empty(0, np.intp)]
        parts, s, before = [np.empty(0, np.int8)], [self._no_scores()], 0
        for chunk in chunks:
            lengths.append(chunk.lengths)
            parts.append(chunk.parts)
            if self._first is None:
                s.append(self.score(chunk))
            else:
                first = self.first_scores(chunk)
                left = np.flatnonzero(first[:, 1] <= first[:, 0])
                s.append(self._score(chunk, left))
                tokens.append(left + before)
                before += len(chunk.words)
        scored, score_all = None, None
        if self._first is not None:
            scored = OpenTokens(np.concatenate(tokens), self._outside)
            score_all = partial(self._score_all, chunks)
        return TaggedChunk(
            self.model,
            self.finder,
            np.concatenate(lengths),
            np.concatenate(s),
            np.concatenate(parts),
            scored,
            score_all,
        )

    def _score_all(self, chunks: Sequence[EncodedChunk]) -> FloatArray:
        return np.concatenate([self._no_scores(), *map(self.score, chunks)])

    def _no_scores(self) -> FloatArray:
        return np.empty((0, len(self.model.network.biases[-1].value)), np.float32)

    def chunks(self, sentences: Sentences, documents: Documents = None) -> Iterator[TaggedChunk]:
        """Tag sentences, chunk by chunk; see `lookup`."""
        for chunk in self.lookup(sentences, documents):
            yield self.tag([chunk])

    def map_chunks(
        self,
        function: Callable[[TaggedChunk, slice], T],
        sentences: Sentences,
        documents: Documents = None,
        processes: int = 1,
    ) -> Iterator[T]:
        """Tag sentences, and yield the result of a function for each chunk and its slice.

        With several `processes`, forks of this process share the work, see
        `windowclf.system.shared_work.SharedWork`, and pickle the results of the function.
        """
        numbers = number_documents(documents, len(sentences))
        return share(
            ChunkWork(self, sentences, numbers, function),
            _chunks(_lengths(sentences), numbers),
            processes,
        )

    def tags(
        self, sentences: Sentences, documents: Documents = None, processes: int = 1
    ) -> Iterator[list[str]]:
        """Yield the tags of each sentence, IOB2 or plain labels; see `map_chunks`."""
        found = self.map_chunks(lambda chunk, _: [*chunk.tags()], sentences, documents, processes)
        return chain.from_iterable(found)

    def probabilities(
        self, sentences: Sentences, documents: Documents = None, processes: int = 1
    ) -> Iterator[FloatArray]:
        """Yield the probability of each tag at each token, see `TaggedChunk.probabilities`."""
        found = self.map_chunks(
            lambda chunk, _: (chunk.probabilities, np.cumsum(chunk.lengths)[:-1]),
            sentences,
            documents,
            processes,
        )
        return chain.from_iterable(np.split(p, ends) for p, ends in found)

    def predict(self, sentences: Sentences, documents: Documents = None) -> Iterator[Prediction]:
        """Yield tags, spans and confidences of each sentence; see `lookup`."""
        for chunk in self.chunks(sentences, documents):
            yield from chunk.predictions()


def _lengths(sentences: Sentences) -> IntArray:
    return np.fromiter(map(len, sentences), np.intp, len(sentences))


def _of_tokens(mentions: Mentions, tokens: IntArray, n: int) -> tuple[Mentions, IntArray]:
    """Keep only the names that have a mention among some tokens.

    Returns
    -------
    mentions : Mentions
        The mentions of these names, as indices in `wanted`.
    wanted : int array, shape (M',)
        The tokens and all mentions of these names, in order.
    """
    is_wanted = np.zeros(n, dtype=bool)
    is_wanted[tokens] = True
    windows, sizes = mentions
    if not len(sizes):
        return mentions, tokens
    kept = np.logical_or.reduceat(is_wanted[windows], np.cumsum(sizes) - sizes)
    windows = windows[np.repeat(kept, sizes)]
    is_wanted[windows] = True
    wanted = np.flatnonzero(is_wanted)
    return Mentions(np.searchsorted(wanted, windows), sizes[kept]), wanted


def _check(what: str, values: FloatArray, largest: float) -> None:
    """Raise an error for numbers above the largest and for NaN, which compares as false."""
    if values.size and not (values.max() <= largest and values.min() >= -largest):
        raise _damaged(what)


def _damaged(what: str) -> ModelError:
    return ModelError(
        f"damaged model: {what} is not finite or too large; train or download the model again"
    )


def _chunks(lengths: IntArray, documents: IntArray) -> Iterator[slice]:
    """Group consecutive sentences so that each group has about `CHUNK_TOKENS` tokens.

    Documents are not split, except those with more tokens.
    """
    starts = np.cumsum(lengths) - lengths
    begins = np.flatnonzero(np.diff(documents, prepend=-1))
    of_document = np.repeat(starts[begins], np.diff(begins, append=len(lengths)))
    group = np.stack([of_document // CHUNK_TOKENS, (starts - of_document) // CHUNK_TOKENS])
    cuts = np.flatnonzero(np.diff(group).any(axis=0)) + 1
    for begin, end in zip([0, *cuts], [*cuts, len(lengths)], strict=True):
        if end > begin:
            yield slice(int(begin), int(end))
