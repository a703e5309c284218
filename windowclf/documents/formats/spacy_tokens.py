"""Tokens in the form of spaCy and Prodigy, which together with their spaces are the text."""

from itertools import accumulate, chain, pairwise
from typing import NamedTuple

from windowclf.documents.document import Document
from windowclf.text.tokenizer import token_starts


class Token(NamedTuple):
    """The characters ``start`` to ``end - 1`` of a text.

    Attributes
    ----------
    space : bool
        Whether a space follows that is not part of any token.
    begins : bool
        Whether it is the first of a sentence.
    """

    start: int
    end: int
    space: bool
    begins: bool


def cut_tokens(document: Document) -> list[Token]:
    """Split a text at the borders of its words and its spans.

    Parameters
    ----------
    document : Document
        A document with words.
    """
    text = document.text
    sentences = [words for words in document.words or () if words]
    words = [*chain.from_iterable(sentences)]
    starts = token_starts(text, words)
    begins = {starts[number] for number in accumulate(map(len, sentences[:-1]))}
    cuts = {0, len(text), *starts}
    cuts.update(start + len(word) for start, word in zip(starts, words, strict=True))
    for span in document.spans or ():
        cuts |= {span.start, span.end}
    tokens: list[Token] = []
    for start, end in pairwise(sorted(cuts)):
        begin = start in begins or not tokens
        if text[start] == " " and tokens and not tokens[-1].space:
            tokens[-1] = tokens[-1]._replace(space=True)
            start += 1
        if start < end:
            tokens.append(Token(start, end, space=False, begins=begin))
    return tokens
