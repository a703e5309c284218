"""The texts of a training."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from windowclf.documents.sentence import Sentence
from windowclf.model.encoding import EncodedSentences


@dataclass(frozen=True, slots=True)
class Texts:
    """What a network is trained on and chosen by.

    Parameters
    ----------
    tokens : sequence of sequences of str
        The training text, once in each letter case.
    documents : sequence
        See `encode`.
    train : EncodedSentences
        The same, with gold tags.
    versions : int
        In how many.
    dev : sequence of Sentence
        May be empty: then the last epoch is the best.
    gold : sequence of sequences of str
        The right tags of `dev`, as the model writes them.
    """

    tokens: Sequence[Sequence[str]]
    documents: Sequence[Hashable | None]
    train: EncodedSentences
    versions: int
    dev: Sequence[Sentence]
    gold: Sequence[Sequence[str]]
