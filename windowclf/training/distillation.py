"""Several networks distilled into one (Hinton, Vinyals and Dean 2015).

Networks of other seeds err in other places, and the mean of their scores is better than each. One
network that learns from that mean comes near it, at the cost of one when tagging. No gold tags are
needed for that, so the network may learn from text without labels, too.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from windowclf.config.config import Config
from windowclf.documents.case import CASES, in_case
from windowclf.errors import ModelError, UsageError, described, join_names
from windowclf.model.build import make_network, make_objective
from windowclf.model.bundle import load_model
from windowclf.model.encoding import EncodedSentences, encode
from windowclf.model.model import Model
from windowclf.nn.arrays import BoolArray, FloatArray, Gold
from windowclf.system.arguments import check_iterable, check_path
from windowclf.system.threads import stream
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme
from windowclf.training.data import TrainingData, generators
from windowclf.training.transfer import begin_with


@dataclass(slots=True)
class TeacherScores:
    """The scores that the trained teachers of a network gave.

    Parameters
    ----------
    teachers : int
        Number of teachers that there will be.
    scores : float array, shape (T, K)
        Those of the training text, and of the unlabelled text after it, added up and divided by
        `teachers`.
    transitions : list of lists of arrays
        For each teacher that is trained, its scores of the transitions between tags.
    """

    teachers: int
    scores: FloatArray
    transitions: list[list[FloatArray]] = field(default_factory=list)

    @classmethod
    def begin(cls, model: Model, data: TrainingData) -> "TeacherScores":
        """Make the scores of a network's teachers, none of which is trained."""
        teachers = model.config.teachers + len(data.resources.teachers)
        tokens = len(data.train.words) + sum(map(len, data.resources.unlabelled))
        return cls(teachers, np.zeros((tokens if teachers else 0, len(model.labels)), np.float32))

    def add(
        self,
        teacher: Model,
        labels: Sequence[str],
        data: TrainingData,
        threads: int | None = None,
    ) -> None:
        """Add the scores of a teacher that was trained.

        Parameters
        ----------
        labels : sequence of str
            The tags of the network that is taught, in the order of its scores. The teacher may
            have them in another order.
        threads : int, optional
            See `windowclf.system.threads.thread_count`.
        """
        order = [teacher.labels.index(label) for label in labels]
        tagger = Tagger(teacher)
        unlabelled = data.resources.unlabelled
        tokens = [*data.tokens, *(sentence.tokens for sentence in unlabelled)]
        chunks = tagger.lookup(tokens, [*data.documents, *_documents(data)])
        start = 0
        for s in stream(tagger.score, chunks, threads):
            self.scores[start : start + len(s)] += s[:, order] / self.teachers
            start += len(s)
        transitions = (p.value for p in teacher.objective.parameters().values())
        self.transitions.append([array[np.ix_(*[order] * array.ndim)] for array in transitions])

    def lesson(
        self, data: TrainingData, encoded: EncodedSentences, bonus: float = 0.0
    ) -> TrainingData:
        """Give what the network reads, see `encode_lesson`, its teachers' scores for gold tags.

        The bonus is added to the scores of the tags that agree with the labels. So the network
        learns from both, and from labels that only some of its teachers have seen.

        What a name is does not depend on the letter case: of the unlabelled text the scores as it
        is written are those of the other cases, too.
        """
        gold, of_unlabelled = np.split(self.scores, [len(data.train.words)])
        if bonus:
            gold = gold + np.float32(bonus) * _agreeing(data.train.tags(), gold.shape[1])
        weights, unlabelled = data.weights, data.resources.unlabelled
        if unlabelled:
            versions = np.split(gold, data.versions)
            gold = np.concatenate([*chain(*((each, of_unlabelled) for each in versions))])
            if weights is not None:
                weights = np.concatenate([weights, np.ones(len(unlabelled))])
        return replace(data, train=replace(encoded, gold=gold), weights=weights)

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


def _agreeing(gold: Gold, K: int) -> BoolArray:
    """Mark the tags of each token that agree with its labels, shape (T, K)."""
    if gold.dtype == bool:
        return gold.astype(bool, copy=False)
    agreeing: BoolArray = gold[:, None] == np.arange(K)
    return agreeing


def make_teacher(model: Model, number: int, base: Model | None = None) -> Model:
    """Make an untrained teacher: with copies of the lookup tables, and weights of its own.

    Parameters
    ----------
    model : Model
        The network that is to be taught; it is not trained yet.
    number : int
        Counts the teachers from 1; their seeds depend on it.
    base : Model, optional
        The model that the network and its teachers begin with.
    """
    seeds = np.random.SeedSequence((model.config.seed, number))
    seed = int(seeds.generate_state(1)[0])
    config = msgspec.structs.replace(model.config, seed=seed, teachers=0)
    tables = {name: table.value.copy() for name, table in model.network.tables.items()}
    network = make_network(config, tables, model.labels, generators(config)[1])
    objective = make_objective(config, model.labels, model.scheme)
    teacher = Model(config, model.lexicon, model.labels, model.scheme, network, objective)
    if base:
        begin_with(teacher, base)
    return teacher


def encode_lesson(model: Model, data: TrainingData) -> EncodedSentences:
    """Encode what a network reads that is taught.

    That is the training text and, after it, the unlabelled one, in each of the letter cases that
    the training text is there in.
    """
    unlabelled = data.resources.unlabelled
    if not unlabelled:
        return data.train
    size = len(data.tokens) // data.versions
    tokens: list[Sequence[str]] = []
    documents: list[Any] = []
    for version, case in enumerate([None, *CASES][: data.versions]):
        own = slice(version * size, (version + 1) * size)
        recased = (in_case(sentence, case) for sentence in unlabelled) if case else unlabelled
        tokens += [*data.tokens[own], *(sentence.tokens for sentence in recased)]
        documents += [*data.documents[own], *_documents(data)]
    return encode(tokens, model.lexicon, documents=documents)


def _documents(data: TrainingData) -> list[tuple[str, int] | None]:
    """List the documents of the unlabelled sentences, which are none of the training text's."""
    documents = (sentence.document for sentence in data.resources.unlabelled)
    return [None if document is None else ("unlabelled", document) for document in documents]


def check_teaching(config: Config, *, teachers: bool, unlabelled: bool) -> None:
    """Refuse teachers that are already trained, or unlabelled text, where they are of no use.

    Raises
    ------
    UsageError
        If no teacher reads the unlabelled text, or the network cannot learn from one.
    """
    if unlabelled and not (teachers or config.teachers):
        raise UsageError(
            "`unlabelled` needs teachers, whose scores stand for its tags: set `teachers`, such as "
            "`teachers=4`, or give trained models with `trained_teachers`"
        )
    if config.gold_bonus and not (teachers or config.teachers):
        raise UsageError(
            "`gold_bonus` is added to the scores of teachers: give some, or leave it out"
        )
    if teachers and config.loss != "softmax":
        raise UsageError(f"`trained_teachers` needs `loss='softmax'`, not {config.loss}")


def load_teachers(given: Iterable[Any] | None) -> dict[str, Model]:
    """Load the models that are to teach, each a folder or a classifier; return them by name.

    Raises
    ------
    UsageError
        For anything else, and for a folder that is there twice.
    ModelError
        If a folder holds no model, or a classifier is not trained.
    """
    models: dict[str, Model] = {}
    wanted = "a list of model folders or classifiers"
    for number, item in enumerate(check_iterable(given or (), "trained_teachers", wanted), 1):
        name = f"trained_teachers: item {number}"
        if isinstance(item, str | os.PathLike):
            name = str(check_path(item, name))
            if name in models:
                raise UsageError(f"trained_teachers: {name} is there twice: give each model once")
            models[name] = load_model(Path(name))
        elif hasattr(type(item), "model"):
            models[f"classifier {number}"] = item.model
        else:
            raise UsageError(f"{name}: expected a folder or a classifier, got {described(item)}")
    return models


def check_teachers(model: Model, teachers: Mapping[str, Model]) -> None:
    """Refuse trained models that cannot teach a network.

    Raises
    ------
    ModelError
        If one has other labels, another level or another loss than the network.
    """
    for name, teacher in teachers.items():
        if {*teacher.labels} != {*model.labels}:
            raise ModelError(
                f"{name}: has the labels {_labels(teacher)}, and the training text "
                f"{_labels(model)}: a teacher needs the same; train it on text that has them"
            )
        config, own = teacher.config, model.config
        if (config.level, config.loss) != (own.level, own.loss):
            raise ModelError(
                f"{name}: was trained with `level='{config.level}'` and `loss='{config.loss}'`, "
                f"expected `level='{own.level}'` and `loss='{own.loss}'`, as the network is"
            )


def _labels(model: Model) -> str:
    """List the labels of a model; those of single tokens are others than those of spans."""
    if model.scheme is Scheme.PLAIN:
        return f"{join_names(model.labels)} of single tokens"
    return join_names(sorted({tag.partition("-")[2] for tag in model.labels} - {""}))
