"""Named settings: each system of the sources, ready to run.

The sources are lecture notes: "Word Window Classification II" (Goyal, IIT Kharagpur, 2017);
"Learning Deep Neural Networks with Backpropagation" (a lecture with cost ``Σ|y - o|²``); "Back
propagation, Lecture 10"; "Finding the gradient of E_in, Lecture 20"; "Backpropagation Training"
(Tiwari, BITS Pilani, 2023). Sentence level is Collobert et al. (2011).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from windowclf.errors import UsageError, quoted


class Preset(NamedTuple):
    """A named system.

    Attributes
    ----------
    system : str
        One line that describes the system.
    source : str
        The lecture, paper or page that describes it.
    settings : mapping of str to object
        Fields of `Config` that differ from their defaults.
    """

    system: str
    source: str
    settings: Mapping[str, Any]


_ALIKE = {
    "level": "word",
    "constrained": False,
    "sentence_mean": False,
    "document_context": False,
    "features": ("shape", "written", "prefix2", "prefix3", "suffix2", "suffix3"),
    "feature_dimensions": 25,
    "case_augmentation": 0.0,
    "rate": 1.5e-3,
    "batch_size": 32,
    "epochs": 12,
    "patience": 5,
}
"""Settings that all systems of the sources share, so that a comparison shows only differences
between the systems."""


def _preset(system: str, source: str, **settings: Any) -> Preset:
    return Preset(system, source, MappingProxyType(_ALIKE | settings))


_GOYAL = "Goyal 2017, Word Window Classification II"
_COST = "Learning Deep Neural Networks with Backpropagation"
_LECTURE_10 = "Back propagation, Lecture 10"
_LECTURE_20 = "Finding the gradient of E_in, Lecture 20"
_TIWARI = "Tiwari 2023, Backpropagation Training"
_COLLOBERT = "Collobert et al. 2011"
_PLAIN = {"features": (), "dropout": 0.0, "hidden_dropout": 0.0, "word_dropout": 0.0}

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "best": Preset(
            "the highest F1: the defaults", "docs/explanation/accuracy.md", MappingProxyType({})
        ),
        "fast": Preset(
            "a third of the hidden units: faster tagging, F1 on CoNLL-2003 0.6 lower",
            "docs/explanation/speed.md",
            MappingProxyType({"hidden": (100,)}),
        ),
        "ranking": _preset(
            "s = Uᵀf(Wx+b), windows with a location in the centre above others",
            _GOYAL,
            loss="ranking",
            positive="LOC",
            batch_size=256,
            epochs=8,
        ),
        "max-margin": _preset(
            "the scorer with K classes, max-margin", "Crammer and Singer 2001", loss="max-margin"
        ),
        "softmax": _preset("the scorer with K classes, softmax", _COLLOBERT, loss="softmax"),
        "word-vectors": _preset(
            "gradients into the word vectors, without other features", _GOYAL, features=()
        ),
        "two-layers": _preset("two hidden layers, s = Uᵀa⁽³⁾", _GOYAL, hidden=(300, 100)),
        "deep": _preset(
            "L layers of tanh, sensitivities from last to first",
            f"{_LECTURE_10}; {_LECTURE_20}",
            hidden=(300, 200, 100),
            activation="tanh",
            hidden_dropout=0.1,
        ),
        "squared-error": _preset(
            "logistic outputs with squared error", f"{_COST}; {_TIWARI}", loss="squared-error"
        ),
        "algorithm-1": _preset(
            "small uniform start, one example at a time, logistic units, squared error",
            _TIWARI,
            **_PLAIN,
            loss="squared-error",
            hidden=(100,),
            activation="logistic",
            init="uniform",
            optimizer="sgd",
            rate=0.1,
            schedule="constant",
            batch_of="words",
            batch_size=1,
            epochs=20,
            patience=2,
        ),
        "whole-set": _preset(
            "Gaussian start, the whole set at once, tanh units",
            f"{_LECTURE_10}; {_LECTURE_20}",
            **_PLAIN,
            hidden=(100,),
            activation="tanh",
            init="gaussian",
            optimizer="sgd",
            rate=0.5,
            schedule="constant",
            batch_size="all",
            epochs=300,
            patience=50,
        ),
        "sentence-softmax": _preset(
            "softmax over the paths of a sentence", _COLLOBERT, level="sentence", constrained=True
        ),
        "sentence-max-margin": _preset(
            "max-margin over the paths of a sentence",
            "Taskar et al. 2004",
            level="sentence",
            loss="max-margin",
            constrained=True,
        ),
    }
)


def preset_settings(name: str) -> dict[str, Any]:
    """Return the settings of a preset.

    Raises
    ------
    UsageError
        If the name is unknown; the message lists all presets.
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise UsageError(f"unknown preset {quoted(name)}: expected one of {', '.join(PRESETS)}")
    return dict(PRESETS[name].settings)
