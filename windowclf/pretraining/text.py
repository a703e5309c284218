"""Reading of unlabelled text files line by line, and the choice of words with a vector."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from windowclf.lexicon.features import lower_zero_digits
from windowclf.text.lines import read_lines
from windowclf.text.tokenizer import split_words
from windowclf.text.typography import plain_word

LONGEST_SENTENCE = 10_000
"""Longer lines are cut into pieces of this many tokens."""
LARGEST_TABLE = 2_000_000
"""Largest number of words that are counted at the same time, some hundred megabytes."""


def read_sentences(paths: Iterable[str | Path], *, pretokenized: bool) -> Iterator[list[str]]:
    """Yield the sentences of text files as lower-case words with digits replaced by zeros.

    Parameters
    ----------
    paths : iterable of str or Path
        UTF-8 files with a sentence or paragraph per line; compressed if the name ends in .gz.
    pretokenized : bool
        Whether each line is one sentence with tokens separated by spaces.

    Raises
    ------
    DataError
        If a file cannot be read or is not UTF-8.
    """
    for path in paths:
        for _, line in read_lines(path):
            for sentence in [line.split()] if pretokenized else split_words(line):
                for start in range(0, len(sentence), LONGEST_SENTENCE):
                    part = sentence[start : start + LONGEST_SENTENCE]
                    yield [lower_zero_digits(plain_word(token)) for token in part]


def count_words(sentences: Iterable[Sequence[str]], largest: int = LARGEST_TABLE) -> Counter[str]:
    """Count words in a table that has at most `largest` of them after each sentence.

    As in word2vec, when the table exceeds its bound, words seen once are dropped, the next time
    words seen up to twice, and so on. Only rare words lose occurrences.
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
    """List at most `size` words with `min_count` occurrences, the most frequent ones first.

    Words with equal counts are in alphabetical order.
    """
    enough = [(-n, word) for word, n in counts.items() if n >= min_count]
    return [word for _, word in sorted(enough)[:size]]
