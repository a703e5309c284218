"""Labels that a model keeps from the one that its training begins with, and does not forget.

The training text says nothing of them: it annotates new labels only. So each of its ``O`` leaves
the tags of the kept labels open, as where a corpus lacks labels, and where the base is sure of one,
or of none, it decides (Li and Hoiem 2016, learning without forgetting). The network also rehearses:
between the sentences of the training text it reads text that the base tags.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from windowclf.config.config import Config
from windowclf.errors import UsageError, join_names
from windowclf.model.encoding import EncodedSentences
from windowclf.model.model import Model
from windowclf.model.record import KeptLabels
from windowclf.nn.arrays import BoolArray
from windowclf.tagging.tagger import Documents, Sentences, Tagger
from windowclf.tags.schemes import OUTSIDE, Scheme
from windowclf.training.partial_annotation import check_partial_loss
from windowclf.training.transfer import AUTO, same_label, shared_tags

if TYPE_CHECKING:
    from windowclf.training.data import TrainingData

SURE = 0.8
"""Probability from which on the base decides what a tag is."""


def check_keeping(config: Config, named: object, *, taught: bool) -> None:
    """Refuse settings and arguments with which a training cannot keep labels.

    Parameters
    ----------
    named : object
        The base, see `WindowClassifier.fit`.
    taught : bool
        Whether trained models teach the network, too.

    Raises
    ------
    UsageError
        If no base is named, if there are teachers, or if the loss cannot leave tags open.
    """
    if named is None or (isinstance(named, str) and named in (AUTO, "none")):
        raise UsageError(
            "`keep_labels` needs the model whose labels are kept: name it with `base_model`, such "
            "as bundled"
        )
    if taught or config.teachers:
        raise UsageError(
            "`keep_labels` and teachers do not go together: the base is the teacher; leave out "
            "`teachers` and `trained_teachers`"
        )
    if config.gold_bonus:
        raise UsageError(
            "`gold_bonus` is added to the scores of teachers, of which `keep_labels` has none: "
            "leave it out"
        )
    check_partial_loss(config, "keep_labels")


def choose_kept(base: Model, labels: Collection[str], scheme: Scheme) -> tuple[str, ...]:
    """List the labels of a base that the training text does not annotate.

    Parameters
    ----------
    labels : collection of str
        Those of the training text. One that stands for the same as a label of the base, such as
        "person" for "PER", takes its place.
    scheme : Scheme
        Of the training text.

    Raises
    ------
    UsageError
        If the text annotates all labels of the base, or has labels of single tokens.
    """
    if scheme is Scheme.PLAIN:
        raise UsageError(
            "`keep_labels` needs tags that spell names, such as B-PER: the training text has a "
            "label for each token, and leaves none open"
        )
    known = sorted({tag.partition("-")[2] for tag in base.labels} - {""})
    annotated = set(map(same_label, labels))
    kept = tuple(name for name in known if same_label(name) not in annotated)
    if not kept:
        raise UsageError(
            f"`keep_labels`: the training text annotates all labels of the model that the "
            f"training begins with, {join_names(known)}: there is none to keep; leave it out"
        )
    return kept


def decide(
    model: Model, base: Model, allowed: BoolArray, tokens: Sentences, documents: Documents = None
) -> BoolArray:
    """Leave one tag of those that a text allows, where the base is sure.

    The base is asked for the probability of its tags among all paths that agree with the text. A
    token of a label that it does not know is ``O`` to it.

    Parameters
    ----------
    allowed : bool array, shape (T, K)
        The tags of `model` that agree with the text, see `allowed_tags`.
    tokens : sequence of sequences of str
        Of the text, ``T`` in all.

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
        # What is of none of its labels may still be of one that it does not know.
        decided[rows] &= unknown & (best == outside)[:, None]
        decided[rows, best] = True
    return decided


def count_decisions(
    model: Model, kept: Sequence[str], allowed: BoolArray, decided: BoolArray
) -> KeptLabels:
    """Count what the base decided; see `decide`."""
    were_open, still_open = (mask.sum(axis=1) > 1 for mask in (allowed, decided))
    outside = were_open & ~still_open & decided[:, model.labels.index(OUTSIDE)]
    return KeptLabels(
        labels=list(kept),
        found=int((were_open & ~still_open & ~outside).sum()),
        outside=int(outside.sum()),
        open=int(still_open.sum()),
    )


def rehearse(model: Model, data: "TrainingData", encoded: EncodedSentences) -> "TrainingData":
    """Add the text that the network rehearses, with the tags that the base has for it.

    An epoch reads as many sentences of it as of the training text, each at most once. Where the
    base is sure of no label, the user's own text may still have new ones, and the sample has none.

    Parameters
    ----------
    encoded : EncodedSentences
        Of both texts, see `windowclf.training.distillation.encode_lesson`.
    """
    resources = data.resources
    sentences, base = resources.unlabelled, resources.base
    if not sentences or base is None:
        return data
    own, _ = shared_tags(model, base)
    allowed = np.zeros((sum(map(len, sentences)), len(model.labels)), bool)
    allowed[:, slice(None) if resources.has_new_labels else own] = True
    decided = decide(
        model,
        base,
        allowed,
        [sentence.tokens for sentence in sentences],
        [sentence.document for sentence in sentences],
    )
    versions = np.split(np.asarray(data.train.tags()), data.versions)
    gold = np.concatenate([part for version in versions for part in (version, decided)])
    size = len(data.tokens) // data.versions
    weights = np.ones(size) if data.weights is None else data.weights
    share = min(weights.sum() / len(sentences), 1.0)
    weights = np.concatenate([weights, np.full(len(sentences), share)])
    return replace(data, train=replace(encoded, gold=gold), weights=weights)
