"""Text in another letter case, as in headlines and informal mail."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from windowclf.documents.sentence import Sentence

CASES = ("upper", "lower")


def in_case(sentence: Sentence, case: str) -> Sentence:
    """Convert the tokens of a sentence to upper or lower case; its tags stay the same.

    Parameters
    ----------
    case : {"upper", "lower"}
    """
    return replace(sentence, tokens=recase(case)(sentence.tokens))


def recase(case: str) -> Callable[[Sequence[str]], list[str]]:
    """Return a function that converts the tokens of a sentence to `case`; see `in_case`."""
    change = str.upper if case == "upper" else str.lower
    return lambda tokens: [change(token) for token in tokens]
