"""An untrained model for the words and tags of a training text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from windowclf.config.config import Config
from windowclf.documents.case import CASES, in_case
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, quoted
from windowclf.lexicon.gazetteer import Gazetteer
from windowclf.lexicon.lexicon import build_lexicon, initial_tables
from windowclf.model.build import make_network, make_objective, own_scheme
from windowclf.model.model import MOST_LABELS, Model
from windowclf.tags.schemes import OUTSIDE, Scheme, recognise

if TYPE_CHECKING:
    from gensim.models import KeyedVectors


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
    for_tables, for_weights = generators(config)[:2]
    _, *recased = in_cases(sentences, config)
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
        If no token has the label that a ranking is to look for, for a tag that is neither
        ``O`` nor a prefix with a label, for a label that is no Unicode, and for too many.
    """
    found = set(chain.from_iterable(tags))
    plain = scheme is Scheme.PLAIN
    if not plain:
        recognise([sorted(found)])  # refuses what is no tag
    types = sorted({tag if plain else tag.partition("-")[2] for tag in found - {OUTSIDE}})
    for name in types:
        if any("\ud800" <= c <= "\udfff" for c in name):
            raise DataError(
                f"label {quoted(name)} holds half of a surrogate pair, which no model can be saved "
                "with: expected text"
            )
    if config.loss == "ranking":
        if config.positive not in types:
            raise DataError(
                f"--positive {config.positive}: no such label in the training text; "
                f"expected one of {', '.join(types)}"
            )
        return [OUTSIDE, f"I-{config.positive}"]
    labels = [*({OUTSIDE} & found), *types]
    if not plain:
        labels = [OUTSIDE, *(f"{prefix}-{label}" for label in types for prefix in "BIES")]
    if len(labels) > MOST_LABELS:
        raise DataError(
            f"the training text has {len(types):,} labels, for which a model needs "
            f"{len(labels):,} tags: expected at most {MOST_LABELS:,}; join labels"
        )
    return labels


def in_cases(sentences: Sequence[Sentence], config: Config) -> list[Sequence[Sentence]]:
    """List a text as it is, and in every other letter case that training reads."""
    cases = CASES if config.case_augmentation else ()
    return [sentences, *([in_case(sentence, case) for sentence in sentences] for case in cases)]


def _words(sentences: Iterable[Sentence]) -> Iterator[str]:
    return chain.from_iterable(sentence.tokens for sentence in sentences)


def generators(config: Config) -> list[np.random.Generator]:
    """Make one generator each for the tables, the weights and the training."""
    seeds = np.random.SeedSequence(config.seed).spawn(3)
    return [np.random.default_rng(seed) for seed in seeds]
