"""A classifier that tags a name by what another sentence of its document says."""

from dataclasses import replace
from itertools import chain, product

import numpy as np
import pytest

from model_folders import assert_same
from networks import make_vectors
from tiny import parse
from windowclf import Corpus, WindowClassifier, load
from windowclf.bundle import save_model
from windowclf.cli import main
from windowclf.config import make_config
from windowclf.errors import UsageError
from windowclf.tags import Scheme
from windowclf.text.conll import write_conll

# Each name is a person in one document and a place in another: only a telling sentence tells.
NAMES = ("Rune", "Vale", "Linden", "Sterling", "Marlow", "Arden")
UNSEEN = ("Quill", "Brandt")
TELLING = {
    "PER": ("doctor [PER {}] laughed .", "singer [PER {}] laughed ."),
    "LOC": ("near [LOC {}] it rained .", "in [LOC {}] it rained ."),
}
UNTOLD = ("we know [{label} {name}] .", "they forgot [{label} {name}] .")
SETTINGS = {
    "level": "word",
    "constrained": False,
    "sentence_mean": False,
    "recase": 0.0,
    "features": (),
    "window": 3,
    "hidden": 8,
    "dropout": 0.0,
    "hidden_dropout": 0.0,
    "word_dropout": 0.1,
    "batch_size": 4,
    "epochs": 30,
    "rate": 0.02,
}


def documents(names):
    """For each name and type a document: one sentence tells, before or after one that does not."""
    found = []
    for n, (name, label) in enumerate(product(names, TELLING)):
        for m, (telling, untold) in enumerate(product(TELLING[label], UNTOLD)):
            pair = [telling.format(name), untold.format(label=label, name=name)]
            found.append([parse(marked) for marked in pair[:: 1 if (n + m) % 2 else -1]])
    return found


def corpus(names):
    return [
        replace(sentence, document=number)
        for number, document in enumerate(documents(names), 1)
        for sentence in document
    ]


def without_documents(sentences):
    return [replace(sentence, document=None) for sentence in sentences]


TRAIN, DEV = corpus(NAMES), corpus(UNSEEN)
WORDS = dict.fromkeys(word.lower() for s in TRAIN for word in s.tokens)


def train(sentences=TRAIN, dev=DEV, **settings):
    classifier = WindowClassifier(**SETTINGS | settings)
    return classifier.fit(sentences, dev, vectors=make_vectors(WORDS), scheme="iob2")


@pytest.fixture(scope="module")
def heeding():
    return train()


def text_of(sentences):
    return " ".join(" ".join(s.tokens).replace(" .", ".").capitalize() for s in sentences)


def found_in(classifier, text):
    return [(entity.text, entity.label) for entity in classifier.tag(text)]
