"""From sentences to the arrays that a network reads."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count
from typing import Any

import numpy as np
import numpy.typing as npt

from windowclf.lexicon.lexicon import Lexicon
from windowclf.nn.batch import Batch, window_rows

_Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class EncodedSentences:
    """Sentences as numbers.

    Parameters
    ----------
    features : int32 array, shape (n, F)
        Feature ids of the distinct words; row 0 is the padding.
    words : int32 array, shape (T,)
        The row of `features` of each token, sentence after sentence.
    lengths : int32 array, shape (S,)
        Tokens in each sentence.
    gold : int32 array, shape (T,), optional
        The tag of each token.
    """

    features: _Ints
    words: _Ints
    lengths: _Ints
    gold: _Ints | None = None

    @cached_property
    def first(self) -> npt.NDArray[np.int64]:
        """The first token of each sentence, shape (S,); computed once, not for each batch."""
        starts: npt.NDArray[np.int64] = np.cumsum(self.lengths, dtype=np.int64) - self.lengths
        return starts

    def tags(self) -> _Ints:
        """Return the right tags.

        Raises
        ------
        ValueError
            If there are none.
        """
        if self.gold is None:
            raise ValueError("the sentences have no gold tags to learn from")
        return self.gold

    def batch(self, sentences: npt.NDArray[np.integer], window: int) -> Batch:
        """Cut out some sentences.

        Parameters
        ----------
        sentences : int array, shape (B,)
            Which ones.
        window : int
            Width of the window.

        Returns
        -------
        Batch
        """
        lengths = self.lengths[sentences]
        first = self.first[sentences]
        # position of each token: its sentence's first token, and its place in the sentence
        ends = np.cumsum(lengths)
        tokens = np.repeat(first - (ends - lengths), lengths) + np.arange(int(ends[-1]))
        used, words = np.unique(self.words[tokens], return_inverse=True)
        features = np.concatenate([self.features[:1], self.features[used]])
        return Batch(
            features=features,
            windows=window_rows(words + 1, lengths, window),
            lengths=lengths,
            gold=None if self.gold is None else self.gold[tokens],
        )


def encode(
    sentences: Sequence[Sequence[str]],
    lexicon: Lexicon,
    tags: Sequence[Sequence[str]] | None = None,
    labels: Sequence[str] = (),
) -> EncodedSentences:
    """Turn sentences into numbers.

    Parameters
    ----------
    sentences : sequence of sequences of str
        Tokens.
    lexicon : Lexicon
    tags : sequence of sequences of str, optional
        The right tag of each token; each is one of `labels`.
    labels : sequence of str
        All tags, in the order of the network's scores.

    Returns
    -------
    EncodedSentences
    """
    keys: Iterable[Hashable] = chain.from_iterable(sentences)
    marks: Sequence[Sequence[str]] = lexicon.marks(sentences)
    if marks:  # a word is another one where it has another place in a gazetteer's name
        keys = zip(keys, *marks, strict=True)
    index: defaultdict[Any, int] = defaultdict(count(1).__next__)  # 0 is the padding
    words = np.array([index[key] for key in keys], dtype=np.int32)
    distinct: Sequence[str] = list(index)
    if marks and distinct:
        distinct, *marks = zip(*distinct, strict=True)
    padding = np.zeros((1, len(lexicon.features)), dtype=np.int32)
    gold = None
    if tags is not None:
        label_ids = {label: i for i, label in enumerate(labels)}
        gold = np.array([label_ids[tag] for tag in chain.from_iterable(tags)], dtype=np.int32)
    return EncodedSentences(
        features=np.concatenate([padding, lexicon.ids(distinct, marks)]),
        words=words,
        lengths=np.array([len(sentence) for sentence in sentences], dtype=np.int32),
        gold=gold,
    )
