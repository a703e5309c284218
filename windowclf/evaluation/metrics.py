"""Precision, recall and F1 over spans, by the rules of conlleval.

A predicted span is correct if a gold span has the same first token, last token and label.
Totals are micro averages: they count spans, so frequent types have more weight.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from operator import eq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windowclf.errors import DataError, join_names
from windowclf.tags.counts import Counts
from windowclf.tags.schemes import Scheme, spans


@dataclass(frozen=True, slots=True, repr=False)
class Scores:
    """The result of :func:`score`.

    Parameters
    ----------
    types : dict of str to Counts
        Counts by label, in alphabetical order.
    total : Counts
        Sum over the labels.
    accuracy : float
        Fraction of the tokens with the right tag, ``O`` included.
    average_precision : float, optional
        Average precision of a ranking model, see `average_precision`.
    calibration_error : float, optional
        Calibration error of the spans' confidences, see `windowclf.model.calibration`.
    """

    types: dict[str, Counts]
    total: Counts
    tokens: int
    accuracy: float
    average_precision: float | None = None
    calibration_error: float | None = None

    def __repr__(self) -> str:
        total = self.total
        ratios = {"precision": total.precision, "recall": total.recall, "F1": total.f1}
        types = [f"{label} {100 * counts.f1:.2f} %" for label, counts in self.types.items()]
        by_label = f"; F1 by label: {join_names(types)}" if types else ""
        totals = [f"{name} {100 * value:.2f} %" for name, value in ratios.items()]
        return f"Scores({', '.join(totals)}{by_label})"

    def to_json(self) -> dict[str, Any]:
        """Return the scores as plain dictionaries, with all ratios from 0 to 1."""
        names = ("average_precision", "calibration_error")
        further = {name: getattr(self, name) for name in names}
        return {
            **self.total.ratios(),
            **{name: value for name, value in further.items() if value is not None},
            "tokens": self.tokens,
            "accuracy": self.accuracy,
            "types": {label: counts.to_json() for label, counts in self.types.items()},
        }


def score(
    gold: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]], scheme: Scheme
) -> Scores:
    """Compare predicted tags with gold tags.

    Parameters
    ----------
    gold, predicted : iterable of sequences of str
        The tags of each sentence, in the same order.
    scheme : Scheme
        Scheme of the gold and the predicted tags.

    Raises
    ------
    DataError
        If a sentence has no counterpart or one of another length, or a tag is neither ``O`` nor a
        prefix with a label.
    """
    in_gold: Counter[str] = Counter()
    in_predicted: Counter[str] = Counter()
    in_both: Counter[str] = Counter()
    tokens = right = 0
    for number, (true, guess) in enumerate(zip_longest(gold, predicted), start=1):
        if true is None or guess is None or len(true) != len(guess):
            raise DataError(
                f"sentence {number}: {_length(true)} in gold but {_length(guess)} in predicted; "
                f"expected the same sentences with the same tokens in both"
            )
        true_spans, guess_spans = spans(true, scheme), spans(guess, scheme)
        in_gold.update(span.label for span in true_spans)
        in_predicted.update(span.label for span in guess_spans)
        in_both.update(span.label for span in set(true_spans).intersection(guess_spans))
        tokens += len(true)
        right += sum(map(eq, true, guess))
    types = {
        label: Counts(in_gold[label], in_predicted[label], in_both[label])
        for label in sorted(in_gold | in_predicted)
    }
    total = Counts(in_gold.total(), in_predicted.total(), in_both.total())
    return Scores(types, total, tokens, right / tokens if tokens else 0.0)


def average_precision(scores: NDArray[np.floating], relevant: NDArray[np.bool_]) -> float:
    """Average the precision over the ranks of relevant items.

    ``AP = Σ_k (R_k - R_{k-1}) P_k`` over the distinct scores, from the highest; items with equal
    scores share a rank. The result is 0 if nothing is relevant.

    Parameters
    ----------
    scores : float array, shape (N,)
    relevant : bool array, shape (N,)
    """
    precision, recall, _ = _precision_recall(scores, relevant)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def best_threshold(scores: NDArray[np.floating], relevant: NDArray[np.bool_]) -> float:
    """Find the threshold with the highest F1 when everything above it is positive.

    It lies half-way between two scores, or just below the lowest.

    Parameters
    ----------
    scores : float array, shape (N,)
    relevant : bool array, shape (N,)
    """
    precision, recall, distinct = _precision_recall(scores, relevant)
    if not len(distinct):
        return 0.0
    best = int(np.argmax(2 * precision * recall / np.maximum(precision + recall, 1e-12)))
    below = distinct[best + 1] if best + 1 < len(distinct) else distinct[best] - 1
    middle = (distinct[best] + below) / 2
    # There is no number between adjacent floats; the lower one is then the threshold.
    return float(middle if middle < distinct[best] else below)


def _precision_recall(
    scores: NDArray[np.floating], relevant: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.floating]]:
    """Compute both at each distinct score, from the highest."""
    scores = scores.astype(np.float64)  # so that a threshold fits between any two scores
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)[: len(order)])
    found = np.cumsum(relevant[order])[last]
    return found / (last + 1), found / max(int(relevant.sum()), 1), scores[order][last]


def _length(tags: Sequence[str] | None) -> str:
    return "nothing" if tags is None else f"{len(tags)} tags"
