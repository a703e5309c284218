"""What all comparisons share: the options, the texts, and the models that the peers need."""

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.text import Text, from_corpus
from benchmarks.turns import run_once, say
from windowclf import UsageError, load_corpus

TRAINING_TOKENS = 200_000
"""A smaller train split is repeated, so that an epoch takes long enough to be timed."""
VOCABULARY = 100_000
"""Words that the network has besides those of the text: windowclf's default."""


@dataclass(frozen=True)
class Options:
    """What the command line says.

    Parameters
    ----------
    data : str
        A corpus, as `windowclf.load_corpus` takes it.
    tokens : int
        Tokens that are tagged, at the least.
    runs : int
        Rounds of each comparison.
    threads : int
        Of a comparison in training; one in tagging has a single thread.
    quick : bool
        Whether this is to show that everything works, no more.
    former : str
        Folder with an earlier windowclf, which takes part; empty: none does.
    """

    data: str
    tokens: int
    runs: int
    threads: int
    quick: bool
    former: str = ""


class Setup:
    """The texts as files, and models that are trained when they are first asked for.

    Parameters
    ----------
    options : Options
    folder : Path
        Where to write.

    Attributes
    ----------
    tagged, corpus : str
        Files of the text that is tagged: all splits, repeated; and not repeated.
    learnt, train, dev : str
        Files of the text that networks learn from, the train split, repeated; and not repeated;
        and of the one that accuracy is measured on.
    facts : dict
        How large they are.
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
        """A model of python-crfsuite for the train split, kept from one time to the next."""
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
