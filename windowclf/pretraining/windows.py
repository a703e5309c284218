"""The windows of a text with their corrupted replicas, as batches for the training loop."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from windowclf.lexicon.lexicon import FIRST, PADDING, UNKNOWN, Lexicon
from windowclf.model.encoding import encode
from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.batch import Batch
from windowclf.nn.layers import window_rows

BLOCK_SENTENCES = 1000
SHUFFLED_WINDOWS = 200_000
"""Number of windows that are shuffled together."""
POWER = 0.75
"""Corrupting words are drawn in proportion to ``count ** POWER``, as in word2vec.

If all were equally likely, most would be so rare that the frequency of the word would distinguish a
real window from its replica.
"""


def windows(
    sentences: Iterable[Sequence[str]],
    lexicon: Lexicon,
    width: int,
    block: int = BLOCK_SENTENCES,
) -> Iterator[IntArray]:
    """Yield the window of each word that has a vector, as rows of the lookup table.

    An unknown word is in the windows of its neighbours but is not a centre, because its row is
    shared by many words. The arrays have the shape (any, width), and each has the windows of
    `block` sentences.
    """
    rest = iter(sentences)
    while taken := list(islice(rest, block)):
        encoded = encode(taken, lexicon)
        words = encoded.features[encoded.words, 0]
        rows = window_rows(words, encoded.lengths, width, PADDING)
        yield rows[words != UNKNOWN]


def regroup(pieces: Iterable[IntArray], size: int) -> Iterator[IntArray]:
    """Join arrays and cut them into arrays of `size` rows; the last one may have fewer."""
    held: list[IntArray] = []
    count = 0
    for piece in pieces:
        held.append(piece)
        count += len(piece)
        if count >= size:
            joined = np.concatenate(held)
            whole = count - count % size
            yield from np.split(joined[:whole], whole // size)
            held, count = [joined[whole:]], count - whole
    if count:
        yield np.concatenate(held)


class WindowBatches:
    """Cuts a stream of windows into batches: the `BatchSource` of pretraining.

    Parameters
    ----------
    stream : callable
        Returns the windows of the text from its start, int arrays of shape (any, 2c+1).
    counts : sequence of int
        Number of occurrences of each word, for at least two words. Their rows in the lookup table
        begin at `FIRST`.
    size : int
        Number of windows in a batch; the last batch may have fewer.
    """

    parts = 1

    def __init__(
        self, stream: Callable[[], Iterable[IntArray]], counts: Sequence[int], size: int
    ) -> None:
        self._stream, self._size = stream, size
        self._batches = math.ceil(sum(counts) / size)
        shares: FloatArray = np.asarray(counts, dtype=np.float64) ** POWER
        self._ends = np.cumsum(shares / shares.sum())

    def __len__(self) -> int:
        """Count the batches of an epoch; there are more if rare words were not counted."""
        return self._batches

    def epoch(
        self, rng: np.random.Generator, begun: np.random.Generator | None = None, done: int = 0
    ) -> Iterator[list[IntArray]]:
        """Yield windows in batches, in random order within each `SHUFFLED_WINDOWS` of the stream.

        Each batch is one part, shape (N, 2c+1).
        """
        del begun, done  # pretraining is never resumed
        pools = regroup(self._stream(), SHUFFLED_WINDOWS)
        for batch in regroup((rng.permutation(pool) for pool in pools), self._size):
            yield [batch]

    def part(self, chosen: IntArray, rng: np.random.Generator) -> Batch:
        """Make a batch of real windows, shape (N, 2c+1), followed by their corrupted replicas."""
        both = np.concatenate([chosen, self.corrupt(chosen, rng)])
        used, places = np.unique(both, return_inverse=True)
        return Batch(
            features=used[:, None],
            windows=places.reshape(both.shape),
            lengths=np.ones(len(both), dtype=np.int32),
            gold=np.repeat([1, 0], len(chosen)),
        )

    def corrupt(self, real: IntArray, rng: np.random.Generator) -> IntArray:
        """Replace the centre of each window, shapes (N, 2c+1), by another word."""
        corrupt = real.copy()
        centre = real.shape[1] // 2
        same = np.arange(len(real))
        while len(same):
            drawn = np.searchsorted(self._ends, rng.random(len(same)), side="right")
            corrupt[same, centre] = FIRST + np.minimum(drawn, len(self._ends) - 1)
            same = same[corrupt[same, centre] == real[same, centre]]
        return corrupt
