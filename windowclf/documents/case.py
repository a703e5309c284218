"""Text in another letter case: as headlines and hurried mail have it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from windowclf.documents.sentence import Sentence

CASES = ("upper", "lower")


def in_case(sentence: Sentence, case: str) -> Sentence:
    """Write the tokens of a sentence in capitals or in lower case; its tags stay.

    Parameters
    ----------
    case : {"upper", "lower"}
    """
    return replace(sentence, tokens=recase(case)(sentence.tokens))


def recase(case: str) -> Callable[[Sequence[str]], list[str]]:
    """Return a function that writes the tokens of a sentence in another case; see `in_case`."""
    change = str.upper if case == "upper" else str.lower
    return lambda tokens: [change(token) for token in tokens]
