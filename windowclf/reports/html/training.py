"""The report of a training: a page of figures, tables and sentences."""

from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import inspect, structs

from windowclf.config.check import option_name
from windowclf.config.config import Config
from windowclf.errors import ModelError
from windowclf.lexicon.lexicon import GAZETTEER
from windowclf.model.calibration import Calibration
from windowclf.model.model import Model
from windowclf.reports.html.mistakes import mistakes
from windowclf.reports.html.page import hues, render
from windowclf.reports.html.training_figures import MOST_LABELS, NONE, training_figures
from windowclf.reports.training_report import TrainingReport, training_report
from windowclf.system.files import write_whole
from windowclf.tags.schemes import OUTSIDE, Scheme

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

    from windowclf.classifier import WindowClassifier
    from windowclf.corpora.coerce import TaggedSentences
    from windowclf.corpora.sources import Corpus

MOST_MISTAKES = 30
"""How many are shown."""


class Setting(NamedTuple):
    """A setting of a model.

    Attributes
    ----------
    name : str
        Its command-line option.
    value, default : str
    meaning : str
    """

    name: str
    value: str
    default: str
    meaning: str


def write_report(
    path: str | Path,
    classifier: "WindowClassifier",
    train: "Corpus | TaggedSentences | Dataset | DatasetDict",
    dev: "TaggedSentences | Dataset" = (),
    *,
    scheme: str = "auto",
) -> None:
    """Write the report of a training: one HTML file that opens without a network.

    Parameters
    ----------
    path : str or Path
    classifier : WindowClassifier
        Right after `fit` the report tells which word vectors moved, too; of one that was loaded
        that is no longer known.
    train, dev, scheme
        What it was trained on, see `WindowClassifier.fit`.

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
    report = examine_training(classifier, train, dev, scheme=scheme)
    save_page(Path(path), training_page(report, Path(path).stem))


def examine_training(
    classifier: "WindowClassifier",
    train: "Corpus | TaggedSentences | Dataset | DatasetDict",
    dev: "TaggedSentences | Dataset" = (),
    *,
    scheme: str = "auto",
) -> TrainingReport:
    """Find all that the report of a training shows; see `write_report`."""
    from windowclf.corpora.coerce import as_training_text

    given = as_training_text(train, dev, scheme)
    return training_report(classifier.tagger, given.train, given.dev, given.scheme)


def save_page(path: Path, page: str) -> None:
    """Write a page, whole or not at all.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    try:
        write_whole(path, lambda temporary: temporary.write_text(page, encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path}: cannot write the report: {error.strerror}") from None


def training_page(report: TrainingReport, name: str) -> str:
    """Write the report of a training as a page.

    Parameters
    ----------
    report : TrainingReport
    name : str
        Of the model or the data, for the title.

    Returns
    -------
    str
        HTML; it asks for no other file.
    """
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
    """List what is known of a training, by name."""
    facts: dict[str, str] = {}
    if record := model.record:
        facts["Data"] = record.data or "sentences without a name"
        for split, what in (("train", "Training text"), ("dev", "Dev text")):
            sentences, tokens = record.sentences.get(split, 0), record.tokens.get(split, 0)
            facts[what] = f"{sentences:,} sentences, {tokens:,} tokens" if sentences else "none"
        facts["Word vectors"] = record.vectors
        facts["Epochs"] = f"{len(record.epochs)}; the model is that of epoch {record.best_epoch}"
        if record.seconds is not None:
            facts["Time of training"] = f"{record.seconds:,.1f} s, without evaluation"
        facts["Vectors moved"] = f"{100 * record.vectors_moved:.2f} % of their length, on the mean"
    facts["Seed"] = str(model.config.seed)
    facts["Parameters"] = f"{sum(prod(p.shape) for p in model.parameters().values()):,} numbers"
    facts["Words known"] = f"{len(model.lexicon.values['word']):,}"
    lists = [name.removeprefix(GAZETTEER) for name in model.lexicon.gazetteers]
    facts["Lists of names"] = ", ".join(lists) or "none"
    found = model.calibration
    facts["Calibration"] = (
        "none"
        if found == Calibration()
        else f"slope {found.slope:.3f}, intercept {found.intercept:.3f}, fitted on the dev text"
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
