"""Comparison of runs with the first one: settings, training curves, and F1."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

import msgspec
import numpy as np

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
from windowclf.evaluation.evaluate import gold_tags
from windowclf.evaluation.metrics import Scores, score
from windowclf.lexicon.lexicon import GAZETTEER
from windowclf.model.model import Model
from windowclf.model.record import Epoch
from windowclf.nn.arrays import IntArray
from windowclf.tagging.tagger import Tagger
from windowclf.tags.counts import Counts
from windowclf.tags.schemes import Scheme

FEWEST_DOCUMENTS = 20
"""With fewer documents the bootstrap draws sentences, because samples of a handful of documents are
not informative."""

ResamplingUnit = Literal["documents", "sentences"]


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that differs between runs, with its value in each run; None if it is unknown."""

    name: str
    values: list[Any]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The results of one model.

    Parameters
    ----------
    name : str
        The name of the model.
    total : Counts
        Counts over all labels.
    types : dict of str to Counts
        Counts for each label of any run or of the text, in alphabetical order.
    epochs : list of Epoch
        Record of its training; empty if there is none.
    best_epoch : int
        The epoch whose parameters the model has; 0 if it is unknown.
    """

    name: str
    total: Counts
    types: dict[str, Counts]
    epochs: list[Epoch]
    best_epoch: int


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """A run compared with the first one.

    Parameters
    ----------
    name : str
        The name of the run.
    total : Difference
        Its F1 minus the F1 of the first run.
    p : float
        The p of `total`, corrected for the number of comparisons.
    types : dict of str to Difference
        Differences by label; their p are not corrected.
    """

    name: str
    total: Difference
    p: float
    types: dict[str, Difference]

    @property
    def significant(self) -> bool:
        """Whether the corrected p is below the significance level."""
        return self.p < SIGNIFICANT


class Comparison(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={"resampling_unit": "unit", "resampling_units": "units"},
):
    """The result of a comparison of several runs; `to_json` has shorter names for two fields.

    Parameters
    ----------
    resampling_unit : str
        The unit that the bootstrap drew: "documents" or "sentences".
    resampling_units : int
        Number of units in the text.
    samples, seed : int
        Number of samples that the bootstrap drew, and its seed.
    settings : list of Setting
        Settings that differ between the runs.
    runs : list of Run
        All runs; the first one is the baseline.
    against : list of Against
        Comparisons of the other runs with the first, in the same order.
    """

    resampling_unit: ResamplingUnit
    resampling_units: int
    samples: int
    seed: int
    settings: list[Setting]
    runs: list[Run]
    against: list[Against]

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON; all ratios are from 0 to 1."""
        facts: dict[str, Any] = msgspec.to_builtins(self)
        for run, plain in zip(self.runs, facts["runs"], strict=True):
            plain["total"] = run.total.to_json()
            plain["types"] = {label: counts.to_json() for label, counts in run.types.items()}
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
    """Compare models with the first one.

    The F1 of two models on the same text are compared by a paired bootstrap over its documents,
    or over its sentences if it has fewer than `FEWEST_DOCUMENTS`.

    Parameters
    ----------
    models : mapping of str to Model
        Models by name, at least two.
    sentences : sequence of Sentence
        Sentences with tags in `scheme`.
    scheme : Scheme
        Scheme of the sentences' tags.
    samples, seed : int
        Number of samples that the bootstrap draws, and its seed.

    Raises
    ------
    UsageError
        If the models look for different kinds of spans.
    """
    _check_comparable(models)
    units, unit = resampling_units(sentences)
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
        resampling_unit=unit,
        resampling_units=len(units),
        samples=samples,
        seed=seed,
        settings=differing_settings(list(models.values())),
        runs=runs,
        against=_against_first(list(models), labels, counts, samples, seed),
    )


def resampling_units(sentences: Sequence[Sentence]) -> tuple[list[slice], ResamplingUnit]:
    """Split a text into documents if there are enough of them, else into sentences."""
    alone = [slice(i, i + 1) for i in range(len(sentences))]
    numbered = [
        (sentence.document is None, i if sentence.document is None else sentence.document)
        for i, sentence in enumerate(sentences)
    ]
    lengths = [len(list(group)) for _, group in groupby(numbered)]
    if len(lengths) < FEWEST_DOCUMENTS or len(lengths) == len(sentences):
        return alone, "sentences"
    ends = np.cumsum(lengths).tolist()
    return [slice(end - n, end) for n, end in zip(lengths, ends, strict=True)], "documents"


def score_units(
    model: Model, sentences: Sequence[Sentence], scheme: Scheme, units: Sequence[slice]
) -> list[Scores]:
    """Score a model on each unit; the counts add up to the counts of the whole text."""
    gold = gold_tags(model, sentences, scheme)
    chunks = Tagger(model).chunks(
        [sentence.tokens for sentence in sentences], [sentence.document for sentence in sentences]
    )
    predicted = [tags for chunk in chunks for tags in chunk.own_tags()]
    return [score(gold[unit], predicted[unit], model.scheme) for unit in units]


def unit_counts(runs: Sequence[Sequence[Scores]], labels: Sequence[str]) -> IntArray:
    """Collect the counts of several models in one array.

    Parameters
    ----------
    runs : sequence of lists of Scores
        The result of `score_units` for each model, with ``n`` units each.
    labels : sequence of str
        The order of the labels in the array.

    Returns
    -------
    int array, shape (n, runs, 1 + labels, 3)
        Numbers of correct, predicted and gold spans, first for all labels together, then for each.
    """
    none = Counts(gold=0, predicted=0, correct=0)
    cells = [
        (counts.correct, counts.predicted, counts.gold)
        for run in runs
        for scores in run
        for counts in (scores.total, *(scores.types.get(label, none) for label in labels))
    ]
    by_run = np.array(cells, dtype=np.int64).reshape(len(runs), -1, 1 + len(labels), 3)
    return np.moveaxis(by_run, 0, 1)


def differing_settings(models: Sequence[Model]) -> list[Setting]:
    """List the settings of models and the properties of their training that differ."""
    facts = [_facts(model) for model in models]
    settings = [
        Setting(name=name, values=[its.get(name) for its in facts])
        for name in dict.fromkeys(name for its in facts for name in its)
    ]
    return [
        setting
        for setting in settings
        if any(value != setting.values[0] for value in setting.values)
    ]


def _facts(model: Model) -> dict[str, Any]:
    gazetteers = {
        name.removeprefix(GAZETTEER): len(gazetteer.names)
        for name, gazetteer in model.lexicon.gazetteers.items()
    }
    facts = {
        **msgspec.to_builtins(model.config),
        "gazetteers": [f"{label} ({names:,} names)" for label, names in gazetteers.items()],
        "clusters": [
            f"{name} ({len(its):,} words)" for name, its in model.lexicon.clusters.items()
        ],
        "labels": _labels(model),
    }
    if not model.record:
        return facts
    return {
        "data": model.record.data,
        "training sentences": model.record.sentences.get("train"),
        "vectors": model.record.vectors,
        **facts,
        "windowclf": model.record.versions.get("windowclf"),
    }


def _labels(model: Model) -> list[str]:
    if model.scheme is Scheme.PLAIN:
        return sorted(model.labels)
    return sorted({tag.partition("-")[2] for tag in model.labels} - {""})


def _counts(row: Sequence[int]) -> Counts:
    correct, predicted, gold = row
    return Counts(gold=gold, predicted=predicted, correct=correct)


def _check_comparable(models: Mapping[str, Model]) -> None:
    """Check that the same spans of a text are right for all models."""
    named = iter(models.items())
    first, base = next(named)
    for name, model in named:
        if _sought(model) != _sought(base):
            raise UsageError(
                f"{first} finds {_sought(base)} but {name} finds {_sought(model)}: expected runs "
                f"that look for the same kind; leave one out"
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
