"""Features of a word: functions of the word as written, and of nothing else."""

import re
from collections.abc import Callable

_DIGIT = re.compile(r"\d")
_REPEATS = re.compile(r"(.)\1+", re.DOTALL)


def zero_digits(word: str) -> str:
    """Write 0 for every digit, so that all numbers of a form are one word."""
    return _DIGIT.sub("0", word)


def shape(word: str) -> str:
    """Describe letter case and digits, a run of the same kind written once.

    Examples
    --------
    >>> shape("Paris"), shape("NATO"), shape("1996-08-22"), shape("McDonald")
    ('Xx', 'X', 'd-d-d', 'XxXx')
    """
    kinds = [
        "X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c for c in word
    ]
    return _REPEATS.sub(r"\1", "".join(kinds))


def feature_function(name: str) -> Callable[[str], str]:
    """Return the function of a feature.

    Parameters
    ----------
    name : str
        "shape", "written", "prefixN" or "suffixN".

    Returns
    -------
    callable
        Takes a word, returns the feature's value. Prefixes and suffixes are lower-cased, since
        "shape" tells the case.
    """
    if name == "shape":
        return shape
    if name == "written":
        return zero_digits
    size = int(name[-1])
    if name.startswith("prefix"):
        return lambda word: zero_digits(word[:size].lower())
    return lambda word: zero_digits(word[-size:].lower())
