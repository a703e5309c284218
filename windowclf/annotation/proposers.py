"""Proposals in passages, from a model and from gazetteers."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

import numpy as np

from windowclf.annotation.backlog import PassageWords
from windowclf.annotation.cutting import token_places
from windowclf.annotation.proposals import Proposal, ProposedSpan
from windowclf.annotation.queue import uncertainty
from windowclf.classifier import WindowClassifier
from windowclf.errors import UsageError, join_names, quoted
from windowclf.lexicon.gazetteer import Gazetteer
from windowclf.nn.arrays import FloatArray
from windowclf.training.transfer import same_label


class Proposer:
    """Proposes names by a model and by gazetteers.

    Parameters
    ----------
    classifier : WindowClassifier, optional
        The model; None to use the gazetteers alone.
    labels : mapping of str to int
        The project's number for each label of the classifier that has a counterpart there.
    gazetteers : mapping of int to Gazetteer
        Lists of names, by the number of their label. Their names take precedence over the model's.
    """

    def __init__(
        self,
        classifier: WindowClassifier | None,
        labels: Mapping[str, int],
        gazetteers: Mapping[int, Gazetteer],
    ) -> None:
        self._classifier = classifier
        self._labels = labels
        self._gazetteers = gazetteers

    def propose(self, passages: Iterable[PassageWords], number: int) -> list[Proposal]:
        """Propose names in passages.

        Parameters
        ----------
        passages : iterable of PassageWords
            The passages. Those of one document are tagged together.
        number : int
            The round of the model, which is stored with the proposals.
        """
        ordered = sorted(passages, key=lambda passage: (passage.document, passage.id))
        found: list[list[ProposedSpan]] = [self._listed(passage) for passage in ordered]
        unsure: FloatArray = np.zeros(len(ordered))
        if self._classifier is not None:
            tagged, unsure = self._tag(self._classifier, ordered)
            for spans, more in zip(found, tagged, strict=True):
                taken = [*spans]
                spans += (span for span in more if not _overlaps(span, taken))
        return [
            Proposal(passage.id, number, sorted(spans), each)
            for passage, spans, each in zip(ordered, found, unsure.tolist(), strict=True)
        ]

    def _tag(
        self, classifier: WindowClassifier, passages: Sequence[PassageWords]
    ) -> tuple[list[list[ProposedSpan]], FloatArray]:
        """Tag passages; return the names in each and the model's uncertainty on it."""
        sentences = [sentence for passage in passages for sentence in passage.sentences]
        documents = [passage.document for passage in passages for _ in passage.sentences]
        places = [token_places(passage.text, passage.sentences) for passage in passages]
        borders = [0, *accumulate(map(len, places))]
        spans: list[list[ProposedSpan]] = [[] for _ in passages]
        unsure: FloatArray = np.zeros(len(passages))
        before = 0
        for chunk in classifier.tagger.chunks(sentences, documents):
            tokens = int(chunk.lengths.sum())
            owners = np.searchsorted(borders, np.arange(before, before + tokens), "right") - 1
            unsure += uncertainty(chunk, owners, len(passages))
            for first, last, label, score in chunk.entities_of(slice(0, len(chunk.lengths))):
                if (known := self._labels.get(label)) is not None:
                    owner = int(owners[first])
                    here, shift = places[owner], before - borders[owner]
                    start, end = here[first + shift][0], here[last + shift][1]
                    spans[owner].append((start, end, known, round(score, 4)))
            before += tokens
        return spans, unsure

    def _listed(self, passage: PassageWords) -> list[ProposedSpan]:
        """Find the names of the gazetteers in a passage."""
        found: list[ProposedSpan] = []
        if not self._gazetteers:
            return found
        places = iter(token_places(passage.text, passage.sentences))
        for words in passage.sentences:
            here = [next(places) for _ in words]
            for label, gazetteer in self._gazetteers.items():
                begun = 0
                for place, mark in enumerate(gazetteer.match(words)):
                    begun = place if mark in "BS" else begun
                    if mark in "ES":
                        span = (here[begun][0], here[place][1], label, 1.0)
                        if not _overlaps(span, found):
                            found.append(span)
        return found


def counterparts(
    known: Iterable[str], labels: Mapping[str, int], mapped: Mapping[str, str]
) -> dict[str, int]:
    """Match the labels of a model with those of a project.

    Parameters
    ----------
    known : iterable of str
        The labels of the model.
    labels : mapping of str to int
        The labels of the project, with their numbers.
    mapped : mapping of str to str
        The project's label for some labels of the model, as the user chose. The others are matched
        by meaning, such as person with PER.

    Returns
    -------
    dict of str to int
        The project's number for each label of the model that has a counterpart.

    Raises
    ------
    UsageError
        If the user names a label that the model, or the project, does not have.
    """
    known = [*known]
    exact = {name.casefold(): number for name, number in labels.items()}
    alike = {same_label(name).casefold(): number for name, number in labels.items()} | exact
    found = {}
    for name in known:
        number = alike.get(name.casefold(), alike.get(same_label(name).casefold()))
        if number is not None:
            found[name] = number
    for name, own in mapped.items():
        if name not in known:
            raise UsageError(
                f"`map`: the model has no label {quoted(name)}; expected one of {join_names(known)}"
            )
        if own.casefold() not in exact:
            raise UsageError(
                f"`map`: the project has no label {quoted(own)}; expected one of "
                f"{join_names([*labels])}"
            )
        found[name] = exact[own.casefold()]
    return found


def _overlaps(span: ProposedSpan, others: Iterable[ProposedSpan]) -> bool:
    return any(span[0] < other[1] and other[0] < span[1] for other in others)
