"""How many spans of a text were found, and how many of them are right."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """How many spans are gold, predicted, and both; the ratios are 0 where undefined."""

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
        """Give the ratios by name."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}

    def to_json(self) -> dict[str, float]:
        """Give the ratios and the counts by name."""
        counts = {"gold": self.gold, "predicted": self.predicted, "correct": self.correct}
        return self.ratios() | counts
