"""A model: a network with its words and tags."""

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
"""Largest number of labels, which bounds the memory of tagging whatever a model file claims."""


class FirstVectors(NamedTuple):
    """The initial vectors of the words in the training text; training changes no other vectors.

    Attributes
    ----------
    rows : int array, shape (m,)
        Rows of these words in the lookup table, ascending.
    vectors : float array, shape (m, d)
        Their initial vectors.
    """

    rows: IntArray
    vectors: FloatArray


@dataclass(slots=True, repr=False)
class Model:
    """Everything that tagging needs.

    Parameters
    ----------
    labels : list of str
        The ``K`` tags, in the order of the scores.
    scheme : Scheme
        IOBES for spans, PLAIN if each token has a label of its own.
    calibration : Calibration
        Corrects the probabilities of spans.
    record : TrainingRecord, optional
        The record of its training.
    first_vectors : FirstVectors, optional
        Known right after training; not saved.
    first_pass : Network, optional
        A small network over the same lookup tables with two scores: that a token needs the full
        network, and that it is outside of spans. It imitates the tags of the full network, so that
        most tokens do not need it.
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
        """Return all parameters by name: the network's, then the objective's."""
        return {**self.network.parameters(), **self.objective.parameters()}

    def gold_tags(self, tags: Sequence[str], scheme: Scheme) -> list[str]:
        """Convert the right tags of a sentence to the model's scheme.

        Parameters
        ----------
        tags : sequence of str
        scheme : Scheme
            Scheme of the tags.
        """
        if self.config.loss != "ranking":
            return convert(tags, scheme, self.scheme)
        # A ranking model knows a single label.
        labels = tags if scheme is Scheme.PLAIN else [tag.partition("-")[2] for tag in tags]
        positive = self.config.positive
        return [f"I-{positive}" if label == positive else OUTSIDE for label in labels]
