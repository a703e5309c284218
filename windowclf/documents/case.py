"""Text in another letter case: as headlines and hurried mail have it."""

from dataclasses import replace

from windowclf.documents.sentence import Sentence

CASES = ("upper", "lower")


def in_case(sentence: Sentence, case: str) -> Sentence:
    """Write the tokens of a sentence in capitals or in lower case; its tags stay.

    Parameters
    ----------
    case : {"upper", "lower"}
    """
    change = str.upper if case == "upper" else str.lower
    return replace(sentence, tokens=[change(token) for token in sentence.tokens])
