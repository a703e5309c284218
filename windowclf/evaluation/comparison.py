"""Runs beside the first of them: what they were trained with, their curves, and their F1."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from windowclf.documents.sentence import Sentence
from windowclf.errors import UsageError
from windowclf.evaluation.bootstrap import (
    SAMPLES,
    SIGNIFICANT,
    Difference,
    difference,
    f1,
    holm,
    resampled_f1,
)
from windowclf.evaluation.metrics import Counts
from windowclf.evaluation.run_settings import Setting, differing_settings
from windowclf.evaluation.units import Unit, score_units, text_units, unit_counts
from windowclf.model.model import Model
from windowclf.model.record import Epoch
from windowclf.nn.arrays import IntArray
from windowclf.tags.schemes import Scheme


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """How one model did.

    Parameters
    ----------
    name : str
    total : Counts
    types : dict of str to Counts
        By label, of all that any run or the text has, in alphabetical order.
    epochs : list of Epoch
        Of its training; empty if that was not recorded.
    best_epoch : int
        The one whose parameters the model has; 0 if not recorded.
    """

    name: str
    total: Counts
    types: dict[str, Counts]
    epochs: list[Epoch]
    best_epoch: int


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """A run held against the first one.

    Parameters
    ----------
    name : str
        Of the run.
    total : Difference
        Its F1 less that of the first.
    p : float
        That of `total`, corrected for the number of runs that are held against the first.
    types : dict of str to Difference
        By label. Their p are not corrected.
    """

    name: str
    total: Difference
    p: float
    types: dict[str, Difference]

    @property
    def significant(self) -> bool:
        """Whether the difference is more than chance would often give."""
        return self.p < SIGNIFICANT


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be known of several runs.

    Parameters
    ----------
    unit : str
        What the bootstrap drew: "documents" or "sentences".
    units : int
        How many of them the text has.
    samples, seed : int
        Of the bootstrap.
    settings : list of Setting
        Those that differ.
    runs : list of Run
        The first is the one that the others are held against.
    against : list of Against
        The others, in their order.
    """

    unit: Unit
    units: int
    samples: int
    seed: int
    settings: list[Setting]
    runs: list[Run]
    against: list[Against]

    def to_json(self) -> dict[str, Any]:
        """Give plain values, all ratios from 0 to 1."""
        facts: dict[str, Any] = msgspec.to_builtins(self)
        for run, plain in zip(self.runs, facts["runs"], strict=True):
            plain |= {"total": _ratios(run.total)}
            plain["types"] = {label: _ratios(counts) for label, counts in run.types.items()}
        for against, plain in zip(self.against, facts["against"], strict=True):
            plain["significant"] = against.significant
        return facts


def compare(
    models: Mapping[str, Model],
    sentences: Sequence[Sentence],
    scheme: Scheme,
    *,
    samples: int = SAMPLES,
    seed: int = 1,
) -> Comparison:
    """Hold models against the first of them.

    The F1 of two models on the same text are compared by a paired bootstrap over its documents,
    or over its sentences if it has fewer than `FEWEST_DOCUMENTS`.

    Parameters
    ----------
    models : mapping of str to Model
        By name; at least two.
    sentences : sequence of Sentence
        Tagged in `scheme`.
    scheme : Scheme
    samples : int
        Of the bootstrap.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Comparison

    Raises
    ------
    UsageError
        If the models have different spans to find.
    """
    _check_comparable(models)
    units, unit = text_units(sentences)
    scored = [score_units(model, sentences, scheme, units) for model in models.values()]
    labels = sorted({label for run in scored for scores in run for label in scores.types})
    counts = unit_counts(scored, labels)
    whole = counts.sum(axis=0).tolist()
    runs = [
        Run(
            name=name,
            total=_counts(total),
            types={label: _counts(row) for label, row in zip(labels, types, strict=True)},
            epochs=model.record.epochs if model.record else [],
            best_epoch=model.record.best_epoch if model.record else 0,
        )
        for (name, model), (total, *types) in zip(models.items(), whole, strict=True)
    ]
    return Comparison(
        unit=unit,
        units=len(units),
        samples=samples,
        seed=seed,
        settings=differing_settings(list(models.values())),
        runs=runs,
        against=_against_first(list(models), labels, counts, samples, seed),
    )


def _counts(row: Sequence[int]) -> Counts:
    correct, predicted, gold = row
    return Counts(gold=gold, predicted=predicted, correct=correct)


def _ratios(counts: Counts) -> dict[str, float]:
    ratios = {"precision": counts.precision, "recall": counts.recall, "f1": counts.f1}
    return {**ratios, **msgspec.to_builtins(counts)}


def _check_comparable(models: Mapping[str, Model]) -> None:
    """Refuse models for which other spans of the same text are the right ones."""
    named = iter(models.items())
    first, base = next(named)
    for name, model in named:
        if _sought(model) != _sought(base):
            raise UsageError(
                f"{first} finds {_sought(base)} but {name} finds {_sought(model)}: expected runs "
                f"that look for the same; leave one out"
            )


def _sought(model: Model) -> str:
    if model.config.loss == "ranking":
        return f"single words that are {model.config.positive}"
    return "a label for each word" if model.scheme is Scheme.PLAIN else "spans"


def _against_first(
    names: Sequence[str], labels: Sequence[str], counts: IntArray, samples: int, seed: int
) -> list[Against]:
    whole = f1(counts.sum(axis=0))
    resampled = resampled_f1(counts, samples, seed)
    found = [
        [
            difference(
                float(whole[run, kind] - whole[0, kind]),
                resampled[:, run, kind] - resampled[:, 0, kind],
            )
            for kind in range(1 + len(labels))
        ]
        for run in range(1, len(names))
    ]
    corrected = holm([total.p for total, *_ in found])
    return [
        Against(name=name, total=total, p=p, types=dict(zip(labels, types, strict=True)))
        for name, (total, *types), p in zip(names[1:], found, corrected, strict=True)
    ]
