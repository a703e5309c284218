"""The tags that another program gave to a text whose right tags are known."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, zip_longest
from pathlib import Path

from windowclf.corpora.files import read_sentences
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError
from windowclf.tags.schemes import Scheme, convert


def read_predictions(
    path: str | Path, sentences: Sequence[Sentence], scheme: Scheme
) -> list[list[str]]:
    """Read the tags that a file gives to the tokens of some sentences.

    Its tags are read as one row, whatever its sentences are, and cut where these sentences end.
    How they spell spans need not be told: conlleval's rules make sense of any prefixes.

    Parameters
    ----------
    path : str or Path
        The file extension names the format, see `windowclf.documents.formats.registry`; any other
        file has CoNLL columns, the token first and the tag last. "-" is stdin.
    sentences : sequence of Sentence
        Their own tags are not looked at.
    scheme : Scheme
        The scheme wanted; with ``PLAIN``, the file has plain labels, too.

    Returns
    -------
    list of list of str
        The tags of each sentence.

    Raises
    ------
    DataError
        If the file cannot be read, has other tokens than the sentences, or no tags.
    """
    tokens: list[str] = []
    tags: list[str] = []
    for sentence in read_sentences(path):
        if sentence.tags is None and sentence.tokens:
            raise DataError(
                f"{path}: no tags beside {' '.join(sentence.tokens)[:40]!r}; expected a tag for "
                "each token, or entities"
            )
        tokens += sentence.tokens
        tags += sentence.tags or ()
    _check_tokens(path, tokens, sentences)
    cut = []
    end = 0
    for number, sentence in enumerate(sentences, 1):
        start, end = end, end + len(sentence)
        try:
            cut.append(convert(tags[start:end], scheme, scheme))
        except DataError as error:
            raise DataError(f"{path}: sentence {number}: {error}") from None
    return cut


def _check_tokens(path: str | Path, tokens: list[str], sentences: Sequence[Sentence]) -> None:
    expected = [token for sentence in sentences for token in sentence.tokens]
    if tokens == expected:
        return
    pairs = list(zip_longest(tokens, expected))
    first = next(i for i, (token, right) in enumerate(pairs) if token != right)
    ends = [0, *accumulate(map(len, sentences))]
    number = bisect_right(ends, first)
    where = f"sentence {number}, token {first - ends[number - 1] + 1}"
    if first == len(expected):
        where = "after the last sentence"
    token, right = pairs[first]
    raise DataError(
        f"{path}: {where}: {_quoted(token)}, but {_quoted(right)} in the corpus; expected the "
        f"same tokens in both, found {len(tokens):,} and {len(expected):,}"
    )


def _quoted(token: str | None) -> str:
    return "no token" if token is None else repr(token)
