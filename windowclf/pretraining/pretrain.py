"""From unlabelled text to word vectors (Collobert and Weston 2008)."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from windowclf.config.check import check_settings
from windowclf.errors import DataError, UsageError
from windowclf.lexicon.lexicon import FIRST, Lexicon, initial_tables
from windowclf.nn.arrays import IntArray
from windowclf.nn.network import Network, initial_weights
from windowclf.pretraining.corruption import Corruption
from windowclf.pretraining.loop import train_ranking
from windowclf.pretraining.ranking import share_outranking
from windowclf.pretraining.result import Pretrained, PretrainEpoch
from windowclf.pretraining.settings import PretrainSettings
from windowclf.pretraining.stream import read_sentences, regroup, shuffled_batches, windows
from windowclf.pretraining.vocabulary import count_words, frequent_words
from windowclf.training.loop import BatchDone
from windowclf.vectors.load import load_vectors

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

POWER = 0.75
"""Corrupting words are drawn in proportion to ``count ** POWER``, as in word2vec.

Drawn all alike, most are so rare that the frequency of a word tells a real window from its replica.
"""

_CHUNK = 4096  # held-out windows that are scored at once


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

    A window's score is ``s = Uᵀ f(Wx + b)``; with ``s̃`` the score of the window whose centre
    was replaced by a word drawn at random, ``J = max(0, 1 - s + s̃)`` is made small, the word
    vectors being learnt along with the network. The texts are read once to count their words
    and once an epoch, and are never held whole.

    Parameters
    ----------
    texts : str, Path or sequence of them
        UTF-8 files, a sentence or paragraph a line; gzip where the name ends in .gz.
    pretokenized : bool
        Whether the tokens of a line are separated by spaces already.
    vectors : str or Path, optional
        Where to start from, as `load_vectors` takes it; `dimensions` is then theirs.
    held_out : str or Path, optional
        A text on which is measured, before and after each epoch, which share of the windows
        outrank their corrupted replicas.
    listener : callable, optional
        Is told of each batch and each epoch.
    **settings
        Fields of `PretrainSettings`.

    Returns
    -------
    Pretrained

    Raises
    ------
    UsageError
        For a setting that cannot be used.
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
    paths = [texts] if isinstance(texts, str | Path) else list(texts)
    for_tables, for_weights, for_training, for_held_out = np.random.SeedSequence(
        checked.seed
    ).spawn(4)
    counts = count_words(read_sentences(paths, pretokenized=pretokenized))
    words = frequent_words(counts, min_count=checked.min_count, size=checked.vocabulary)
    named = ", ".join(map(str, paths))
    if not counts:
        raise DataError(f"{named}: no word; expected a sentence or paragraph a line")
    if len(words) < 2:
        raise DataError(
            f"{named}: no two words with {checked.min_count} or more occurrences: "
            "give more text or a smaller --min-count"
        )
    lexicon = Lexicon({"word": words}, cased=False)
    start = _start(words, vectors, checked, given="dimensions" in settings)
    table = initial_tables(
        lexicon, start, feature_dimensions=0, rng=np.random.default_rng(for_tables)
    )["word"]
    network = _make_network(table.copy(), checked, np.random.default_rng(for_weights))
    known = [counts[word] for word in words]
    corrupt = Corruption(known, FIRST, POWER)

    def stream(texts: Sequence[str | Path]) -> Iterator[IntArray]:
        sentences = read_sentences(texts, pretokenized=pretokenized)
        return windows(sentences, lexicon, checked.window)

    def measure() -> float | None:
        if held_out is None:
            return None
        # The same generator each time: the same corrupted replicas.
        rng = np.random.default_rng(for_held_out)
        above = total = 0.0
        for real in regroup(stream([held_out]), _CHUNK):
            above += len(real) * share_outranking(network, real, corrupt(real, rng))
            total += len(real)
        if not total:
            raise DataError(f"{held_out}: no word that has a vector; expected text like {named}")
        return above / total

    before = measure()
    epochs: list[PretrainEpoch] = []
    for event in train_ranking(
        network,
        lambda rng: shuffled_batches(stream(paths), checked.batch_size, rng),
        sum(known),
        corrupt,
        checked,
        measure=measure,
        rng=np.random.default_rng(for_training),
    ):
        if isinstance(event, PretrainEpoch):
            epochs.append(event)
        if listener:
            listener(event)
    last = network.tables["word"].value[FIRST:]
    return Pretrained(words, known, table[FIRST:], last, epochs, before)


def _start(
    words: Sequence[str],
    vectors: str | Path | None,
    settings: PretrainSettings,
    *,
    given: bool,
) -> "KeyedVectors":
    """Load the vectors to start from: none, unless they are named."""
    if vectors is None:
        from gensim.models import KeyedVectors

        return KeyedVectors(vector_size=settings.dimensions)
    found = load_vectors(vectors, words=words, dimensions=settings.dimensions, seed=settings.seed)
    if given and found.vector_size != settings.dimensions:
        raise UsageError(
            f"--dimensions {settings.dimensions}, but the vectors {str(vectors)!r} have "
            f"{found.vector_size} numbers: leave out --dimensions"
        )
    return found


def _make_network(
    table: np.ndarray, settings: PretrainSettings, rng: np.random.Generator
) -> Network:
    weights, biases = initial_weights(
        "glorot",
        rng,
        dimensions=table.shape[1],
        window=settings.window,
        hidden=[settings.hidden],
        classes=1,
    )
    return Network(
        {"word": table},
        [weight.astype(np.float32) for weight in weights],
        [bias.astype(np.float32) for bias in biases],
        activation=settings.activation,
        input_dropout=settings.dropout,
    )
