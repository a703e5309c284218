"""The network of both windowclf and PyTorch, with equal sizes, words, labels and initial values."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.text import Text
from windowclf import Sentence, load_vectors
from windowclf.config.config import make_config
from windowclf.corpora.coerce import TrainingText
from windowclf.evaluation.metrics import score
from windowclf.lexicon.lexicon import FIRST
from windowclf.tags.schemes import Scheme, convert
from windowclf.training.data import prepare

VECTORS = "glove-6b-50d"
HIDDEN = 300
RATE = 1e-3
SETTINGS: dict[str, Any] = {
    "level": "word",
    "constrained": False,  # the highest score of each token, as in PyTorch's program
    "window": 5,
    "sentence_mean": False,
    "document_context": False,
    "features": (),
    "activation": "tanh",
    "hidden": (HIDDEN,),
    "dropout": 0.0,
    "hidden_dropout": 0.0,
    "word_dropout": 0.0,
    "case_augmentation": 0.0,
    "optimizer": "adam",
    "rate": RATE,
    "schedule": "constant",
    "folds": 0,  # cross-validation would train a second network
}


@dataclass(frozen=True, slots=True)
class Start:
    """The initial state of the network.

    Parameters
    ----------
    rows : dict of str to int
        The row of each lower-cased word; 0 is the padding, 1 an unknown word.
    vectors : float32 array, shape (V, 50)
    labels : list of str
        IOBES tags.
    """

    rows: dict[str, int]
    vectors: np.ndarray[Any, np.dtype[np.float32]]
    labels: list[str]


def make_start(train: Text, vocabulary: int) -> Start:
    """Make windowclf's initial state of the network for a training text."""
    text = TrainingText("", to_sentences(train), [], Scheme(train.scheme))
    config = make_config({**SETTINGS, "vocabulary": vocabulary})
    model, _ = prepare(text, load_vectors(VECTORS), config)
    rows = {word: row for row, word in enumerate(model.lexicon.values["word"], FIRST)}
    return Start(rows, model.network.tables["word"].value, model.labels)


def to_sentences(text: Text) -> list[Sentence]:
    """Convert a text to windowclf's sentences."""
    return [
        Sentence(tokens, tags, document)
        for tokens, tags, document in zip(text.sentences, text.tags, text.documents, strict=True)
    ]


def own_tags(text: Text) -> list[list[str]]:
    """Convert the tags of a text to the scheme of the network."""
    scheme = Scheme(text.scheme)
    return [convert(tags, scheme, _own(scheme)) for tags in text.tags]


def text_tags(own: list[list[str]], text: Text) -> list[list[str]]:
    """Convert tags of the network to the scheme of the text; malformed spans become whole ones."""
    scheme = Scheme(text.scheme)
    return [convert(tags, _own(scheme), scheme) for tags in own]


def f1(text: Text, tags: list[list[str]]) -> float:
    """Score tags against those of a text, by conlleval's rules."""
    return score(text.tags, tags, Scheme(text.scheme)).total.f1


def _own(scheme: Scheme) -> Scheme:
    return Scheme.PLAIN if scheme is Scheme.PLAIN else Scheme.IOBES
