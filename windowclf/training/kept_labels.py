"""Labels that a model keeps from its base model without forgetting them.

The training text annotates only new labels. Each ``O`` in it therefore leaves the tags of the kept
labels open, as in a corpus that lacks labels. Where the base model is sure that a token has, or
does not have, a kept label, it decides (Li and Hoiem 2016, learning without forgetting). The base's
parameters stay fixed, and the new labels get hidden units of their own.
"""

from collections.abc import Collection, Sequence

import numpy as np

from windowclf.config.config import Config
from windowclf.errors import UsageError, join_names
from windowclf.model.model import Model
from windowclf.model.record import KeptLabels
from windowclf.nn.arrays import BoolArray
from windowclf.tagging.tagger import Documents, Sentences, Tagger
from windowclf.tags.schemes import OUTSIDE, Scheme
from windowclf.training.partial_annotation import check_partial_loss
from windowclf.training.transfer import AUTO, same_label, shared_columns, shared_tags

SURE = 0.8
"""Lowest probability at which the base model decides a tag."""


def check_keeping(config: Config, named: object, *, taught: bool) -> None:
    """Check that the settings and arguments of a training allow it to keep labels.

    Parameters
    ----------
    named : object
        The argument `base_model` of `WindowClassifier.fit`.
    taught : bool
        Whether the network also has trained teachers.

    Raises
    ------
    UsageError
        If no base model is named, there are teachers, or the loss cannot leave tags open.
    """
    if named is None or (isinstance(named, str) and named in (AUTO, "none")):
        raise UsageError(
            "`keep_labels` needs the model whose labels to keep: name it with `base_model`, such "
            "as bundled"
        )
    if taught or config.teachers:
        raise UsageError(
            "`keep_labels` and teachers exclude each other: the base model is the teacher; leave "
            "out `teachers` and `trained_teachers`"
        )
    check_partial_loss(config, "keep_labels")


def choose_kept(base: Model, labels: Collection[str], scheme: Scheme) -> tuple[str, ...]:
    """List the labels of a base model that the training text does not annotate.

    Parameters
    ----------
    labels : collection of str
        Labels of the training text. A synonym of a label of the base model, such as "person" for
        "PER", replaces it.
    scheme : Scheme
        Scheme of the training text.

    Raises
    ------
    UsageError
        If the text annotates all labels of the base model, or has labels of single tokens.
    """
    if scheme is Scheme.PLAIN:
        raise UsageError(
            "`keep_labels` needs tags that spell names, such as B-PER, but the training text has a "
            "label for each token and leaves none open"
        )
    known = sorted({tag.partition("-")[2] for tag in base.labels} - {""})
    annotated = set(map(same_label, labels))
    kept = tuple(name for name in known if same_label(name) not in annotated)
    if not kept:
        raise UsageError(
            f"`keep_labels`: the training text annotates all labels of the base model, "
            f"{join_names(known)}: none is left to keep; leave it out"
        )
    return kept


def decide(
    model: Model, base: Model, allowed: BoolArray, tokens: Sentences, documents: Documents = None
) -> BoolArray:
    """Narrow the allowed tags of each token to one where the base model is sure.

    The base model computes the probability of its tags over all paths that agree with the text. A
    label that it does not know counts as ``O``.

    Parameters
    ----------
    allowed : bool array, shape (T, K)
        The tags of `model` that agree with the text, see `allowed_tags`.
    tokens : sequence of sequences of str
        Tokens of each sentence, ``T`` in all.

    Returns
    -------
    bool array, shape (T, K)
    """
    own, places = shared_tags(model, base)
    agreeing = np.zeros((len(allowed), len(base.labels)), bool)
    agreeing[:, places] = allowed[:, own]
    agreeing[~agreeing.any(axis=1), base.labels.index(OUTSIDE)] = True
    of_base = np.full(len(base.labels), -1)
    of_base[places] = own
    unknown = np.ones(len(model.labels), bool)
    unknown[own] = False
    outside = model.labels.index(OUTSIDE)
    decided, start, tagger = allowed.copy(), 0, Tagger(base)
    for chunk in tagger.lookup(tokens, documents):
        here = slice(start, start := start + int(chunk.lengths.sum()))
        s = np.where(agreeing[here], tagger.score(chunk), -np.inf)
        p = base.objective.probabilities(s, chunk.lengths)
        sure = (p.max(axis=1) > SURE) & (allowed[here].sum(axis=1) > 1)
        rows, best = here.start + np.flatnonzero(sure), of_base[p.argmax(axis=1)[sure]]
        # A token without any of the base's labels may still have a label unknown to it.
        decided[rows] &= unknown & (best == outside)[:, None]
        decided[rows, best] = True
    return decided


def count_decisions(
    model: Model, kept: Sequence[str], allowed: BoolArray, decided: BoolArray
) -> KeptLabels:
    """Count the decisions of the base model; see `decide`."""
    were_open, still_open = (mask.sum(axis=1) > 1 for mask in (allowed, decided))
    outside = were_open & ~still_open & decided[:, model.labels.index(OUTSIDE)]
    return KeptLabels(
        labels=list(kept),
        found=int((were_open & ~still_open & ~outside).sum()),
        outside=int(outside.sum()),
        open=int(still_open.sum()),
    )


def more_units(base: Config) -> dict[str, tuple[int, ...]]:
    """Choose the hidden units of a network that keeps labels: twice as many as the base model has.

    With a third of the additional units, anatomy types reached 96 % of the F1 of a separate model.
    """
    return {"hidden": tuple(2 * units for units in base.hidden)}


def add_units(model: Model, base: Model, kept: Collection[str]) -> None:
    """Add new hidden units to an untrained model, and fix the parameters of the base model.

    The scores of kept labels and of ``O`` depend only on the base's units and do not change (Rusu
    et al. 2016, progressive networks). The other scores also depend on the new units, which begin
    as copies of some of the base's.

    Parameters
    ----------
    model : Model
        A model with the units of `more_units`, initialised by `begin_with` from `base`.
    """
    network, source = model.network, base.network
    rng = np.random.default_rng(model.config.seed)
    units = [len(bias.value) for bias in source.biases[:-1]]
    picked = [
        rng.choice(n, len(bias.value) - n, replace=False)
        for n, bias in zip(units, network.biases[:-1], strict=True)
    ]
    first = [network.weights[0], network.biases[0]]
    by_column = [p for p in (network.sentence_weight, network.document_weight) if p is not None]
    unknown = np.ones(network.weights[0].shape[0], bool)
    unknown[shared_columns(network, source)] = False  # True for features the base does not have
    for parameter in [*first, *by_column]:
        if parameter.value.shape[0] == len(unknown) and parameter.value.ndim > 1:
            parameter.value[unknown, ..., : units[0]] = 0
        parameter.value[..., units[0] :] = parameter.value[..., picked[0]]
        parameter.fixed = np.arange(parameter.shape[-1]) < units[0]
    for i, n in enumerate(units[1:], 1):
        weight, bias = network.weights[i], network.biases[i]
        weight.value[units[i - 1] :, :n] = 0
        weight.value[:, n:] = weight.value[:, picked[i]]
        bias.value[n:] = bias.value[picked[i]]
        weight.fixed = bias.fixed = np.arange(len(bias.value)) < n
    held = np.array([tag == OUTSIDE or tag.partition("-")[2] in kept for tag in model.labels])
    U, n = network.weights[-1].value, units[-1]
    U[n:] = U[picked[-1]] * (n / len(picked[-1]))
    own, _ = shared_tags(model, base)
    U[n:, own] = 0
    new = np.setdiff1d(np.arange(len(held)), own)
    U[:n, new] = 0
    network.weights[-1].fixed = network.biases[-1].fixed = held
    for parameter in model.objective.parameters().values():
        parameter.fixed = held if parameter.value.ndim == 1 else held[:, None] & held
    for name, table in source.tables.items():
        rows = np.arange(len(network.tables[name].value))
        network.tables[name].fixed = (rows < len(table.value))[:, None]
