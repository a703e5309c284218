"""Reading another program's tags of a labelled text."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise, zip_longest
from pathlib import Path
from typing import NamedTuple

from windowclf.corpora.files import read_tagged, tag_place
from windowclf.corpora.spelling import Part, in_iob2
from windowclf.documents.places import Search
from windowclf.documents.reading import ReadOptions
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError
from windowclf.tags.recognition import AUTO
from windowclf.tags.schemes import Scheme


class Predictions(NamedTuple):
    """The predicted tags of each sentence, in IOB2 or plain, with notes on reading them.

    Attributes
    ----------
    notes : tuple of str
        See `Corpus.notes`.
    """

    tags: list[Sequence[str]]
    notes: tuple[str, ...]


def read_predictions(
    path: str | Path, sentences: Sequence[Sentence], scheme: Scheme
) -> Predictions:
    """Read the tags in a file for the tokens of some sentences.

    The tags are read as one sequence and split at the ends of `sentences`, so the sentence borders
    of the file do not matter. Their scheme is detected, and may differ from that of the sentences.

    Parameters
    ----------
    path : str or Path
        The format is that of the file extension, see `windowclf.documents.formats.registry`; files
        with other names have CoNLL columns, the token first and the tag last. "-" is stdin.
    sentences : sequence of Sentence
        Sentences with the expected tokens; their tags are ignored.
    scheme : Scheme
        Scheme of the sentences; with ``PLAIN``, the file must also have plain labels.

    Raises
    ------
    DataError
        If the file cannot be read, has no tags, or its tokens differ from those of the sentences.
    """
    tokens: list[str] = []
    tags: list[str] = []
    written: list[bool] = []
    for sentence, is_written in read_tagged(path):
        if sentence.tags is None and sentence.tokens:
            raise DataError(
                f"{path}: no tags beside {' '.join(sentence.tokens)[:40]!r}; expected a tag for "
                "each token, or entities"
            )
        tokens += sentence.tokens
        tags += sentence.tags or ()
        written.append(is_written)
    _check_tokens(path, tokens, sentences)
    borders = [0, *accumulate(map(len, sentences))]
    cut = [Sentence(tokens[i:j], tags[i:j]) for i, j in pairwise(borders)]

    def place(number: int, search: Search) -> str:
        return tag_place(path, ReadOptions(), search, number)

    is_plain, from_spans = scheme is Scheme.PLAIN, not all(written)
    name = scheme.value if is_plain else Scheme.IOB2.value if from_spans else AUTO
    part = Part(cut, place, [False] * len(cut) if is_plain and from_spans else None)
    spelled = in_iob2(str(path), {"": part}, name)
    return Predictions([sentence.tags or () for sentence in spelled.splits[""]], spelled.notes)


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
