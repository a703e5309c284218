"""Errors of predicted spans: the gold span that belongs to each, and the kind of error."""

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windowclf.tags.schemes import Span

Label = str | None
"""A label, or None if there is no span."""
Confusion = Mapping[tuple[Label, Label], int]
"""Counts by gold label and predicted label, see `confusion`."""


class Kind(enum.StrEnum):
    """Kind of an error; an entity with a wrong border may have a wrong type as well."""

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
        Number of the sentence, from 1.
    tokens : sequence of str
        Tokens of the sentence.
    gold, predicted : Span, optional
        The spans, at least one of them; see `pair_spans`.
    score : float, optional
        Confidence of the model, from 0 to 1, see `windowclf.evaluation.evaluate.Examination`; None
        if only its tags are known.
    """

    sentence: int
    tokens: Sequence[str]
    gold: Span | None
    predicted: Span | None
    score: float | None = None

    @property
    def kind(self) -> Kind:
        """The kind of the error."""
        if self.predicted is None:
            return Kind.MISSED
        if self.gold is None:
            return Kind.SPURIOUS
        same_border = self.gold[:2] == self.predicted[:2]
        return Kind.WRONG_TYPE if same_border else Kind.WRONG_BORDER

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON; spans count tokens from 0 and exclude `end`."""
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
    """Pair overlapping gold and predicted spans of a sentence, one to one.

    The two spans that share most tokens are paired first, and so on with the remaining ones. Ties
    prefer spans with the same label, then the first in the sentence. Spans with the same borders
    are therefore always paired.

    Parameters
    ----------
    gold, predicted : sequence of Span
        Spans in order, without overlap, as from `windowclf.tags.schemes.spans`.

    Returns
    -------
    list of tuple
        Each span once, with its partner or None, in the order of the sentence.
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
    """Yield the errors of a sentence, in order.

    Parameters
    ----------
    number : int
        Number of the sentence, from 1.
    gold, predicted : sequence of Span
        Spans of the sentence, see `pair_spans`.
    """
    if gold != predicted:
        for true, guess in pair_spans(gold, predicted):
            if true != guess:
                yield EntityError(number, tokens, true, guess)


def confusion(
    errors: Iterable[EntityError], correct: Mapping[str, int]
) -> Counter[tuple[Label, Label]]:
    """Count gold labels by predicted label over all pairs, whether or not their borders agree.

    Parameters
    ----------
    correct : mapping of str to int
        Number of correct spans of each label.

    Returns
    -------
    Counter
        Counts by gold label and predicted label, where None means that no span overlaps. The counts
        of a gold label add up to its number of gold spans, and the counts of a predicted label to
        its number of predicted spans.
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
    """Return the first token of a span, or of the overlap of a pair, as a sort key."""
    return max(span.start for span in pair if span)


def _rank(pair: tuple[Span, Span]) -> tuple[int, bool, Span, Span]:
    true, guess = pair
    shared = min(true.end, guess.end) - max(true.start, guess.start)
    return -shared, true.label != guess.label, true, guess


def confusion_json(counts: Confusion) -> dict[str, Any]:
    """Return the counts as a matrix with a row per gold label and a column per predicted label.

    The last row and the last column, with the label null, count spans without an overlapping span.
    """
    labels = [*labels_of_confusion(counts), None]
    return {
        "labels": labels,
        "counts": [[counts.get((row, column), 0) for column in labels] for row in labels],
    }


def labels_of_confusion(counts: Confusion) -> list[str]:
    """List the labels of all spans, sorted."""
    return sorted({label for pair in counts for label in pair if label is not None})
