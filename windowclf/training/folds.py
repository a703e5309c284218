"""Parts of a training text, for cross-validation.

A document is never cut, where documents are marked: the names of one come again and again in it,
and new text has other names. Where they are not marked, neighbours are kept together, for most
often they are of one document.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from windowclf.documents.sentence import Sentence
from windowclf.nn.arrays import IntArray
from windowclf.tags.schemes import Scheme, spans

PARTS = 5
"""Parts of a text, of which one at a time is held out."""

RUNS = 4
"""Runs of neighbours in a part, about: more would be too short, fewer could not be spread."""


class Partition(NamedTuple):
    """To which part of a text each sentence belongs.

    Attributes
    ----------
    units : int array, shape (S,)
        The number of each sentence's unit, of which all is in the same part: a document, or a run
        of neighbours.
    parts : int array, shape (S,)
        From 0.
    """

    units: IntArray
    parts: IntArray


def partition(
    sentences: Sequence[Sentence], scheme: Scheme, parts: int, rng: np.random.Generator
) -> Partition:
    """Cut a text into parts of about the same size, over which each label is spread.

    This is iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011): the units with the
    rarest label that is left go first, each to the part that lacks most of that label.

    Parameters
    ----------
    sentences : sequence of Sentence
        With tags, in `scheme`.
    parts : int
        Units are documents if there are at least twice as many.
    rng : numpy.random.Generator
        Draws the order of the units, and decides where parts are alike.
    """
    units = _units(sentences, parts)
    count = int(units.max(initial=-1)) + 1
    sizes = np.bincount(units, minlength=count)
    labels: list[Counter[str]] = [Counter() for _ in range(count)]
    for unit, sentence in zip(units.tolist(), sentences, strict=True):
        labels[unit].update(span.label for span in spans(sentence.tags or (), scheme))
    totals = sum(labels, Counter[str]())
    lacking = {label: np.full(parts, total / parts) for label, total in totals.items()}
    room = np.full(parts, len(sentences) / parts)
    part_of = np.full(count, -1)
    order = rng.permutation(count).tolist()
    # Large units first: small ones then fill what is uneven.
    order.sort(key=lambda unit: (labels[unit].total(), sizes[unit]), reverse=True)

    def put(unit: int, part: int) -> None:
        part_of[unit] = part
        room[part] -= sizes[unit]
        for label, number in labels[unit].items():
            lacking[label][part] -= number

    for label in sorted(totals, key=lambda label: (totals[label], label)):
        for unit in order:
            if part_of[unit] < 0 and labels[unit][label]:
                lacks = lacking[label]
                best = np.flatnonzero(lacks >= lacks.max() - 1e-9)
                put(unit, int(best[room[best].argmax()]))
    for unit in order:
        if part_of[unit] < 0:
            put(unit, int(room.argmax()))
    return Partition(units, part_of[units])


def _units(sentences: Sequence[Sentence], parts: int) -> IntArray:
    """Assign to each sentence the number of its unit, see `Partition`."""
    keys: list[Hashable] = []
    for place, sentence in enumerate(sentences):
        keys.append(place if sentence.document is None else (sentence.document,))
    if len(set(keys)) < 2 * parts or all(sentence.document is None for sentence in sentences):
        run = max(len(sentences) // (RUNS * parts), 1)
        keys = [place // run for place in range(len(sentences))]
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.intp)
