"""Preparation of a training: its texts as arrays, and an untrained model for them."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from windowclf.config.config import Config
from windowclf.documents.case import CASES, in_case
from windowclf.documents.sentence import Sentence
from windowclf.errors import DataError, quoted
from windowclf.lexicon.clusters import Clusters
from windowclf.lexicon.gazetteer import Gazetteer
from windowclf.lexicon.lexicon import build_lexicon, initial_tables
from windowclf.model.build import make_network, make_objective, own_scheme
from windowclf.model.encoding import EncodedSentences, encode
from windowclf.model.model import MOST_LABELS, Model
from windowclf.model.record import CorpusRecord, KeptLabels
from windowclf.nn.arrays import FloatArray
from windowclf.tags.schemes import OUTSIDE, Scheme, spans
from windowclf.training.augmentation import augment
from windowclf.training.kept_labels import add_units, count_decisions, decide
from windowclf.training.partial_annotation import allowed_tags, check_partial_loss
from windowclf.training.transfer import begin_with, check_clusters

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

    from windowclf.corpora.coerce import TrainingText
    from windowclf.corpora.corpus import CorpusPart


@dataclass(frozen=True, slots=True)
class Resources:
    """Optional inputs of a training besides labelled text and word vectors.

    Parameters
    ----------
    gazetteers : mapping of str to Gazetteer
        Gazetteers by the type of their names.
    clusters : mapping of str to Clusters
        Word clusters by name.
    names : mapping of str to sequence of str
        Names by type, which augmentation draws from.
    unlabelled : sequence of Sentence
        Text that the teachers score for the network; no sentence is empty. Its words do not get
        rows of their own: the network knows only words of the training text and the most frequent
        words with vectors. Otherwise the model would grow with this text, and the teachers, which
        share the lexicon, would differ from teachers without it.
    unlabelled_names : sequence of str
        Names of the files of the unlabelled text.
    teachers : mapping of str to Model
        Teachers that are already trained, by name.
    base : Model, optional
        The base model of the training, see `windowclf.training.transfer`.
    base_name : str
        Name of the base model, for the record.
    kept : sequence of str
        Labels of the base model that the training text does not annotate and that the new model
        keeps; see `windowclf.training.kept_labels`.
    chosen : mapping of str to object
        Settings chosen by the size of the text, for the record.
    """

    gazetteers: Mapping[str, Gazetteer] = field(default_factory=dict)
    clusters: Mapping[str, Clusters] = field(default_factory=dict)
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unlabelled: Sequence[Sentence] = ()
    unlabelled_names: Sequence[str] = ()
    teachers: Mapping[str, Model] = field(default_factory=dict)
    base: Model | None = None
    base_name: str = ""
    kept: Sequence[str] = ()
    chosen: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The texts of a training: those it learns from, and those that choose the best epoch.

    Parameters
    ----------
    name : str
        Name of the corpus; may be empty.
    tokens : sequence of sequences of str
        The sentences of the training text, once for each letter case that training reads.
    documents : sequence
        The document of each of these sentences, see `encode`.
    train : EncodedSentences
        The same sentences as arrays, with gold tags.
    versions : int
        Number of letter-case versions of the training text in `tokens`.
    dev : sequence of Sentence
        The dev text; if it is empty, the last epoch counts as the best.
    gold : sequence of sequences of str
        The right tags of `dev`, in the model's scheme.
    corpora : sequence of CorpusRecord
        The corpora that the training text is mixed from; empty for a single corpus.
    weights : float array, shape (S,), optional
        Average number of times that an epoch reads each sentence of the training text; 1 by
        default.
    augmented : mapping of str to int
        Number of sentences that augmentation added at the end of each version, see
        `Augmentation.counts`.
    kept : KeptLabels, optional
        The decisions of the base model about tags that the training text leaves open.
    resources : Resources
        The other inputs of the training.
    """

    name: str
    tokens: Sequence[Sequence[str]]
    documents: Sequence[Hashable | None]
    train: EncodedSentences
    versions: int
    dev: Sequence[Sentence]
    gold: Sequence[Sequence[str]]
    corpora: Sequence[CorpusRecord] = ()
    weights: FloatArray | None = None
    augmented: Mapping[str, int] = field(default_factory=dict)
    kept: KeptLabels | None = None
    resources: Resources = field(default_factory=Resources)


def prepare(
    text: "TrainingText",
    vectors: "KeyedVectors",
    config: Config,
    resources: Resources | None = None,
    *,
    labels: Sequence[str] = (),
) -> tuple[Model, TrainingData]:
    """Make an untrained model for the words and tags of a training text, and its training data.

    Parameters
    ----------
    text : TrainingText
        A text with IOB2 tags or plain labels.
    resources : Resources, optional
    labels : sequence of str
        The tags of the model, needed if the text is only a part of the whole; see `make_labels`.

    Raises
    ------
    DataError
        If there is nothing to learn from.
    UsageError
        If augmentation lacks names, see `augment`, or a corpus lacks labels and the loss needs
        complete annotation.
    """
    if any(part.lacks for part in text.parts):
        check_partial_loss(config)
    resources = resources or Resources()
    if resources.base:
        check_clusters(resources.base, resources.clusters)
    sentences = [sentence for sentence in text.train if len(sentence)]
    if not sentences:
        raise DataError("the training text has no sentence: expected sentences with tags")
    scheme = own_scheme(text.scheme, config)
    labels = [*labels] or make_labels(known_tags(sentences, resources), text.scheme, config)
    for_tables, for_weights, _, for_augmentation = generators(config)
    added = augment(sentences, text.scheme, config, resources.names, for_augmentation)
    sentences += added.sentences
    cases = CASES if config.case_augmentation else ()
    recased = [[in_case(sentence, case) for sentence in sentences] for case in cases]
    lexicon = build_lexicon(
        chain.from_iterable(sentence.tokens for sentence in sentences),
        vectors,
        recased=chain.from_iterable(sentence.tokens for sentence in chain(*recased)),
        gazetteers=resources.gazetteers,
        clusters=resources.clusters,
        prefixes=config.cluster_prefixes,
        features=config.features,
        vocabulary=config.vocabulary,
        min_count=config.min_count,
        base=resources.base.lexicon if resources.base else None,
    )
    base = resources.base.network.tables if resources.base else {}
    tables = initial_tables(
        lexicon,
        vectors,
        feature_dimensions=config.feature_dimensions,
        rng=for_tables,
        base={name: table.value for name, table in base.items()},
    )
    network = make_network(config, tables, labels, for_weights)
    objective = make_objective(config, labels, scheme)
    model = Model(config, lexicon, labels, scheme, network, objective)
    if resources.base:
        begin_with(model, resources.base)
        if resources.kept:
            add_units(model, resources.base, resources.kept)
    data = _encode(model, text, [sentences, *recased], added.origins, resources)
    return model, replace(data, augmented=added.counts)


def _encode(
    model: Model,
    text: "TrainingText",
    versions: Sequence[Sequence[Sentence]],
    origins: Sequence[int],
    resources: Resources,
) -> TrainingData:
    """Encode a text as arrays; `origins` belong to the last sentences, see `Augmentation`."""
    tags = [model.gold_tags(sentence.tags or (), text.scheme) for sentence in versions[0]]
    # Each letter case counts as a document of its own, so names are not shared between cases.
    documents = [
        None if sentence.document is None else (number, sentence.document)
        for number, version in enumerate(versions)
        for sentence in version
    ]
    tokens = [sentence.tokens for sentence in chain(*versions)]
    train = encode(tokens, model.lexicon, tags * len(versions), model.labels, documents)
    bounds = _part_bounds(text)
    of_sentences: list[CorpusPart | None] = [
        part
        for part, own in zip(text.parts, bounds, strict=True)
        for _ in range(own.start, own.stop)
    ]
    of_sentences += [None] * (len(tags) - len(of_sentences))
    for place, origin in enumerate(origins, len(tags) - len(origins)):
        of_sentences[place] = of_sentences[origin] if origin >= 0 else None
    kept = None
    if resources.kept or any(part.lacks for part in text.parts):
        lacks = [{*resources.kept, *(part.lacks if part else ())} for part in of_sentences]
        allowed = np.concatenate(
            [
                allowed_tags(own, model.labels, lacked, model.scheme)
                for own, lacked in zip(tags, lacks, strict=True)
            ]
        )
        if resources.base and resources.kept:
            read = slice(len(tags))
            still = decide(model, resources.base, allowed, tokens[read], documents[read])
            kept = count_decisions(model, resources.kept, allowed, still)
            allowed = still
        train = replace(train, gold=np.tile(allowed, (len(versions), 1)))
    weights = np.array([part.weight if part else 1.0 for part in of_sentences])
    return TrainingData(
        name=text.name,
        tokens=tokens,
        documents=documents,
        train=train,
        versions=len(versions),
        dev=text.dev,
        gold=[model.gold_tags(sentence.tags or (), text.scheme) for sentence in text.dev],
        corpora=[
            CorpusRecord(
                name=part.name,
                data=part.data,
                sentences=own.stop - own.start,
                tokens=int(train.lengths[own].sum()),
                weight=part.weight,
                mapped=dict(part.mapped),
                lacks=list(part.lacks),
            )
            for part, own in zip(text.parts, bounds, strict=True)
        ],
        weights=weights if (weights != 1).any() else None,
        kept=kept,
        resources=resources,
    )


def _part_bounds(text: "TrainingText") -> list[slice]:
    """Find the sentences of each part of a training text; empty parts are left out."""
    ends = accumulate((part.sentences for part in text.parts), initial=0)
    left = [0, *accumulate(bool(len(sentence)) for sentence in text.train)]
    return [slice(left[start], left[end]) for start, end in pairwise(ends)]


def known_tags(sentences: Iterable[Sentence], resources: Resources) -> Iterator[Sequence[str]]:
    """Yield the tags of sentences, and a tag for each label kept from the base model."""
    yield from (sentence.tags or () for sentence in sentences)
    yield from ([f"B-{label}"] for label in resources.kept)


def make_labels(tags: Iterable[Sequence[str]], scheme: Scheme, config: Config) -> list[str]:
    """List the tags of a model: "O" first, then the tags of each label, in order.

    Parameters
    ----------
    tags : iterable of sequences of str
        The tags of the training text, in `scheme`.

    Returns
    -------
    list of str
        IOBES tags; plain labels if `scheme` is PLAIN; two tags for the ranking loss.

    Raises
    ------
    DataError
        If no token has the label of the ranking loss, a tag is neither ``O`` nor a prefix with a
        label, a label is not valid Unicode, or there are too many labels.
    """
    found = set(chain.from_iterable(tags))
    plain = scheme is Scheme.PLAIN
    if not plain:
        spans(sorted(found), scheme)  # raises an error if one is not a tag
    types = sorted({tag if plain else tag.partition("-")[2] for tag in found - {OUTSIDE}})
    for name in types:
        if any("\ud800" <= c <= "\udfff" for c in name):
            raise DataError(
                f"label {quoted(name)} contains half of a surrogate pair, which a model cannot "
                "store: expected text"
            )
    if config.loss == "ranking":
        if config.positive not in types:
            raise DataError(
                f"`positive='{config.positive}'`: no such label in the training text; "
                f"expected one of {', '.join(types)}"
            )
        return [OUTSIDE, f"I-{config.positive}"]
    labels = [*({OUTSIDE} & found), *types]
    if not plain:
        labels = [OUTSIDE, *(f"{prefix}-{label}" for label in types for prefix in "BIES")]
    if len(labels) > MOST_LABELS:
        raise DataError(
            f"the training text has {len(types):,} labels, for which a model needs "
            f"{len(labels):,} tags: expected at most {MOST_LABELS:,}; merge labels"
        )
    return labels


def generators(config: Config) -> list[np.random.Generator]:
    """Make one generator each for the tables, the weights, the training and augmentation."""
    seeds = np.random.SeedSequence(config.seed).spawn(4)
    return [np.random.default_rng(seed) for seed in seeds]
