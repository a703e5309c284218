"""The tagger of python-crfsuite's tutorial, without parts of speech.

Raw text has none, and computing them would cost more than everything measured here.
"""

import sys
from collections.abc import Iterator

import pycrfsuite


def load(model: str) -> pycrfsuite.Tagger:
    """Open a model."""
    tagger = pycrfsuite.Tagger()
    tagger.open(model)
    return tagger


def features(sentence: list[str]) -> Iterator[list[str]]:
    """Yield the tutorial's features of each word."""
    for i, word in enumerate(sentence):
        found = [
            "bias",
            "word.lower=" + word.lower(),
            "word[-3:]=" + word[-3:],
            "word[-2:]=" + word[-2:],
            f"word.isupper={word.isupper()}",
            f"word.istitle={word.istitle()}",
            f"word.isdigit={word.isdigit()}",
        ]
        if i > 0:
            before = sentence[i - 1]
            found += [
                "-1:word.lower=" + before.lower(),
                f"-1:word.istitle={before.istitle()}",
                f"-1:word.isupper={before.isupper()}",
            ]
        else:
            found.append("BOS")
        if i < len(sentence) - 1:
            after = sentence[i + 1]
            found += [
                "+1:word.lower=" + after.lower(),
                f"+1:word.istitle={after.istitle()}",
                f"+1:word.isupper={after.isupper()}",
            ]
        else:
            found.append("EOS")
        yield found


if __name__ == "__main__":  # a program that tags a sentence, as its users would write it
    words = sys.argv[2].split()
    print(load(sys.argv[1]).tag(list(features(words))))
