"""What callers may pass from Python, as what training takes."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from windowclf.corpora.dataset import from_dataset, is_dataset
from windowclf.corpora.doubts import find_doubts
from windowclf.corpora.sources import Corpus
from windowclf.corpora.spelling import in_iob2, numbered
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, UsageError
from windowclf.lexicon.gazetteer import Gazetteer, read_gazetteer
from windowclf.tags.schemes import Scheme
from windowclf.vectors.load import load_vectors

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict
    from gensim.models import KeyedVectors

TaggedSentences = Iterable[Sentence] | Iterable[tuple[Sequence[str], Sequence[str]]]


class TrainingText(NamedTuple):
    """Sentences to learn from.

    Attributes
    ----------
    name : str
        Of the corpus; empty if it has none.
    scheme : Scheme
        Of their tags as they are here: ``IOB2``, or ``PLAIN``.
    notes : tuple of str
        See `Corpus.notes`.
    """

    name: str
    train: list[Sentence]
    dev: list[Sentence]
    scheme: Scheme
    notes: tuple[str, ...] = ()


def as_training_text(
    train: "Corpus | TaggedSentences | Dataset | DatasetDict",
    dev: "TaggedSentences | Dataset",
    scheme: str,
) -> TrainingText:
    """Read the text that `WindowClassifier.fit` takes.

    Parameters
    ----------
    train : Corpus, sentences, or a data set
        A corpus or a data set of several splits has its dev split beside it.
    dev : sentences, or a data set
        In place of that split, unless it is empty.
    scheme : {"auto", "iob1", "iob2", "iobes", "bilou", "bmes", "bmewo", "io", "plain"}
        Of the tags, if `train` is not a `Corpus`.

    Raises
    ------
    DataError
        If there is no train split, or a sentence has not a tag for each token.
    UsageError
        For an unknown scheme, or a data set of another class.
    """
    splits: dict[str, list[Sentence]] = {}
    if isinstance(train, Corpus):
        splits = _with_train(train.splits, train.name, "name the file with --train")
        sentences = splits["train"]
    else:
        found = from_dataset(train) if is_dataset(train) else as_sentences(train)
        if isinstance(found, dict):
            cure = "give one split, such as dataset['test']"
            splits = _with_train(found, "the data set", cure)
        sentences = splits["train"] if isinstance(found, dict) else found
    given = as_sentences(dev)
    dev_sentences = given or splits.get("dev", [])
    if isinstance(train, Corpus):
        text = _beside_dev(train, sentences, dev_sentences, given)
    else:
        own = {"train": numbered(sentences, "train"), "dev": numbered(dev_sentences, "dev")}
        spelled = in_iob2("", own, scheme)
        sentences, dev_sentences = spelled.splits["train"], spelled.splits["dev"]
        text = TrainingText("", sentences, dev_sentences, spelled.scheme, spelled.notes)
    # Who gives sentences by themselves chose to give no dev text.
    parts = {**splits, "train": text.train, "dev": text.dev}
    doubts = find_doubts(parts, text.scheme, expects_dev=bool(splits))
    reported = train.notes if isinstance(train, Corpus) else ()
    for line in (*text.notes, *doubts):
        if line not in reported:
            logging.getLogger("windowclf").warning("%s", line)
    return text


def _beside_dev(
    corpus: Corpus, train: list[Sentence], dev: list[Sentence], given: list[Sentence]
) -> TrainingText:
    """Take the splits of a corpus, or its train split and the dev sentences that are given."""
    notes = corpus.notes
    if given and corpus.scheme is not Scheme.PLAIN:
        spelled = in_iob2("", {"dev": numbered(given, "dev")}, "auto")
        dev, notes = spelled.splits["dev"], notes + spelled.notes
    return TrainingText(corpus.name, train, dev, corpus.scheme, notes)


def as_sentences(sentences: "TaggedSentences | Dataset") -> list[Sentence]:
    """List tagged sentences.

    Raises
    ------
    DataError
        For anything else, or a sentence that has not a tag for each token.
    UsageError
        For a data set of several splits, or one that is streamed.
    """
    if is_dataset(sentences):
        found = from_dataset(sentences)
        if isinstance(found, dict):
            raise UsageError(
                f"expected one split of the data set, not all; there are {', '.join(found)}, "
                f"give one of them, such as dataset['test']"
            )
        return found
    try:
        listed = [_sentence(item) for item in sentences]
    except TypeError:
        raise DataError(
            "expected sentences, each a Sentence or a pair of tokens and tags"
        ) from None
    for number, sentence in enumerate(listed, 1):
        if sentence.tags is None or len(sentence.tags) != len(sentence.tokens):
            tags = 0 if sentence.tags is None else len(sentence.tags)
            raise DataError(
                f"sentence {number}: {len(sentence.tokens)} tokens but {tags} tags; "
                f"expected a tag for each token"
            )
    return listed


def as_vectors(
    vectors: "str | Path | KeyedVectors", words: Iterable[str], seed: int
) -> "tuple[str, KeyedVectors]":
    """Name word vectors, and load them unless they are loaded already; see `load_vectors`."""
    if isinstance(vectors, str | Path):
        return str(vectors), load_vectors(vectors, words=words, seed=seed)
    return "given vectors", vectors


def as_gazetteers(
    gazetteers: Mapping[str, str | Path | Iterable[str]] | None,
) -> dict[str, Gazetteer]:
    """Read lists of names, each a file with a name a line or the names themselves."""
    return {
        kind: read_gazetteer(names) if isinstance(names, str | Path) else Gazetteer(names)
        for kind, names in (gazetteers or {}).items()
    }


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
