"""Several networks distilled into one (Hinton, Vinyals and Dean 2015).

Networks of other seeds err in other places, and the mean of their scores is better than each. One
network that learns from that mean comes near it, at the cost of one when tagging.
"""

from dataclasses import dataclass, field

import msgspec
import numpy as np

from windowclf.model.build import make_network, make_objective
from windowclf.model.model import Model
from windowclf.nn.arrays import FloatArray
from windowclf.tagging.tagger import Tagger
from windowclf.training.data import TrainingData, generators


@dataclass(slots=True)
class TeacherScores:
    """The scores that the trained teachers of a network gave.

    Parameters
    ----------
    teachers : int
        Number of teachers that there will be.
    scores : float array, shape (T, K)
        Those of the training text, added up and divided by `teachers`.
    transitions : list of lists of arrays
        For each teacher that is trained, its scores of the transitions between tags.
    """

    teachers: int
    scores: FloatArray
    transitions: list[list[FloatArray]] = field(default_factory=list)

    def add(self, teacher: Model, data: TrainingData) -> None:
        """Add the scores of a teacher that was trained."""
        start = 0
        tagger = Tagger(teacher)
        for s in map(tagger.score, tagger.lookup(data.tokens, data.documents)):
            self.scores[start : start + len(s)] += s / self.teachers
            start += len(s)
        self.transitions.append([p.value for p in teacher.objective.parameters().values()])

    def mean_transitions(self) -> list[FloatArray]:
        """Compute the mean of the teachers' transitions."""
        return [sum(arrays) / self.teachers for arrays in zip(*self.transitions, strict=True)]

    def arrays(self) -> dict[str, FloatArray]:
        """Name all arrays, as a checkpoint keeps them."""
        named = {
            f"moves{teacher}.{i}": array
            for teacher, arrays in enumerate(self.transitions)
            for i, array in enumerate(arrays)
        }
        return {"scores": self.scores, **named}


def make_teacher(model: Model, number: int) -> Model:
    """Make an untrained teacher: with copies of the lookup tables, and weights of its own.

    Parameters
    ----------
    model : Model
        The network that is to be taught; it is not trained yet.
    number : int
        Counts the teachers from 1; their seeds depend on it.
    """
    seeds = np.random.SeedSequence((model.config.seed, number))
    seed = int(seeds.generate_state(1)[0])
    config = msgspec.structs.replace(model.config, seed=seed, teachers=0)
    tables = {name: table.value.copy() for name, table in model.network.tables.items()}
    network = make_network(config, tables, model.labels, generators(config)[1])
    objective = make_objective(config, model.labels, model.scheme)
    return Model(config, model.lexicon, model.labels, model.scheme, network, objective)
