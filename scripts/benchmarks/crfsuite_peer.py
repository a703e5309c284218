"""python-crfsuite as a competitor."""

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pycrfsuite

from benchmarks.crfsuite_program import features, load
from benchmarks.text import read_text
from benchmarks.worker import timed


class Trainer:
    """Trains a model with the settings of the tutorial, once for each training text.

    Parameters
    ----------
    train : str
        File of the training text.
    folder : str
        Folder for the models.
    """

    def __init__(self, train: str, folder: str) -> None:
        self.train = Path(train)
        self.folder = Path(folder)
        self.facts: dict[str, Any] = {}

    def run(self) -> dict[str, Any]:
        """Train; return the path of the model."""
        name = hashlib.sha256(self.train.read_bytes()).hexdigest()[:16]
        model = self.folder / f"{name}.crfsuite"
        if not model.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            text = read_text(self.train)
            trainer = pycrfsuite.Trainer(verbose=False)
            for sentence, tags in zip(text.sentences, text.tags, strict=True):
                trainer.append(list(features(sentence)), tags)
            trainer.set_params({"c1": 1.0, "c2": 1e-3, "max_iterations": 50})
            trainer.set_params({"feature.possible_transitions": True})
            partial = model.with_suffix(".partial")
            trainer.train(str(partial))
            partial.rename(model)
        return {"model": str(model)}


class Tagger:
    """Tags a text, including the computation of features.

    Parameters
    ----------
    text : str
        File of the text.
    model : str
        Path of a model of `Trainer`.
    """

    def __init__(self, text: str, model: str) -> None:
        self.text = text
        self.tagger = load(model)
        self.facts = {"python-crfsuite": version("python-crfsuite")}

    def run(self) -> dict[str, Any]:
        """Tag the text once."""
        text = read_text(self.text)
        found, seconds = timed(
            lambda: [self.tagger.tag(list(features(sentence))) for sentence in text.sentences]
        )
        assert sum(map(len, found)) == text.tokens
        return {"seconds": seconds, "tokens": text.tokens}
