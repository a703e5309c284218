"""Distillation of several networks into one (Hinton, Vinyals and Dean 2015).

Networks with different seeds make different errors, so the mean of their scores is better than each
of them. A single network that learns from this mean comes close to it at the tagging cost of one
network. This needs no gold tags, so the network may also learn from unlabelled text.
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
    """The scores of a network's trained teachers.

    Parameters
    ----------
    teachers : int
        Final number of teachers.
    scores : float array, shape (T, K)
        Sum of the teachers' scores so far, divided by `teachers`, for the tokens of the training
        text and then of the unlabelled text.
    transitions : list of lists of arrays
        Transition scores of each trained teacher.
    """

    teachers: int
    scores: FloatArray
    transitions: list[list[FloatArray]] = field(default_factory=list)

    @classmethod
    def begin(cls, model: Model, data: TrainingData) -> "TeacherScores":
        """Start with no trained teachers."""
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
        """Add the scores of a trained teacher.

        Parameters
        ----------
        labels : sequence of str
            The student's tags, in the order of its scores; the teacher may have another order.
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
        """Return the student's training data, with the teachers' scores in place of gold tags.

        The bonus is added to the scores of tags that agree with the labels. The network thus learns
        from both, also from labels that only some of its teachers have seen.

        The type of a name does not depend on letter case, so the scores of the unlabelled text as
        written also serve for its other cases.
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
        """Return all arrays by name, for a checkpoint."""
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
    """Make an untrained teacher with copies of the lookup tables and its own weights.

    Parameters
    ----------
    model : Model
        The student, still untrained.
    number : int
        Number of the teacher, from 1; it determines the seed.
    base : Model, optional
        The base model of the student and its teachers.
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
    """Encode the text that a student reads.

    It consists of the training text and then the unlabelled text, in the same letter cases.
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
    """Return document keys of the unlabelled sentences, distinct from the training text's."""
    documents = (sentence.document for sentence in data.resources.unlabelled)
    return [None if document is None else ("unlabelled", document) for document in documents]


def check_teaching(config: Config, *, teachers: bool, unlabelled: bool) -> None:
    """Check that trained teachers and unlabelled text can be used.

    Raises
    ------
    UsageError
        If no teacher reads the unlabelled text, or the network cannot learn from one.
    """
    if unlabelled and not (teachers or config.teachers):
        raise UsageError(
            "`unlabelled` needs teachers, whose scores replace the tags: set `teachers`, such as "
            "`teachers=4`, or pass trained models with `trained_teachers`"
        )
    if config.gold_bonus and not (teachers or config.teachers):
        raise UsageError(
            "`gold_bonus` is added to the scores of teachers: set `teachers`, or leave it out"
        )
    if teachers and config.loss != "softmax":
        raise UsageError(f"`trained_teachers` needs `loss='softmax'`, not {config.loss}")


def load_teachers(given: Iterable[Any] | None) -> dict[str, Model]:
    """Load trained teachers, each a folder or a classifier; return them by name.

    Raises
    ------
    UsageError
        If an item is something else, or a folder is listed twice.
    ModelError
        If a folder does not contain a model, or a classifier is not trained.
    """
    models: dict[str, Model] = {}
    wanted = "a list of model folders or classifiers"
    for number, item in enumerate(check_iterable(given or (), "trained_teachers", wanted), 1):
        name = f"trained_teachers: item {number}"
        if isinstance(item, str | os.PathLike):
            name = str(check_path(item, name))
            if name in models:
                raise UsageError(f"trained_teachers: {name} is listed twice: list each model once")
            models[name] = load_model(Path(name))
        elif hasattr(type(item), "model"):
            models[f"classifier {number}"] = item.model
        else:
            raise UsageError(f"{name}: expected a folder or a classifier, got {described(item)}")
    return models


def check_teachers(model: Model, teachers: Mapping[str, Model]) -> None:
    """Check that trained models can teach a network.

    Raises
    ------
    ModelError
        If the labels, the level or the loss of a teacher differ from the network's.
    """
    for name, teacher in teachers.items():
        if {*teacher.labels} != {*model.labels}:
            raise ModelError(
                f"{name}: has the labels {_labels(teacher)}, but the training text has "
                f"{_labels(model)}: a teacher needs the same; train it on text that has them"
            )
        config, own = teacher.config, model.config
        if (config.level, config.loss) != (own.level, own.loss):
            raise ModelError(
                f"{name}: was trained with `level='{config.level}'` and `loss='{config.loss}'`, "
                f"expected `level='{own.level}'` and `loss='{own.loss}'`, as the network is"
            )


def _labels(model: Model) -> str:
    """List the labels of a model, and mark labels of single tokens as such."""
    if model.scheme is Scheme.PLAIN:
        return f"{join_names(model.labels)} of single tokens"
    return join_names(sorted({tag.partition("-")[2] for tag in model.labels} - {""}))
