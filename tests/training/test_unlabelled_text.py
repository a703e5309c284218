"""What teachers read to a network: text without labels, besides what they were trained on."""

from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from networks import DEV, TRAIN, parameter_bytes, prepare_training, tagger_scores
from tiny import parse
from windowclf.documents.case import CASES
from windowclf.documents.sentence import Sentence
from windowclf.errors import UsageError
from windowclf.tagging.tagger import Tagger
from windowclf.training import fit as fit_module
from windowclf.training.data import Resources
from windowclf.training.distillation import check_teaching
from windowclf.training.fit import TrainingRun, fit
from windowclf.training.loop import BatchDone, NetworkBegins

# Nora and Rome are not in the training text, and names come again in a document.
MARKED = ["[PER Nora] lives in [LOC Rome] .", "[PER Nora] saw [PER Tom] .", "They met him ."]
TEXT = [Sentence(parse(m).tokens, None, i // 2) for i, m in enumerate(MARKED * 4)]
TOKENS = sum(map(len, TEXT))
RESOURCES = Resources(unlabelled=TEXT)
IN_DOCUMENTS = [replace(sentence, document=i // 5) for i, sentence in enumerate(TRAIN)]
SENTENCE = {"level": "sentence", "epochs": 1, "teachers": 2}
IN_CASES = {"case_augmentation": 0.2, "document_context": True, "sentence_mean": True}
KINDS = [
    SENTENCE,
    SENTENCE | IN_CASES,
    SENTENCE | {"batch_of": "tokens", "batch_size": 30},
    {"teachers": 2, "epochs": 1, "batch_of": "words", "batch_size": 30},
]


def train(sentences=TRAIN, resources=RESOURCES, **settings):
    events = []
    model, data = prepare_training(sentences, DEV, resources=resources, **settings)
    fit(model, data, TrainingRun(events.append))
    return model, events


@pytest.mark.parametrize("settings", KINDS)
def test_the_network_reads_both_texts_and_its_teachers_one(monkeypatch, settings):
    train_network, trained = fit_module._train_network, []

    def spy(network, data, *rest):
        train_network(network, data, *rest)
        trained.append((network, data))

    monkeypatch.setattr(fit_module, "_train_network", spy)
    model, data = prepare_training(IN_DOCUMENTS, DEV, resources=RESOURCES, **settings)
    fit(model, data)
    *of_teachers, (pupil, taught) = trained
    assert pupil is model
    assert all(found is data for _, found in of_teachers)
    teachers = [teacher for teacher, _ in of_teachers]
    text = [sentence.tokens for sentence in TEXT]
    # of each version the training text, then the unlabelled one: its scores are those as written
    versions = [text, *([[*map(getattr(str, c), s)] for s in text] for c in CASES)][: data.versions]
    n, T = len(TRAIN), len(data.train.words) // data.versions
    own, other = (
        np.mean([tagger_scores(Tagger(t), *of) for t in teachers], axis=0)
        for of in ((data.tokens, data.documents), (text, [s.document for s in TEXT]))
    )
    np.testing.assert_allclose(
        taught.train.gold,
        np.concatenate([*chain(*((own[i : i + T], other) for i in range(0, len(own), T)))]),
        atol=1e-5,
    )
    expected = [*chain(*((data.tokens[i * n : (i + 1) * n], v) for i, v in enumerate(versions)))]
    words = [*chain(*chain(*expected))]
    ids = taught.train.features[taught.train.words]
    np.testing.assert_array_equal(ids, model.lexicon.ids(words))
    np.testing.assert_array_equal(taught.train.lengths, [len(s) for s in chain(*expected)])
    # no document of one text goes on in the other
    documents = taught.train.documents.tolist()
    size = n + len(TEXT)
    for i in range(data.versions):
        before, after = documents[i * size : i * size + n], documents[i * size + n : (i + 1) * size]
        assert not {*before} & {*after}
        assert [d - after[0] for d in after] == [s.document for s in TEXT]


@pytest.mark.parametrize("settings", KINDS)
def test_an_epoch_reads_each_sentence_once(settings):
    model, events = train(**settings)
    begins = [i for i, event in enumerate(events) if isinstance(event, NetworkBegins)]
    own = sum(map(len, TRAIN))
    for start, tokens in zip(begins, (own, own, own + TOKENS), strict=True):
        done = [e for e in events[start + 1 :] if isinstance(e, BatchDone) and e.epoch == 1]
        assert sum(batch.tokens for batch in done[: done[0].batches]) == tokens
    record = model.record
    assert record.sentences == {"train": len(TRAIN), "dev": len(DEV), "unlabelled": len(TEXT)}
    assert record.tokens["unlabelled"] == TOKENS
    assert "unlabelled" not in train(resources=None, **settings)[0].record.tokens


def test_weights_are_those_of_the_training_text():
    events = []
    model, data = prepare_training(TRAIN, DEV, resources=RESOURCES, **SENTENCE | {"teachers": 1})
    fit(model, replace(data, weights=np.full(len(TRAIN), 2.0)), TrainingRun(events.append))
    tokens = [event.tokens for event in events if isinstance(event, BatchDone)]
    own = sum(map(len, TRAIN))
    assert sum(tokens) == 2 * own + (2 * own + TOKENS)


def test_words_of_the_unlabelled_text_learn():
    plain, taught = (train(resources=given, **SENTENCE)[0] for given in (None, RESOURCES))
    assert {"nora", "rome"}.isdisjoint(plain.lexicon.values["word"])
    # the tiny vectors of the second model have the words of both texts
    rows = taught.lexicon.ids(["Nora", "Rome"])[:, 0]
    assert {*rows} <= {*taught.first_vectors.rows}
    first = taught.first_vectors.vectors[np.searchsorted(taught.first_vectors.rows, rows)]
    moved = np.abs(taught.network.tables["word"].take(rows) - first).max(axis=1)
    assert (moved > 0.003).all()


def test_the_teachers_are_those_without_unlabelled_text(monkeypatch):
    train_network, trained = fit_module._train_network, []

    def spy(network, *rest):
        train_network(network, *rest)
        trained.append(network)

    monkeypatch.setattr(fit_module, "_train_network", spy)
    for resources in (RESOURCES, Resources()):
        model, data = prepare_training(TRAIN, DEV, resources=RESOURCES, **SENTENCE)
        fit(model, replace(data, resources=resources))
    *teachers, pupils = zip(trained[:3], trained[3:], strict=True)
    for one, other in teachers:
        assert parameter_bytes(one) == parameter_bytes(other)
    assert parameter_bytes(pupils[0]) != parameter_bytes(pupils[1])
    plain = prepare_training(TRAIN, DEV, **SENTENCE)[0].lexicon.values
    assert {**model.lexicon.values, "word": ()} == {**plain, "word": ()}


def test_the_same_seed_gives_the_same_bytes():
    settings = SENTENCE | IN_CASES | {"epochs": 1, "teachers": 1}
    given = (RESOURCES, RESOURCES, replace(RESOURCES, unlabelled=TEXT[:-1]))
    one, again, other = (parameter_bytes(train(resources=each, **settings)[0]) for each in given)
    assert one == again
    assert one != other


def test_text_that_nobody_teaches_is_refused():
    from windowclf import WindowClassifier

    with pytest.raises(UsageError, match="`unlabelled` needs teachers") as caught:
        WindowClassifier().fit(TRAIN, unlabelled=[["Nora"]])
    assert "\n" not in str(caught.value)
    max_margin = prepare_training(TRAIN, loss="max-margin")[0].config
    with pytest.raises(UsageError, match="`trained_teachers` needs `loss='softmax'`, not max"):
        check_teaching(max_margin, teachers=True, unlabelled=False)
