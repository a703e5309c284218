"""The network that windowclf and PyTorch both train: same sizes, words, labels and start."""

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
    "constrained": False,  # the highest score of each token: PyTorch's program has no more
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
    "folds": 0,  # cross-validation would train a second network beside it
}


@dataclass(frozen=True, slots=True)
class Start:
    """What the network starts with.

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
    """Make the start of the network for a training text, as windowclf makes it."""
    text = TrainingText("", to_sentences(train), [], Scheme(train.scheme))
    config = make_config({**SETTINGS, "vocabulary": vocabulary})
    model, _ = prepare(text, load_vectors(VECTORS), config)
    rows = {word: row for row, word in enumerate(model.lexicon.values["word"], FIRST)}
    return Start(rows, model.network.tables["word"].value, model.labels)


def to_sentences(text: Text) -> list[Sentence]:
    """Make windowclf's sentences of a text."""
    return [
        Sentence(tokens, tags, document)
        for tokens, tags, document in zip(text.sentences, text.tags, text.documents, strict=True)
    ]


def own_tags(text: Text) -> list[list[str]]:
    """Write the tags of a text as the network does."""
    scheme = Scheme(text.scheme)
    return [convert(tags, scheme, _own(scheme)) for tags in text.tags]


def text_tags(own: list[list[str]], text: Text) -> list[list[str]]:
    """Write tags of the network as the text does; what spells no whole span becomes one."""
    scheme = Scheme(text.scheme)
    return [convert(tags, _own(scheme), scheme) for tags in own]


def f1(text: Text, tags: list[list[str]]) -> float:
    """Score tags against those of a text, by conlleval's rules."""
    return score(text.tags, tags, Scheme(text.scheme)).total.f1


def _own(scheme: Scheme) -> Scheme:
    return Scheme.PLAIN if scheme is Scheme.PLAIN else Scheme.IOBES
