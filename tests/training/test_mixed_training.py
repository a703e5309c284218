"""Trainings on several corpora at once."""

from dataclasses import replace
from itertools import chain

import msgspec
import numpy as np
import pytest

from networks import DEV, SMALL, TRAIN, make_vectors
from windowclf import Corpus, UsageError, WindowClassifier, load_corpus, mix_corpora
from windowclf.config.config import make_config
from windowclf.corpora.coerce import as_training_text
from windowclf.documents.sentence import Sentence
from windowclf.model.bundle import pack_model
from windowclf.model.record import TrainingRecord
from windowclf.tags.schemes import Scheme
from windowclf.training.data import prepare
from windowclf.training.fit import fit

FIRST, SECOND = TRAIN[::2], TRAIN[1::2]
VECTORS = make_vectors({token.lower(): None for s in TRAIN for token in s.tokens})


def without(label, sentences):
    """The sentences as a corpus has them that does not annotate a label."""
    return [
        replace(s, tags=["O" if tag[2:] == label else tag for tag in s.tags]) for s in sentences
    ]


def mixture(**options):
    first = Corpus("one", {"train": FIRST, "dev": DEV}, Scheme.IOB2, Scheme.IOB2)
    second = {"train": without("LOC", SECOND)}
    return mix_corpora(
        {"a": first, "b": Corpus("two", second, Scheme.IOB2, Scheme.IOB2)}, **options
    )


def prepare_mixture(settings=(), **options):
    text = as_training_text(mixture(**options), None, "auto")
    return prepare(text, VECTORS, make_config(SMALL | dict(settings)))


def test_a_corpus_of_parts_alone_trains_as_one_that_is_whole():
    """The bytes are the same except for the record: a mixture as such draws nothing."""
    whole = Corpus("a+b", mixture().splits, Scheme.IOB2, Scheme.IOB2)
    mixed = prepare_mixture()
    single = prepare(as_training_text(whole, None, "auto"), VECTORS, make_config(SMALL))
    for model, data in (mixed, single):
        fit(model, data)
    for name, parameter in mixed[0].parameters().items():
        np.testing.assert_array_equal(parameter.value, single[0].parameters()[name].value)
    assert mixed[1].weights is None


def test_the_record_has_the_corpora():
    model, data = prepare_mixture(
        weights={"b": 0.5}, maps={"a": {"PER": "Person"}, "b": {"PER": "Person"}}
    )
    fit(model, data)
    first, second = model.record.corpora
    assert (first.name, first.data, first.sentences) == ("a", "one", len(FIRST))
    assert first.tokens + second.tokens == model.record.tokens["train"]
    assert second.tokens == sum(map(len, SECOND))
    assert (second.weight, second.mapped, second.lacks) == (0.5, {"PER": "Person"}, [])
    assert second.describe().endswith(" tokens; weight 0.5; PER is Person")
    assert msgspec.convert(msgspec.to_builtins(model.record), TrainingRecord) == model.record


def test_the_record_of_one_corpus_is_as_it_was():
    """Other bytes would be another model to anyone who compares checksums."""
    text = as_training_text(TRAIN, DEV, "auto")
    model, data = prepare(text, VECTORS, make_config(SMALL | {"epochs": 1}))
    fit(model, data)
    assert not model.record.corpora
    assert all(b"corpora" not in content for content in pack_model(model).values())
    record = msgspec.json.decode(msgspec.json.encode(model.record), type=TrainingRecord)
    assert record == model.record


def test_weights_are_those_of_sentences_that_are_left():
    """An empty sentence does not count, wherever it stands."""
    mixed = mixture(weights={"b": 3})
    first, second = mixed.parts
    more = [Sentence([], []), *mixed.splits["train"], Sentence([], [])]
    parts = (
        replace(first, sentences=first.sentences + 1),
        replace(second, sentences=second.sentences + 1),
    )
    longer = replace(mixed, splits=mixed.splits | {"train": more}, parts=parts)
    text = as_training_text(longer, None, "auto")
    _, data = prepare(text, VECTORS, make_config(SMALL))
    assert data.weights.tolist() == [1] * len(FIRST) + [3] * len(SECOND)
    assert [corpus.sentences for corpus in data.corpora] == [len(FIRST), len(SECOND)]


@pytest.mark.parametrize("versions", [1, 3])
def test_what_a_corpus_lacks_may_be_its_outside(versions):
    settings = {"case_augmentation": 0.1} if versions > 1 else {}
    model, data = prepare_mixture(settings, lacks={"b": ["LOC"]})
    allowed = data.train.gold
    assert data.versions == versions
    assert allowed.dtype == bool
    tags = list(chain.from_iterable(s.tags for s in mixture().splits["train"])) * versions
    assert allowed.shape == (len(tags), len(model.labels))
    first = sum(map(len, FIRST))
    locations = {label for label in model.labels if label.endswith("-LOC")}
    for number, (row, tag) in enumerate(zip(allowed, tags, strict=True)):
        found = {label for label, is_allowed in zip(model.labels, row, strict=True) if is_allowed}
        is_open = tag == "O" and number % (len(tags) // versions) >= first
        assert len(found - locations) == (tag[2:] != "LOC")
        assert (locations <= found) == is_open


@pytest.mark.parametrize(
    "settings",
    [
        {"level": "word"},
        {"level": "sentence"},
        {"level": "sentence", "loss": "max-margin"},
        {"level": "word", "teachers": 2},
    ],
)
def test_lacks_keep_what_is_annotated_elsewhere(settings):
    """The second half marks no place: without `lacks`, places are unlearned there."""
    scores = {}
    for lacks in ((), ("LOC",)):
        model, data = prepare_mixture(settings, lacks={"b": lacks}, weights={"b": 2})
        fit(model, data)
        scores[lacks] = model.record.best_f1
    assert scores["LOC",] > scores[()] + 0.05


@pytest.mark.parametrize(
    "loss", [{"loss": "squared-error"}, {"loss": "ranking", "positive": "PER"}]
)
def test_losses_that_need_all_annotation(loss):
    with pytest.raises(UsageError, match="`lacks` needs"):
        prepare_mixture(loss, lacks={"b": ["LOC"]})


def test_a_mixture_is_fitted_as_any_corpus():
    settings = {name: value for name, value in SMALL.items() if name != "level"} | {"epochs": 1}
    mixed = mixture(lacks={"b": ["LOC"]}).with_train_fraction(0.5, seed=1)
    classifier = WindowClassifier(**settings).fit(mixed, vectors=VECTORS)
    assert [corpus.lacks for corpus in classifier.model.record.corpora] == [[], ["LOC"]]
    assert classifier.model.record.data == "a+b"


@pytest.mark.slow
def test_a_type_that_half_of_the_text_does_not_annotate():
    """With `lacks` at most a third is lost of what is lost without, on the mean of three seeds."""
    sample = load_corpus("sample")
    train = sample.splits["train"]
    halves = {"a": train[::2], "b": train[1::2]}

    def score(seed, label, lacks):
        text = halves | {"b": without(label, halves["b"])}
        rest = {split: sample.splits[split] for split in ("dev", "test")}
        corpora = {
            "a": replace(sample, splits={"train": text["a"], **rest}),
            "b": replace(sample, splits={"train": text["b"]}),
        }
        mixed = mix_corpora(corpora, lacks={"b": lacks})
        classifier = WindowClassifier(seed=seed).fit(mixed)
        return classifier.evaluate(rest["test"]).total.f1

    found = {
        what: np.mean([score(seed, label, lacks) for seed in (1, 2, 3)])
        for what, label, lacks in (
            ("all", "", ()),
            ("without", "PER", ()),
            ("with", "PER", ["PER"]),
        )
    }
    assert found["all"] - found["without"] > 0.02
    assert found["all"] - found["with"] <= (found["all"] - found["without"]) / 3, found
