"""Labels that a model keeps from the one that its training begins with."""

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

from networks import CORPUS, prepare_training, tagger_scores
from windowclf.config.config import make_config
from windowclf.errors import UsageError
from windowclf.evaluation.evaluate import confidences, evaluate, examine
from windowclf.lexicon.gazetteer import Gazetteer
from windowclf.model.record import KeptLabels
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme
from windowclf.training import kept_labels
from windowclf.training.checkpoints import _checksums
from windowclf.training.data import Resources
from windowclf.training.fit import fit
from windowclf.training.kept_labels import (
    check_keeping,
    choose_kept,
    count_decisions,
    decide,
    more_units,
)
from windowclf.training.partial_annotation import allowed_tags

SETTINGS = {"level": "sentence", "batch_size": 4, "epochs": 8, "hidden": [12]}
VERBS = [
    replace(s, tags=["B-VERB" if token in ("saw", "met") else "O" for token in s.tokens])
    for s in CORPUS[32:]
]
"""Sentences that annotate a new label, and none of those that the base knows."""


@pytest.fixture(scope="module")
def base():
    model, data = prepare_training(CORPUS, **SETTINGS)
    fit(model, data)
    return model


def train(base, kept=("LOC", "PER"), **settings):
    resources = Resources(base=base, kept=kept)
    settings = SETTINGS | (more_units(base.config) if kept else {}) | settings
    return prepare_training(VERBS, resources=resources, **settings)


def f1(model, label):
    gold = [model.gold_tags(s.tags, Scheme.IOB2) for s in (VERBS if label == "VERB" else CORPUS)]
    text = VERBS if label == "VERB" else CORPUS
    return evaluate(Tagger(model), text, gold).types[label].f1


@pytest.mark.parametrize("settings", [{}, {"loss": "max-margin"}])
def test_a_kept_label_is_found_after_training_on_text_without_it(base, settings):
    model, data = train(base, **settings)
    fit(model, data)
    assert min(f1(model, "PER"), f1(model, "LOC"), f1(model, "VERB")) > 0.9
    assert model.record.kept.labels == ["LOC", "PER"]
    other, data = train(base, kept=())
    fit(other, data)
    assert not any("PER" in tag for tag in other.labels)
    assert other.record.lacked == []


def test_what_the_base_knows_stays_as_it_is(base):
    """In text whose words the base knows, the scores of O and of kept labels are the base's."""
    model, data = train(base)
    fit(model, data)
    held = [k for k, tag in enumerate(model.labels) if "VERB" not in tag]
    of_base = [base.labels.index(model.labels[k]) for k in held]
    tokens = [s.tokens for s in CORPUS]
    own, others = (tagger_scores(Tagger(each), tokens) for each in (model, base))
    np.testing.assert_allclose(own[:, held], others[:, of_base], rtol=1e-4, atol=1e-4)
    for name, parameter in model.objective.parameters().items():
        value = base.objective.parameters()[name].value
        both = (np.ix_(*[each] * value.ndim) for each in (held, of_base))
        assert np.array_equal(parameter.value[next(both)], value[next(both)])
    assert model.config.hidden == (24,)


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "adam"])
def test_only_what_is_not_fixed_is_trained(base, optimizer):
    model, data = train(base, optimizer=optimizer)
    before = {name: p.value.copy() for name, p in model.parameters().items()}
    fit(model, data)
    for name, parameter in model.parameters().items():
        fixed = np.broadcast_to(parameter.fixed, parameter.shape)
        assert np.array_equal(parameter.value[fixed], before[name][fixed]), name
        if name[:2] not in ("L_", "en", "st"):
            assert (parameter.value != before[name])[~fixed].any(), name


def test_a_label_that_both_have_is_learned_from_the_text(base):
    """The text calls no place a place: what it annotates, it decides."""
    text = [
        replace(s, tags=["B-LOC" if token in ("saw", "met") else "O" for token in s.tokens])
        for s in CORPUS[32:]
    ]
    resources = Resources(base=base, kept=("PER",))
    settings = SETTINGS | more_units(base.config)
    model, data = prepare_training(text, resources=resources, **settings)
    fit(model, data)
    [tags] = Tagger(model).tags([["Ada", "met", "Tom", "."]])
    assert tags == ["B-PER", "B-LOC", "B-PER", "O"]


def test_layers_and_features_that_are_added(base):
    settings = SETTINGS | {"hidden": [12, 10]}
    deep, data = prepare_training(CORPUS, **settings)
    fit(deep, data)
    places = Resources(
        base=deep, kept=("LOC", "PER"), gazetteers={"LOC": Gazetteer(["Oslo", "New York"])}
    )
    model, data = prepare_training(VERBS, resources=places, **SETTINGS | more_units(deep.config))
    assert model.config.hidden == (24, 20)
    fit(model, data)
    assert min(f1(model, "PER"), f1(model, "LOC"), f1(model, "VERB")) > 0.9
    held = [k for k, tag in enumerate(model.labels) if "VERB" not in tag]
    of_base = [deep.labels.index(model.labels[k]) for k in held]
    tokens = [s.tokens for s in CORPUS]
    own, others = (tagger_scores(Tagger(each), tokens) for each in (model, deep))
    np.testing.assert_allclose(own[:, held], others[:, of_base], rtol=1e-4, atol=1e-4)


def slow_decisions(model, base, allowed, sentences, sure):
    """Sum over all paths of each sentence, one by one."""
    decided, start = allowed.copy(), 0
    moves = base.objective.parameters()
    A, first, last = (moves[name].value.astype(float) for name in ("A", "start", "end"))
    for tokens in sentences:
        [chunk] = Tagger(base).lookup([tokens])
        s, n = Tagger(base).score(chunk), len(tokens)
        choices = []
        for t in range(n):
            agreeing = [
                k
                for k, tag in enumerate(base.labels)
                if allowed[start + t, model.labels.index(tag)]
            ]
            choices.append(agreeing or [base.labels.index("O")])
        weights = np.zeros((n, len(base.labels)))
        for path in product(*choices):
            score = first[path[0]] + last[path[-1]] + sum(s[t, k] for t, k in enumerate(path))
            score += sum(A[a, b] for a, b in pairwise(path))
            weights[range(n), path] += np.exp(score)
        for t, row in enumerate(weights / weights.sum(axis=1, keepdims=True)):
            best = base.labels[row.argmax()]
            if row.max() > sure and allowed[start + t].sum() > 1:
                for k, tag in enumerate(model.labels):
                    others = best == "O" and tag not in base.labels
                    decided[start + t, k] &= tag == best or others
        start += n
    return decided


@pytest.mark.parametrize("sure", [0.3, 0.8, 0.99])
def test_decisions_are_those_of_the_sum_over_paths(base, sure, monkeypatch):
    monkeypatch.setattr(kept_labels, "SURE", sure)
    model, _ = train(base)
    sentences = [["Ada", "saw", "Oslo"], ["Tom"], ["They", "met", "him"], ["in", "Paris", "Ada"]]
    tags = [["O", "S-VERB", "O"], ["O"], ["O", "O", "O"], ["O", "O", "O"]]
    lacks = [("LOC", "PER"), ("PER",), ("LOC", "PER", "VERB"), ("LOC", "VERB")]
    allowed = np.concatenate(
        [allowed_tags(own, model.labels, lacked) for own, lacked in zip(tags, lacks, strict=True)]
    )
    decided = decide(model, base, allowed, sentences)
    assert np.array_equal(decided, slow_decisions(model, base, allowed, sentences, sure))
    assert decided.any(axis=1).all()
    assert not (decided & ~allowed).any()


def test_decisions_are_counted(base):
    model, _ = train(base)
    tags = ["O", "S-VERB", "O", "O"]
    allowed = allowed_tags(tags, model.labels, ("LOC", "PER"))
    decided = allowed.copy()
    decided[0] = allowed_tags(["S-PER"], model.labels, ())[0]
    decided[2] = allowed_tags(["O"], model.labels, ())[0]
    counted = count_decisions(model, ("LOC", "PER"), allowed, decided)
    assert counted == KeptLabels(labels=["LOC", "PER"], found=1, outside=1, open=1)


def test_spans_of_labels_that_a_text_lacks_do_not_count(base):
    gold = [base.gold_tags(["O" if "PER" in t else t for t in s.tags], Scheme.IOB2) for s in CORPUS]
    tagger = Tagger(base)
    all_of_it = evaluate(tagger, CORPUS, gold)
    scores = evaluate(tagger, CORPUS, gold, lacks=["PER"])
    assert "PER" not in scores.types
    assert scores.total == scores.types["LOC"] == all_of_it.types["LOC"]
    found = examine(tagger, CORPUS, gold, lacks=["PER"])
    assert found.scores.total == scores.total
    sure, right = confidences(tagger, CORPUS, gold, ["PER"])
    assert len(sure) == len(right) == scores.total.predicted < all_of_it.total.predicted


def test_a_label_of_the_same_meaning_takes_the_place_of_the_old_one(base):
    assert choose_kept(base, ["VERB"], Scheme.IOB2) == ("LOC", "PER")
    assert choose_kept(base, ["VERB", "person"], Scheme.IOB2) == ("LOC",)
    assert choose_kept(base, ["LOC"], Scheme.IOB2) == ("PER",)


def test_a_changed_base_ends_a_resumed_training(base):
    found = _checksums(*train(base))
    other = replace(base, labels=[*base.labels[1:], base.labels[0]])
    model, data = train(base)
    data = replace(data, resources=replace(data.resources, base=other))
    changed = _checksums(model, data)
    assert {name for name in found if found[name] != changed[name]} == {"the model it begins with"}


def test_what_cannot_keep_labels_is_refused(base):
    with pytest.raises(UsageError, match=r"annotates all labels .* LOC, PER: none is left"):
        choose_kept(base, ["place", "PER", "VERB"], Scheme.IOB2)
    with pytest.raises(UsageError, match="needs tags that spell names"):
        choose_kept(base, ["NN"], Scheme.PLAIN)
    for named in (None, "auto", "none"):
        with pytest.raises(UsageError, match="needs the model whose labels to keep: name it"):
            check_keeping(make_config({}), named, taught=False)
    with pytest.raises(UsageError, match="teachers exclude each other"):
        check_keeping(make_config({}), "bundled", taught=True)
    with pytest.raises(UsageError, match="teachers exclude each other"):
        check_keeping(make_config({"teachers": 2}), "bundled", taught=False)
    config = make_config({"level": "word", "loss": "squared-error"})
    with pytest.raises(UsageError, match=r"^`keep_labels` needs `loss='softmax'`"):
        check_keeping(config, "bundled", taught=False)
