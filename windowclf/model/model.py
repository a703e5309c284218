"""A network with the words and the tags that it knows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

from windowclf.config.config import Config
from windowclf.lexicon.lexicon import FIRST, Lexicon
from windowclf.model.calibration import Calibration
from windowclf.model.record import TrainingRecord
from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.network import Network
from windowclf.nn.objective import Objective
from windowclf.nn.parameter import Parameter
from windowclf.tags.schemes import OUTSIDE, Scheme, convert

MOST_LABELS = 10_000
"""The memory that tagging takes is a multiple of it, whatever the size of the files."""


class FirstVectors(NamedTuple):
    """The vectors that the words of the training text began with: no other words' change.

    Attributes
    ----------
    rows : int array, shape (m,)
        Of the words' lookup table, in order.
    vectors : float array, shape (m, d)
    """

    rows: IntArray
    vectors: FloatArray


@dataclass(slots=True, repr=False)
class Model:
    """All that tagging needs.

    Parameters
    ----------
    labels : list of str
        The ``K`` tags, in the order of the scores.
    scheme : Scheme
        IOBES for spans, PLAIN where each token has a label of its own.
    calibration : Calibration
        Corrects the probabilities of spans.
    record : TrainingRecord, optional
        How the model was trained.
    first_vectors : FirstVectors, optional
        Known where it was trained; it is not saved.
    first_pass : Network, optional
        A small network over the same lookup tables, with two scores: that a token needs the whole
        network, and that it is in no span. It imitates the tags of the network, and spares most
        tokens the whole of it.
    """

    config: Config
    lexicon: Lexicon
    labels: list[str]
    scheme: Scheme
    network: Network
    objective: Objective
    calibration: Calibration = field(default_factory=Calibration)
    record: TrainingRecord | None = None
    first_vectors: FirstVectors | None = None
    first_pass: Network | None = None

    def __repr__(self) -> str:
        numbers = sum(prod(parameter.shape) for parameter in self.parameters().values())
        words = self.lexicon.sizes()["word"] - FIRST
        return f"Model({len(self.labels)} tags, {words:,} words, {numbers:,} parameters)"

    def parameters(self) -> dict[str, Parameter]:
        """List all that training changes, by name: the network's, then the objective's."""
        return {**self.network.parameters(), **self.objective.parameters()}

    def gold_tags(self, tags: Sequence[str], scheme: Scheme) -> list[str]:
        """Write the right tags of a sentence as this model writes them.

        Parameters
        ----------
        tags : sequence of str
        scheme : Scheme
            Of the tags.
        """
        if self.config.loss != "ranking":
            return convert(tags, scheme, self.scheme)
        # One that ranks knows a single label.
        labels = tags if scheme is Scheme.PLAIN else [tag.partition("-")[2] for tag in tags]
        positive = self.config.positive
        return [f"I-{positive}" if label == positive else OUTSIDE for label in labels]
