"""Text as a stream of windows: a file is read block by block and never held whole."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from windowclf.lexicon.features import lower_zero_digits
from windowclf.lexicon.lexicon import PADDING, UNKNOWN, Lexicon
from windowclf.model.encoding import encode
from windowclf.nn.arrays import IntArray
from windowclf.nn.layers import window_rows
from windowclf.text.lines import read_lines
from windowclf.text.tokenizer import split_words

BLOCK_SENTENCES = 1000
LONGEST_SENTENCE = 10_000
"""Where a line goes on after so many tokens, a new sentence begins."""
SHUFFLED_WINDOWS = 200_000
"""Windows that are put in random order at once."""


def read_sentences(paths: Iterable[str | Path], *, pretokenized: bool) -> Iterator[list[str]]:
    """Read the sentences of text files, a sentence or a paragraph a line.

    Parameters
    ----------
    paths : iterable of str or Path
        UTF-8; gzip where the name ends in .gz.
    pretokenized : bool
        Whether a line is one sentence, its tokens separated by spaces.

    Yields
    ------
    list of str
        Lower-cased words with their digits as zeros; at least one.

    Raises
    ------
    DataError
        If a file cannot be read or is not UTF-8.
    """
    for path in paths:
        for _, line in read_lines(path):
            tokens = [line.split()] if pretokenized else split_words(line)
            for sentence in tokens:
                for start in range(0, len(sentence), LONGEST_SENTENCE):
                    part = sentence[start : start + LONGEST_SENTENCE]
                    yield [lower_zero_digits(token) for token in part]


def windows(
    sentences: Iterable[Sequence[str]],
    lexicon: Lexicon,
    width: int,
    block: int = BLOCK_SENTENCES,
) -> Iterator[IntArray]:
    """Lay out the window of each word that has a vector.

    Parameters
    ----------
    sentences : iterable of sequences of str
    lexicon : Lexicon
    width : int
        ``2c + 1``.
    block : int
        Sentences that are laid out at once.

    Yields
    ------
    int array, shape (N, width)
        Rows of the lookup table. An unknown word stands in the windows of its neighbours but
        is no centre: its row is that of many words, and tells nothing of the one.
    """
    rest = iter(sentences)
    while taken := list(islice(rest, block)):
        encoded = encode(taken, lexicon)
        words = encoded.features[encoded.words, 0]
        rows = window_rows(words, encoded.lengths, width, PADDING)
        yield rows[words != UNKNOWN]


def shuffled_batches(
    pieces: Iterable[IntArray], size: int, rng: np.random.Generator, pool: int = SHUFFLED_WINDOWS
) -> Iterator[IntArray]:
    """Cut windows into batches, in random order within each `pool` windows of the stream.

    Parameters
    ----------
    pieces : iterable of int array, shapes (any, 2c+1)
        The result does not depend on how they are cut.
    size : int
        Windows in a batch; the last one may have fewer.
    rng : numpy.random.Generator
    pool : int
        Windows that are held at once.

    Yields
    ------
    int array, shape (size, 2c+1)
    """
    mixed = (rng.permutation(held) for held in regroup(pieces, pool))
    yield from regroup(mixed, size)


def regroup(pieces: Iterable[IntArray], size: int) -> Iterator[IntArray]:
    """Join arrays and cut them anew, into arrays of `size` rows; the last one may have fewer."""
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
