"""What users hand over from Python: sentences, pairs, a corpus or a data set, as sentences."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from windowclf.corpora.dataset import from_dataset, is_dataset
from windowclf.corpora.sources import Corpus
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError
from windowclf.tags.schemes import Scheme, recognise

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

TaggedSentences = Iterable[Sentence] | Iterable[tuple[Sequence[str], Sequence[str]]]


class GivenText(NamedTuple):
    """Sentences to learn from.

    Attributes
    ----------
    name : str
        Of the corpus; empty if it has none.
    train, dev : list of Sentence
    scheme : Scheme
        Of their tags.
    """

    name: str
    train: list[Sentence]
    dev: list[Sentence]
    scheme: Scheme


def given_text(
    train: "Corpus | TaggedSentences | Dataset | DatasetDict",
    dev: "TaggedSentences | Dataset",
    scheme: str,
) -> GivenText:
    """Read what `WindowClassifier.fit` is given.

    Parameters
    ----------
    train : Corpus, sentences, or a data set
        A corpus or a data set of several splits has its dev split beside it.
    dev : sentences, or a data set
        In place of that split, unless it is empty.
    scheme : {"auto", "iob1", "iob2", "iobes", "plain"}
        Of the tags, if `train` is no `Corpus`.

    Raises
    ------
    DataError
        If there is no train split, or a sentence has not a tag for each token.
    UsageError
        For an unknown scheme, or a data set of another class.
    """
    if isinstance(train, Corpus):
        splits = _with_train(train.splits, train.name, "name the file with --train")
        return GivenText(
            train.name,
            splits["train"],
            given_sentences(dev) or splits.get("dev", []),
            train.scheme,
        )
    splits = {}
    found = from_dataset(train) if is_dataset(train) else given_sentences(train)
    if isinstance(found, dict):
        splits = _with_train(found, "the data set", "give one split, such as dataset['test']")
        found = splits["train"]
    sentences, dev_sentences = found, given_sentences(dev) or splits.get("dev", [])
    return GivenText(
        "", sentences, dev_sentences, given_scheme([*sentences, *dev_sentences], scheme)
    )


def given_sentences(given: "TaggedSentences | Dataset") -> list[Sentence]:
    """List tagged sentences.

    Parameters
    ----------
    given : iterable of Sentence or of pairs of tokens and tags, or datasets.Dataset

    Raises
    ------
    DataError
        For anything else, or a sentence that has not a tag for each token.
    UsageError
        For a data set of several splits, or one that is streamed.
    """
    if is_dataset(given):
        found = from_dataset(given)
        if isinstance(found, dict):
            raise UsageError(
                f"expected one split of the data set, not all; there are {', '.join(found)}, "
                f"give one of them, such as dataset['test']"
            )
        return found
    try:
        sentences = [_sentence(item) for item in given]
    except TypeError:
        raise DataError(
            "expected sentences, each a Sentence or a pair of tokens and tags"
        ) from None
    for number, sentence in enumerate(sentences, 1):
        if sentence.tags is None or len(sentence.tags) != len(sentence.tokens):
            tags = 0 if sentence.tags is None else len(sentence.tags)
            raise DataError(
                f"sentence {number}: {len(sentence.tokens)} tokens but {tags} tags; "
                f"expected a tag for each token"
            )
    return sentences


def given_scheme(sentences: Iterable[Sentence], scheme: str) -> Scheme:
    """Tell the scheme of tagged sentences, or take the one that is named.

    Raises
    ------
    UsageError
        For a name that no scheme has.
    DataError
        For a tag that is neither ``O`` nor a prefix with a label.
    """
    if scheme == "auto":
        return recognise(sentence.tags or () for sentence in sentences)
    try:
        return Scheme(scheme)
    except ValueError:
        raise UsageError(f"unknown scheme {scheme!r}: expected auto, {', '.join(Scheme)}") from None


def _sentence(item: Sentence | tuple[Sequence[str], Sequence[str]]) -> Sentence:
    if isinstance(item, Sentence):
        return item
    if isinstance(item, str | Mapping):  # the letters of one, and the keys of the other
        raise TypeError
    return Sentence(*item)


def _with_train(
    splits: dict[str, list[Sentence]], name: str, cure: str
) -> dict[str, list[Sentence]]:
    if "train" not in splits:
        raise DataError(f"{name}: has no train split: {cure}")
    return splits
