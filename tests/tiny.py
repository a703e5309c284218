"""A language of a few words, which a small network learns in a second."""

import re
from itertools import product

import numpy as np

from windowclf.documents.formats.conll import write_conll
from windowclf.documents.sentence import Sentence
from windowclf.tags.schemes import Scheme, Span, encode

PEOPLE = ("Mary Poppins", "Ada", "Grace Hopper", "Tom")
PLACES = ("Paris", "France", "Oslo", "New York")
VERBS = ("saw", "met")
PAIR = "[LOC Paris] is in [LOC France]"

SETTINGS = {
    "hidden": 16,
    "feature_dimensions": 4,
    "dropout": 0.0,
    "hidden_dropout": 0.0,
    "word_dropout": 0.0,
    "rate": 0.03,
    "batch_size": 8,
    "epochs": 6,
    "folds": 0,
}
QUICK = SETTINGS | {"hidden": 4, "epochs": 1}

_PART = re.compile(r"\[(\S+) ([^]]+)]|(\S+)")


def options(settings=SETTINGS):
    """Spell settings as the command line has them."""
    return [
        text
        for name, value in settings.items()
        for text in (f"--{name.replace('_', '-')}", str(value))
    ]


def parse(marked, scheme=Scheme.IOB2):
    """Read a sentence with its entities in brackets, as ``windowclf tag`` writes it."""
    tokens, spans = [], []
    for label, name, word in _PART.findall(marked):
        start = len(tokens)
        tokens += (name or word).split()
        if label:
            spans.append(Span(start, len(tokens), label))
    return Sentence(tokens, encode(spans, len(tokens), scheme))


def unmarked(marked):
    return _PART.sub(lambda part: part[2] or part[3], marked)


MARKED = [
    *(f"[PER {a}] lives in [LOC {b}] ." for a, b in product(PEOPLE, PLACES)),
    *(f"[LOC {a}] is in [LOC {b}]" for a, b in product(PLACES, PLACES)),
    *(f"[PER {a}] {verb} [PER {b}] ." for a, verb, b in product(PEOPLE, VERBS, PEOPLE)),
    *(f"They {verb} him ." for verb in VERBS),
]


def sentences(scheme=Scheme.IOB2):
    return [parse(marked, scheme) for marked in MARKED]


def write_corpus(folder):
    """Write train, dev and test splits, and vectors of 8 numbers for some of the words."""
    given = sentences()
    for split, part in (("train", given), ("dev", given), ("test", given[::4])):
        with (folder / f"{split}.txt").open("w", encoding="utf-8", newline="") as file:
            write_conll(part, file)
    words = sorted({token.lower() for sentence in given for token in sentence.tokens})
    rows = np.random.default_rng(0).normal(size=(len(words), 8))
    lines = [f"{word} {' '.join(map(str, row))}\n" for word, row in zip(words, rows, strict=True)]
    (folder / "vectors.vec").write_text("".join(lines[::2]), encoding="utf-8")
