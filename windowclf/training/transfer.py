"""Transfer learning: a training that starts from another model, the base model.

Training begins with the word vectors, lookup tables, window layer and clusters of the base. Rows of
values that the base does not know, and weights of features that it does not have, are initialised
as usual. Tag scores are kept for labels that both models have. A label that only the new model has
begins as a name of any type, with the mean of the scores of all labels. The network therefore finds
names from the start, and only has to learn what distinguishes the labels.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from windowclf.config.config import Config, given_settings, make_config
from windowclf.config.recipe import TRANSFER
from windowclf.errors import ModelError, UsageError
from windowclf.lexicon.lexicon import FIRST
from windowclf.model.bundle import load_model
from windowclf.model.model import Model
from windowclf.nn.arrays import FloatArray, IntArray
from windowclf.nn.network import Network
from windowclf.system.arguments import check_path
from windowclf.system.resources import data_path
from windowclf.tags.schemes import OUTSIDE, Scheme
from windowclf.vectors.load import BUNDLED

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

    from windowclf.corpora.coerce import TrainingText

STRUCTURE = (
    *("level", "window", "sentence_mean", "document_context", "hidden", "activation"),
    *("features", "feature_dimensions", "cluster_prefixes"),
)
"""Settings that a network shares with its base model, because they determine array shapes."""
ANEW = ("init", "min_count", "loss", "positive")
"""Settings of the initialisation or of the kind of network; setting one disables a base model."""
AUTO = "auto"
COMPARED = 5_000
_ALIKE = 0.5  # lowest mean cosine; unrelated vectors have about 0, and training moves them little
_SAME_LABEL = {
    "PER": ("per", "pers", "person", "people"),
    "ORG": ("org", "organisation", "organization"),
    "LOC": ("loc", "location", "geo loc", "place"),
    "MISC": ("misc", "miscellaneous"),
}
"""Synonyms of labels, in lower case, by the name that CoNLL-2003 uses."""
_PART_OF = {"country": "LOC", "gpe": "LOC"}
"""Labels that are subtypes of another label: they begin with its scores but do not replace it."""


def structure_of(base: Config, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a network takes over from its base model.

    Parameters
    ----------
    given : mapping of str to object
        The caller's settings; those of `STRUCTURE` must agree with the base model's.

    Raises
    ------
    UsageError
        If one differs.
    """
    own = {name: getattr(base, name) for name in STRUCTURE}
    given = given_settings(given)
    for name in filter(given.__contains__, STRUCTURE):
        if getattr(make_config({name: given[name]}), name) != own[name]:  # 300 stands for (300,)
            raise UsageError(
                f"`{name}={given[name]!r}`: the base model has {own[name]!r}, which cannot be "
                "changed: leave the setting out, or train without a base model"
            )
    return own


def choose_base(
    named: Any, text: "TrainingText", settings: Mapping[str, Any], vectors: object
) -> tuple[str, Model | None]:
    """Load the base model of a training.

    Parameters
    ----------
    named : str, Path, WindowClassifier or None
        The argument `base_model` of `WindowClassifier.fit`.
    settings : mapping of str to object
        The caller's settings.
    vectors : str, Path or gensim.models.KeyedVectors
        The caller's vectors; with any but the bundled ones, "auto" chooses no base model.

    Returns
    -------
    (str, Model or None)
        The name of the model and the model; an empty name and None without one.

    Raises
    ------
    UsageError
        If an argument has the wrong type.
    ModelError
        If the model cannot be read, or its tags are of another kind, see `check_base`.
    """
    if named is None:
        return "", None
    if isinstance(named, str) and named == AUTO:
        if len(text.train) > TRANSFER or vectors != BUNDLED or text.scheme is Scheme.PLAIN:
            return "", None
        if given_settings(settings).keys() & {*STRUCTURE, *ANEW}:
            return "", None
        named = BUNDLED
    if hasattr(type(named), "model"):
        name, base = "a classifier", named.model
    else:
        path = check_path(named, "base_model", "a model folder, 'bundled', 'auto' or a classifier")
        name = str(path)
        base = load_model(data_path("model") if name == BUNDLED else Path(path))
    check_base(base, text.scheme)
    return name, base


def fitting_vectors(base: Model, vectors: "KeyedVectors", *, named: bool) -> "KeyedVectors":
    """Return vectors for words that a model lacks, if they are the vectors it was trained with.

    Words that both have are compared, because the network could not interpret other vectors.

    Parameters
    ----------
    named : bool
        Whether the caller chose these vectors; if not, vectors that differ are left out.

    Raises
    ------
    UsageError
        If the caller chose vectors that differ.
    """
    words = base.lexicon.values["word"]
    both = [(row, vectors.key_to_index[word]) for row, word in enumerate(words, FIRST)
            if word in vectors.key_to_index][:COMPARED]  # fmt: skip
    similar = 0.0
    if both and vectors.vector_size == base.network.tables["word"].value.shape[1]:
        rows, places = np.array(both).T
        similar = _mean_cosine(base.network.tables["word"].take(rows), vectors.vectors[places])
    if similar > _ALIKE:
        return vectors
    if named:
        raise UsageError(
            "`vectors`: the base model was trained with other vectors: pass the vectors that it "
            "was trained with, leave them out, or train without a base model"
        )
    return type(vectors)(vector_size=base.network.tables["word"].value.shape[1])


def begin_with(model: Model, base: Model) -> None:
    """Copy the parameters that an untrained model has in common with a base model.

    Parameters
    ----------
    model : Model
        A model with the same settings of `STRUCTURE` as `base`, or more hidden units. Its lookup
        tables already begin with the rows of `base`, see
        `windowclf.lexicon.lexicon.initial_tables`.
    """
    network, source = model.network, base.network
    columns, units = shared_columns(network, source), len(source.biases[0].value)
    network.weights[0].value[columns, :, :units] = source.weights[0].value
    if network.sentence_weight is not None and source.sentence_weight is not None:
        network.sentence_weight.value[columns, :units] = source.sentence_weight.value
    if network.document_weight is not None and source.document_weight is not None:
        network.document_weight.value[:units] = source.document_weight.value
    shared = [*zip(network.weights[1:-1], source.weights[1:-1], strict=True)]
    shared += zip(network.biases[:-1], source.biases[:-1], strict=True)
    for own, other in shared:
        own.value[tuple(map(slice, other.shape))] = other.value
    own_places, places = shared_tags(model, base)
    U, b = network.weights[-1].value, network.biases[-1].value
    U_base, b_base = source.weights[-1].value, source.biases[-1].value
    for place, tag in enumerate(model.labels):
        if alike := _places_alike(tag, base):
            U[: len(U_base), place], b[place] = U_base[:, alike].mean(axis=1), b_base[alike].mean()
    U[: len(U_base), own_places], b[own_places] = U_base[:, places], b_base[places]
    own_scores, scores = (each.objective.parameters() for each in (model, base))
    for name in own_scores.keys() & scores.keys():  # scores of transitions between tags
        value, of_base = own_scores[name].value, scores[name].value
        value[np.ix_(*[own_places] * value.ndim)] = of_base[np.ix_(*[places] * value.ndim)]


def check_base(base: Model, scheme: Scheme) -> None:
    """Check that the tags of a base model and of a training text are of the same kind.

    Raises
    ------
    ModelError
        If one has spans and the other labels of single tokens, or the model ranks windows.
    """
    if base.config.loss == "ranking":
        raise ModelError(
            "the base model ranks windows (`loss='ranking'`): expected a model that distinguishes "
            "tags"
        )
    if (base.scheme is Scheme.PLAIN) != (scheme is Scheme.PLAIN):
        kinds = {True: "a label for each token", False: "labels of spans"}
        raise ModelError(
            f"the base model has {kinds[base.scheme is Scheme.PLAIN]}, "
            f"the training text {kinds[scheme is Scheme.PLAIN]}: expected the same"
        )


def same_label(label: str) -> str:
    """Map a label to its name in CoNLL-2003, if it has one: Person becomes PER."""
    normalised = _normalised(label)
    return next((name for name, others in _SAME_LABEL.items() if normalised in others), label)


def _normalised(label: str) -> str:
    return " ".join(label.lower().replace("-", " ").replace("_", " ").split())


def check_clusters(base: Model, names: Iterable[str]) -> None:
    """Check that no clusters have the name of clusters that the base model brings.

    Raises
    ------
    UsageError
        If some do.
    """
    for name in names:
        if name in base.lexicon.clusters:
            raise UsageError(
                f"`clusters`: {name}: the base model has clusters with this name, which are kept: "
                "leave yours out, choose another name, or train without a base model"
            )


def _mean_cosine(a: FloatArray, b: FloatArray) -> float:
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.mean((a * b).sum(axis=1) / np.maximum(lengths, 1e-12)))


def shared_tags(model: Model, base: Model) -> tuple[IntArray, IntArray]:
    """List the tags that both models have, as indices in each.

    A synonym counts only if the model does not have the tag of the base itself.
    """
    exact = {tag: number for number, tag in enumerate(base.labels)}
    by_name = {_renamed(tag): number for tag, number in exact.items() if tag not in model.labels}
    found = [exact.get(tag, by_name.get(_renamed(tag), -1)) for tag in model.labels]
    places = np.array(found)
    both = np.flatnonzero(places >= 0)
    return both, places[both]


def _renamed(tag: str) -> str:
    prefix, dash, label = tag.partition("-")
    whole = _PART_OF.get(_normalised(label)) or same_label(label)
    return f"{prefix}{dash}{whole}" if label else tag


def _places_alike(tag: str, base: Model) -> list[int]:
    """List the tags of a model with the same prefix, B, I, E or S."""
    if base.scheme is Scheme.PLAIN or tag == OUTSIDE:
        return []
    return [i for i, other in enumerate(base.labels) if other[0] == tag[0] and other != OUTSIDE]


def shared_columns(network: Network, base: Network) -> IntArray:
    """Find the rows of ``W`` for the lookup tables of another network, in its order."""
    first, start = {}, 0
    for name, table in network.tables.items():
        first[name] = start
        start += table.value.shape[1]
    widths = {name: table.value.shape[1] for name, table in base.tables.items()}
    return np.concatenate([np.arange(first[n], first[n] + width) for n, width in widths.items()])
