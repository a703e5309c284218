"""Training of a model: teachers, the network itself, calibration and the record."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import numpy as np
from msgspec import UNSET, structs, to_builtins

from windowclf.errors import DataError
from windowclf.evaluation import evaluate as evaluation
from windowclf.evaluation.metrics import Scores, best_threshold
from windowclf.lexicon.lexicon import FIRST
from windowclf.model.calibration import Calibration, fit_calibration
from windowclf.model.model import FirstVectors, Model
from windowclf.model.record import CorpusRecord, Epoch, TrainingRecord
from windowclf.model.sketch import join_sketches, sketch_sentences
from windowclf.nn.arrays import FloatArray
from windowclf.system.threads import Workers, thread_count
from windowclf.tagging.tagger import Tagger
from windowclf.training.batches import TrainingBatches
from windowclf.training.checkpoints import Checkpoints, History
from windowclf.training.data import TrainingData, generators
from windowclf.training.distillation import (
    TeacherScores,
    check_teachers,
    encode_lesson,
    make_teacher,
)
from windowclf.training.loop import BatchDone, NetworkBegins, Training

Listener = Callable[[BatchDone | Epoch | NetworkBegins], None]

_WHOLE_WORDS = ("word", "written")
"""Features that consist of a whole word; word dropout replaces their values by 'unknown'."""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """Options of a training run that do not change the resulting model.

    Parameters
    ----------
    listener : callable, optional
        Called with each batch, each epoch and, with teachers, each network whose training begins.
    threads : int, optional
        Number of worker threads, see `thread_count`.
    checkpoints : Checkpoints, optional
        Saves the training to disk while it runs, and resumes one that was stopped.
    """

    listener: Listener | None = None
    threads: int | None = None
    checkpoints: Checkpoints | None = None

    def report(self, event: BatchDone | Epoch | NetworkBegins) -> None:
        """Call the listener, if there is one."""
        if self.listener:
            self.listener(event)


def fit(
    model: Model, data: TrainingData, run: TrainingRun | None = None, *, vectors: str = ""
) -> None:
    """Train a model and keep the parameters of its best epoch.

    If training ends early for any reason, the best epoch so far is kept. The model then has a
    record of its training and the initial vectors of its words.

    Parameters
    ----------
    model : Model
        The untrained model from `prepare`, as are the data.
    run : TrainingRun, optional
    vectors : str
        Name of the word vectors, for the record.

    Raises
    ------
    DataError
        If ranking has no dev text for its threshold, or a resumed training does not have the texts
        and vectors it began with.
    TrainingError
        If the loss is no longer finite.
    ModelError
        If a checkpoint cannot be written, or is damaged, or a trained model cannot teach this one.
    """
    config, run = model.config, run or TrainingRun()
    if config.loss == "ranking" and not data.dev:
        raise DataError("`loss='ranking'` chooses its threshold on a dev text: give one with `dev`")
    check_teachers(model, data.resources.teachers)
    encoded = encode_lesson(model, data)
    words = np.unique(encoded.features[:, 0])
    words = words[words >= FIRST]
    first = model.first_vectors = FirstVectors(words, model.network.tables["word"].take(words))
    history = History(TeacherScores.begin(model, data))
    if run.checkpoints:
        run.checkpoints.begin(model, data, history)
    lesson = data
    if history.teacher_scores.teachers:
        _train_teachers(model, data, run, history)
        lesson = history.teacher_scores.lesson(data, encoded, config.gold_bonus)
    try:
        _train_network(model, lesson, run, history.epochs)
    finally:
        if any(epoch.best for epoch in history.epochs):
            model.calibration = Calibration()  # fit on the network's own, uncalibrated scores
            model.calibration = fit_calibration(
                *evaluation.confidences(Tagger(model), data.dev, data.gold, data.resources.kept)
            )
            model.record = _record(model, first, data, history, vectors)


def _train_teachers(model: Model, data: TrainingData, run: TrainingRun, history: History) -> None:
    """Train the missing teachers of a model, and add the scores of all teachers for the text."""
    scores, count = history.teacher_scores, model.config.teachers
    trained = list(data.resources.teachers.values())
    for teacher in trained[len(scores.transitions) :]:
        scores.add(teacher, model.labels, data, run.threads)
    for number in range(len(scores.transitions) - len(trained) + 1, count + 1):
        run.report(NetworkBegins(f"teacher {number} of {count}"))
        teacher = make_teacher(model, number, data.resources.base)
        _train_network(teacher, data, run, history.of_teachers)
        scores.add(teacher, model.labels, data, run.threads)
    model.objective.distil_from(scores.mean_transitions())
    run.report(NetworkBegins("the network they teach"))


def _train_network(model: Model, data: TrainingData, run: TrainingRun, epochs: list[Epoch]) -> None:
    """Train one network, append its epochs, and set the parameters of the best one."""
    config, checkpoints = model.config, run.checkpoints
    parameters = model.parameters()
    best = {name: parameter.value.copy() for name, parameter in parameters.items()}
    batches = TrainingBatches(data.train, config, _dropped(model), data.versions, data.weights)
    training = Training(model.network, model.objective, batches, config, generators(config)[2])
    evaluate = partial(_evaluate, model, data) if data.dev else None
    if checkpoints:
        checkpoints.restore(training, best)
    try:
        with Workers(thread_count(run.threads)) as workers:
            for event in training.run(evaluate, workers):
                if isinstance(event, Epoch):
                    epochs.append(event)
                    if event.best:
                        for name, parameter in parameters.items():
                            np.copyto(best[name], parameter.value)
                run.report(event)
                if checkpoints:
                    checkpoints.after(event, training, best)
    finally:
        if checkpoints:
            checkpoints.under_way = False
        for name, parameter in parameters.items():
            np.copyto(parameter.value, best[name])


def _dropped(model: Model) -> list[tuple[list[int], float]]:
    """List the feature columns in which training drops words, with the share of dropped words."""
    config, lexicon = model.config, model.lexicon
    words = [[i] for i, name in enumerate(lexicon.features) if name in _WHOLE_WORDS]
    dropped = [(columns, config.word_dropout) for columns in words]
    dropped += [(columns, config.cluster_dropout) for columns in lexicon.cluster_columns]
    return [(columns, share) for columns, share in dropped if share]


def _evaluate(model: Model, data: TrainingData) -> Scores:
    """Score a model on the dev text; a ranking model first gets the best threshold there."""
    if model.config.loss == "ranking":  # the bias stores the threshold, see `RankingObjective`
        threshold = best_threshold(*evaluation.ranking(Tagger(model), data.dev, data.gold))
        bias = model.network.biases[-1].value
        bias -= bias.dtype.type(threshold)
    return evaluation.evaluate(Tagger(model), data.dev, data.gold, lacks=data.resources.kept)


def _record(
    model: Model, first: FirstVectors, data: TrainingData, history: History, vectors: str
) -> TrainingRecord:
    """Make the record of a training; the model already has the parameters of its best epoch."""
    last = model.network.tables["word"].take(first.rows)
    lengths, given = data.train.lengths, data.resources
    own = len(lengths) // data.versions - sum(data.augmented.values())
    read = {"dev": data.dev} | ({"unlabelled": given.unlabelled} if given.unlabelled else {})
    names, teachers = ([*map(utf8_name, n)] for n in (given.unlabelled_names, given.teachers))
    return TrainingRecord(
        data=utf8_name(data.name),
        vectors=utf8_name(vectors),
        sentences={"train": own} | {split: len(found) for split, found in read.items()},
        tokens={"train": int(lengths[:own].sum())}
        | {split: sum(map(len, found)) for split, found in read.items()},
        augmented=dict(data.augmented),
        names={kind: len(listed) for kind, listed in given.names.items()},
        epochs=history.epochs,
        best_epoch=max(epoch.epoch for epoch in history.epochs if epoch.best),
        vectors_moved=_moved(first.vectors, last),
        seconds=sum(epoch.seconds or 0.0 for epoch in history.of_teachers + history.epochs),
        corpora=[_utf8_names(corpus) for corpus in data.corpora] or UNSET,
        versions={
            "windowclf": version("windowclf"),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        unlabelled=names or UNSET,
        teachers=teachers or UNSET,
        base=utf8_name(given.base_name) or UNSET,
        kept=data.kept or UNSET,
        chosen=to_builtins(dict(given.chosen)) or UNSET,
        sketch=join_sketches(_sketch_of(given.base), sketch_sentences(data.tokens[:own])) or UNSET,
    )


def _sketch_of(base: Model | None) -> bytes:
    """Return the sketch of the base model's training sentences; empty without one."""
    return (base and base.record and base.record.sketch) or b""


def _moved(first: FloatArray, last: FloatArray) -> float:
    """Compute how far vectors moved: the mean of ``‖last - first‖ / ‖first‖``."""
    if not len(first):
        return 0.0
    lengths = np.maximum(np.linalg.norm(first, axis=1), 1e-12)
    return float(np.mean(np.linalg.norm(last - first, axis=1) / lengths))


def _utf8_names(corpus: CorpusRecord) -> CorpusRecord:
    mapped = {utf8_name(label): utf8_name(new) for label, new in corpus.mapped.items()}
    name, data = utf8_name(corpus.name), utf8_name(corpus.data)
    return structs.replace(corpus, name=name, data=data, mapped=mapped)


def utf8_name(name: str) -> str:
    """Make a name valid UTF-8 for the record; file names may not be."""
    return name.encode("utf-8", "backslashreplace").decode()
