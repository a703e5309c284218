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
"""Of a part, about: a smaller one has too many words of its own, a larger one leaves the cache."""
PLACES = 4
"""Other places of a name, at the most, whose windows a training batch also reads."""


class BatchSource(Protocol):
    """The batches of each epoch of a training; see `TrainingBatches`, and `pretraining`.

    Attributes
    ----------
    parts : int
        Most parts into which a batch falls.
    """

    parts: int

    def __len__(self) -> int:
        """Count the batches of an epoch."""

    def epoch(
        self, rng: np.random.Generator, begun: np.random.Generator | None = None, done: int = 0
    ) -> Iterator[list[IntArray]]:
        """Yield the examples of each batch of an epoch, in its parts."""

    def part(self, chosen: IntArray, rng: np.random.Generator) -> Batch:
        """Read a part of a batch."""


class TrainingBatches:
    """Cuts a training text into batches, in another order in each epoch.

    Parameters
    ----------
    encoded : EncodedSentences
        With gold tags.
    config : Config
        Says what a batch is counted in, and how many make one.
    dropped : sequence of pairs of list of int and float
        Columns of the features in which training sets a share of the words to 'unknown', all
        columns of a list at once.
    versions : int
        How often `encoded` holds the text, the same sentences in the same order: as it is, and
        then in each letter case of `CASES` that training also reads.
    weights : float array, shape (S,), optional
        How many times, on average, an epoch reads each of the ``S`` sentences of a version; by
        default once each.

    Raises
    ------
    DataError
        If there is nothing to rank: no token that is positive, or none that is not. If weights
        leave less than an example to an epoch.
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
        # What each example counts, and how many make a batch.
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
                    f"{len(examples):,} examples to an epoch: expected at least one; raise "
                    "`weights`"
                )
        counts = self._counts[examples]
        most = int((counts * np.ceil(self._times)).sum())
        self._size = max(most if config.batch_size == "all" else config.batch_size, 1)
        self._batches = math.ceil(float((counts * self._times).sum()) / self._size)
        self.parts = self._count_parts()

    def _count_parts(self) -> int:
        """Choose into how many parts a batch falls."""
        tokens = float(self._times.sum())
        if not self._by_word:
            tokens = float((self.encoded.lengths[self._examples] * self._times).sum())
        mean = tokens / max(self._batches, 1)
        if self.config.loss == "ranking" or mean < 0.6 * PART_TOKENS:
            return 1  # threads share the products of the window layer
        return int(2 ** max(round(math.log2(mean / PART_TOKENS)), 1))

    def __len__(self) -> int:
        return self._batches

    def epoch(
        self,
        rng: np.random.Generator,
        begun: np.random.Generator | None = None,
        done: int = 0,
    ) -> Iterator[list[IntArray]]:
        """Yield the examples of each batch of one epoch, in random order, in its parts.

        Parameters
        ----------
        rng : numpy.random.Generator
            Draws the order, the letter cases and the corrupted windows.
        begun : numpy.random.Generator, optional
            Draws the order in its place where an epoch is resumed: its state is that of `rng`
            when the epoch began.
        done : int
            Number of batches that were done before, and are left out.

        Yields
        ------
        list of int array
            For `part`. With --loss ranking, the second half are corruptions of the first.
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
            # Systematic sampling in random order: each is read once more with the probability
            # that its weight has beyond the whole number, and all epochs are about as long.
            order = rng.permutation(len(examples))
            passed = np.floor(np.cumsum((times - whole)[order]) + rng.random())
            whole[order] += np.diff(passed, prepend=0)
        return rng.permutation(np.repeat(examples, whole.astype(int)))

    def _split(self, chosen: IntArray) -> list[IntArray]:
        """Cut a batch into parts of about as many tokens each."""
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
            From `epoch`.
        rng : numpy.random.Generator
            Draws the words that are taken for unknown, and the other mentions of names.
        """
        batch = self._of_words(chosen) if self._by_word else self._of_sentences(chosen, rng)
        for columns, share in self.dropped:
            lost = rng.random(len(batch.features)) < share
            lost[0] = False  # the padding
            batch.features[np.flatnonzero(lost)[:, None], columns] = UNKNOWN
        return batch

    def _draw_versions(self, rng: np.random.Generator, n: int) -> IntArray:
        """Draw which version of each example is read: 0 is the text as it is."""
        others = rng.integers(1, self._versions, n)
        return np.where(
            rng.random(n) < (self._versions - 1) * self.config.case_augmentation, others, 0
        )

    def _of_sentences(self, sentences: IntArray, rng: np.random.Generator) -> Batch:
        """Make a batch of sentences, with windows from the rest of their documents."""
        other_mentions = self._other_mentions.draw(sentences, rng) if self._other_mentions else None
        return self.encoded.batch(
            sentences, self.config.window, other_mentions, mentions=self.config.document_context
        )

    def _of_words(self, tokens: IntArray) -> Batch:
        """Make a batch of the windows of some tokens, each a sentence by itself."""
        rows = self._windows[tokens]
        used, windows = distinct(rows, len(self.encoded.features))
        return Batch(
            features=self.encoded.features[used],
            windows=windows,
            lengths=np.ones(len(tokens), dtype=np.int32),
            gold=self.encoded.tags()[tokens],
        )


class _OtherMentions:
    """Draws windows that the names of a batch have in the rest of their documents.

    So a batch need not hold whole documents, whose sentences are too much alike to learn from.
    """

    def __init__(self, encoded: EncodedSentences, window: int) -> None:
        self._encoded = encoded
        tokens = np.arange(len(encoded.words))
        self._windows = window_rows(tokens, encoded.lengths, window, padding=-1)
        self._mentions = find_mentions(encoded.keys)
        sizes = self._mentions.sizes
        self._first = np.cumsum(sizes) - sizes
        self._group = np.full(len(tokens), -1)  # which of the repeated names a token is
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
