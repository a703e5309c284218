"""Parts of a training text, for cross-validation.

A document is never split if documents are marked, because its names recur, whereas new text has
other names. If documents are not marked, neighbouring sentences are kept together, because they
usually belong to the same document.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from windowclf.documents.sentence import Sentence
from windowclf.nn.arrays import IntArray
from windowclf.tags.schemes import Scheme, spans

PARTS = 5
"""Number of parts of a text; one at a time is held out."""

RUNS = 4
"""Approximate number of runs per part: more would be too short, fewer could not spread labels."""


class Partition(NamedTuple):
    """The assignment of sentences to the parts of a text.

    Attributes
    ----------
    units : int array, shape (S,)
        Number of each sentence's unit, a document or a run of neighbours; a unit is never split.
    parts : int array, shape (S,)
        Number of each sentence's part, from 0.
    """

    units: IntArray
    parts: IntArray


def partition(
    sentences: Sequence[Sentence], scheme: Scheme, parts: int, rng: np.random.Generator
) -> Partition:
    """Split a text into parts of about the same size, with each label spread over all parts.

    This is iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011): the units with the
    rarest remaining label are assigned first, each to the part that needs most of that label.

    Parameters
    ----------
    sentences : sequence of Sentence
        Sentences with tags in `scheme`.
    parts : int
        Number of parts. Units are documents if there are at least twice as many documents.
    rng : numpy.random.Generator
        Draws the order of the units and breaks ties between parts.
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
    # Large units come first; small ones then even out the sizes.
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
