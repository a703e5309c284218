"""From a corpus and an untrained model to a trained one."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from itertools import chain

import numpy as np

from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError
from windowclf.evaluation.evaluate import confidences
from windowclf.lexicon.lexicon import FIRST
from windowclf.model.calibration import Calibration, fit_calibration
from windowclf.model.encoding import encode
from windowclf.model.model import FirstVectors, Model
from windowclf.model.record import Epoch, TrainingRecord
from windowclf.nn.arrays import FloatArray
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme
from windowclf.training.checkpoints import Checkpoints, TeacherScores
from windowclf.training.prepare import in_cases
from windowclf.training.teachers import teach
from windowclf.training.texts import Texts
from windowclf.training.train_network import Listener, learn


def fit(
    model: Model,
    sentences: Sequence[Sentence],
    dev: Sequence[Sentence] = (),
    *,
    scheme: Scheme,
    data: str = "",
    vectors: str = "",
    listener: Listener | None = None,
    begin: Callable[[str], None] | None = None,
    threads: int | None = None,
    checkpoints: Checkpoints | None = None,
) -> None:
    """Train a model; the parameters it ends with are those of its best epoch.

    Whatever ends the training early, the best of the epochs that were done is kept. The model has a
    record of its training then, and the vectors that its words began with.

    Parameters
    ----------
    model : Model
        From `prepare`, for the same sentences.
    sentences, dev : sequence of Sentence
        Tagged in `scheme`; without `dev` the last epoch is the best.
    scheme : Scheme
        IOB2, or PLAIN.
    data, vectors : str
        Names of the corpus and of the word vectors, for the record.
    listener : callable, optional
        Is told of each batch and each epoch.
    begin : callable, optional
        Is told which network is trained, before each where there are several.
    threads : int, optional
        See `thread_count`.
    checkpoints : Checkpoints, optional
        Keep the training on the disk as it goes on, and may say where one was stopped that now
        goes on. It ends with the same bytes as one that was never stopped.

    Raises
    ------
    DataError
        If a ranking has no dev text to choose its threshold on, or a training that goes on has
        other texts or vectors than it began with.
    TrainingError
        If the loss is no longer finite.
    ModelError
        If a checkpoint cannot be written, or is damaged.
    """
    if model.config.loss == "ranking" and not dev:
        raise DataError("--loss ranking chooses its threshold on a dev text: give one with --dev")
    sentences = [sentence for sentence in sentences if len(sentence)]
    texts = _encode(model, sentences, dev, scheme)
    words = np.unique(texts.train.features[:, 0])
    words = words[words >= FIRST]
    word_table = model.network.tables["word"]
    model.first_vectors = FirstVectors(words, word_table.take(words))
    of_teachers: list[Epoch] = []
    epochs: list[Epoch] = []
    tokens = len(texts.train.words) if model.config.teachers else 0
    teacher_scores = TeacherScores(np.zeros((tokens, len(model.labels)), dtype=np.float32))
    if checkpoints:
        checkpoints.begin(model, texts, teacher_scores, of_teachers, epochs)
    if model.config.teachers:
        say = begin or (lambda _: None)
        count = model.config.teachers
        taught = teach(
            model,
            texts,
            of_teachers,
            listener,
            lambda n: say(f"teacher {n} of {count}"),
            threads,
            teacher_scores,
            checkpoints,
        )
        texts = replace(texts, train=replace(texts.train, gold=taught))
        say("the network they teach")
    try:
        learn(model, texts, epochs, listener, threads, checkpoints)
    finally:
        best_epoch = max((epoch.epoch for epoch in epochs if epoch.best), default=0)
        if best_epoch:
            model.calibration = Calibration()  # what is fitted is what the network says itself
            model.calibration = fit_calibration(*confidences(Tagger(model), texts.dev, texts.gold))
            model.record = TrainingRecord(
                data=_text(data),
                vectors=_text(vectors),
                sentences={"train": len(sentences), "dev": len(dev)},
                tokens={
                    "train": len(texts.train.words) // texts.versions,
                    "dev": sum(map(len, dev)),
                },
                epochs=epochs,
                best_epoch=best_epoch,
                vectors_moved=_moved(model.first_vectors.vectors, word_table.take(words)),
                seconds=sum(epoch.seconds or 0.0 for epoch in of_teachers + epochs),
                versions={
                    "windowclf": version("windowclf"),
                    "numpy": np.__version__,
                    "python": platform.python_version(),
                },
            )


def _encode(
    model: Model, sentences: Sequence[Sentence], dev: Sequence[Sentence], scheme: Scheme
) -> Texts:
    versions = in_cases(sentences, model.config)
    tags = [model.gold_tags(sentence.tags or (), scheme) for sentence in sentences]
    # A name in capitals is in another document than the name as written.
    documents = [
        None if sentence.document is None else (number, sentence.document)
        for number, text in enumerate(versions)
        for sentence in text
    ]
    tokens = [sentence.tokens for sentence in chain(*versions)]
    return Texts(
        tokens=tokens,
        documents=documents,
        train=encode(tokens, model.lexicon, tags * len(versions), model.labels, documents),
        versions=len(versions),
        dev=dev,
        gold=[model.gold_tags(sentence.tags or (), scheme) for sentence in dev],
    )


def _moved(first: FloatArray, last: FloatArray) -> float:
    """Measure how far vectors moved: the mean of ``‖last - first‖ / ‖first‖``."""
    if not len(first):
        return 0.0
    lengths = np.maximum(np.linalg.norm(first, axis=1), 1e-12)
    return float(np.mean(np.linalg.norm(last - first, axis=1) / lengths))


def _text(name: str) -> str:
    """Make a name UTF-8, which those of files need not be."""
    return name.encode("utf-8", "backslashreplace").decode()
