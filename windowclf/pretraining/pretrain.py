"""Pretraining of word vectors on unlabelled text (Collobert and Weston 2008).

gensim's Word2Vec produces better vectors in less time. This exists because ranking windows is the
method of the lecture notes, and needs only the same network and training loop.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from windowclf.config.check import check_settings
from windowclf.config.config import Config, make_config
from windowclf.errors import DataError, UsageError
from windowclf.lexicon.lexicon import FIRST, Lexicon, initial_tables
from windowclf.model.build import make_network
from windowclf.nn.arrays import IntArray
from windowclf.nn.network import Network
from windowclf.nn.objective import RankingObjective
from windowclf.pretraining.result import Pretrained, PretrainEpoch
from windowclf.pretraining.settings import PretrainSettings
from windowclf.pretraining.text import count_words, frequent_words, read_sentences
from windowclf.pretraining.windows import WindowBatches, regroup, windows
from windowclf.system.arguments import check_callable, check_iterable, check_path
from windowclf.system.packages import whole_install
from windowclf.system.threads import Workers, thread_count
from windowclf.training.loop import BatchDone, Training
from windowclf.vectors.load import load_vectors

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

_CHUNK = 4096  # number of held-out windows that are scored together


@whole_install("pretrain")
def pretrain(
    texts: str | Path | Sequence[str | Path],
    *,
    pretokenized: bool = False,
    vectors: str | Path | None = None,
    held_out: str | Path | None = None,
    listener: Callable[[BatchDone | PretrainEpoch], None] | None = None,
    **settings: Any,
) -> Pretrained:
    """Learn word vectors by ranking each window above itself with another centre word.

    Let ``s`` be the score of a window and ``s̃`` the score of the same window with a random word in
    its centre. Training minimises ``J = max(0, 1 - s + s̃)``. The texts are read once to count
    their words and once per epoch, and are never held in memory as a whole.

    Parameters
    ----------
    texts : str, Path or sequence of them
        UTF-8 files with a sentence or paragraph per line; compressed if the name ends in .gz.
    pretokenized : bool
        Whether the tokens of a line are already separated by spaces.
    vectors : str or Path, optional
        Initial vectors, as for `load_vectors`; they determine `dimensions`.
    held_out : str or Path, optional
        A text on which the share of windows that outrank their corrupted replicas is measured,
        before training and after each epoch.
    listener : callable, optional
        Called with each batch and each epoch.
    **settings
        Fields of `PretrainSettings`.

    Raises
    ------
    UsageError
        If a setting is invalid.
    DataError
        If a text cannot be read, or has too few words.
    VectorsError
        If `vectors` cannot be read.
    TrainingError
        If the loss is no longer finite.

    Examples
    --------
    >>> found = pretrain("text.txt", dimensions=50)  # doctest: +SKIP
    >>> found.save("vectors.txt")  # doctest: +SKIP
    """
    checked = check_settings(PretrainSettings, settings)
    wanted = "a path or a list of paths"
    given = (
        [texts] if isinstance(texts, str | os.PathLike) else check_iterable(texts, "texts", wanted)
    )
    paths = [check_path(path, f"texts: item {i}", "a file") for i, path in enumerate(given, 1)]
    if not paths:
        raise UsageError("texts: expected at least one file, got none")
    if held_out is not None:
        check_path(held_out, "held_out", "a file")
    check_callable(listener, "listener")
    named = ", ".join(map(str, paths))
    seeds = np.random.SeedSequence(checked.seed).spawn(4)
    for_table, for_weights, for_training = map(np.random.default_rng, seeds[:3])
    counts = count_words(read_sentences(paths, pretokenized=pretokenized))
    words = frequent_words(counts, min_count=checked.min_count, size=checked.vocabulary)
    if not counts:
        raise DataError(f"{named}: no word; expected a sentence or paragraph per line")
    if len(words) < 2:
        raise DataError(
            f"{named}: no two words with {checked.min_count} or more occurrences: "
            "use more text or a smaller `min_count`"
        )
    known = [counts[word] for word in words]
    lexicon = Lexicon({"word": words}, cased=False)
    start = _start(words, vectors, checked, given="dimensions" in settings)
    tables = initial_tables(lexicon, start, feature_dimensions=0, rng=for_table)
    config = _config(checked)
    network = make_network(config, tables, (), for_weights)

    def stream(texts: Sequence[str | Path]) -> Iterator[IntArray]:
        sentences = read_sentences(texts, pretokenized=pretokenized)
        return windows(sentences, lexicon, checked.window)

    batches = WindowBatches(lambda: stream(paths), known, checked.batch_size)

    def measure() -> float | None:
        if held_out is None:
            return None
        # The same generator each time gives the same corrupted replicas.
        rng = np.random.default_rng(seeds[3])
        above = total = 0.0
        for real in regroup(stream([held_out]), _CHUNK):
            above += len(real) * share_outranking(network, batches, real, rng)
            total += len(real)
        if not total:
            raise DataError(f"{held_out}: no word has a vector; expected text like {named}")
        return above / total

    before = measure()
    epochs: list[PretrainEpoch] = []
    training = Training(network, RankingObjective(), batches, config, for_training)
    with Workers(thread_count(None)) as workers:
        for event in training.run(None, workers):
            shown: BatchDone | PretrainEpoch
            if isinstance(event, BatchDone):  # it counts the tokens of both windows of a pair
                most = max(event.batch, event.batches)
                shown = replace(event, batches=most, tokens=event.tokens // 2)
            else:
                shown = PretrainEpoch(
                    epoch=event.epoch,
                    loss=event.loss,
                    seconds=event.seconds or 0.0,
                    tokens_per_second=(event.tokens_per_second or 0.0) / 2,
                    held_out=measure(),
                )
                epochs.append(shown)
            if listener:
                listener(shown)
    last = network.tables["word"].value[FIRST:]
    return Pretrained(words, known, tables["word"][FIRST:], last, epochs, before)


def share_outranking(
    network: Network, batches: WindowBatches, real: IntArray, rng: np.random.Generator
) -> float:
    """Measure the share of windows, shape (N, 2c+1), that outrank their corrupted replicas."""
    s, _ = network.forward(batches.part(real, rng))
    return float(np.mean(s[: len(real)] > s[len(real) :]))


def _start(
    words: Sequence[str], vectors: str | Path | None, settings: PretrainSettings, *, given: bool
) -> "KeyedVectors":
    """Load the initial vectors; return None if there are none."""
    if vectors is None:
        from gensim.models import KeyedVectors

        return KeyedVectors(vector_size=settings.dimensions)
    found = load_vectors(vectors, words=words, dimensions=settings.dimensions, seed=settings.seed)
    if given and found.vector_size != settings.dimensions:
        raise UsageError(
            f"`dimensions={settings.dimensions}`, but the vectors {str(vectors)!r} have "
            f"{found.vector_size} numbers: leave out `dimensions`"
        )
    return found


def _config(settings: PretrainSettings) -> Config:
    """Make the settings of the network and its training for the training loop."""
    same = ("window", "activation", "dropout", "epochs", "batch_size", "optimizer", "rate")
    return make_config(
        {name: getattr(settings, name) for name in same}
        | {
            "loss": "ranking",
            "positive": "real",
            "init": "glorot",
            "hidden": (settings.hidden,),
            "hidden_dropout": 0.0,
            "schedule": "linear",
        }
    )
