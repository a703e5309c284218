"""Which words of a text get a vector."""

from collections import Counter
from collections.abc import Iterable, Sequence

LARGEST_TABLE = 2_000_000
"""Words that are counted at once at the most: some hundred megabytes."""


def count_words(
    sentences: Iterable[Sequence[str]], largest: int = LARGEST_TABLE
) -> tuple[Counter[str], int]:
    """Count words in bounded memory.

    As in word2vec, when the table grows past its bound the words seen once are dropped, the
    next time those seen up to twice, and so on: only rare words are lost.

    Parameters
    ----------
    sentences : iterable of sequences of str
    largest : int
        Words that the table may hold after a sentence.

    Returns
    -------
    counts : Counter
        What was left out before a word was seen again is missing from its count.
    dropped : int
        How often the table was pruned: words of up to so many occurrences were dropped.
    """
    counts: Counter[str] = Counter()
    dropped = 0
    for sentence in sentences:
        counts.update(sentence)
        while len(counts) > largest:
            dropped += 1
            counts = Counter({word: n for word, n in counts.items() if n > dropped})
    return counts, dropped


def frequent_words(counts: Counter[str], *, min_count: int, size: int) -> list[str]:
    """List the words that get a vector, most frequent first, equal counts in alphabetical order.

    Parameters
    ----------
    counts : Counter
    min_count : int
        Occurrences that a word needs.
    size : int
        How many words at the most.
    """
    enough = [(-n, word) for word, n in counts.items() if n >= min_count]
    return [word for _, word in sorted(enough)[:size]]
