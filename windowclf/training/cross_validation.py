"""Training without a dev text, by cross-validation.

The network learns from all sentences. Further networks with other seeds each learn from all but
one part of the sentences and tag that part. Their results choose the epoch at which training
stops, calibrate the scores, and estimate the F1 on new text. Teachers and a base model must not
have seen the sentences; otherwise the estimate is too high.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec import structs

from windowclf.config.config import Config
from windowclf.errors import TrainingError
from windowclf.evaluation.evaluate import count_spans
from windowclf.evaluation.expectation import by_unit, choose_epoch, expect
from windowclf.model.calibration import fit_calibration
from windowclf.model.model import Model
from windowclf.model.record import Epoch, ExpectedScores
from windowclf.nn.arrays import BoolArray, FloatArray, IntArray
from windowclf.system.processes import MOST_TASKS, ForkedWorkers, LostWorker, can_fork
from windowclf.system.threads import one_blas_thread, thread_count
from windowclf.tagging.tagger import Tagger
from windowclf.tags.counts import Counts
from windowclf.tags.schemes import spans
from windowclf.training.data import Resources, TrainingData, known_tags, make_labels, prepare
from windowclf.training.first_pass import train_first_pass
from windowclf.training.fit import TrainingRun, fit
from windowclf.training.folds import PARTS, Partition, partition
from windowclf.training.loop import BatchDone, NetworkBegins

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

    from windowclf.corpora.coerce import TrainingText

MOST_EPOCHS = 10
"""Largest number of epochs after which the held-out sentences are tagged."""
_DRAW = 5
"""Number of the generator that draws the parts; `generators` makes the lower numbers."""


class Material(NamedTuple):
    """The arguments of `prepare`."""

    text: "TrainingText"
    vectors: "KeyedVectors"
    config: Config
    resources: Resources


class Found(NamedTuple):
    """Results of the network of a fold on its held-out sentences.

    Attributes
    ----------
    sentences : int array, shape (n,)
        Indices of the sentences in the training text.
    counts : int array, shape (n, E, L, 3)
        Numbers of correct, predicted and gold spans, by sentence, measured epoch and label.
    confidences : list of pairs of float array and bool array
        For each measured epoch, the confidence of each predicted span and whether it is right.
    """

    sentences: IntArray
    counts: IntArray
    confidences: list[tuple[FloatArray, BoolArray]]


def fit_with_folds(
    model: Model, data: TrainingData, material: Material, run: TrainingRun, *, vectors: str = ""
) -> None:
    """Train a model, see `fit`, and its first pass; cross-validation takes the place of a dev text.

    If this process can be forked, its copies train the networks of the folds while it trains the
    model; otherwise they are trained afterwards. The resulting model is the same. If there are too
    few sentences to hold one out per part, or no labels, the result is the same as from `fit`.

    Checkpoints do not include the cross-validation: a resumed training starts it again.

    Parameters
    ----------
    model : Model
        The untrained model from `prepare` with `material`, as are the data.
    run : TrainingRun
        The listener is called with the batches and epochs of the model, then with each fold to
        wait for; also with the batches of a fold that is trained in this process.
    vectors : str
        Name of the word vectors, for the record.

    Raises
    ------
    TrainingError
        If a process that trains a fold is killed, or as for `fit`.
    """
    folds = None
    if material.config.folds and not data.dev and material.config.loss != "ranking":
        folds = Folds(material, run)
    if folds and folds.count:
        _fit_and_measure(model, data, folds, run, vectors)
    else:
        fit(model, data, run, vectors=vectors)
    own = len(data.tokens) // data.versions  # the text as written, without other letter cases
    model.first_pass = train_first_pass(model, data.tokens[:own], data.documents[:own], data.dev)


def _fit_and_measure(
    model: Model, data: TrainingData, folds: "Folds", run: TrainingRun, vectors: str
) -> None:
    """Train a model and the networks of the folds, then choose its epoch and calibrate it."""
    with one_blas_thread:
        found = folds.train_beside(lambda own: fit(model, data, own, vectors=vectors))
    counts = folds.counts(found)
    chosen = choose_epoch(counts.sum(axis=2))
    epoch = measured_epochs(model.config.epochs)[chosen]
    if epoch < model.config.epochs:
        _train_until(epoch, model, folds.material, run)
    sure, right = zip(*(fold.confidences[chosen] for fold in found), strict=True)
    model.calibration = fit_calibration(np.concatenate(sure), np.concatenate(right))
    if model.record:
        model.record = structs.replace(
            model.record,
            epochs=[structs.replace(e, best=e.epoch <= epoch) for e in model.record.epochs],
            best_epoch=epoch,
            expected=folds.expected(counts[:, chosen], sum(len(f.sentences) for f in found)),
        )


def measured_epochs(epochs: int) -> list[int]:
    """List the epochs after which held-out sentences are tagged: evenly spaced, with the last."""
    few = min(epochs, MOST_EPOCHS)
    return [-(-epochs * i // few) for i in range(1, few + 1)]


class Folds:
    """The parts of a training text that are held out in turn.

    Attributes
    ----------
    material : Material
    count : int
        Number of networks; 0 if there is too little text to hold out.
    partition : Partition
    labels : list of str
    """

    def __init__(self, material: Material, run: TrainingRun) -> None:
        self.material, self._run = material, run
        text, config = material.text, material.config
        wanted = min(config.folds, MOST_TASKS)
        parts = max(wanted, PARTS)
        rng = np.random.default_rng((config.seed, _DRAW))
        self.partition: Partition = partition(text.train, text.scheme, parts, rng)
        gold = [spans(sentence.tags or (), text.scheme) for sentence in text.train]
        self.labels = sorted({span.label for found in gold for span in found})
        self._gold = [set(found) for found in gold]
        distinct = {tuple(sentence.tokens) for sentence in text.train}
        enough = min(len(np.unique(self.partition.units)), len(distinct)) >= parts
        enough = enough and bool(self.labels)
        self.count = wanted if enough else 0
        self._lacks = [lacks for part in text.parts for lacks in [part.lacks] * part.sentences]

    def train_beside(self, train: Callable[[TrainingRun], None]) -> list[Found]:
        """Train the networks of all folds, and call `train`; return the results in order."""
        threads = thread_count(self._run.threads)
        found: dict[int, Found] = {}
        if threads == 1 or not can_fork():
            train(self._run)
            for fold in range(self.count):
                self._report(fold)
                found[fold] = self.train(fold, threads, self._run)
            return [found[fold] for fold in range(self.count)]
        copies = min(threads - 1, self.count)
        each = threads // (copies + 1)
        with ForkedWorkers(lambda fold: self.train(fold, each), self.count) as workers:
            workers.start(copies)
            train(replace(self._run, threads=threads - copies * each))
            if copies < self.count:
                workers.start(1)  # from now on this process only waits
            results = workers.results()
            try:
                for fold in range(self.count):
                    self._report(fold)
                    number, found[number] = next(results)
            except LostWorker as lost:
                raise TrainingError(
                    f"a process of the cross-validation {lost}; is there too little memory? try "
                    "`threads=1`, or `folds=0`, which leaves it out"
                ) from None
        return [found[fold] for fold in range(self.count)]

    def counts(self, found: Sequence[Found]) -> IntArray:
        """Sum the counts of all folds by unit, shape (n, E, L, 3)."""
        places = np.concatenate([fold.sentences for fold in found])
        return by_unit(
            np.concatenate([fold.counts for fold in found]), self.partition.units[places]
        )

    def expected(self, counts: IntArray, sentences: int) -> ExpectedScores:
        """Estimate the scores on new text from counts after one epoch, shape (n, L, 3)."""
        by_label = counts.sum(axis=0)
        found = expect(counts.sum(axis=1))
        return ExpectedScores(
            folds=self.count,
            sentences=sentences,
            f1=found.f1,
            low=found.low,
            high=found.high,
            labels={
                label: Counts(correct=correct, predicted=predicted, gold=gold)
                for label, (correct, predicted, gold) in zip(
                    self.labels, by_label.tolist(), strict=True
                )
            },
        )

    def _report(self, fold: int) -> None:
        self._run.report(NetworkBegins(f"fold {fold + 1} of {self.count}", aside=True))

    def train(self, fold: int, threads: int, run: TrainingRun | None = None) -> Found:
        """Train the network of a fold.

        Parameters
        ----------
        run : TrainingRun, optional
            Its listener is called with each batch; by default nothing is reported.
        """
        text, vectors, config, resources = self.material
        kept = self.partition.parts != fold
        seed = int(np.random.SeedSequence((config.seed, fold, _DRAW)).generate_state(1)[0])
        rest = _rest(text, kept)
        model, data = prepare(
            rest,
            vectors,
            structs.replace(config, seed=seed, folds=0),
            resources,
            labels=make_labels(known_tags(text.train, resources), text.scheme, config),
        )
        known = {tuple(sentence.tokens) for sentence in rest.train}
        held_out = [
            place
            for place in np.flatnonzero(~kept).tolist()
            if len(text.train[place]) and tuple(text.train[place].tokens) not in known
        ]
        measure = _Measure(self, model, held_out, run)
        fit(model, data, TrainingRun(measure, threads))
        return Found(
            np.array(held_out, dtype=np.intp),
            np.stack(measure.counts, axis=1),
            measure.confidences,
        )

    def compare(
        self, tagger: Tagger, places: Sequence[int]
    ) -> tuple[IntArray, tuple[FloatArray, BoolArray]]:
        """Compare the tags of sentences with the gold tags, for one epoch of `Found`.

        Spans with labels that a sentence's corpus does not annotate are left out.
        """
        kept = self.material.resources.kept
        found = count_spans(
            tagger,
            [self.material.text.train[place] for place in places],
            [self._gold[place] for place in places],
            self.labels,
            [{*kept, *(self._lacks[place] if self._lacks else ())} for place in places],
        )
        return found.counts, (found.confidence, found.correct)


class _Measure:
    """Listener for the training of a fold's network that tags the held-out sentences."""

    def __init__(
        self, folds: Folds, model: Model, held_out: list[int], run: TrainingRun | None
    ) -> None:
        self._folds, self._model, self._held_out, self._run = folds, model, held_out, run
        self._epochs = measured_epochs(model.config.epochs)
        self._is_own = _OwnEpochs(folds.material)
        self.counts: list[IntArray] = []
        self.confidences: list[tuple[FloatArray, BoolArray]] = []

    def __call__(self, event: BatchDone | Epoch | NetworkBegins) -> None:
        if self._run and isinstance(event, BatchDone):
            self._run.report(event)
        if self._is_own(event) and isinstance(event, Epoch) and event.epoch in self._epochs:
            counts, confidences = self._folds.compare(Tagger(self._model), self._held_out)
            self.counts.append(counts)
            self.confidences.append(confidences)


class _OwnEpochs:
    """Distinguishes the epochs of the network itself from the epochs of its teachers."""

    def __init__(self, material: Material) -> None:
        teachers = material.config.teachers
        taught = teachers or material.resources.teachers
        self._before = teachers + 1 if taught else 0

    def __call__(self, event: BatchDone | Epoch | NetworkBegins) -> bool:
        self._before -= isinstance(event, NetworkBegins)
        return self._before <= 0


class _EnoughError(Exception):
    """Ends a training early."""


def _train_until(epoch: int, model: Model, material: Material, run: TrainingRun) -> None:
    """Train a model again up to an epoch, because its parameters at that epoch were not kept."""
    run.report(NetworkBegins(f"once more, up to epoch {epoch}", aside=True))
    again, data = prepare(*material)
    is_own = _OwnEpochs(material)

    def listen(event: BatchDone | Epoch | NetworkBegins) -> None:
        if isinstance(event, BatchDone):
            run.report(event)
        if is_own(event) and isinstance(event, Epoch) and event.epoch == epoch:
            raise _EnoughError

    with suppress(_EnoughError):
        fit(again, data, TrainingRun(listen, run.threads))
    parameters = again.parameters()
    for name, parameter in model.parameters().items():
        np.copyto(parameter.value, parameters[name].value)
    if model.record and again.record:
        moved = again.record.vectors_moved
        model.record = structs.replace(model.record, vectors_moved=moved)


def _rest(text: "TrainingText", kept: BoolArray) -> "TrainingText":
    """Return a training text with some sentences only, and without its dev text."""
    train = [sentence for sentence, is_kept in zip(text.train, kept, strict=True) if is_kept]
    ends = accumulate((part.sentences for part in text.parts), initial=0)
    parts = tuple(
        replace(part, sentences=int(np.count_nonzero(kept[start:end])))
        for part, (start, end) in zip(text.parts, pairwise(ends), strict=True)
    )
    return text._replace(train=train, dev=[], parts=parts)
