"""Conversion of sentences to the arrays that a network reads."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count
from typing import Any

import numpy as np
import numpy.typing as npt

from windowclf.errors import UsageError
from windowclf.lexicon.features import name_form
from windowclf.lexicon.lexicon import PADDING, Lexicon
from windowclf.nn.arrays import BoolArray, FloatArray, IntArray
from windowclf.nn.batch import Batch
from windowclf.nn.context import find_mentions, name_keys
from windowclf.nn.layers import window_rows

_Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class EncodedSentences:
    """Sentences as arrays of numbers.

    Parameters
    ----------
    features : int32 array, shape (n, F)
        Feature ids of the distinct words, in order; words with the same ids share a row. Row 0 is
        the padding.
    words : int32 array, shape (T,)
        The row of `features` for each token, sentence after sentence.
    lengths : int32 array, shape (S,)
        Number of tokens in each sentence.
    documents : int32 array, shape (S,)
        Number of each sentence's document, from 0, in ascending order.
    names : int32 array, shape (T,)
        Number of each token's name, the same in any letter case; 0 if it is not a name.
    gold : int32 array, shape (T,), or float or bool array, shape (T, K), optional
        Targets as in `Batch`.
    """

    features: _Ints
    words: _Ints
    lengths: _Ints
    documents: _Ints
    names: _Ints
    gold: _Ints | FloatArray | BoolArray | None = None

    @cached_property
    def first(self) -> npt.NDArray[np.int64]:
        """The first token of each sentence, shape (S,); computed once, not for each batch."""
        starts: npt.NDArray[np.int64] = np.cumsum(self.lengths, dtype=np.int64) - self.lengths
        return starts

    @cached_property
    def keys(self) -> IntArray:
        """A number of each token's name that differs between documents; 0 if it is not a name."""
        return name_keys(self.names, np.repeat(self.documents, self.lengths))

    def tags(self) -> _Ints | FloatArray | BoolArray:
        """Return `gold`.

        Raises
        ------
        ValueError
            If there are none.
        """
        if self.gold is None:
            raise ValueError("the sentences have no gold tags to learn from")
        return self.gold

    def tokens(self, sentences: IntArray) -> IntArray:
        """List the indices of the tokens of some sentences."""
        lengths = self.lengths[sentences]
        before = np.cumsum(lengths) - lengths  # number of tokens in the sentences before
        shift = np.repeat(self.first[sentences] - before, lengths)
        tokens: IntArray = shift + np.arange(len(shift))
        return tokens

    def batch(
        self,
        sentences: IntArray,
        window: int,
        other_mentions: IntArray | None = None,
        *,
        mentions: bool = True,
    ) -> Batch:
        """Make a batch of some sentences.

        Parameters
        ----------
        sentences : int array, shape (B,)
            Indices of the sentences.
        window : int
            Width of the window.
        other_mentions : int array, shape (E, window), optional
            Windows around further mentions, in the same documents, of the sentences' names.
            Padding is -1.
        mentions : bool
            Whether to find the names that are mentioned more than once.
        """
        lengths = self.lengths[sentences]
        tokens = self.tokens(sentences)
        centres, words = tokens, self.words[tokens]
        if other_mentions is not None:
            there = np.where(other_mentions < 0, 0, self.words[other_mentions])
            words = np.concatenate([words, there.reshape(-1)])
            centres = np.concatenate([tokens, other_mentions[:, window // 2]])
        used, places = distinct(words, len(self.features))
        windows = window_rows(places[: len(tokens)], lengths, window)
        if other_mentions is not None:
            windows = np.concatenate([windows, places[len(tokens) :].reshape(-1, window)])
        return Batch(
            features=self.features[used],
            windows=windows,
            lengths=lengths,
            gold=None if self.gold is None else self.gold[tokens],
            mentions=find_mentions(self.keys[centres]) if mentions else None,
        )


def distinct(words: IntArray, n: int) -> tuple[IntArray, IntArray]:
    """Renumber the distinct words of an array, in a time independent of `n`.

    Parameters
    ----------
    words : int array, any shape
    n : int
        Upper limit of all words. Word 0 is always among the distinct ones.

    Returns
    -------
    used : int array, shape (m,)
        The distinct words, in order.
    places : int array, the shape of `words`
        The index of each word in `used`.
    """
    place = np.empty(n, dtype=np.intp)  # never read where it was not written before
    every = np.concatenate([[0], words.reshape(-1)])
    turns = np.arange(len(every))
    place[every] = turns
    used = np.sort(every[place[every] == turns])  # each word at its last occurrence
    place[used] = turns[: len(used)]
    return used, place[words]


def encode(
    sentences: Sequence[Sequence[str]],
    lexicon: Lexicon,
    tags: Sequence[Sequence[str]] | None = None,
    labels: Sequence[str] = (),
    documents: Sequence[Hashable | None] | None = None,
) -> EncodedSentences:
    """Encode sentences as arrays of numbers.

    Parameters
    ----------
    sentences : sequence of sequences of str
        Tokens of each sentence.
    tags : sequence of sequences of str, optional
        The right tag of each token; each is one of `labels`.
    labels : sequence of str
        All tags, in the order of the network's scores.
    documents : sequence, optional
        The number or name of each sentence's document. Neighbouring sentences with the same value
        form one document; a sentence with None is a document by itself, and so is every sentence
        by default.

    Raises
    ------
    UsageError
        If there are more or fewer documents than sentences.
    """
    numbers = number_documents(documents, len(sentences))
    keys: Iterable[Hashable] = chain.from_iterable(sentences)
    gazetteer_tags: Sequence[Sequence[str]] = lexicon.gazetteer_tags(sentences)
    if gazetteer_tags:  # the same word counts as another one at another position in a name
        keys = zip(keys, *gazetteer_tags, strict=True)
    index: defaultdict[Any, int] = defaultdict(count(1).__next__)  # 0 is the padding
    words = np.array([index[key] for key in keys], dtype=np.int32)
    different: Sequence[str] = list(index)
    if gazetteer_tags and different:
        different, *gazetteer_tags = zip(*different, strict=True)
    padding = np.full((1, len(lexicon.features)), PADDING, dtype=np.int32)
    ids = np.concatenate([padding, lexicon.ids(different, gazetteer_tags)])
    features, row = np.unique(ids, axis=0, return_inverse=True)
    gold = None
    if tags is not None:
        label_ids = {label: i for i, label in enumerate(labels)}
        gold = np.array([label_ids[tag] for tag in chain.from_iterable(tags)], dtype=np.int32)
    return EncodedSentences(
        features=features,
        words=row.reshape(-1)[words].astype(np.int32),
        lengths=np.array([len(sentence) for sentence in sentences], dtype=np.int32),
        documents=numbers,
        names=_names(different)[words],
        gold=gold,
    )


def number_documents(documents: Sequence[Hashable | None] | None, sentences: int) -> _Ints:
    """Assign numbers to documents, from 0; a new one begins where the value changes or is None.

    Parameters
    ----------
    documents : sequence or None
        The value of each sentence's document, see `encode`.
    sentences : int
        The expected number of sentences.

    Returns
    -------
    int32 array, shape (sentences,)

    Raises
    ------
    UsageError
        If there are more or fewer documents than sentences.
    """
    if documents is None:
        return np.arange(sentences, dtype=np.int32)
    if len(documents) != sentences:
        raise UsageError(
            f"{sentences} sentences but {len(documents)} documents; expected one for each"
        )
    pairs = zip([None, *documents], documents, strict=False)
    new = [document is None or document != before for before, document in pairs]
    return np.cumsum(new, dtype=np.int32) - 1


def _names(words: Sequence[str]) -> _Ints:
    """Assign a number to each word with a capital; the padding, which comes first, has 0."""
    forms: defaultdict[str, int] = defaultdict(count(1).__next__)
    named = (forms[name] if name else 0 for name in map(name_form, words))
    return np.array([0, *named], dtype=np.int32)
