"""A word-window classifier for named entities and other token labels.

The names below are imported on first use, so ``import windowclf`` is fast.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from windowclf.classifier import WindowClassifier, load
    from windowclf.config.config import Config
    from windowclf.corpora.corpus import Corpus
    from windowclf.corpora.mixture import mix_corpora
    from windowclf.corpora.sources import load_corpus
    from windowclf.documents.sentence import Sentence
    from windowclf.errors import (
        DataError,
        MissingExtraError,
        MissingPackageError,
        ModelError,
        TrainingError,
        UsageError,
        VectorsError,
        WindowclfError,
    )
    from windowclf.experiments.learning_curve import learning_curve
    from windowclf.pretraining.pretrain import pretrain
    from windowclf.reports.frames import to_dataframe
    from windowclf.reports.html.training import write_report
    from windowclf.tagging.tagged_text import Entity, TaggedText
    from windowclf.vectors.load import load_vectors

__all__ = [
    "Config",
    "Corpus",
    "DataError",
    "Entity",
    "MissingExtraError",
    "MissingPackageError",
    "ModelError",
    "Sentence",
    "TaggedText",
    "TrainingError",
    "UsageError",
    "VectorsError",
    "WindowClassifier",
    "WindowclfError",
    "learning_curve",
    "load",
    "load_corpus",
    "load_vectors",
    "mix_corpora",
    "pretrain",
    "to_dataframe",
    "write_report",
]

_LAZY_NAMES = {
    "windowclf.classifier": ("WindowClassifier", "load"),
    "windowclf.config.config": ("Config",),
    "windowclf.vectors.load": ("load_vectors",),
    "windowclf.reports.frames": ("to_dataframe",),
    "windowclf.reports.html.training": ("write_report",),
    "windowclf.experiments.learning_curve": ("learning_curve",),
    "windowclf.pretraining.pretrain": ("pretrain",),
    "windowclf.tagging.tagged_text": ("Entity", "TaggedText"),
    "windowclf.documents.sentence": ("Sentence",),
    "windowclf.corpora.corpus": ("Corpus",),
    "windowclf.corpora.mixture": ("mix_corpora",),
    "windowclf.corpora.sources": ("load_corpus",),
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in __all__:
        room = next((m for m, names in _LAZY_NAMES.items() if name in names), "windowclf.errors")
        packages = import_module("windowclf.system.packages")
        with packages.whole_install(f"windowclf.{name}"):
            return getattr(import_module(room), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
