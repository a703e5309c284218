"""Scoring taggers on labelled files, with plain values and a table as results."""

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from windowclf import DataError, Sentence, load_corpus
from windowclf.errors import join_names
from windowclf.evaluation.metrics import score
from windowclf.tags.counts import Counts
from windowclf.tags.schemes import Scheme, spans

Tagger = Callable[[Sequence[Sentence]], Sequence[Sequence[str]]]
"""Returns an IOB2 tag for each token of some sentences, ignoring their own tags."""
RATIOS = ("precision", "recall", "f1")


def read(file: str, types: Collection[str] | None) -> list[Sentence]:
    """Read the sentences of a labelled file, with IOB2 tags.

    Parameters
    ----------
    types : collection of str, optional
        The types to score.  Default: all.

    Raises
    ------
    DataError
        If the file cannot be read, or no entity in it has one of these types.
    """
    corpus = load_corpus(test=file)
    for note in corpus.notes:
        say(f"{file}: {note}")
    sentences = corpus.splits["test"]
    found = {span.label for s in sentences for span in spans(s.tags or (), Scheme.IOB2)}
    if not (found if types is None else found.intersection(types)):
        wanted = "" if types is None else f" of type {join_names(sorted(types))}"
        raise DataError(
            f"{file}: no entity{wanted}; its types are: {join_names(sorted(found))}; "
            "name those to score with --types"
        )
    return sentences


def compare(
    texts: Mapping[str, Sequence[Sentence]],
    taggers: Mapping[str, Tagger],
    types: Collection[str] | None,
) -> dict[str, Any]:
    """Score each tagger on each file, by conlleval's rules; ratios are from 0 to 1.

    Parameters
    ----------
    texts : mapping of str to sequence of Sentence
        The sentences of each file, from `read`.
    taggers : mapping of str to Tagger
        The taggers by name.
    types : collection of str, optional
        The types whose spans count.  Default: all.

    Returns
    -------
    dict
        ``files``: the sizes of each file and the scores of each tagger on it, micro averages;
        ``mean``: for each tagger the mean of its ratios over the files.
    """
    files = []
    for file, sentences in texts.items():
        scores = {}
        for name, tagger in taggers.items():
            scores[name] = _score(sentences, tagger(sentences), types)
            say(f"{file}: {name} {100 * scores[name]['f1']:.2f}")
        tokens = sum(map(len, sentences))
        files.append(
            {"file": file, "sentences": len(sentences), "tokens": tokens, "scores": scores}
        )
    means = {
        name: {key: mean(one["scores"][name][key] for one in files) for key in RATIOS}
        for name in taggers
    }
    return {"files": files, "mean": means}


def _score(
    sentences: Sequence[Sentence],
    predicted: Sequence[Sequence[str]],
    types: Collection[str] | None,
) -> dict[str, Any]:
    """Add up the spans of some types."""
    scores = score([sentence.tags or () for sentence in sentences], predicted, Scheme.IOB2)
    kept = {label: n for label, n in scores.types.items() if types is None or label in types}
    total = Counts(
        gold=sum(counts.gold for counts in kept.values()),
        predicted=sum(counts.predicted for counts in kept.values()),
        correct=sum(counts.correct for counts in kept.values()),
    )
    by_type = {label: counts.to_json() for label, counts in kept.items()}
    return {**total.to_json(), "types": by_type}


def table(found: dict[str, Any]) -> str:
    """Return a Markdown table of F1 in percent, with a row for each file and one of means.

    File names are relative to the common folder.
    """
    paths = [Path(one["file"]).absolute() for one in found["files"]]
    shared = os.path.commonpath([path.parent for path in paths])
    names = [*(str(path.relative_to(shared)) for path in paths), f"mean of {len(paths)}"]
    rows = [*(one["scores"] for one in found["files"]), found["mean"]]
    lines = [f"| F1 in % | {' | '.join(found['mean'])} |", "|---|" + "---|" * len(found["mean"])]
    for name, scores in zip(names, rows, strict=True):
        cells = [f"{100 * one['f1']:.2f}" for one in scores.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def say(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)
