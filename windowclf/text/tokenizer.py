"""Raw text in, sentences of words out; with character offsets for those who ask.

Most of any text is chunks between white space that came before, as "the" and "said," did:
how each is split is remembered.
"""

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from windowclf.errors import UsageError
from windowclf.text.token_pattern import OPEN_PERIOD, token


class Token(NamedTuple):
    """A token and where it stands: ``source[start:end] == text``."""

    text: str
    start: int
    end: int


_TERMINATORS = frozenset(".?!…。？！।؟") | {"..", "...", "...."}
_UNSPACED = frozenset("。？！")  # no space follows these
_CLOSERS = frozenset("\"')]}”’»」』") | {"''"}
_OPENERS = frozenset("\"'([{“‘«¿¡「『`") | {"``"}

_Chunk = tuple[tuple[str, ...], bool]  # its words; whether a sentence may end in it


def tokenize(text: str) -> list[Token]:
    """Split text into tokens in the manner of CoNLL-2003 and the Penn Treebank.

    Punctuation, ``'s`` and ``n't`` are tokens of their own; abbreviations, initials,
    numbers, dates, hyphenated words, addresses and emoji stay whole.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of Token
        In order; between them they hold every character that is not whitespace.

    Examples
    --------
    >>> [token.text for token in tokenize("Paris isn't in the U.S.")]
    ['Paris', 'is', "n't", 'in', 'the', 'U.S.']
    """
    return _locate(text, [word for words, _ in _split_chunks(text) for word in words])


def sentences(text: str) -> list[list[Token]]:
    """Split a paragraph into sentences of tokens, as `split_words` does.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of list of Token
        None of them empty; offsets count from the start of `text`.
    """
    found = split_words(text)
    tokens = iter(_locate(text, [word for words in found for word in words]))
    return [list(islice(tokens, len(words))) for words in found]


def split_words(text: str) -> list[list[str]]:
    """Split a paragraph into sentences of words: the texts of its tokens, several times as fast.

    A sentence ends at a period, question or exclamation mark, and the quotes and brackets
    that close with it, where a space and then a capital, a digit or an opening quote
    follow. An abbreviation or an initial ends none.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of list of str
        None of them empty.

    Examples
    --------
    >>> split_words("He isn't in. Who knows?")
    [['He', 'is', "n't", 'in', '.'], ['Who', 'knows', '?']]
    """
    found: list[list[str]] = []
    current: list[str] = []
    ended = ""  # the terminator that the words read so far end with
    for words, may_end in _split_chunks(text):
        if not may_end and not ended:  # as in most chunks
            current += words
            continue
        gap = True
        for word in words:
            if ended and (gap or ended in _UNSPACED) and _may_begin(word):
                found.append(current)
                current, ended = [], ""
            current.append(word)
            gap = False
            if word in _TERMINATORS:
                ended = word
            elif word not in _CLOSERS:
                ended = ""
    if current:
        found.append(current)
    return found


def token_starts(text: str, words: Iterable[str]) -> NDArray[np.intp]:
    """Find where each token of a text stands.

    Parameters
    ----------
    text : str
    words : iterable of str
        The texts of all its tokens, in order.

    Returns
    -------
    ndarray, shape (n,)
        Offset of the first character of each.

    Raises
    ------
    UsageError
        If a word does not stand in the text after those before it.
    """
    starts = []
    end = 0
    for word in words:  # only white space stands between two, so that the first hit is right
        start = text.find(word, end)
        if start < 0:
            raise UsageError(
                f"word {word!r}: not found in the text from character {end} on;"
                " expected the words of this text, unchanged and in order"
            )
        starts.append(start)
        end = start + len(word)
    return np.array(starts, np.intp)


def _locate(text: str, words: list[str]) -> list[Token]:
    starts = token_starts(text, words).tolist()
    return [
        Token(word, start, start + len(word)) for word, start in zip(words, starts, strict=True)
    ]


class _Chunks(dict[str, _Chunk]):
    """Splits chunks, and remembers those that are likely to return."""

    most = 1 << 16  # chunks, of 200 bytes each; no text can make it hold more than 60 MB

    def __missing__(self, text: str) -> _Chunk:
        if text.isalpha() and text.isascii():
            chunk: _Chunk = (text,), False  # as the pattern has it, which one sentence may not need
        else:
            chunk = _read(token().findall(text))
        if len(text) <= 24 and len(chunk[0]) <= 4:  # 99.9 % of news
            if len(self) >= self.most:
                self.clear()  # which costs other threads time, nothing else
            self[text] = chunk
        return chunk


_chunks = _Chunks()


def _split_chunks(text: str) -> list[_Chunk]:
    found: list[_Chunk] = []
    end = 0
    for period in OPEN_PERIOD.finditer(text):
        *before, last = text[end : period.end()].split()
        found += map(_chunks.__getitem__, before)
        *words, _ = token().findall(last + period[1])  # with all that it hangs on
        found.append(_read(words))
        end = period.end()
    found += map(_chunks.__getitem__, text[end:].split())
    return found


def _read(words: list[str]) -> _Chunk:
    return tuple(words), not _TERMINATORS.isdisjoint(words)


def _may_begin(word: str) -> bool:
    first = word[0]
    return word in _OPENERS or first.isdigit() or (first.isalpha() and not first.islower())
