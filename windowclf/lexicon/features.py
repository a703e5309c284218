"""Features of a word, each a function of the word as written."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from windowclf.text.token_pattern import KINDS, token_kind
from windowclf.text.typography import plain_word

KIND_SHAPES = {kind: f"<{kind}>" for kind in KINDS}
"""Shapes of web addresses, emoji and so on; no word has them, as "<url>" has the shape "<x>"."""

_DIGIT = re.compile(r"\d")
_REPEATS = re.compile(r"(.)\1+", re.DOTALL)
_WHOLE = slice(None)
_IRREGULAR = frozenset("İΣ")
"""Characters that cannot be changed on their own: in lower case the first one becomes two, and the
second depends on its neighbours."""
_END = "\x80"
"""Ends each ASCII word when many are changed together as one text."""


class Feature(NamedTuple):
    """A function of words: ``form(word[cut])``.

    Parameters
    ----------
    form : callable
        Maps a text to a text, character by character; `shape` then also shortens runs.
    cut : slice
        The characters of the word that are passed to `form`.
    """

    form: Callable[[str], str]
    cut: slice = _WHOLE

    def __call__(self, word: str) -> str:
        """Return the feature's value."""
        return self.form(word[self.cut])


def zero_digits(word: str) -> str:
    """Replace every digit by 0, so that all numbers of the same form are one word."""
    return word if word.isalpha() else _DIGIT.sub("0", word)


def lower_zero_digits(word: str) -> str:
    """Convert to lower case, and replace every digit by 0."""
    return zero_digits(word.lower())


def shape(word: str) -> str:
    """Describe letter case and digits, with each run of the same kind shortened to one.

    Examples
    --------
    >>> shape("Paris"), shape("NATO"), shape("1996-08-22"), shape("McDonald")
    ('Xx', 'X', 'd-d-d', 'XxXx')
    """
    if word.isalpha() and word[1:].islower():  # true of most words
        return "Xx" if word[0].isupper() else "x"
    kinds = [
        "X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c for c in word
    ]
    return _REPEATS.sub(r"\1", "".join(kinds))


def kind_shape(word: str) -> str | None:
    """Return the special shape of a web token; None for any other word."""
    kind = token_kind(word)
    return kind and KIND_SHAPES[kind]


def name_form(word: str) -> str:
    """Normalise a name to a form that all its spellings share; empty if it has no capital.

    Examples
    --------
    >>> name_form("O’Neill"), name_form("O'NEILL"), name_form("neill")
    ("o'neill", "o'neill", '')
    """
    word = plain_word(word)
    lower = word.lower()
    return lower if lower != word else ""


def feature_function(name: str) -> Feature:
    """Return the function of a feature.

    Parameters
    ----------
    name : str
        "shape", "written", "prefixN" or "suffixN".

    Returns
    -------
    Feature
        Maps a word to the feature's value. Prefixes and suffixes are in lower case, because
        "shape" represents the case.
    """
    if name == "shape":
        return Feature(shape)
    if name == "written":
        return Feature(zero_digits)
    size = int(name[-1])
    cut = slice(size) if name.startswith("prefix") else slice(-size, None)
    return Feature(lower_zero_digits, cut)


def feature_values(features: Sequence[Feature], words: Sequence[str]) -> Iterator[list[str]]:
    """Compute features of many words at once, ten times as fast for ASCII words.

    Yields
    ------
    list of str
        For each feature, its value for each word.
    """
    others = [i for i, word in enumerate(words) if not word.isascii()]
    irregular = [i for i in others if not _IRREGULAR.isdisjoint(words[i])]
    plain = [*words, ""]
    for i in others:
        plain[i] = ""
    text = _END.join(plain).encode("latin-1")
    forms: dict[Callable[[str], str], list[str]] = {}
    for feature in features:
        form, cut = feature
        if form not in forms:
            forms[form] = _change(text, form)
            for i in others:
                forms[form][i] = form(words[i])
        # The form of a part is the part of the form: one change serves all prefixes and suffixes.
        values = forms[form] if cut is _WHOLE else [changed[cut] for changed in forms[form]]
        for i in irregular:
            values[i] = feature(words[i])
        yield values


def _change(text: bytes, form: Callable[[str], str]) -> list[str]:
    """Apply a form to each of the words of a text."""
    text = text.translate(_table(form))
    if form is shape:
        kinds = np.frombuffer(text, dtype=np.uint8)
        first = (kinds[1:] != kinds[:-1]) | (kinds[1:] == ord(_END))
        text = text[:1] + kinds[1:][first].tobytes()
    return text.decode("latin-1").split(_END)[:-1]


@cache
def _table(form: Callable[[str], str]) -> bytes:
    """Make the translation table of a form for ASCII characters."""
    return "".join(map(form, map(chr, range(128)))).encode() + bytes(range(128, 256))
