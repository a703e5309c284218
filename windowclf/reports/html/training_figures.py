"""The figures of a training's report."""

from collections.abc import Callable, Sequence
from math import isnan, nan

import numpy as np
from plotly.graph_objects import Figure

from windowclf.evaluation.entity_errors import Label, confusion
from windowclf.evaluation.evaluate import Examination
from windowclf.model.calibration import reliability
from windowclf.model.model import Model
from windowclf.model.record import Epoch
from windowclf.reports.html.figures import curves, heat_map, reliability_diagram, scatter_map
from windowclf.reports.training_report import TrainingReport
from windowclf.reports.word_map import WordMap
from windowclf.tags.schemes import legal_transitions

MOST_LABELS = 30
"""Labels, or tags, that a heat map has room for."""
NONE = "no entity"
"""What a confusion is called in which there is nothing on the other side."""


def training_figures(report: TrainingReport) -> dict[str, Figure]:
    """Draw what there is of a training.

    Returns
    -------
    dict of str to plotly.graph_objects.Figure
        Among "loss", "f1", "rate", "delta", "gradients", "confusion", "reliability", "moves" and
        "map".
    """
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

    def curve(value: Callable[[Epoch], float | None]) -> tuple[list[int], list[float | None]]:
        return places, [value(epoch) for epoch in epochs]

    sensitivities = {
        _layer(name): (places, [epoch.sensitivities.get(name) for epoch in epochs])
        for name in epochs[0].sensitivities
    }
    gradients = {
        name: (places, [epoch.gradients.get(name) for epoch in epochs])
        for name in epochs[0].gradients
    }
    figures = {
        "loss": curves({"loss": curve(lambda epoch: epoch.loss)}, x="epoch", y="loss"),
        "rate": curves({"rate": curve(lambda epoch: epoch.rate)}, x="epoch", y="learning rate"),
        "delta": curves(sensitivities, x="epoch", y="‖δ‖", log=True),
        "gradients": curves(gradients, x="epoch", y="norm of the gradient", log=True),
    }
    ratios = {
        "F1": curve(lambda epoch: epoch.f1),
        "precision": curve(lambda epoch: epoch.precision),
        "recall": curve(lambda epoch: epoch.recall),
        "average precision": curve(lambda epoch: epoch.average_precision),
    }
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
    """Draw ``A``, with the scores of the start above it and those of the end beside it."""
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
