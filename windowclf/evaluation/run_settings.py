"""In what the trainings of several models were not the same."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import to_builtins

from windowclf.lexicon.lexicon import GAZETTEER
from windowclf.model.model import Model
from windowclf.tags.schemes import Scheme


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that is not the same in all runs, with its value in each; None: not known."""

    name: str
    values: list[Any]


def differing_settings(models: Sequence[Model]) -> list[Setting]:
    """List the settings of models, and the facts of their training, that are not all the same."""
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
        **to_builtins(model.config),
        "gazetteers": [f"{label} ({names:,} names)" for label, names in gazetteers.items()],
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
