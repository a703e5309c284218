"""Accepted passages as tagged sentences, for training and for measuring."""

from collections.abc import Iterable

from windowclf.annotation.entries import LabelledPassage
from windowclf.corpora.corpus import Corpus, CorpusPart, labels_of
from windowclf.documents.document import to_sentences
from windowclf.documents.sentence import Sentence
from windowclf.errors import error_context
from windowclf.tagging.text_work import Splitter
from windowclf.tags.schemes import Scheme


def make_lesson(name: str, passages: Iterable[LabelledPassage], split: Splitter) -> Corpus:
    """Make a corpus of passages, with one part for each set of labels that passages lack.

    Parameters
    ----------
    name : str
        Name of the project, for the corpus.
    split : callable
        Splits the text of a passage without tokens into sentences.

    Raises
    ------
    DataError
        If two spans of a passage share a token; names the passage.
    """
    groups: dict[tuple[str, ...], list[Sentence]] = {}
    for passage in passages:
        groups.setdefault(passage.lacks, []).extend(_sentences(passage, split))
    train = [sentence for group in groups.values() for sentence in group]
    known = labels_of(train, Scheme.IOB2)
    parts = [
        CorpusPart(name, name, len(group), lacks=tuple(sorted(known.intersection(lacks))))
        for lacks, group in groups.items()
    ]
    mixed = tuple(parts) if any(part.lacks for part in parts) else ()
    return Corpus(name, {"train": train}, Scheme.IOB2, Scheme.IOB2, parts=mixed)


def make_test(
    passages: Iterable[LabelledPassage], split: Splitter
) -> tuple[list[Sentence], list[tuple[str, ...]]]:
    """List the sentences of passages, and the labels that each lacks; see `make_lesson`."""
    sentences: list[Sentence] = []
    lacks: list[tuple[str, ...]] = []
    for passage in passages:
        found = _sentences(passage, split)
        sentences += found
        lacks += [passage.lacks] * len(found)
    return sentences, lacks


def _sentences(passage: LabelledPassage, split: Splitter) -> list[Sentence]:
    with error_context(passage.document.place):
        return [*to_sentences(passage.document, passage.number, split)]
