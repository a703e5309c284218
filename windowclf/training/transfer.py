"""Transfer learning: a training that begins with the network of another model.

Its word vectors, lookup tables, window layer and clusters are where the training begins. Rows of
values that it does not know, and the weights of features that it does not have, start anew. Of the
scores of tags, those of labels that both models have are kept. A label that only the new model has
begins as a name of any kind: with the mean of the scores of all labels. So the network finds names
from the start, and has to learn what sets one label apart from another.
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
"""Settings that a network shares with the one that it begins with: they shape its arrays."""
ANEW = ("init", "min_count", "loss", "positive")
"""Settings that say how a network begins, or what it is: where one is given, it begins anew."""
AUTO = "auto"
COMPARED = 5_000
_ALIKE = 0.5  # the mean cosine; unlike vectors have about 0, and training moves them little
_SAME_LABEL = {
    "PER": ("per", "pers", "person", "people"),
    "ORG": ("org", "organisation", "organization"),
    "LOC": ("loc", "location", "geo loc", "place"),
    "MISC": ("misc", "miscellaneous"),
}
"""Names of labels that stand for the same, in lower case, by the name that CoNLL-2003 has."""
_PART_OF = {"country": "LOC", "gpe": "LOC"}
"""Labels that stand for a part of what another label does: they begin with its scores, and do not
take its place."""


def structure_of(base: Config, given: Mapping[str, Any]) -> dict[str, Any]:
    """List the settings that a network has from the model that its training begins with.

    Parameters
    ----------
    given : mapping of str to object
        The settings that are given; those of `STRUCTURE` may only repeat what the model has.

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
                f"`{name}={given[name]!r}`: the model that the training begins with has "
                f"{own[name]!r}, and a network keeps that: leave the setting out, or begin without "
                "a model"
            )
    return own


def choose_base(
    named: Any, text: "TrainingText", settings: Mapping[str, Any], vectors: object
) -> tuple[str, Model | None]:
    """Load the model that a training begins with.

    Parameters
    ----------
    named : str, Path, WindowClassifier or None
        See `WindowClassifier.fit`.
    settings : mapping of str to object
        Those that are given.
    vectors : str, Path or gensim.models.KeyedVectors
        Those that are asked for; any but the bundled ones go with no model by default.

    Returns
    -------
    (str, Model or None)
        Its name and itself; an empty name without one.

    Raises
    ------
    UsageError
        For a wrong argument.
    ModelError
        If it cannot be read, or its tags are of another kind, see `check_base`.
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
    """Take vectors for words that a model lacks, if they are those that the model began with.

    The words that both have are compared: other vectors would mean something else to the network.

    Parameters
    ----------
    named : bool
        Whether the caller asked for these vectors; else others are left out.

    Raises
    ------
    UsageError
        If vectors that were asked for are others.
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
            "`vectors`: the model that the training begins with has other ones: expected the "
            "vectors that it was trained with; leave them out, or begin without a model"
        )
    return type(vectors)(vector_size=base.network.tables["word"].value.shape[1])


def begin_with(model: Model, base: Model) -> None:
    """Give an untrained model the parameters of another one, as far as both have them.

    Parameters
    ----------
    model : Model
        Has the settings of `STRUCTURE` that `base` has, or more hidden units; its lookup tables
        begin with the rows of those of `base` already, see
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
    for name in own_scores.keys() & scores.keys():  # of transitions between tags
        value, of_base = own_scores[name].value, scores[name].value
        value[np.ix_(*[own_places] * value.ndim)] = of_base[np.ix_(*[places] * value.ndim)]


def check_base(base: Model, scheme: Scheme) -> None:
    """Refuse a model whose tags are of another kind than those of a training text.

    Raises
    ------
    ModelError
        If one has spans, the other single tokens, or the model ranks windows.
    """
    if base.config.loss == "ranking":
        raise ModelError(
            "the model that the training begins with ranks windows (`loss='ranking'`): expected "
            "one that tells tags apart"
        )
    if (base.scheme is Scheme.PLAIN) != (scheme is Scheme.PLAIN):
        kinds = {True: "a label for each token", False: "labels of spans"}
        raise ModelError(
            f"the model that the training begins with has {kinds[base.scheme is Scheme.PLAIN]}, "
            f"the training text {kinds[scheme is Scheme.PLAIN]}: expected the same"
        )


def same_label(label: str) -> str:
    """Give a label the name that CoNLL-2003 has for it, if it has one: PER for Person."""
    spoken = _spoken(label)
    return next((name for name, others in _SAME_LABEL.items() if spoken in others), label)


def _spoken(label: str) -> str:
    return " ".join(label.lower().replace("-", " ").replace("_", " ").split())


def check_clusters(base: Model, names: Iterable[str]) -> None:
    """Refuse clusters that have the name of others, which the base has and the model keeps.

    Raises
    ------
    UsageError
        If there are some.
    """
    for name in names:
        if name in base.lexicon.clusters:
            raise UsageError(
                f"`clusters`: {name}: the model that the training begins with has clusters of this "
                "name, which are kept: leave them out, give them another name, or begin without a "
                "model"
            )


def _mean_cosine(a: FloatArray, b: FloatArray) -> float:
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.mean((a * b).sum(axis=1) / np.maximum(lengths, 1e-12)))


def shared_tags(model: Model, base: Model) -> tuple[IntArray, IntArray]:
    """List the tags that both models have: their numbers in either.

    A tag of another name counts only if the model does not have the tag of the base itself.
    """
    exact = {tag: number for number, tag in enumerate(base.labels)}
    by_name = {_renamed(tag): number for tag, number in exact.items() if tag not in model.labels}
    found = [exact.get(tag, by_name.get(_renamed(tag), -1)) for tag in model.labels]
    places = np.array(found)
    both = np.flatnonzero(places >= 0)
    return both, places[both]


def _renamed(tag: str) -> str:
    prefix, dash, label = tag.partition("-")
    whole = _PART_OF.get(_spoken(label)) or same_label(label)
    return f"{prefix}{dash}{whole}" if label else tag


def _places_alike(tag: str, base: Model) -> list[int]:
    """List the tags of a model that have the same place in a name, B, I, E or S."""
    if base.scheme is Scheme.PLAIN or tag == OUTSIDE:
        return []
    return [i for i, other in enumerate(base.labels) if other[0] == tag[0] and other != OUTSIDE]


def shared_columns(network: Network, base: Network) -> IntArray:
    """Find the rows of ``W`` that meet the lookup tables of another network, in its order."""
    first, start = {}, 0
    for name, table in network.tables.items():
        first[name] = start
        start += table.value.shape[1]
    widths = {name: table.value.shape[1] for name, table in base.tables.items()}
    return np.concatenate([np.arange(first[n], first[n] + width) for n, width in widths.items()])
