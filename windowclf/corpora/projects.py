"""A project of ``windowclf annotate`` as a corpus, whose test split are its set-aside passages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from windowclf.corpora.corpus import CorpusPart
from windowclf.corpora.files import SplitFiles
from windowclf.corpora.spelling import Part
from windowclf.documents.document import Document, to_sentences
from windowclf.documents.formats.annotations import Passage, read_project
from windowclf.documents.places import Search
from windowclf.documents.reading import ReadOptions
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, join_names
from windowclf.text.tokenizer import split_words

TRAIN = "train"


class _Placed(NamedTuple):
    """A sentence with its place and the labels that were added after it was accepted."""

    sentence: Sentence
    place: str
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProjectSplit:
    """The sentences of a project's split; in the train split, those that lack labels come first.

    Parameters
    ----------
    path : Path
        The file of the project.
    options : ReadOptions
        The reading options, with their report.
    placed : sequence
        The sentences with their places.
    notes : tuple of str
        Notes for the user, one line each.
    """

    path: Path
    options: ReadOptions
    placed: Sequence[_Placed]
    notes: tuple[str, ...] = ()

    def part(self) -> Part:
        """Return the sentences in the form of a file's, with tags for their spans."""

        def place(number: int, _: Search) -> str:
            return self.placed[number - 1].place

        found = [placed.sentence for placed in self.placed]
        return Part(found, place, [False] * len(found))

    def files(self) -> SplitFiles:
        """Return the places of the sentences, for messages about the split."""
        known = [(placed.sentence.tokens, placed.place) for placed in self.placed]
        return SplitFiles([self.path], self.options, len(known), known)

    def parts(self, name: str, data: str, test: int) -> tuple[CorpusPart, ...]:
        """Group the sentences by the labels that they lack; return () if none lacks a label.

        Parameters
        ----------
        name, data : str
            Names of the corpus, see `CorpusPart`.
        test : int
            Number of sentences in the test split.
        """
        groups = [(lacks, len([*own])) for lacks, own in groupby(self.placed, itemgetter(2))]
        if not any(lacks for lacks, _ in groups):
            return ()
        last = len(groups) - 1
        return tuple(
            CorpusPart(name, data, count, test if i == last else 0, lacks=lacks)
            for i, (lacks, count) in enumerate(groups)
        )


def project_splits(path: Path, options: ReadOptions) -> dict[str, ProjectSplit]:
    """Read the accepted passages of a project.

    Set-aside passages accepted before a label was added are left out, because entities with that
    label would count as wrong there.

    Returns
    -------
    dict of str to ProjectSplit
        ``"test"`` has the set-aside passages, ``"train"`` the others. Either may be empty.

    Raises
    ------
    DataError
        If the project cannot be read, or no passage in it is accepted.
    """
    project = read_project(str(path), options)
    if not project.passages:
        raise DataError(
            f"{path}: no passage is accepted yet; label some with 'windowclf annotate' and "
            f"`output` {path.parent}"
        )
    used = {span.label for passage in project.passages for span in passage.spans}
    to_test = [passage for passage in project.passages if passage.set_aside]
    whole = [passage for passage in to_test if used.isdisjoint(passage.lacks)]
    # Passages that lack the same labels are adjacent, in their original order.
    to_train = sorted(
        (passage for passage in project.passages if not passage.set_aside),
        key=lambda passage: -len(passage.lacks),
    )
    notes = {TRAIN: _note_of_lacks(path, to_train), "test": _note_of_left(path, to_test, whole)}
    return {
        split: ProjectSplit(
            path,
            options,
            [*_sentences(own, project.text_unit, options)],
            (notes[split],) if notes[split] else (),
        )
        for split, own in ((TRAIN, to_train), ("test", whole))
    }


def _sentences(
    passages: Sequence[Passage], text_unit: str, options: ReadOptions
) -> Iterator[_Placed]:
    """Split passages into sentences; adjacent passages of a document share its number."""
    split = partial(split_words, unit=text_unit)
    before = (-1, -1)
    number = 0
    for passage in passages:
        here = passage.document, passage.position
        if here != (before[0], before[1] + 1):
            number += 1
        before = here
        document = Document(passage.text, passage.words, spans=passage.spans)
        try:
            found = [*to_sentences(document, number, split)]
        except DataError as error:
            options.failed(DataError(f"{passage.place}: {error}"))
            continue
        for sentence in found:
            if len(sentence):
                yield _Placed(sentence, passage.place, passage.lacks)


def _note_of_lacks(path: Path, passages: Sequence[Passage]) -> str:
    lacking = [passage for passage in passages if passage.lacks]
    if not lacking:
        return ""
    labels = [*dict.fromkeys(chain.from_iterable(passage.lacks for passage in lacking))]
    were, them = ("was", "it") if len(labels) == 1 else ("were", "them")
    return (
        f"{path}: {_were(len(lacking))} accepted before {join_names(labels)} {were} added: "
        f"training treats it as unknown whether their unlabelled words have {them}"
    )


def _note_of_left(path: Path, passages: Sequence[Passage], kept: Sequence[Passage]) -> str:
    left = len(passages) - len(kept)
    if not left:
        return ""
    return (
        f"{path}: {_were(left)} set aside, but left out of the test split, because labels were "
        "added after they were accepted: check them again with 'windowclf annotate'"
    )


def _were(passages: int) -> str:
    return "1 passage was" if passages == 1 else f"{passages:,} passages were"
