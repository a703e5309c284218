"""The profile of training."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import windowclf.training.fit as fit
from profiling.profiles import Profile, profiles
from profiling.stages import REST, wrap_training
from profiling.stopwatch import Spent, Stopwatch
from windowclf import Corpus, Sentence, UsageError, WindowClassifier, load_vectors
from windowclf.cli.options import given_settings, parse_clusters, parse_names, read_corpus
from windowclf.cli.train import train as command
from windowclf.lexicon.gazetteer import parse_gazetteer_option
from windowclf.model.record import Epoch
from windowclf.training.loop import BatchDone, NetworkBegins

EPOCHS = 2
"""Default of --epochs."""


class Training:
    """A training by the options of ``windowclf train``.

    The work before and after its epochs is not timed: vectors, lexicon and calibration.

    Parameters
    ----------
    options : sequence of str
        Options of the command; those for its output have no effect.
    tokens : int or None
        Largest number of tokens from each split.
    threads : int
        Number of threads.

    Attributes
    ----------
    corpus : Corpus
        The corpus of the options.
    settings : dict
        The settings of the network.
    """

    def __init__(self, options: Sequence[str], tokens: int | None, threads: int) -> None:
        given = command.make_context("windowclf train", list(options)).params
        self.settings: dict[str, Any] = {"epochs": EPOCHS, **given_settings(given)}
        config = WindowClassifier(**self.settings).config
        corpus: Corpus = read_corpus(given)
        if given["train_fraction"] != 1.0:
            corpus = corpus.with_train_fraction(given["train_fraction"], config.seed)
        if "train" not in corpus.splits:
            raise UsageError(f"{corpus.name}: has no train split: name the file with --train")
        splits = {name: head(split, tokens) for name, split in corpus.splits.items()}
        self.corpus = replace(corpus, splits=splits)
        self._gazetteers = dict(map(parse_gazetteer_option, given["gazetteers"]))
        self._clusters = parse_clusters(given["clusters"])
        self._names = parse_names(given["names"])
        words = [word for sentence in splits["train"] for word in sentence.tokens]
        self._vectors = load_vectors(given["vectors"], words=words, seed=config.seed)
        self._threads = threads

    def profile(self) -> Profile:
        """Train several times, with and without timing the stages."""
        return profiles(self._run, "")[0]

    def _run(self, stages: bool) -> Iterator[tuple[int, dict[str, Spent]]]:
        tokens = 0

        def count(event: BatchDone | Epoch | NetworkBegins) -> None:
            nonlocal tokens
            tokens += event.tokens if isinstance(event, BatchDone) else 0

        with Stopwatch() as watch:
            if stages:
                wrap_training(watch)
            watch.wrap(fit, "_train_network", REST)
            WindowClassifier(**self.settings).fit(
                self.corpus,
                vectors=self._vectors,
                gazetteers=self._gazetteers,
                clusters=self._clusters,
                names=self._names,
                listener=count,
                threads=self._threads,
            )
        yield tokens, watch.spent()


def head(sentences: Sequence[Sentence], tokens: int | None) -> list[Sentence]:
    """Return the first sentences with a total of at least so many tokens."""
    kept = []
    total = 0
    for sentence in sentences:
        if tokens is not None and total >= tokens:
            break
        kept.append(sentence)
        total += len(sentence)
    return kept
