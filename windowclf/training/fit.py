"""From a corpus to a trained model."""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from windowclf.batching import encode
from windowclf.calibration import fit_calibration
from windowclf.config import Config
from windowclf.errors import DataError
from windowclf.lexicon.gazetteer import Gazetteer
from windowclf.lexicon.lexicon import FIRST, build_lexicon, initial_tables
from windowclf.metrics import Scores, best_threshold
from windowclf.model import Model, make_network, make_objective, own_scheme
from windowclf.nn.arrays import FloatArray
from windowclf.tags import OUTSIDE, Scheme, recognise
from windowclf.text.recase import CASES, recase
from windowclf.text.sentence import Sentence
from windowclf.training.batches import TrainingBatches
from windowclf.training.history import Epoch, TrainingRecord
from windowclf.training.loop import BatchDone, train

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

Listener = Callable[[BatchDone | Epoch], None]


def prepare(
    sentences: Sequence[Sentence],
    *,
    scheme: Scheme,
    vectors: "KeyedVectors",
    config: Config,
    gazetteers: Mapping[str, Gazetteer] | None = None,
) -> Model:
    """Make an untrained model for the words and tags of a training text.

    Parameters
    ----------
    sentences : sequence of Sentence
        Tagged in `scheme`.
    scheme : Scheme
        IOB2, or PLAIN.
    vectors : gensim.models.KeyedVectors
    config : Config
    gazetteers : mapping of str to Gazetteer, optional
        By the type of their names.

    Returns
    -------
    Model

    Raises
    ------
    DataError
        If there is nothing to learn from.
    """
    if not any(len(sentence) for sentence in sentences):
        raise DataError("the training text has no sentence: expected sentences with tags")
    inner = own_scheme(scheme, config)
    labels = make_labels((sentence.tags or () for sentence in sentences), scheme, config)
    for_tables, for_weights = _generators(config)[:2]
    _, *recased = _versions(sentences, config)
    lexicon = build_lexicon(
        _words(sentences),
        vectors,
        recased=_words(chain(*recased)),
        gazetteers=gazetteers,
        features=config.features,
        vocabulary=config.vocabulary,
    )
    tables = initial_tables(
        lexicon, vectors, feature_dimensions=config.feature_dimensions, rng=for_tables
    )
    network = make_network(config, tables, labels, for_weights)
    objective = make_objective(config, labels, inner)
    return Model(config, lexicon, labels, inner, network, objective)


def fit(
    model: Model,
    sentences: Sequence[Sentence],
    dev: Sequence[Sentence] = (),
    *,
    scheme: Scheme,
    data: str = "",
    vectors: str = "",
    listener: Listener | None = None,
) -> None:
    """Train a model; the parameters it ends with are those of its best epoch.

    Whatever ends the training early, the best of the epochs that were done is kept.

    Parameters
    ----------
    model : Model
        From `prepare`, for the same sentences.
    sentences, dev : sequence of Sentence
        Tagged in `scheme`; without `dev` the last epoch is the best.
    scheme : Scheme
        IOB2, or PLAIN.
    data, vectors : str
        Names of the corpus and of the word vectors, for the record.
    listener : callable, optional
        Is told of each batch and each epoch.

    Raises
    ------
    DataError
        If a ranking has no dev text to choose its threshold on.
    TrainingError
        If the loss is no longer finite.
    """
    if model.config.loss == "ranking" and not dev:
        raise DataError("--loss ranking chooses its threshold on a dev text: give one with --dev")
    config, network = model.config, model.network
    sentences = [sentence for sentence in sentences if len(sentence)]
    tags = [model.gold_tags(sentence.tags or (), scheme) for sentence in sentences]
    gold = [model.gold_tags(sentence.tags or (), scheme) for sentence in dev]
    versions = _versions(sentences, config)
    encoded = encode(
        [sentence.tokens for sentence in chain(*versions)],
        model.lexicon,
        tags * len(versions),
        model.labels,
    )
    encoded_dev = encode([sentence.tokens for sentence in dev], model.lexicon)

    def evaluate() -> Scores:
        if config.loss == "ranking":  # the bias takes up the threshold, see `RankingObjective`
            threshold = best_threshold(*model.ranking(encoded_dev, gold))
            network.biases[-1].value -= network.biases[-1].value.dtype.type(threshold)
        return model.evaluate(encoded_dev, gold)

    parameters = model.parameters()
    best = {name: parameter.value.copy() for name, parameter in parameters.items()}
    words = np.unique(encoded.features[:, 0])
    words = words[words >= FIRST]
    first_vectors = network.tables["word"].value[words]
    epochs: list[Epoch] = []
    best_epoch = 0
    try:
        for event in train(
            network,
            model.objective,
            TrainingBatches(
                encoded,
                config,
                [i for i, name in enumerate(model.lexicon.features) if name in _WHOLE_WORDS],
                len(versions),
            ),
            config,
            evaluate=evaluate if dev else None,
            rng=_generators(config)[2],
        ):
            if isinstance(event, Epoch):
                epochs.append(event)
                if event.best:
                    best_epoch = event.epoch
                    for name, parameter in parameters.items():
                        np.copyto(best[name], parameter.value)
            if listener:
                listener(event)
    finally:
        for name, parameter in parameters.items():
            np.copyto(parameter.value, best[name])
        if best_epoch:
            model.calibration = fit_calibration(*model.confidences(encoded_dev, gold))
            model.record = TrainingRecord(
                data=data,
                vectors=vectors,
                sentences={"train": len(sentences), "dev": len(dev)},
                tokens={
                    "train": int(encoded.lengths.sum()) // len(versions),
                    "dev": int(encoded_dev.lengths.sum()),
                },
                epochs=epochs,
                best_epoch=best_epoch,
                vectors_moved=_moved(first_vectors, network.tables["word"].value[words]),
                seconds=sum(epoch.seconds for epoch in epochs),
                versions={
                    "windowclf": version("windowclf"),
                    "numpy": np.__version__,
                    "python": platform.python_version(),
                },
            )


def _versions(sentences: Sequence[Sentence], config: Config) -> list[Sequence[Sentence]]:
    """List a text as it is, and in every other letter case that training reads."""
    cases = CASES if config.recase else ()
    return [sentences, *([recase(sentence, case) for sentence in sentences] for case in cases)]


def _words(sentences: Iterable[Sentence]) -> Iterator[str]:
    return chain.from_iterable(sentence.tokens for sentence in sentences)


def _generators(config: Config) -> list[np.random.Generator]:
    """Make one generator each for the tables, the weights and the training."""
    seeds = np.random.SeedSequence(config.seed).spawn(3)
    return [np.random.default_rng(seed) for seed in seeds]


_WHOLE_WORDS = ("word", "written")
"""Features that hold a whole word: what word dropout takes for an unknown one."""


def make_labels(tags: Iterable[Sequence[str]], scheme: Scheme, config: Config) -> list[str]:
    """List the tags that a model tells apart: "O" first, then those of each label, in order.

    Parameters
    ----------
    tags : iterable of sequences of str
        Of the training text.
    scheme : Scheme
        The scheme of `tags`.
    config : Config

    Returns
    -------
    list of str
        IOBES tags; plain ones where `scheme` is PLAIN; two where the loss is ranking.

    Raises
    ------
    DataError
        If no token has the label that a ranking is to look for, or for a tag that is neither
        ``O`` nor a prefix with a label.
    """
    found = set(chain.from_iterable(tags))
    plain = scheme is Scheme.PLAIN
    if not plain:
        recognise([sorted(found)])  # refuses what is no tag
    types = sorted({tag if plain else tag.partition("-")[2] for tag in found - {OUTSIDE}})
    if config.loss == "ranking":
        if config.positive not in types:
            raise DataError(
                f"--positive {config.positive}: no such label in the training text; "
                f"expected one of {', '.join(types)}"
            )
        return [OUTSIDE, f"I-{config.positive}"]
    if plain:
        return [*({OUTSIDE} & found), *types]
    return [OUTSIDE, *(f"{prefix}-{label}" for label in types for prefix in "BIES")]


def _moved(first: FloatArray, last: FloatArray) -> float:
    """Measure how far vectors moved: the mean of ``‖last - first‖ / ‖first‖``."""
    if not len(first):
        return 0.0
    lengths = np.maximum(np.linalg.norm(first, axis=1), 1e-12)
    return float(np.mean(np.linalg.norm(last - first, axis=1) / lengths))
