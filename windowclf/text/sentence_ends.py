"""Where sentences end, told from their words and the white space between them."""

from collections.abc import Iterable, Sequence

from windowclf.text.token_pattern import STARTERS, TITLES

Chunk = tuple[tuple[str, ...], bool]
"""Words with no white space between them, and whether they are `plain`."""

_TERMINATORS = frozenset(".?!…。？！।؟") | {"..", "...", "...."}
_UNSPACED = frozenset("。？！")  # no space follows these
_CLOSERS = frozenset("\"')]}”’»›」』") | {"''"}
_OPENERS = frozenset("\"'([{“‘„‚«‹¿¡「『`") | {"``"}


def plain(words: Sequence[str]) -> bool:
    """Tell whether neither a sentence may end nor a straight quotation mark stand in words."""
    return not any(word in _TERMINATORS or word == '"' or _abbreviated(word) for word in words)


def group(chunks: Iterable[Chunk]) -> list[list[str]]:
    """Group the words of a paragraph into sentences.

    Returns
    -------
    list of list of str
        None of them empty.
    """
    found: list[list[str]] = []
    current: list[str] = []
    ended = ""  # the terminator or abbreviation that the words read so far end with,
    opening = -1  # and where the marks stand that came after it and open what follows
    quoted = False
    for words, is_plain in chunks:
        if is_plain and not ended:  # as in most chunks
            current += words
            continue
        gap = leading = True  # before the word stands white space; and then openers alone
        for word in words:
            opens = word in _OPENERS
            if word == '"':
                opens = quoted = leading and not (quoted and len(words) == 1)
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
