"""Raw text in, sentences of words out; with character offsets for those who ask.

Most of any text is chunks between white space that came before, as "the" and "said," did:
how each is split is remembered.
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
    """A token and where it stands: ``source[start:end] == text``."""

    text: str
    start: int
    end: int


_Chunk = tuple[tuple[str, ...], bool, tuple[str, ...]]
"""Words with no white space between them, whether they are plain, see `_plain`, and the words as
they are written: with typographic quotes."""

_FEW_WORDS = 50  # are found sooner one by one
_TERMINATORS = frozenset(".?!…。？！।؟") | {"..", "...", "...."}
_UNSPACED = frozenset("。？！")  # no space follows these
_CLOSERS = frozenset("\"')]}」』") | {"''"}
_OPENERS = frozenset("\"'([{¿¡「『`") | {"``"}


def tokenize(text: str) -> list[Token]:
    """Split text into tokens in the manner of CoNLL-2003 and the Penn Treebank.

    Punctuation, ``'s`` and ``n't`` are tokens of their own; abbreviations, initials,
    numbers, dates, hyphenated words, addresses and emoji stay whole.

    Returns
    -------
    list of Token
        In order; between them they hold every character that is neither white space nor
        invisible: a soft hyphen in a word belongs to it, a byte-order mark before one does not.

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
        None of them empty; offsets count from the start of `text`.
    """
    found = split_words(text)
    tokens = iter(_locate(text, [word for words in found for word in words]))
    return [list(islice(tokens, len(words))) for words in found]


def split_words(text: str, unit: str = "auto") -> list[list[str]]:
    """Split a text into sentences of words: the texts of its tokens, several times as fast.

    A sentence ends at a border, see `windowclf.text.units.cut`; at a period, question or
    exclamation mark, and the quotes and brackets that close with it, where a space and then a
    capital or a digit follow, with or without an opening quote; and after an abbreviation such as
    "U.S." where a word follows that begins many sentences, such as "He". No title or initial ends
    one.

    Parameters
    ----------
    unit : {"auto", "line", "paragraph", "file"}
        Which line ends are borders.

    Returns
    -------
    list of list of str
        None of them empty. Typographic quotes and hyphens are split as those of ASCII are.

    Examples
    --------
    >>> split_words("He isn't in. Who knows?")
    [['He', 'is', "n't", 'in', '.'], ['Who', 'knows', '?']]
    """
    found: list[list[str]] = []
    if text.isprintable():  # so that it holds no border
        return _sentences(text)
    for piece in cut(text, unit):
        found += _sentences(piece)
    return found


def line_sentences(text: str) -> list[list[str]]:
    r"""Take the lines of a text as its sentences, and split each into words.

    Parameters
    ----------
    text : str
        A sentence a line; a tab separates sentences, too.

    Returns
    -------
    list of list of str
        None of them empty: a blank line is no sentence.

    Examples
    --------
    >>> line_sentences("He left. Who knows\nwhy?")
    [['He', 'left', '.', 'Who', 'knows'], ['why', '?']]
    """
    return [words for words in map(_words, cut(text, "line")) if words]


def token_starts(text: str, words: Iterable[str]) -> list[int]:
    """Find where each token of a text stands.

    Parameters
    ----------
    words : iterable of str
        The texts of all its tokens, in order.

    Returns
    -------
    list of int
        Offset of the first character of each.

    Raises
    ------
    UsageError
        If a word does not stand in the text after those before it.
    """
    words = [*words]
    if len(words) > _FEW_WORDS:
        found = _starts_between_spaces(text, words)
        if found is not None:
            return found
    starts: list[int] = []
    end = 0
    # Only white space and invisible characters stand between two: the first hit is right.
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
    """Find the words of a text that has nothing else but ASCII white space; None for others.

    That is most texts, and all of their words are found at once.
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
    """Splits chunks, and remembers those that are likely to return."""

    most = 1 << 16  # chunks, of 200 bytes each; no text can make it hold more than 60 MB

    def __missing__(self, text: str) -> _Chunk:
        if text.isalpha() and text.isascii():
            words = (text,)  # as the pattern has it, which one sentence may not need
            chunk: _Chunk = words, True, words
        else:
            chunk = _read(text)
        if len(text) <= 24 and len(chunk[0]) <= 4:  # 99.9 % of news
            if len(self) >= self.most:
                self.clear()  # which costs other threads time, nothing else
            self[text] = chunk
        return chunk


_chunks = _Chunks()


def _words(piece: str) -> list[str]:
    return [*chain.from_iterable(_sentences(piece))]


def _sentences(piece: str) -> list[list[str]]:
    """Split what stands between two borders."""
    if not is_typographic(piece):
        return _group(_split_chunks(piece))
    if has_hidden(piece):
        return _sentences_of_seen(piece)
    chunks = _split_chunks(piece)
    written = iter([word for chunk in chunks for word in chunk[2]])
    return [list(islice(written, len(plain))) for plain in _group(chunks)]


def _sentences_of_seen(piece: str) -> list[list[str]]:
    """Split a text as if its invisible characters were not there; those in a word stay in it."""
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
        found.append(_read(last, period[1]))  # with all that it hangs on
        end = period.end()
    found += map(_chunks.__getitem__, text[end:].split())
    return found


def _read(text: str, after: str = "") -> _Chunk:
    """Split a chunk that stands before some other text."""
    plain = plain_text(text)
    matches = [match.span() for match in token().finditer(plain + plain_text(after))]
    spans = [span for span in matches if span[0] < len(text)]
    words = tuple([plain[start:end] for start, end in spans])
    written = words if plain == text else tuple([text[start:end] for start, end in spans])
    return words, _plain(words), written


def _plain(words: Sequence[str]) -> bool:
    """Whether no sentence may end in the words, and no straight quotation mark stands in them."""
    return not any(word in _TERMINATORS or word == '"' or _abbreviated(word) for word in words)


def _group(chunks: Iterable[_Chunk]) -> list[list[str]]:
    """Group the words of a paragraph into sentences, none of them empty."""
    found: list[list[str]] = []
    current: list[str] = []
    ended = ""  # the terminator or abbreviation that the words read so far end with,
    opening = -1  # and where the marks stand that came after it and open what follows
    in_quotes = False
    for words, is_plain, _ in chunks:
        if is_plain and not ended:  # as in most chunks
            current += words
            continue
        gap = leading = True  # before the word stands white space; and then openers alone
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
                if current:  # not the dots that a sentence begins with
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
