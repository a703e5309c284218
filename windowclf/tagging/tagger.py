"""A trained model at work: sentences in, their tags and spans out, as a stream of chunks."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from threading import Lock
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from windowclf.errors import ModelError
from windowclf.model.encoding import number_documents
from windowclf.model.model import Model
from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.context import find_mentions, name_keys
from windowclf.nn.parameter import TableParameter
from windowclf.nn.projection import Projection, WordRows
from windowclf.system.shared_work import share
from windowclf.system.threads import one_blas_thread
from windowclf.tagging.chunk_work import ChunkWork
from windowclf.tagging.projection_cache import ProjectionCache
from windowclf.tags.arrays import SpanArrays, SpanFinder
from windowclf.tags.schemes import Scheme, Span, encode
from windowclf.text.token_pattern import LETTERS, SIGN

CHUNK_TOKENS = 8192
"""Tokens that are looked up and scored at once."""
KEPT_BYTES = 2**28
"""Rows of words that are kept, at the most: 37,000 words of the bundled model."""
LARGEST = 1e30
"""Scores beyond it are broken: the sum over a long sentence would leave the range of float32."""

T = TypeVar("T")

Sentences = Sequence[Sequence[str]]
Documents = Sequence[Hashable | None] | None


class EncodedChunk(NamedTuple):
    """Sentences whose words are looked up.

    Attributes
    ----------
    lengths : int array, shape (B,)
        Tokens of each sentence.
    documents : int array, shape (B,)
        The number of each sentence's document.
    places, rows, names, parts
        See `windowclf.tagging.projection_cache.Found`.
    """

    lengths: IntArray
    documents: IntArray
    places: IntArray
    rows: WordRows
    names: IntArray
    parts: npt.NDArray[np.int8]


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
    s : float array, shape (N, K)
    parts : int array, shape (N,)
        The part that each token may have in a name, see `part_of_name`: a span without a letter or
        a digit is dropped, and signs are cut off its ends.

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
    ) -> None:
        self._model, self._finder = model, finder
        self.lengths, self.s = lengths, s
        self._parts = parts
        self.path = model.objective.decode(s, lengths)
        self._ends: list[int] = [0, *np.cumsum(lengths).tolist()]

    @property
    def labels(self) -> Sequence[str]:
        """Labels that a span may have."""
        return self._finder.labels

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
        p = self._model.objective.span_probabilities(self.s, path, self.lengths, first, last)
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
        p = model.objective.probabilities(self.s, self.lengths)
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


class Tagger:
    """Tags sentences by a model, and remembers the words that it has seen.

    Several threads may use one at the same time.

    Parameters
    ----------
    model : Model
        It is read here, and not again: after further training, make a new tagger.
    kept_bytes : int
        How much memory may hold the projected rows of words, at the most.

    Raises
    ------
    ModelError
        If a parameter is not finite, but for the lookup tables, whose rows are read when they are
        needed; or if a score of the transitions between tags is beyond `LARGEST`.
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
        self._cache = self._new_cache()

    def _new_cache(self) -> ProjectionCache:
        # What is computed has the same bits as during tagging.
        with one_blas_thread, np.errstate(over="ignore", invalid="ignore"):
            return ProjectionCache(self.model.lexicon, self._projection, self._kept_bytes)

    def _fresh_cache(self) -> ProjectionCache:
        """Return the projection cache, or a new one if it is stale.

        Threads that hold the old one keep using it. The lock is for the memory: without it two
        threads could each make a new one.
        """
        with self._lock:
            if self._cache.is_stale:
                self._cache = self._new_cache()
            return self._cache

    def lookup(self, sentences: Sentences, documents: Documents = None) -> Iterator[EncodedChunk]:
        """Look the words of sentences up, chunk by chunk.

        Parameters
        ----------
        sentences : sequence of sequences of str
            The tokens of each sentence.
        documents : sequence, optional
            A number or a name of the document that each sentence is of: neighbours with the
            same one are together; None is by itself, and so is every sentence without
            `documents`.

        Yields
        ------
        EncodedChunk
            For `score`. The same sentences in the same order give the same scores, to the last
            bit, whichever threads work.

        Raises
        ------
        UsageError
            If there are more or fewer documents than sentences.
        """
        return self.lookup_numbered(sentences, number_documents(documents, len(sentences)))

    def lookup_numbered(self, sentences: Sentences, documents: IntArray) -> Iterator[EncodedChunk]:
        """Look words up, see `lookup`; documents are counted from 0, shape (B,)."""
        for chunk in _chunks(_lengths(sentences), documents):
            yield self.lookup_chunk(sentences[chunk], documents[chunk])

    def lookup_chunk(self, sentences: Sentences, documents: IntArray) -> EncodedChunk:
        """Look the words of one chunk up, see `lookup_numbered`."""
        with np.errstate(over="ignore", invalid="ignore"):  # `score` looks for both
            found = self._fresh_cache().lookup(sentences)
        return EncodedChunk(_lengths(sentences), documents, *found)

    def score(self, chunk: EncodedChunk) -> FloatArray:
        """Score the tags of each token, shape (N, K).

        Raises
        ------
        ModelError
            If a score is not finite, or beyond `LARGEST`.
        """
        lengths, documents, places, rows, names, _ = chunk
        mentions = None
        if self.model.network.document_weight is not None:
            mentions = find_mentions(name_keys(names, np.repeat(documents, lengths)))
        with np.errstate(over="ignore", invalid="ignore"):  # reported in one line instead
            s = self._projection.scores(rows, places, lengths, mentions)
        _check("a score", s, LARGEST)
        return s

    def tag(self, chunks: Iterable[EncodedChunk]) -> TaggedChunk:
        """Tag sentences that `lookup` has looked up, all together."""
        chunks = list(chunks)
        classes = len(self.model.network.biases[-1].value)
        lengths = [np.empty(0, np.intp), *(chunk.lengths for chunk in chunks)]
        s = [np.empty((0, classes), np.float32), *map(self.score, chunks)]
        parts = [np.empty(0, np.int8), *(chunk.parts for chunk in chunks)]
        return TaggedChunk(
            self.model,
            self.finder,
            np.concatenate(lengths),
            np.concatenate(s),
            np.concatenate(parts),
        )

    def chunks(self, sentences: Sentences, documents: Documents = None) -> Iterator[TaggedChunk]:
        """Tag sentences, chunk by chunk; see `lookup`."""
        for chunk in self.lookup(sentences, documents):
            yield self.tag([chunk])

    def map_chunks(
        self,
        function: Callable[[TaggedChunk], T],
        sentences: Sentences,
        documents: Documents = None,
        processes: int = 1,
    ) -> Iterator[T]:
        """Tag sentences, and yield what a function makes of each of their chunks.

        With more than one of `processes`, copies of this process share the work, see
        `windowclf.system.shared_work.SharedWork`; what the function returns is pickled there.
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
        found = self.map_chunks(lambda chunk: [*chunk.tags()], sentences, documents, processes)
        return chain.from_iterable(found)

    def probabilities(
        self, sentences: Sentences, documents: Documents = None, processes: int = 1
    ) -> Iterator[FloatArray]:
        """Yield the probability of each tag at each token, see `TaggedChunk.probabilities`."""
        found = self.map_chunks(
            lambda chunk: (chunk.probabilities, np.cumsum(chunk.lengths)[:-1]),
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


def _check(what: str, values: FloatArray, largest: float) -> None:
    """Refuse numbers beyond the largest, and those that are not a number: they compare as false."""
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
