"""Counts of gold, predicted and correct spans, with precision, recall and F1."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of gold, predicted and correct spans; undefined ratios are 0."""

    gold: int
    predicted: int
    correct: int

    @property
    def precision(self) -> float:
        """Fraction of the predicted spans that are correct."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Fraction of the gold spans that were predicted."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        either = self.predicted + self.gold
        return 2 * self.correct / either if either else 0.0

    def ratios(self) -> dict[str, float]:
        """Return the ratios by name."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}

    def to_json(self) -> dict[str, float]:
        """Return the ratios and the counts by name."""
        counts = {"gold": self.gold, "predicted": self.predicted, "correct": self.correct}
        return self.ratios() | counts
