"""The batches of an epoch: sentences, single words, or pairs of a real and a corrupted window."""

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from windowclf.config.config import Config
from windowclf.errors import DataError
from windowclf.lexicon.lexicon import UNKNOWN
from windowclf.model.encoding import EncodedSentences, distinct
from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.batch import Batch
from windowclf.nn.context import find_mentions
from windowclf.nn.layers import window_rows

PART_TOKENS = 3000
"""Approximate size of a part: smaller parts repeat too many words, larger ones exceed the cache."""
PLACES = 4
"""Largest number of other mentions of a name whose windows a training batch also reads."""


class BatchSource(Protocol):
    """The batches of each epoch of a training; see `TrainingBatches`, and `pretraining`.

    Attributes
    ----------
    parts : int
        Largest number of parts of a batch.
    """

    parts: int

    def __len__(self) -> int:
        """Count the batches of an epoch."""

    def epoch(
        self, rng: np.random.Generator, begun: np.random.Generator | None = None, done: int = 0
    ) -> Iterator[list[IntArray]]:
        """Yield the examples of each batch of an epoch, divided into parts."""

    def part(self, chosen: IntArray, rng: np.random.Generator) -> Batch:
        """Read a part of a batch."""


class TrainingBatches:
    """Cuts a training text into batches, in another order in each epoch.

    Parameters
    ----------
    encoded : EncodedSentences
        The training text with gold tags.
    config : Config
        Settings, among them the unit and the size of a batch.
    dropped : sequence of pairs of list of int and float
        Feature columns in which training sets a share of the words to 'unknown'; the columns of a
        list are dropped together.
    versions : int
        Number of times that `encoded` contains the text, with the same sentences in the same
        order: as written, and then in each letter case of `CASES` that training also reads.
    weights : float array, shape (S,), optional
        Average number of times that an epoch reads each of the ``S`` sentences of a version; 1 by
        default.

    Raises
    ------
    DataError
        If there is nothing to rank, because all tokens or none are positive; or if the weights
        leave less than one example per epoch.
    """

    def __init__(
        self,
        encoded: EncodedSentences,
        config: Config,
        dropped: Sequence[tuple[list[int], float]] = (),
        versions: int = 1,
        weights: FloatArray | None = None,
    ) -> None:
        self.encoded = encoded
        self.config = config
        self.dropped = dropped
        self._by_word = config.batch_of == "words" or config.loss == "ranking"
        self._versions = versions
        self._units = len(encoded.words if self._by_word else encoded.lengths) // versions
        examples = np.arange(self._units)
        if self._by_word:
            self._windows = window_rows(encoded.words, encoded.lengths, config.window)
        if config.loss == "ranking":
            positive = encoded.tags()[: self._units] == 1
            self._others = np.flatnonzero(~positive)
            if positive.all() or not positive.any():
                raise DataError(
                    f"nothing to rank: {int(positive.sum())} of {len(positive)} words of the "
                    f"training text are {config.positive}; expected some that are and some that "
                    f"are not"
                )
            examples = np.repeat(np.flatnonzero(positive), config.corruptions)
        self._other_mentions = (
            _OtherMentions(encoded, config.window) if config.document_context else None
        )
        self._examples = examples
        # The size of each example, in the unit of the batch size.
        self._counts = np.ones(len(encoded.lengths if not self._by_word else encoded.words), int)
        if config.batch_of == "tokens":
            self._counts = encoded.lengths.astype(int)
        self._times: FloatArray = np.ones(len(examples))
        if weights is not None:
            lengths = encoded.lengths[: len(weights)]
            self._times = (np.repeat(weights, lengths) if self._by_word else weights)[examples]
            if self._times.sum() < 1:
                raise DataError(
                    f"the weights of the corpora leave {self._times.sum():.2g} of "
                    f"{len(examples):,} examples per epoch: expected at least one; raise "
                    "`weights`"
                )
        counts = self._counts[examples]
        most = int((counts * np.ceil(self._times)).sum())
        self._size = max(most if config.batch_size == "all" else config.batch_size, 1)
        self._batches = math.ceil(float((counts * self._times).sum()) / self._size)
        self.parts = self._count_parts()

    def _count_parts(self) -> int:
        """Choose the number of parts of a batch."""
        tokens = float(self._times.sum())
        if not self._by_word:
            tokens = float((self.encoded.lengths[self._examples] * self._times).sum())
        mean = tokens / max(self._batches, 1)
        if self.config.loss == "ranking" or mean < 0.6 * PART_TOKENS:
            return 1  # threads share the products of the window layer instead
        return int(2 ** max(round(math.log2(mean / PART_TOKENS)), 1))

    def __len__(self) -> int:
        return self._batches

    def epoch(
        self,
        rng: np.random.Generator,
        begun: np.random.Generator | None = None,
        done: int = 0,
    ) -> Iterator[list[IntArray]]:
        """Yield the examples of each batch of one epoch, in random order, divided into parts.

        Parameters
        ----------
        rng : numpy.random.Generator
            Draws the order, the letter cases and the corrupted windows.
        begun : numpy.random.Generator, optional
            Draws the order instead of `rng` when an epoch is resumed; it has the state of `rng`
            at the beginning of the epoch.
        done : int
            Number of batches that are already done and are skipped.

        Yields
        ------
        list of int array
            Arguments of `part`. With the ranking loss, the second half corrupts the first half.
        """
        order = self._draw_order(begun or rng)
        counts = self._counts[order]
        batch_of = (np.cumsum(counts) - counts) // self._size
        for chosen in np.split(order, np.flatnonzero(np.diff(batch_of)) + 1)[done:]:
            if not len(chosen):
                continue
            if self.config.loss == "ranking":
                chosen = np.concatenate([chosen, rng.choice(self._others, len(chosen))])
            if self._versions > 1:
                chosen = chosen + self._units * self._draw_versions(rng, len(chosen))
            yield self._split(chosen)

    def _draw_order(self, rng: np.random.Generator) -> IntArray:
        """Draw which examples an epoch reads, how often each, and in which order."""
        examples, times = self._examples, self._times
        whole = np.floor(times)
        if not np.array_equal(whole, times):
            # Systematic sampling in random order: the fraction of a weight is the probability of
            # one more reading, and all epochs have about the same length.
            order = rng.permutation(len(examples))
            passed = np.floor(np.cumsum((times - whole)[order]) + rng.random())
            whole[order] += np.diff(passed, prepend=0)
        return rng.permutation(np.repeat(examples, whole.astype(int)))

    def _split(self, chosen: IntArray) -> list[IntArray]:
        """Cut a batch into parts with about the same number of tokens."""
        if self.parts == 1:
            return [chosen]
        tokens = np.cumsum(self._counts[chosen] if self._by_word else self.encoded.lengths[chosen])
        cuts = np.searchsorted(tokens, tokens[-1] * np.arange(1, self.parts) / self.parts) + 1
        return [part for part in np.split(chosen, cuts) if len(part)]

    def part(self, chosen: IntArray, rng: np.random.Generator) -> Batch:
        """Read a part of a batch.

        Parameters
        ----------
        chosen : int array
            An array from `epoch`.
        rng : numpy.random.Generator
            Draws the words that become unknown, and the other mentions of names.
        """
        batch = self._of_words(chosen) if self._by_word else self._of_sentences(chosen, rng)
        for columns, share in self.dropped:
            lost = rng.random(len(batch.features)) < share
            lost[0] = False  # the padding
            batch.features[np.flatnonzero(lost)[:, None], columns] = UNKNOWN
        return batch

    def _draw_versions(self, rng: np.random.Generator, n: int) -> IntArray:
        """Draw the version of each example that is read; 0 is the text as written."""
        others = rng.integers(1, self._versions, n)
        return np.where(
            rng.random(n) < (self._versions - 1) * self.config.case_augmentation, others, 0
        )

    def _of_sentences(self, sentences: IntArray, rng: np.random.Generator) -> Batch:
        """Make a batch of sentences, with windows from elsewhere in their documents."""
        other_mentions = self._other_mentions.draw(sentences, rng) if self._other_mentions else None
        return self.encoded.batch(
            sentences, self.config.window, other_mentions, mentions=self.config.document_context
        )

    def _of_words(self, tokens: IntArray) -> Batch:
        """Make a batch of windows, each of which counts as a sentence of one token."""
        rows = self._windows[tokens]
        used, windows = distinct(rows, len(self.encoded.features))
        return Batch(
            features=self.encoded.features[used],
            windows=windows,
            lengths=np.ones(len(tokens), dtype=np.int32),
            gold=self.encoded.tags()[tokens],
        )


class _OtherMentions:
    """Draws other mentions of a batch's names from the rest of their documents.

    Batches therefore need not consist of whole documents, whose sentences are too similar to learn
    from.
    """

    def __init__(self, encoded: EncodedSentences, window: int) -> None:
        self._encoded = encoded
        tokens = np.arange(len(encoded.words))
        self._windows = window_rows(tokens, encoded.lengths, window, padding=-1)
        self._mentions = find_mentions(encoded.keys)
        sizes = self._mentions.sizes
        self._first = np.cumsum(sizes) - sizes
        self._group = np.full(len(tokens), -1)  # index of the token's name among repeated names
        self._group[self._mentions.windows] = np.repeat(np.arange(len(sizes)), sizes)

    def draw(self, sentences: IntArray, rng: np.random.Generator) -> IntArray:
        """Draw at most `PLACES` windows for each repeated name, shape (E, window)."""
        tokens = self._encoded.tokens(sentences)
        names = np.unique(self._group[tokens])
        names = names[names >= 0]
        drawn = rng.random((len(names), PLACES)) * self._mentions.sizes[names, None]
        places = self._mentions.windows[self._first[names, None] + drawn.astype(int)]
        drawn_windows: IntArray = self._windows[np.setdiff1d(places, tokens)]
        return drawn_windows
