"""Conversion of the arguments that callers may pass to the types that training uses."""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from windowclf.corpora.corpus import Corpus, CorpusPart, labels_of
from windowclf.corpora.dataset import from_dataset, is_dataset
from windowclf.corpora.doubts import find_doubts
from windowclf.corpora.files import SplitFiles
from windowclf.corpora.spelling import in_iob2, numbered
from windowclf.documents.document import to_sentences
from windowclf.documents.formats.records import read_record
from windowclf.documents.formats.tool_records import pair_record
from windowclf.documents.reading import ReadOptions
from windowclf.documents.sentence import Sentence
from windowclf.errors import (
    DataError,
    UsageError,
    described,
    error_context,
    join_names,
)
from windowclf.lexicon.clusters import Clusters, read_clusters
from windowclf.lexicon.gazetteer import Gazetteer, read_names
from windowclf.system.arguments import (
    as_list,
    check_iterable,
    check_path,
    check_strings,
)
from windowclf.tags.schemes import Scheme
from windowclf.text.typography import plain_word
from windowclf.vectors.load import load_vectors

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict
    from gensim.models import KeyedVectors

TaggedSentences = (
    Iterable[Sentence]
    | Iterable[tuple[Sequence[str], Sequence[str]]]
    | Iterable[tuple[str, Mapping[str, Any]]]
    | Iterable[Mapping[str, Any]]
)

_EXPECTED = "sentences, each a Sentence or a pair of tokens and tags"
_EXPECTED_ITEM = (
    "a Sentence, a pair of tokens and tags, or a record with tokens and tags or text and entities"
)
_CURE = "; for lists of tokens and lists of tags give zip(tokens, tags)"
_SPAN = ("start", "end", "label")


class TrainingText(NamedTuple):
    """Sentences to learn from.

    Attributes
    ----------
    name : str
        Name of the corpus; empty if it has none.
    scheme : Scheme
        Scheme of the tags in this object: ``IOB2`` or ``PLAIN``.
    notes : tuple of str
        See `Corpus.notes`.
    parts : tuple of CorpusPart
        See `Corpus.parts`.
    test : sequence of Sentence
        The test split if there is one; nothing is learned from it.
    files : mapping of str to SplitFiles
        See `Corpus.files`.
    """

    name: str
    train: list[Sentence]
    dev: list[Sentence]
    scheme: Scheme
    notes: tuple[str, ...] = ()
    parts: tuple[CorpusPart, ...] = ()
    test: Sequence[Sentence] = ()
    files: Mapping[str, SplitFiles] = MappingProxyType({})

    @property
    def splits(self) -> dict[str, Sequence[Sentence]]:
        """All sentences by split, like `Corpus.splits`."""
        return {"train": self.train, "dev": self.dev, "test": self.test}


def as_training_text(
    train: "Corpus | TaggedSentences | Dataset | DatasetDict",
    dev: "TaggedSentences | Dataset | None",
    scheme: str,
) -> TrainingText:
    """Read the text that `WindowClassifier.fit` takes.

    Parameters
    ----------
    train : Corpus, sentences, or a data set
        A corpus, or a data set with several splits, may include a dev split.
    dev : sentences, or a data set
        Replaces that dev split, unless it is empty.
    scheme : {"auto", "iob1", "iob2", "iobes", "bilou", "bmes", "bmewo", "io", "plain"}
        Scheme of the tags, if `train` is not a `Corpus`.

    Raises
    ------
    DataError
        If there is no train split, or a sentence does not have a tag for each token.
    UsageError
        If the scheme is unknown, or the data set has another class.
    """
    corpus = train if isinstance(train, Corpus) else None
    splits: dict[str, list[Sentence]] = {}
    has_splits = corpus is not None
    if corpus:
        splits = {
            split: as_sentences(sentences, f"train: split {split}")
            for split, sentences in corpus.splits.items()
        }
        _need_train(splits, corpus.name, "name the file with `train`")
    elif is_dataset(train):
        found = from_dataset(train)
        has_splits = isinstance(found, dict)
        splits = found if isinstance(found, dict) else {"train": found}
        _need_train(splits, "the data set", "give one split, such as dataset['test']")
    else:
        splits["train"] = as_sentences(train, "train")
    given = as_sentences(() if dev is None else dev, "dev")
    dev_sentences = given or splits.get("dev", [])
    if corpus:
        text = _beside_dev(corpus, splits["train"], dev_sentences, given)
    else:
        own = {"train": numbered(splits["train"], "train"), "dev": numbered(dev_sentences, "dev")}
        spelled = in_iob2("", own, scheme)
        sentences, dev_sentences = spelled.splits["train"], spelled.splits["dev"]
        text = TrainingText("", sentences, dev_sentences, spelled.scheme, spelled.notes)
    text = text._replace(test=splits.get("test", ()))
    # A caller who passes bare sentences has chosen to train without dev text.
    doubts = find_doubts(
        text.splits, text.scheme, expects_dev=has_splits, parts=text.parts, files=text.files
    )
    reported = corpus.notes if corpus else ()
    for line in (*text.notes, *doubts):
        if line not in reported:
            logging.getLogger("windowclf").warning("%s", line)
    return text


def _beside_dev(
    corpus: Corpus, train: list[Sentence], dev: list[Sentence], given: list[Sentence]
) -> TrainingText:
    """Return the splits of a corpus, with `dev` in place of its dev split if it is not empty."""
    notes = corpus.notes
    if given and corpus.scheme is not Scheme.PLAIN:
        spelled = in_iob2("", {"dev": numbered(given, "dev")}, "auto")
        dev, notes = spelled.splits["dev"], notes + spelled.notes
    files = {split: found for split, found in corpus.files.items() if split != "dev" or not given}
    # Labels without examples, such as one that an annotator has just added, are not learned.
    known = labels_of(train, corpus.scheme) if corpus.parts else set()
    parts = tuple(
        replace(part, lacks=tuple(label for label in part.lacks if label in known))
        for part in corpus.parts
    )
    return TrainingText(corpus.name, train, dev, corpus.scheme, notes, parts, files=files)


def as_sentences(sentences: "TaggedSentences | Dataset", name: str) -> list[Sentence]:
    """List tagged sentences.

    Parameters
    ----------
    sentences : sentences, records, or a data set
        See `WindowClassifier.fit`.
    name : str
        Name of the argument, for messages.

    Raises
    ------
    DataError
        If the argument has another type, or a sentence does not have a tag for each token.
    UsageError
        If a data set has several splits or is streamed.
    """
    if is_dataset(sentences):
        splits = from_dataset(sentences)
        if isinstance(splits, dict):
            raise UsageError(
                f"{name}: expected one split of the data set, got all of them: "
                f"{', '.join(splits)}; give one, such as dataset['test']"
            )
        return splits
    try:
        if cure := _cure(sentences):
            raise DataError(f"{name}: expected {_EXPECTED}, got {described(sentences)}; {cure}")
        given = list(check_iterable(sentences, name, _EXPECTED))
    except UsageError as error:
        raise DataError(str(error)) from None
    options = ReadOptions()
    listed: list[Sentence] = []
    for number, item in enumerate(given):
        if type(item) is Sentence and type(item.tokens) is type(item.tags) is list:
            listed.append(item)
        else:
            listed += _sentences(item, number, f"{name}: sentence {number + 1}", options)
    if line := options.report.line():
        logging.getLogger("windowclf").warning("%s: read with changes: %s", name, line)
    for number, sentence in enumerate(listed, 1):
        if len(sentence.tags or ()) != len(sentence.tokens):
            raise DataError(
                f"{name}: sentence {number}: {len(sentence.tokens)} tokens but "
                f"{len(sentence.tags or ())} tags; expected a tag for each token"
            )
    for what, lists in (
        ("token", [sentence.tokens for sentence in listed]),
        ("tag", [sentence.tags or () for sentence in listed]),
    ):
        check_strings(
            lists,
            lambda number, place, what=what: (  # type: ignore[misc]
                f"{name}: sentence {number + 1}, {what} {place + 1}"
            ),
        )
    return listed


def _cure(given: object) -> str:
    """Suggest a correction for common wrong arguments in place of sentences."""
    if isinstance(given, str | os.PathLike):
        return "load it first, as with load_corpus"
    if isinstance(given, Corpus):
        return "give one of its splits, such as corpus.splits['test']"
    if isinstance(given, Mapping):
        return "give its values, such as data['train'], or a list with it if it is one record"
    if hasattr(given, "columns"):
        return "give zip(frame['tokens'], frame['tags'])"
    return ""


def _sentences(item: Any, number: int, where: str, options: ReadOptions) -> list[Sentence]:
    """Read one item of a list of sentences; `number` is its index."""
    if isinstance(item, Sentence):
        tokens, tags, document = item.tokens, item.tags, item.document
    elif isinstance(item, Mapping) or (
        isinstance(item, tuple | list) and len(item) == 2 and isinstance(item[1], Mapping)
    ):
        return _from_record(item, number, where, options)
    elif isinstance(item, tuple | list) and len(item) == 2 and not isinstance(item[0], str):
        [tokens, tags], document = item, None
    else:
        raise DataError(f"{where}: expected {_EXPECTED_ITEM}, got {described(item)}{_CURE}")
    try:
        words = as_list(tokens, f"{where}: tokens", "a list of strings")
        spelled = None if tags is None else as_list(tags, f"{where}: tags", "a list of strings")
    except UsageError as error:
        raise DataError(str(error)) from None
    return [Sentence(words, spelled, document)]


def _from_record(item: Any, number: int, where: str, options: ReadOptions) -> list[Sentence]:
    """Read a record in any shape that files may have, or a spaCy training example."""
    with error_context(where):
        record = item if isinstance(item, Mapping) else pair_record(item)
        lists = {key: v.tolist() if hasattr(v, "tolist") else v for key, v in record.items()}
        document = read_record(lists, options, where)
        if document is not None and document.tags is None and document.spans is None:
            raise DataError(
                "expected tags for its tokens, or spans for its text; the record has the keys "
                f"{join_names([*map(str, record)])}"
            )
        return [] if document is None else list(to_sentences(document, number))


def as_vectors(
    vectors: "str | Path | KeyedVectors", words: Iterable[str], seed: int
) -> "tuple[str, KeyedVectors]":
    """Return the name of word vectors and the vectors, loaded if needed; see `load_vectors`."""
    if isinstance(vectors, str | os.PathLike):
        name = check_path(vectors, "vectors", "a name of vectors or the path of a file")
        return str(name), load_vectors(name, words=words, seed=seed)
    if not all(hasattr(vectors, name) for name in ("index_to_key", "vector_size", "key_to_index")):
        cure = "; give its attribute wv" if hasattr(vectors, "wv") else ""
        raise UsageError(
            f"vectors: expected a name, a path or gensim's KeyedVectors, got {described(vectors)}"
            f"{cure}"
        )
    return "given vectors", vectors


def as_gazetteers(
    gazetteers: Mapping[str, str | Path | Iterable[str]] | None,
) -> dict[str, Gazetteer]:
    """Read gazetteers; see `as_names`."""
    return {kind: Gazetteer(names) for kind, names in as_names(gazetteers, "gazetteers").items()}


def as_names(
    given: Mapping[str, str | Path | Iterable[str | Path]] | None, name: str = "names"
) -> dict[str, list[str]]:
    """Read lists of names, each a file with one name per line or the names themselves.

    Parameters
    ----------
    given : mapping of str to str, Path or iterable, optional
        A file or the names of each type. A Path among names stands for the names in its file.
    name : str
        Name of the argument, for messages.

    Raises
    ------
    UsageError
        If the argument is not such a mapping.
    DataError
        If a file cannot be read.
    """
    expected = "names by their type, such as {'LOC': ['Oslo', 'New York']}"
    read: dict[str, list[str]] = {}
    for kind, names in _items(given, name, "type", expected):
        where = f"{name}: type {kind}"
        if isinstance(names, str | os.PathLike):
            read[kind] = read_names(check_path(names, where))
            continue
        listed = list(check_iterable(names, where, "a path or a list of names"))
        texts = [str(item) if isinstance(item, Path) else item for item in listed]
        check_strings([texts], lambda _, place, where=where: f"{where}: name {place + 1}")  # type: ignore[misc]
        read[kind] = []
        for item in listed:
            read[kind] += read_names(item) if isinstance(item, Path) else [item]
    return read


def as_clusters(
    clusters: Mapping[str, str | Path | Clusters | Mapping[str, str | int]] | None,
) -> dict[str, Clusters]:
    """Read word clusters by name, each a file, `Clusters`, or the cluster of each word.

    Raises
    ------
    UsageError
        If the argument is not such a mapping.
    DataError
        If a file cannot be read.
    """
    expected = "clusters by name, such as {'brown': 'brown-1000.tsv'}"
    read = {}
    for name, given in _items(clusters, "clusters", "name", expected):
        where = f"clusters: {name}"
        if isinstance(given, Clusters):
            read[name] = given
            continue
        if not isinstance(given, Mapping):
            wanted = "a path, or the cluster of each word"
            read[name] = read_clusters(check_path(given, where, wanted))
            continue
        words: dict[str, list[str]] = {}
        for word, cluster in given.items():
            for value in (word, str(cluster)):
                if not isinstance(value, str) or value.split() != [value]:
                    raise UsageError(f"{where}: expected no white space, got {described(value)}")
            words.setdefault(str(cluster), []).append(plain_word(word))
        read[name] = Clusters(words)
    return read


def _items(given: Any, name: str, key: str, expected: str) -> Iterable[tuple[str, Any]]:
    """Return the items of a mapping argument, whose keys must not contain white space."""
    if given is None:
        return []
    if not isinstance(given, Mapping):
        raise UsageError(f"{name}: expected {expected}, got {described(given)}")
    for found in given:
        if not isinstance(found, str) or found.split() != [found]:
            raise UsageError(
                f"{name}: expected a {key} without white space, got {described(found)}"
            )
    return given.items()


def _need_train(splits: Mapping[str, object], name: str, cure: str) -> None:
    if "train" not in splits:
        raise DataError(f"{name}: has no train split: {cure}")
