"""Typographic and invisible characters, and the plain characters used to look words up.

Models are trained on text with ASCII quotes. “Acme” is split and looked up like "Acme", but keeps
its own characters.
"""

import re
from functools import cache, partial

_SAME_LENGTH = {
    '"': "“”„‟«»″‶〝〞〟＂❝❞",
    "'": "‘’‚‛‹›′‵´ʹʻʼʽ＇❛❜",
    "-": "\u2010\u2011\u2212\ufe63\uff0d",  # hyphens, and the minus sign
}
SINGLE_QUOTES = _SAME_LENGTH["'"]
_QUOTES = {ord(c): plain for plain, found in _SAME_LENGTH.items() for c in found}
# The en dash is not among the hyphens: Boston–New York are two names, Boston-based is one word.
_LOOKED_UP = {
    '"': "「」『』｢｣《》〈〉",
    "(": "（［【〔",
    ")": "）］】〕",
    ",": "，、､",
    ":": "：",
    ";": "；",
    "|": "｜",
    "/": "／⁄∕",
    "&": "＆",
    "-": "–\u2012",
    "--": "—―⸺⸻﹘",
    "...": "…⋯",
    "..": "‥",
    "*": "•‣⁃◦∙●○◉▪▫■□◆◇➢➤►▸▹",
    " ": "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f"
    "\u205f\u3000",
}
_ASCII_QUOTES = {"``": '"', "''": '"'}  # quotes of TeX and the Penn Treebank
_single_grave = cache(partial(re.compile, "(?<!`)`(?!`)"))  # typed for an apostrophe, as in O`Neill
_WORD_FORMS = _QUOTES | {ord(c): plain for plain, found in _LOOKED_UP.items() for c in found}

# The soft hyphen, the byte-order mark and other joiners, direction marks, blank letters.
_NEVER_SEEN = (
    r"\u00ad\u034f\u061c\u180e\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u2800\u3164"
    r"\ufeff\uffa0\ufff9-\ufffb"
)
# Joiners belong to the spelling of Persian and Indic words and of emoji; variation selectors belong
# to emoji and keycaps.
_INVISIBLE = (
    rf"[{_NEVER_SEEN}]+"
    r"|(?<![^\x00-\x7f\s])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f\s])"
    r"|(?<=[\x00-\x7f])[\ufe00-\ufe0f]+(?![\ufe00-\ufe0f\u20e3])"
)
_SELECTORS = r"(?<=\w)[\ufe00-\ufe0f\U000e0100-\U000e01ef]+"
# Compiled on first use, because most ASCII texts never need them.
_left_out = cache(partial(re.compile, _INVISIBLE))
_not_looked_up = cache(partial(re.compile, f"\u200b|{_INVISIBLE}|{_SELECTORS}"))
# The zero-width space separates words; letters used as apostrophes do not begin a word.
_HIDDEN = {0x200B: " ", **dict.fromkeys(map(ord, "ʹʻʼʽ"), "'")}
_maybe_hidden = cache(partial(re.compile, rf"[{_NEVER_SEEN}\u200b-\u200d\ufe00-\ufe0fʹʻʼʽ]"))
_hidden_here = cache(partial(re.compile, rf"{_INVISIBLE}|[\u200bʹʻʼʽ]"))
_typographic = cache(
    partial(
        re.compile,
        rf"[`{''.join(_SAME_LENGTH.values())}{_NEVER_SEEN}\u200b-\u200d\ufe00-\ufe0f]",
    )
)

_UNSEEN = rf"[\s{_NEVER_SEEN}\u200b-\u200d]+"
_ends = cache(partial(re.compile, rf"\A{_UNSEEN}|{_UNSEEN}\Z"))


def strip(text: str) -> str:
    """Remove white space and invisible characters from both ends of a text."""
    text = text.strip()
    return text if text.isascii() else _ends().sub("", text)


def is_typographic(text: str) -> bool:
    """Whether `plain_text` or `without_hidden` may change a text."""
    if text.isascii():
        return "`" in text
    return _typographic().search(text) is not None


def plain_text(text: str) -> str:
    """Replace quotes and hyphens by ASCII ones, so that the text is split alike; same length."""
    if "`" in text:
        text = _single_grave().sub("'", text)
    return text if text.isascii() else text.translate(_QUOTES)


def has_hidden(text: str) -> bool:
    """Whether `without_hidden` would change a text."""
    return bool(_maybe_hidden().search(text) and _hidden_here().search(text))


def without_hidden(text: str) -> tuple[str, list[int]]:
    """Remove invisible characters from a text, and replace zero-width spaces by spaces.

    Returns
    -------
    seen : str
        The visible text.
    places : list of int
        Index in the text of each character of `seen`.
    """
    spans = [found.span() for found in _left_out().finditer(text)]
    left_out = {place for span in spans for place in range(*span)}
    places = [place for place in range(len(text)) if place not in left_out]
    return "".join([text[place] for place in places]).translate(_HIDDEN), places


def plain_word(word: str) -> str:
    r"""Normalise a word for lookup: ASCII punctuation, no invisible characters.

    Examples
    --------
    >>> plain_word("O’Neill"), plain_word("—"), plain_word("Lon\u00addon")
    ("O'Neill", '--', 'London')
    """
    if word.isascii():
        return _ASCII_QUOTES.get(word) or (word.replace("`", "'") if "`" in word else word)
    if word == "·":  # a bullet between words, but a letter of Catalan within a word
        return "*"
    plain = _not_looked_up().sub("", word).translate(_WORD_FORMS) or word
    return _ASCII_QUOTES.get(plain, plain)
