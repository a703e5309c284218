"""Text in which some types are not annotated."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks import CORPUS, prepare_training
from strategies import tag_sequences
from windowclf.config.config import make_config
from windowclf.errors import DataError, UsageError
from windowclf.evaluation.evaluate import evaluate
from windowclf.nn.losses import PARTIAL_LOSSES, TOKEN_LOSSES
from windowclf.tagging.tagger import Tagger
from windowclf.tags.schemes import Scheme
from windowclf.training.fit import fit
from windowclf.training.partial_annotation import allowed_tags, check_partial_loss

LABELS = ["O", *(f"{prefix}-{name}" for name in ("LOC", "PER", "geo-loc") for prefix in "BIES")]
TYPES = {"LOC", "PER", "geo-loc"}


def names(allowed, labels=LABELS):
    return [[label for label, ok in zip(labels, row, strict=True) if ok] for row in allowed]


def test_a_word_outside_may_be_of_a_type_that_is_not_annotated():
    allowed = allowed_tags(["O", "S-LOC", "B-PER"], LABELS, {"PER"})
    assert allowed.dtype == bool
    assert names(allowed) == [["O", "B-PER", "I-PER", "E-PER", "S-PER"], ["S-LOC"], ["B-PER"]]


def test_a_plain_tag_is_a_type_of_its_own():
    labels = ["O", "NN", "X-NN"]
    assert names(allowed_tags(["O", "NN"], labels, ["NN"], Scheme.PLAIN), labels) == [
        ["O", "NN"],
        ["NN"],
    ]


@given(tag_sequences(), st.sets(st.sampled_from(sorted(TYPES))))
def test_a_tag_agrees_with_itself_and_o_with_what_is_lacked(tags, lacks):
    lacked = [label for label in LABELS if label[2:] in lacks]
    expected = [["O", *lacked] if tag == "O" else [tag] for tag in tags]
    allowed = allowed_tags(tags, LABELS, lacks)
    assert allowed.shape == (len(tags), len(LABELS))
    assert names(allowed) == expected


@pytest.mark.parametrize(
    ("labels", "scheme", "known"),
    [(LABELS, Scheme.IOBES, "LOC, PER, geo-loc"), (["O", "NN"], Scheme.PLAIN, "NN")],
)
@pytest.mark.parametrize("name", ["MISC", "O", "", "B-PER"])
def test_a_type_that_the_model_does_not_know_is_refused(labels, scheme, known, name):
    with pytest.raises(DataError, match=f"^`lacks`: .*{name}.* expected one of {known}$"):
        allowed_tags(["O"], labels, {name}, scheme)


def test_losses_that_cannot_tell_what_is_annotated_are_refused():
    settings = {"ranking": {"positive": "PER"}}
    for loss in (*TOKEN_LOSSES, "ranking"):
        config = make_config({"level": "word", "loss": loss, **settings.get(loss, {})})
        if loss in PARTIAL_LOSSES:
            check_partial_loss(config)
        else:
            with pytest.raises(UsageError, match="`loss='softmax'` or `loss='max-margin'`, not"):
                check_partial_loss(config)


@pytest.mark.parametrize("level", ["word", "sentence"])
@pytest.mark.parametrize("loss", PARTIAL_LOSSES)
def test_what_is_not_annotated_is_not_unlearned(level, loss):
    """Most sentences have no people annotated; the rest are annotated in full."""
    settings = {"level": level, "loss": loss, "batch_size": 8, "epochs": 12, "seed": 2}
    bare = [
        replace(s, tags=["O" if tag.endswith("PER") else tag for tag in s.tags]) if i % 4 else s
        for i, s in enumerate(CORPUS)
    ]
    recall = {}
    for lacks in [(), ("PER",)]:
        model, data = prepare_training(bare, CORPUS, **settings)
        tags = np.array(model.labels)[data.train.tags()]
        gold = allowed_tags(tags.tolist(), model.labels, lacks)
        full = np.repeat(np.arange(len(CORPUS)) % 4 == 0, data.train.lengths)
        gold[full] = allowed_tags(tags[full].tolist(), model.labels, ())
        data = replace(data, train=replace(data.train, gold=gold))
        fit(model, data)
        scores = evaluate(Tagger(model), data.dev, data.gold)
        recall[lacks] = scores.types["PER"].recall
    assert recall["PER",] > 0.8 > 0.3 > recall[()]
