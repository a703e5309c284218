"""Splits raw text into sentences of words, with character offsets on request.

Most chunks of text between white space recur, such as "the" and "said,", so the way each is split
is cached.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from windowclf.errors import UsageError, quoted
from windowclf.text.token_pattern import OPEN_PERIOD, STARTERS, TITLES, token
from windowclf.text.typography import has_hidden, is_typographic, plain_text, without_hidden
from windowclf.text.units import cut


class Token(NamedTuple):
    """A token with its position: ``source[start:end] == text``."""

    text: str
    start: int
    end: int


_Chunk = tuple[tuple[str, ...], bool, tuple[str, ...]]
"""Words without white space between them; whether they are plain, see `_plain`; and the words as
written, with typographic quotes."""

_FEW_WORDS = 50  # up to this many words, finding them one by one is faster
_TERMINATORS = frozenset(".?!…。？！।؟") | {"..", "...", "...."}
_UNSPACED = frozenset("。？！")  # sentence ends that are not followed by a space
_CLOSERS = frozenset("\"')]}」』") | {"''"}
_OPENERS = frozenset("\"'([{¿¡「『`") | {"``"}


def tokenize(text: str) -> list[Token]:
    """Split text into tokens in the manner of CoNLL-2003 and the Penn Treebank.

    Punctuation, ``'s`` and ``n't`` are tokens of their own; abbreviations, initials,
    numbers, dates, hyphenated words, addresses and emoji are not split.

    Returns
    -------
    list of Token
        The tokens, in order. They cover every character that is neither white space nor
        invisible; a soft hyphen in a word belongs to it, a byte-order mark before a word does not.

    Examples
    --------
    >>> [token.text for token in tokenize("Paris isn't in the U.S.")]
    ['Paris', 'is', "n't", 'in', 'the', 'U.S.']
    """
    return _locate(text, [*chain.from_iterable(map(_words, cut(text)))])


def sentences(text: str) -> list[list[Token]]:
    """Split a text into sentences of tokens, as `split_words` does.

    Returns
    -------
    list of list of Token
        The sentences, none empty; offsets count from the start of `text`.
    """
    found = split_words(text)
    tokens = iter(_locate(text, [word for words in found for word in words]))
    return [list(islice(tokens, len(words))) for words in found]


def split_words(text: str, unit: str = "auto") -> list[list[str]]:
    """Split a text into sentences of words, several times as fast as `sentences`.

    A sentence ends at a border, see `windowclf.text.units.cut`. It also ends at a period, question
    mark or exclamation mark, with any closing quotes and brackets, if a space and a capital or a
    digit follow, with or without an opening quote; and after an abbreviation such as "U.S." before
    a word that begins many sentences, such as "He". Titles and initials never end a sentence.

    Parameters
    ----------
    unit : {"auto", "line", "paragraph", "file"}
        Which line ends are borders.

    Returns
    -------
    list of list of str
        The sentences, none empty. Typographic quotes and hyphens are split like ASCII ones.

    Examples
    --------
    >>> split_words("He isn't in. Who knows?")
    [['He', 'is', "n't", 'in', '.'], ['Who', 'knows', '?']]
    """
    found: list[list[str]] = []
    if text.isprintable():  # then it contains no border
        return _sentences(text)
    for piece in cut(text, unit):
        found += _sentences(piece)
    return found


def line_sentences(text: str) -> list[list[str]]:
    r"""Split each line of a text into words, as one sentence.

    Parameters
    ----------
    text : str
        A text with one sentence per line; a tab also separates sentences.

    Returns
    -------
    list of list of str
        The sentences; blank lines are left out.

    Examples
    --------
    >>> line_sentences("He left. Who knows\nwhy?")
    [['He', 'left', '.', 'Who', 'knows'], ['why', '?']]
    """
    return [words for words in map(_words, cut(text, "line")) if words]


def token_starts(text: str, words: Iterable[str]) -> list[int]:
    """Find the offset of each token of a text.

    Parameters
    ----------
    words : iterable of str
        The words of all its tokens, in order.

    Returns
    -------
    list of int
        Offset of the first character of each token.

    Raises
    ------
    UsageError
        If a word does not occur in the text after the words before it.
    """
    words = [*words]
    if len(words) > _FEW_WORDS:
        found = _starts_between_spaces(text, words)
        if found is not None:
            return found
    starts: list[int] = []
    end = 0
    # Only white space and invisible characters separate two words, so the first match is right.
    for word in words:
        start = text.find(word, end)
        if start < 0:
            raise UsageError(
                f"word {quoted(word)}: not found in the text from character {end} on;"
                " expected the words of this text, unchanged and in order"
            )
        starts.append(start)
        end = start + len(word)
    return starts


def _starts_between_spaces(text: str, words: list[str]) -> list[int] | None:
    """Find the offsets in a text of words and ASCII white space only; None for other texts.

    Most texts are of this kind, and all of their words are found in one step.
    """
    joined = "".join(words)
    encoding, kind = ("utf-32-le", "<u4")
    if text.isascii() and joined.isascii():
        encoding, kind = ("ascii", "u1")
    characters, of_words = (
        np.frombuffer(each.encode(encoding, "surrogatepass"), kind) for each in (text, joined)
    )
    places = np.flatnonzero(characters > ord(" "))
    if not np.array_equal(characters[places], of_words):
        return None
    lengths = np.fromiter(map(len, words), np.intp, len(words))
    firsts = np.cumsum(lengths) - lengths
    starts: list[int] = places[firsts[lengths > 0]].tolist()
    return starts if len(starts) == len(words) else None


def _locate(text: str, words: list[str]) -> list[Token]:
    starts = token_starts(text, words)
    return [
        Token(word, start, start + len(word)) for word, start in zip(words, starts, strict=True)
    ]


class _Chunks(dict[str, _Chunk]):
    """Splits chunks and caches those that are likely to recur."""

    most = 1 << 16  # chunks of about 200 bytes each; no text can make it exceed 60 MB

    def __missing__(self, text: str) -> _Chunk:
        if text.isalpha() and text.isascii():
            words = (text,)  # the pattern would return the same, but takes long to compile
            chunk: _Chunk = words, True, words
        else:
            chunk = _read(text)
        if len(text) <= 24 and len(chunk[0]) <= 4:  # true of 99.9 % of news
            if len(self) >= self.most:
                self.clear()  # harmless: other threads only lose time
            self[text] = chunk
        return chunk


_chunks = _Chunks()


def _words(piece: str) -> list[str]:
    return [*chain.from_iterable(_sentences(piece))]


def _sentences(piece: str) -> list[list[str]]:
    """Split the text between two borders into sentences."""
    if not is_typographic(piece):
        return _group(_split_chunks(piece))
    if has_hidden(piece):
        return _sentences_of_seen(piece)
    chunks = _split_chunks(piece)
    written = iter([word for chunk in chunks for word in chunk[2]])
    return [list(islice(written, len(plain))) for plain in _group(chunks)]


def _sentences_of_seen(piece: str) -> list[list[str]]:
    """Split a text as if it had no invisible characters; those within a word remain in it."""
    seen, places = without_hidden(piece)
    found = _sentences(seen)
    starts = iter(token_starts(seen, chain.from_iterable(found)))
    return [
        [
            piece[places[start] : places[start + len(word) - 1] + 1]
            for word, start in zip(words, starts, strict=False)
        ]
        for words in found
    ]


def _split_chunks(text: str) -> list[_Chunk]:
    found: list[_Chunk] = []
    end = 0
    for period in OPEN_PERIOD.finditer(text):
        *before, last = text[end : period.end()].split()
        found += map(_chunks.__getitem__, before)
        found.append(_read(last, period[1]))  # with the text that its split depends on
        end = period.end()
    found += map(_chunks.__getitem__, text[end:].split())
    return found


def _read(text: str, after: str = "") -> _Chunk:
    """Split a chunk that is followed by other text."""
    plain = plain_text(text)
    matches = [match.span() for match in token().finditer(plain + plain_text(after))]
    spans = [span for span in matches if span[0] < len(text)]
    words = tuple([plain[start:end] for start, end in spans])
    written = words if plain == text else tuple([text[start:end] for start, end in spans])
    return words, _plain(words), written


def _plain(words: Sequence[str]) -> bool:
    """Whether the words contain neither a possible sentence end nor a straight quotation mark."""
    return not any(word in _TERMINATORS or word == '"' or _abbreviated(word) for word in words)


def _group(chunks: Iterable[_Chunk]) -> list[list[str]]:
    """Group the words of a paragraph into sentences, none of them empty."""
    found: list[list[str]] = []
    current: list[str] = []
    ended = ""  # the terminator or abbreviation at the end of the words so far
    opening = -1  # index of the opening marks after it, which belong to the next sentence
    in_quotes = False
    for words, is_plain, _ in chunks:
        if is_plain and not ended:  # the usual case
            current += words
            continue
        gap = leading = True  # white space precedes the word; then only opening marks
        for word in words:
            opens = word in _OPENERS
            if word == '"':
                opens = in_quotes = leading and not (in_quotes and len(words) == 1)
            if ended:
                apart = gap or ended in _UNSPACED
                if opens:
                    if apart and opening < 0:
                        opening = len(current)
                elif word not in _CLOSERS:
                    if (apart or opening >= 0) and _may_begin(word, ended):
                        end = len(current) if opening < 0 else opening
                        found.append(current[:end])
                        current = current[end:]
                    ended = ""
            if word in _TERMINATORS:
                if current:  # leading dots do not end a sentence
                    ended, opening = word, -1
            elif word[-1] == "." and _abbreviated(word):
                ended, opening = word, -1
            current.append(word)
            gap, leading = False, leading and opens
    if current:
        found.append(current)
    return found


def _abbreviated(word: str) -> bool:
    return word[-1] == "." and word[0].isalpha() and word not in TITLES


def _may_begin(word: str, ended: str) -> bool:
    if ended not in _TERMINATORS:
        return word in STARTERS
    return word[0].isdigit() or (word[0].isalpha() and not word[0].islower())
