"""The options, the texts and the models of the peers, which all comparisons share."""

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.text import Text, from_corpus
from benchmarks.turns import run_once, say
from windowclf import UsageError, load_corpus

TRAINING_TOKENS = 200_000
"""Size up to which a train split is repeated, so that an epoch is long enough to be timed."""
VOCABULARY = 100_000
"""Number of words of the network besides those of the text: windowclf's default."""


@dataclass(frozen=True)
class Options:
    """The options of the command line.

    Parameters
    ----------
    data : str
        A corpus, as in `windowclf.load_corpus`.
    tokens : int
        Smallest number of tokens to tag.
    runs : int
        Number of rounds of each comparison.
    threads : int
        Number of threads of training; tagging always has a single thread.
    quick : bool
        Whether this is only a trial of the program.
    former : str
        Folder with an earlier windowclf as a further competitor; empty without one.
    """

    data: str
    tokens: int
    runs: int
    threads: int
    quick: bool
    former: str = ""


class Setup:
    """The texts as files, and models that are trained on first use.

    Parameters
    ----------
    options : Options
        The options of the command line.
    folder : Path
        Folder for the files.

    Attributes
    ----------
    tagged, corpus : str
        Files of the text to tag, which has all splits: with and without repetition.
    learnt, train, dev : str
        Files of the train split with and without repetition, and of the dev split, which measures
        accuracy.
    facts : dict
        Sizes of the texts.
    """

    def __init__(self, options: Options, folder: Path) -> None:
        self.options = options
        self.folder = folder
        corpus = load_corpus(options.data)
        if not {"train", "dev"} <= corpus.splits.keys():
            raise UsageError(f"--data {options.data}: expected a corpus with train and dev splits")
        everything = self._text(corpus, *corpus.splits)
        train, dev = self._text(corpus, "train"), self._text(corpus, "dev")
        tagged, repeats = everything.repeat(options.tokens)
        learnt, train_repeats = train.repeat(min(options.tokens, TRAINING_TOKENS))
        self.tagged, self.corpus = self._write(tagged, "tagged"), self._write(everything, "corpus")
        self.learnt, self.train = self._write(learnt, "learnt"), self._write(train, "train")
        self.dev = self._write(dev, "dev")
        self.facts: dict[str, Any] = {
            "data": options.data,
            "tokens": tagged.tokens,
            "repeats": repeats,
            "training_tokens": learnt.tokens,
            "training_repeats": train_repeats,
            "dev_tokens": dev.tokens,
        }

    @staticmethod
    def _text(corpus: Any, *splits: str) -> Text:
        return from_corpus({name: corpus.splits[name] for name in splits}, str(corpus.scheme))

    def _write(self, text: Text, name: str) -> str:
        return str(text.write(self.folder / f"{name}.json"))

    @cached_property
    def crfsuite_model(self) -> str:
        """A model of python-crfsuite for the train split, which is cached between runs."""
        say("  training python-crfsuite (a minute, once) …")
        options = {"train": self.train, "folder": str(Path(sys.prefix, "cache"))}
        model: str = run_once("crfsuite_peer:Trainer", options)["model"]
        return model

    @cached_property
    def torch_program(self) -> str:
        """PyTorch's program, trained for an epoch."""
        return self._trained("torch_peer:Trainer", "torch", variant="sparse")

    @cached_property
    def same_network(self) -> str:
        """The network of the same sizes in windowclf, trained for an epoch."""
        return self._trained("windowclf_peer:Trainer", "windowclf")

    def _trained(self, where: str, name: str, **options: Any) -> str:
        folder = str(self.folder / name)
        options |= {"train": self.train, "dev": self.dev, "vocabulary": VOCABULARY}
        run_once(where, options, batch_size=2048, epochs=1, save=folder)
        return folder
