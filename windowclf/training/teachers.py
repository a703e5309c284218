"""Several networks distilled into one (Hinton, Vinyals and Dean 2015).

Networks of other seeds err in other places, and the mean of their scores is better than each. One
network that learns from that mean comes near it, at the cost of one when tagging.
"""

from collections.abc import Callable

import msgspec
import numpy as np

from windowclf.model.build import make_network, make_objective
from windowclf.model.model import Model
from windowclf.model.record import Epoch
from windowclf.nn.arrays import FloatArray
from windowclf.tagging.tagger import Tagger
from windowclf.training.checkpoints import Checkpoints, TeacherScores
from windowclf.training.prepare import generators
from windowclf.training.texts import Texts
from windowclf.training.train_network import Listener, learn


def teach(
    model: Model,
    texts: Texts,
    epochs: list[Epoch],
    listener: Listener | None,
    begin: Callable[[int], None],
    threads: int | None,
    teacher_scores: TeacherScores,
    checkpoints: Checkpoints | None,
) -> FloatArray:
    """Train the teachers of a model, and tell its objective of their moves between tags.

    Parameters
    ----------
    model : Model
        Not trained yet; its configuration says how many teachers it has. Each begins with the
        same lookup tables and its own weights.
    texts : Texts
    epochs : list of Epoch
        Is added to.
    listener : callable or None
        Is told of each batch and each epoch.
    begin : callable
        Is told of each teacher, by its number from 1, before it is trained.
    threads : int or None
        See `thread_count`.
    teacher_scores : TeacherScores
        What those that are done said; is added to.
    checkpoints : Checkpoints or None
        See `learn`.

    Returns
    -------
    float array, shape (T, K)
        The mean of the teachers' scores of the training text.
    """
    count = model.config.teachers
    for number in range(len(teacher_scores.transitions) + 1, count + 1):
        begin(number)
        teacher = _teacher(model, number)
        learn(teacher, texts, epochs, listener, threads, checkpoints)
        start = 0
        tagger = Tagger(teacher)
        for s in map(tagger.score, tagger.lookup(texts.tokens, texts.documents)):
            teacher_scores.scores[start : start + len(s)] += s / count
            start += len(s)
        teacher_scores.transitions.append(
            [p.value for p in teacher.objective.parameters().values()]
        )
    model.objective.distil_from(
        [sum(arrays) / count for arrays in zip(*teacher_scores.transitions, strict=True)]
    )
    return teacher_scores.scores


def _teacher(model: Model, number: int) -> Model:
    seeds = np.random.SeedSequence((model.config.seed, number))
    seed = int(seeds.generate_state(1)[0])
    config = msgspec.structs.replace(model.config, seed=seed, teachers=0)
    tables = {name: table.value.copy() for name, table in model.network.tables.items()}
    network = make_network(config, tables, model.labels, generators(config)[1])
    objective = make_objective(config, model.labels, model.scheme)
    return Model(config, model.lexicon, model.labels, model.scheme, network, objective)
