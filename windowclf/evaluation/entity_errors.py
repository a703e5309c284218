"""What is wrong with predicted spans: which gold span each was meant for, and how it fails."""

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windowclf.tags.schemes import Span

Label = str | None
"""A label, or None where there is no span."""
Confusion = Mapping[tuple[Label, Label], int]
"""Counts by gold label and predicted label, see `confusion`."""


class Kind(enum.StrEnum):
    """How an entity is wrong; one with a wrong border may have a wrong type as well."""

    MISSED = "missed"
    SPURIOUS = "spurious"
    WRONG_TYPE = "wrong type"
    WRONG_BORDER = "wrong border"


@dataclass(frozen=True, slots=True)
class EntityError:
    """A gold span that was not found, a predicted span that is not gold, or a pair of both.

    Parameters
    ----------
    sentence : int
        The number of its sentence, from 1.
    tokens : sequence of str
        Of the sentence.
    gold, predicted : Span, optional
        At least one; see `pair_spans`.
    score : float, optional
        How sure the model was, from 0 to 1, see `windowclf.evaluation.evaluate.Examination`; None
        where only its tags are known.
    """

    sentence: int
    tokens: Sequence[str]
    gold: Span | None
    predicted: Span | None
    score: float | None = None

    @property
    def kind(self) -> Kind:
        """How it is wrong."""
        if self.predicted is None:
            return Kind.MISSED
        if self.gold is None:
            return Kind.SPURIOUS
        same_border = self.gold[:2] == self.predicted[:2]
        return Kind.WRONG_TYPE if same_border else Kind.WRONG_BORDER

    def to_json(self) -> dict[str, Any]:
        """Give plain values; spans count tokens from 0, and end before `end`."""
        return {
            "kind": self.kind.value,
            "score": self.score,
            "sentence": self.sentence,
            "tokens": list(self.tokens),
            "gold": self.gold and self.gold._asdict(),
            "predicted": self.predicted and self.predicted._asdict(),
        }


def pair_spans(
    gold: Sequence[Span], predicted: Sequence[Span]
) -> list[tuple[Span | None, Span | None]]:
    """Pair the spans of a sentence that overlap, one to one.

    The two that share most tokens are paired first, then the next two of those left; among
    equals two of one label, then the first in the sentence. Spans with the same border are
    therefore always a pair.

    Parameters
    ----------
    gold, predicted : sequence of Span
        In order, without overlap, as `windowclf.tags.schemes.spans` gives them.

    Returns
    -------
    list of tuple
        Each span once, beside the other of its pair or None, in the order of the sentence.
    """
    pairs: list[tuple[Span | None, Span | None]] = []
    single = {*gold}, {*predicted}
    for true, guess in sorted(_overlaps(gold, predicted), key=_rank):
        if true in single[0] and guess in single[1]:
            pairs.append((true, guess))
            single[0].remove(true)
            single[1].remove(guess)
    pairs += [(true, None) for true in single[0]]
    pairs += [(None, guess) for guess in single[1]]
    return sorted(pairs, key=_start)


def sentence_errors(
    number: int, tokens: Sequence[str], gold: Sequence[Span], predicted: Sequence[Span]
) -> Iterator[EntityError]:
    """Yield what is wrong in a sentence, in its order.

    Parameters
    ----------
    number : int
        Of the sentence, from 1.
    gold, predicted : sequence of Span
        See `pair_spans`.
    """
    if gold != predicted:
        for true, guess in pair_spans(gold, predicted):
            if true != guess:
                yield EntityError(number, tokens, true, guess)


def confusion(
    errors: Iterable[EntityError], correct: Mapping[str, int]
) -> Counter[tuple[Label, Label]]:
    """Count which gold label was predicted as which, over all pairs, their borders equal or not.

    Parameters
    ----------
    correct : mapping of str to int
        How many spans of each label are right.

    Returns
    -------
    Counter
        By gold label and predicted label; None stands for no span that overlaps. So the
        counts of a gold label add up to its gold spans, and those of a predicted label to its
        predicted ones.
    """
    counts: Counter[tuple[Label, Label]] = Counter()
    for label, number in correct.items():
        counts[label, label] += number
    counts.update((e.gold and e.gold.label, e.predicted and e.predicted.label) for e in errors)
    return counts


def _overlaps(gold: Sequence[Span], predicted: Sequence[Span]) -> Iterator[tuple[Span, Span]]:
    i = j = 0
    while i < len(gold) and j < len(predicted):
        true, guess = gold[i], predicted[j]
        if max(true.start, guess.start) < min(true.end, guess.end):
            yield true, guess
        if true.end <= guess.end:
            i += 1
        else:
            j += 1


def _start(pair: tuple[Span | None, Span | None]) -> int:
    """Give the first token of a span, or the first that both have: so all are in order."""
    return max(span.start for span in pair if span)


def _rank(pair: tuple[Span, Span]) -> tuple[int, bool, Span, Span]:
    true, guess = pair
    shared = min(true.end, guess.end) - max(true.start, guess.start)
    return -shared, true.label != guess.label, true, guess


def confusion_json(counts: Confusion) -> dict[str, Any]:
    """Give the counts as a matrix: a row for each gold label, a column for each predicted one.

    The last row and the last column, of the label null, are of spans that overlap none.
    """
    labels = [*labels_of_confusion(counts), None]
    return {
        "labels": labels,
        "counts": [[counts.get((row, column), 0) for column in labels] for row in labels],
    }


def labels_of_confusion(counts: Confusion) -> list[str]:
    """List the labels that some span has, in order."""
    return sorted({label for pair in counts for label in pair if label is not None})
