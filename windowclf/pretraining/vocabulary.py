"""Which words of a text get a vector."""

from collections import Counter
from collections.abc import Iterable, Sequence

LARGEST_TABLE = 2_000_000
"""Words that are counted at once at the most: some hundred megabytes."""


def count_words(sentences: Iterable[Sequence[str]], largest: int = LARGEST_TABLE) -> Counter[str]:
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
    Counter
        Occurrences of a word before it was last dropped are missing.
    """
    counts: Counter[str] = Counter()
    dropped = 0
    for sentence in sentences:
        counts.update(sentence)
        while len(counts) > largest:
            dropped += 1
            counts = Counter({word: n for word, n in counts.items() if n > dropped})
    return counts


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
