"""The report of a training: a page with figures, tables and example sentences."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import isnan, nan, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from msgspec import inspect, structs
from plotly.graph_objects import Figure

from windowclf.config.check import option_name
from windowclf.config.config import Config
from windowclf.errors import ModelError, UsageError, described
from windowclf.evaluation.entity_errors import EntityError, Label, confusion
from windowclf.evaluation.evaluate import Examination
from windowclf.lexicon.lexicon import GAZETTEER
from windowclf.model.calibration import Calibration, reliability
from windowclf.model.model import Model
from windowclf.model.record import Epoch
from windowclf.reports.html.figures import (
    Points,
    curves,
    heat_map,
    reliability_diagram,
    scatter_map,
)
from windowclf.reports.html.page import hues, render
from windowclf.reports.training import TrainingReport, examine_training
from windowclf.reports.word_map import WordMap
from windowclf.system.arguments import check_path
from windowclf.system.files import write_whole
from windowclf.tags.schemes import OUTSIDE, Scheme, Span, legal_transitions

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

    from windowclf.classifier import WindowClassifier
    from windowclf.corpora.coerce import TaggedSentences
    from windowclf.corpora.corpus import Corpus

MOST_LABELS = 30
"""Largest number of labels or tags in a heat map."""
MOST_MISTAKES = 30
"""Number of mistakes that are shown."""
CONTEXT = 12
"""Largest number of words shown on each side of a mistake."""
NONE = "no entity"
"""The name of the missing side of a confusion."""


class Setting(NamedTuple):
    """A setting of a model: its command-line option, its value and its meaning."""

    name: str
    value: str
    default: str
    meaning: str


class Piece(NamedTuple):
    """A part of a sentence, with the labels of its spans."""

    text: str
    gold: str | None
    predicted: str | None


class Mistake(NamedTuple):
    """A wrong entity and the pieces of its sentence, without distant words."""

    error: EntityError
    pieces: list[Piece]


def write_report(
    path: str | Path,
    classifier: "WindowClassifier",
    train: "Corpus | TaggedSentences | Dataset | DatasetDict",
    dev: "TaggedSentences | Dataset" = (),
    *,
    scheme: str = "auto",
) -> None:
    """Write the report of a training as a single HTML file that needs no network.

    Parameters
    ----------
    path : str or Path
        The file to write; its folder must exist.
    classifier : WindowClassifier
        The trained classifier. Right after `fit`, the report also lists the word vectors that moved
        most, which is unknown for a loaded classifier.
    train, dev, scheme
        The data of the training, see `WindowClassifier.fit`.

    Raises
    ------
    ModelError
        If the classifier is not trained, or the file cannot be written.
    DataError
        See `WindowClassifier.fit`.

    Examples
    --------
    >>> from windowclf import WindowClassifier, load_corpus, write_report
    >>> corpus = load_corpus("sample")
    >>> classifier = WindowClassifier(epochs=2).fit(corpus)
    >>> write_report("report.html", classifier, corpus)
    """
    path = check_path(path, "path", "a file to write")
    if not hasattr(classifier, "is_fitted"):
        raise UsageError(f"classifier: expected a WindowClassifier, got {described(classifier)}")
    report = examine_training(classifier, train, dev, scheme=scheme)
    save_page(Path(path), training_page(report, Path(path).stem))


def save_page(path: Path, page: str) -> None:
    """Write a page atomically.

    Raises
    ------
    ModelError
        If the file cannot be written.
    """
    try:
        write_whole(path, lambda temporary: temporary.write_text(page, encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path}: cannot write the report: {error.strerror}") from None


def training_page(report: TrainingReport, name: str) -> str:
    """Render the report of a training as a page; its title has the name of the model or data."""
    model = report.model
    plain = model.scheme is Scheme.PLAIN
    figures = training_figures(report)
    errors = report.dev.errors if report.dev else []
    types = report.dev.scores.types if report.dev else {}
    return render(
        "training.html",
        f"Training report: {name}",
        {f"figure-{figure}": drawn for figure, drawn in figures.items()},
        report=report,
        record=model.record,
        drawn=figures.keys(),
        entity="labelled word" if plain else "entity",
        entities="labelled words" if plain else "entities",
        left_out={
            "confusion": len(types) > MOST_LABELS,
            "moves": len(model.labels) > MOST_LABELS,
        },
        most=MOST_LABELS,
        nothing=NONE,
        mistakes=mistakes(errors[:MOST_MISTAKES]),
        hues=hues(sorted({*types, *_labels(model)})),
        facts=_facts(model),
        settings=_settings(model.config),
    )


def _labels(model: Model) -> Iterable[str]:
    plain = model.scheme is Scheme.PLAIN
    return (tag if plain else tag[2:] for tag in model.labels if tag != OUTSIDE)


def _facts(model: Model) -> dict[str, str]:
    """Return the known facts about a training, by name."""
    facts: dict[str, str] = {}
    if record := model.record:
        facts["Data"] = record.data or "sentences without a name"
        for corpus in record.corpora or ():
            name, _, described = corpus.describe().partition(": ")
            facts[f"Corpus {name}"] = described
        for split, what in (("train", "Training text"), ("dev", "Dev text")):
            sentences, tokens = record.sentences.get(split, 0), record.tokens.get(split, 0)
            facts[what] = f"{sentences:,} sentences, {tokens:,} tokens" if sentences else "none"
        if record.augmented:
            facts["Added by augmentation"] = record.augmentation
        facts |= record.sources()
        facts["Word vectors"] = record.vectors
        facts["Epochs"] = f"{len(record.epochs)}; the model is that of epoch {record.best_epoch}"
        if record.expected:
            facts["Expected F1 on new text"] = record.expected.describe()
        if record.seconds is not None:
            facts["Time of training"] = f"{record.seconds:,.1f} s, without evaluation"
        facts["Vectors moved"] = f"{100 * record.vectors_moved:.2f} % of their length on average"
    facts["Seed"] = str(model.config.seed)
    facts["Parameters"] = f"{sum(prod(p.shape) for p in model.parameters().values()):,} numbers"
    facts["Words known"] = f"{len(model.lexicon.values['word']):,}"
    lists = [name.removeprefix(GAZETTEER) for name in model.lexicon.gazetteers]
    facts["Lists of names"] = ", ".join(lists) or "none"
    facts["Word clusters"] = ", ".join(model.lexicon.clusters) or "none"
    found = model.calibration
    fitted = "in cross-validation" if record and record.expected else "on the dev text"
    facts["Calibration"] = (
        "none"
        if found == Calibration()
        else f"slope {found.slope:.3f}, intercept {found.intercept:.3f}, fitted {fitted}"
    )
    if record:
        facts["Versions"] = ", ".join(f"{what} {which}" for what, which in record.versions.items())
    return facts


def _settings(config: Config) -> list[Setting]:
    default = Config()
    return [
        Setting(
            option_name(field.name),
            _plain(getattr(config, field.name)),
            _plain(getattr(default, field.name)),
            _meaning(inspect.type_info(field.type)),
        )
        for field in structs.fields(Config)
    ]


def _meaning(kind: inspect.Type) -> str:
    described = isinstance(kind, inspect.Metadata) and kind.extra_json_schema
    return str(described["description"]) if described else ""


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def training_figures(report: TrainingReport) -> dict[str, Figure]:
    """Draw the figures of a training for which there is data, by the id of their place."""
    model = report.model
    figures: dict[str, Figure] = {}
    if model.record and model.record.epochs:
        figures |= _curves(model.record.epochs)
    if report.dev:
        figures["confusion"] = _confusion(report.dev)
        if len(report.dev.confidence):
            figures["reliability"] = reliability_diagram(
                reliability(report.dev.confidence, report.dev.correct)
            )
    if "A" in model.objective.parameters():
        figures["moves"] = _moves(model)
    if report.map:
        figures["map"] = _map(report.map)
    return figures


def _curves(epochs: Sequence[Epoch]) -> dict[str, Figure]:
    places = [epoch.epoch for epoch in epochs]

    def curve(name: str) -> Points:
        return places, [getattr(epoch, name) for epoch in epochs]

    sensitivities: dict[str, Points] = {
        _layer(name): (places, [epoch.sensitivities.get(name) for epoch in epochs])
        for name in epochs[0].sensitivities
    }
    gradients: dict[str, Points] = {
        name: (places, [epoch.gradients.get(name) for epoch in epochs])
        for name in epochs[0].gradients
    }
    figures = {
        "loss": curves({"loss": curve("loss")}, x="epoch", y="loss"),
        "rate": curves({"rate": curve("rate")}, x="epoch", y="learning rate"),
        "delta": curves(sensitivities, x="epoch", y="‖δ‖", log=True),
        "gradients": curves(gradients, x="epoch", y="norm of the gradient", log=True),
    }
    names = ("f1", "precision", "recall", "average_precision")
    ratios = {name.replace("_", " ").replace("f1", "F1"): curve(name) for name in names}
    known = {name: (x, y) for name, (x, y) in ratios.items() if any(v is not None for v in y)}
    if known:
        figures["f1"] = curves(known, x="epoch", y="on the dev text")
        figures["f1"].update_yaxes(tickformat=".1%")
    return figures


def _layer(name: str) -> str:
    number = name.removeprefix("delta")
    return "scores" if number == "_s" else f"hidden layer {number}"


def _confusion(dev: Examination) -> Figure:
    types = dev.scores.types
    counts = confusion(dev.errors, {label: of.correct for label, of in types.items()})
    frequent = sorted(types, key=lambda label: -types[label].gold)[:MOST_LABELS]
    labels: list[Label] = [*sorted(frequent), None]
    names = [NONE if label is None else label for label in labels]
    numbers = [[counts[row, column] for column in labels] for row in labels]
    return heat_map(
        [[n / sum(row) if n else None for n in row] for row in numbers],
        names,
        names,
        x="predicted",
        y="gold",
        texts=[[f"{n:,}" if n else "" for n in row] for row in numbers],
    )


def _moves(model: Model) -> Figure:
    """Draw ``A``, with the start scores above it and the end scores beside it."""
    parameters = model.objective.parameters()
    legal = legal_transitions(model.labels, model.scheme)
    A, start, end = (
        np.where(allowed, parameters[name].value, np.nan)
        if model.config.constrained
        else parameters[name].value
        for name, allowed in (("A", legal.transition), ("start", legal.start), ("end", legal.end))
    )
    tags = model.labels[:MOST_LABELS]
    n = len(tags)
    table = [
        [*start[:n].tolist(), nan],
        *([*row[:n].tolist(), last] for row, last in zip(A[:n], end[:n].tolist(), strict=True)),
    ]
    return heat_map(
        [[None if isnan(score) else score for score in row] for row in table],
        ["start", *tags],
        [*tags, "end"],
        x="then",
        y="from",
        texts=[["" if isnan(score) else f"{score:z.2f}" for score in row] for row in table],
    )


def _map(found: WordMap) -> Figure:
    texts = [
        f"{word}: {label}, {count:,} times"
        for word, label, count in zip(found.words, found.labels, found.counts, strict=True)
    ]
    return scatter_map(found.points.tolist(), found.words, found.labels, texts)


def mistakes(errors: Sequence[EntityError]) -> list[Mistake]:
    """Mark wrong entities in their sentences."""
    return [Mistake(error, _pieces(error)) for error in errors]


def _pieces(error: EntityError) -> list[Piece]:
    spans = [span for span in (error.gold, error.predicted) if span]
    begin = max(min(span.start for span in spans) - CONTEXT, 0)
    end = min(max(span.end for span in spans) + CONTEXT, len(error.tokens))
    parts = [Piece("… ", None, None)] if begin else []
    for i in range(begin, end):
        parts.append(Piece(error.tokens[i], _label(error.gold, i), _label(error.predicted, i)))
        if i + 1 < end:  # a space belongs to spans that contain both words
            inside = (
                _label(span, i) and _label(span, i + 1) for span in (error.gold, error.predicted)
            )
            parts.append(Piece(" ", *inside))
    if end < len(error.tokens):
        parts.append(Piece(" …", None, None))
    return [
        Piece("".join(part.text for part in run), *marks)
        for marks, run in groupby(parts, key=lambda part: part[1:])
    ]


def _label(span: Span | None, token: int) -> str | None:
    return span.label if span and span.start <= token < span.end else None
