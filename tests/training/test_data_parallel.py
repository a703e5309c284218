"""The gradients of a batch in parts are those of the batch, whichever process computes them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from networks import (
    DEV,
    SMALL,
    TRAIN,
    WORDS,
    make_batch,
    make_network,
    parameter_bytes,
    prepare_small,
    prepare_training,
)
from windowclf.documents.sentence import Sentence
from windowclf.model.encoding import encode
from windowclf.nn.context import find_mentions
from windowclf.nn.crf import Transitions
from windowclf.nn.gradcheck import full_gradient
from windowclf.nn.objective import SentenceObjective, TokenObjective
from windowclf.nn.parameter import Parameter, TableParameter
from windowclf.system.threads import Workers
from windowclf.tags.schemes import Scheme
from windowclf.training import batches as batches_module
from windowclf.training.batches import TrainingBatches
from windowclf.training.data_parallel import Replicas, reduce_gradients, replica
from windowclf.training.fit import TrainingRun, fit
from windowclf.training.loop import BatchDone

# Names come again in a sentence, and in capitals; every sentence is a document.
TEXT = [tiny.parse("[LOC OSLO] is in [LOC Oslo] , [PER Ada] saw Oslo and OSLO"), *TRAIN]
WORD, SENTENCE = {"level": "word"}, {"level": "sentence"}
FURTHER = {"sentence_mean": True, "document_context": True}
KINDS = [
    *({**WORD, "loss": loss} for loss in ("softmax", "max-margin", "squared-error")),
    *({**SENTENCE, "loss": loss} for loss in ("softmax", "max-margin")),
    *({**level, **FURTHER, "hidden": [8, 5]} for level in (WORD, SENTENCE)),
    *({**level, "distilled": True} for level in (WORD, SENTENCE)),
    *({**WORD, "loss": loss, "batch_of": "words"} for loss in ("softmax", "squared-error")),
    {**SENTENCE, "batch_of": "tokens"},
]
NOTHING_DROPPED = {"dropout": 0.0, "hidden_dropout": 0.0, "word_dropout": 0.0}


def make_replicas(parts, text=TEXT, *, distilled=False, **settings):
    """Batches in so many parts, of a model of float64 with weights so random that all count."""
    settings = {"activation": "tanh", "batch_size": "all"} | NOTHING_DROPPED | settings
    model = prepare_small(text, **settings)
    rng = np.random.default_rng(7)
    for parameter in model.parameters().values():
        parameter.value = rng.normal(scale=0.5, size=parameter.shape)
    tags = [model.gold_tags(sentence.tags, Scheme.IOB2) for sentence in text]
    encoded = encode([sentence.tokens for sentence in text], model.lexicon, tags, model.labels)
    if distilled:
        scores = rng.normal(size=(len(encoded.words), len(model.labels)))
        encoded = replace(encoded, gold=scores)
        model.objective.distil_from(
            [rng.normal(size=p.shape) for p in model.objective.parameters().values()]
        )
    batches = TrainingBatches(encoded, model.config)
    batches.parts = parts
    return model, batches, Replicas(model.network, model.objective, batches, rng)


def sums_and_gradients(parts, **settings):
    """Return for each batch of an epoch its number of parts, its sums and its gradients."""
    model, batches, replicas = make_replicas(parts, **settings)
    found = []
    with Workers(1) as workers:
        for chosen in batches.epoch(np.random.default_rng(3)):
            sums = replicas.add_gradients(chosen, workers)
            gradients = {name: full_gradient(p) for name, p in model.parameters().items()}
            found.append((len(chosen), sums, gradients))
            for parameter in model.parameters().values():
                parameter.clear_grad()
    return found


def assert_same(found, expected):
    for (_, sums, gradients), (_, whole, right) in zip(found, expected, strict=True):
        assert (sums.examples, sums.tokens) == (whole.examples, whole.tokens)
        assert sums.loss == pytest.approx(whole.loss, rel=1e-10)
        np.testing.assert_allclose(sums.sensitivities, whole.sensitivities, rtol=1e-10)
        assert list(gradients) == list(right)
        for name, gradient in gradients.items():
            np.testing.assert_allclose(gradient, right[name], atol=1e-12, err_msg=name)


# Replicas of a network

shares = st.floats(-2, 2).map(lambda share: round(share, 3))


@given(st.lists(st.tuples(shares, st.booleans()), min_size=1, max_size=4))
def test_a_gradient_is_the_sum_of_the_replicas_shares(parts):
    first, *others = replicas = [Parameter(np.zeros((2, 3))) for _ in parts]
    expected, rng = None, np.random.default_rng(1)
    for parameter, (share, has_gradient) in zip(replicas, parts, strict=True):
        if has_gradient:
            grad = rng.normal(size=(2, 3))
            parameter.add_grad(grad)
            expected = share * grad + (0 if expected is None else expected)
    reduce_gradients(replicas, [share for share, _ in parts])
    assert all(other.grad is None for other in others)
    if expected is None:
        assert first.grad is None
    else:
        np.testing.assert_allclose(first.grad, expected)


@given(st.lists(st.tuples(shares, st.lists(st.integers(0, 5), max_size=6)), min_size=1, max_size=4))
def test_the_gradient_of_a_table_has_the_rows_of_all_replicas(parts):
    first, *others = replicas = [TableParameter(np.zeros((6, 2))) for _ in parts]
    expected, rng = np.zeros((6, 2)), np.random.default_rng(1)
    for table, (share, rows) in zip(replicas, parts, strict=True):
        if rows:
            grad = rng.normal(size=(len(rows), 2))
            table.add_row_grad(np.array(rows), grad)
            np.add.at(expected, rows, share * grad)
    reduce_gradients(replicas, [share for share, _ in parts])
    assert all(other.grad is other.rows is None for other in others)
    used = sorted({row for _, rows in parts for row in rows})
    assert (first.rows is None) == (first.grad is None) == (not used)
    if used:
        assert first.rows.tolist() == used
        np.testing.assert_allclose(first.grad, expected[used], atol=1e-12)


@pytest.mark.parametrize("further", [False, True])
def test_a_replica_of_a_network_has_all_of_it_but_the_gradients(further):
    network = make_network(
        hidden=(5, 4), sentence_mean=further, document_context=further, dropout=0.4
    )
    batch = replace(make_batch(), mentions=find_mentions(WORDS))
    network.forward(batch)[1](np.ones((12, 4)))
    copied = replica(network)
    assert list(copied.parameters()) == list(network.parameters())
    assert {"W_s", "g"} <= {*copied.parameters()} or not further
    before = {name: full_gradient(p) for name, p in network.parameters().items()}
    for name, parameter in network.parameters().items():
        assert type(copied.parameters()[name]) is type(parameter)
        assert copied.parameters()[name].value is parameter.value
        assert copied.parameters()[name].grad is None
    (s, _), (again, backward) = (
        n.forward(batch, np.random.default_rng(3)) for n in (network, copied)
    )
    assert again.tolist() == s.tolist()
    backward(np.ones_like(s))
    assert copied.parameters()["U"].grad is not None
    for name, parameter in network.parameters().items():
        assert full_gradient(parameter).tolist() == before[name].tolist()


@pytest.mark.parametrize("distilled", [False, True])
@pytest.mark.parametrize("kind", [SentenceObjective, TokenObjective])
def test_a_replica_of_an_objective_has_gradients_of_its_own(kind, distilled):
    rng = np.random.default_rng(2)
    transitions = Transitions(rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=3))
    objective = kind("softmax", transitions)
    s, gold, lengths = rng.normal(size=(5, 3)), np.array([0, 1, 2, 2, 1]), np.array([2, 3])
    if distilled:
        objective.distil_from([transitions.transition + 1, transitions.start, transitions.end])
        gold = rng.normal(size=(5, 3))
    copied = replica(objective)
    loss, ds = copied.loss(s, gold, lengths)
    assert all(parameter.grad is None for parameter in objective.parameters().values())
    assert all(parameter.grad is not None for parameter in copied.parameters().values())
    own_loss, own_ds = objective.loss(s, gold, lengths)
    assert (own_loss, own_ds.tolist()) == (loss, ds.tolist())
    for name, parameter in objective.parameters().items():
        assert copied.parameters()[name].value is parameter.value
        assert copied.parameters()[name].grad.tolist() == parameter.grad.tolist()
    assert copied.decode(s, lengths).tolist() == objective.decode(s, lengths).tolist()


# Batches in parts


@pytest.mark.parametrize("settings", KINDS, ids=str)
def test_the_sum_of_the_parts_is_the_batch(settings):
    [whole] = sums_and_gradients(1, **settings)
    assert whole[0] == 1
    assert all(np.abs(gradient).max() > 1e-6 for gradient in whole[2].values())
    for parts in (2, 5):
        found = sums_and_gradients(parts, **settings)
        assert [n for n, _, _ in found] == [parts]
        assert_same(found, [whole])


def test_a_part_forgets_the_batch_before():
    settings = {**SENTENCE, **FURTHER, "batch_size": 9}
    found = sums_and_gradients(3, **settings)
    assert len(found) > 3
    assert_same(found, sums_and_gradients(1, **settings))


@pytest.mark.parametrize("settings", [WORD, SENTENCE], ids=str)
def test_a_batch_of_fewer_sentences_than_parts(settings):
    text = [Sentence(["Oslo"], ["B-LOC"]), tiny.parse("[PER Mary Poppins] saw him"), TEXT[0]]
    for size in (1, 2, 3):
        settings = {**settings, "text": text, "batch_size": size, "batch_of": "sentences"}
        found = sums_and_gradients(8, **settings)
        assert all(1 <= n <= size for n, _, _ in found)
        assert_same(found, sums_and_gradients(1, **settings))


def test_what_is_dropped_in_a_part_is_its_own():
    settings = {"text": [TEXT[0]] * 4, "hidden_dropout": 0.5, "word_dropout": 0.5}
    _, batches, replicas = make_replicas(2, **settings)
    kept = []

    def part(chosen, rng):
        batch = TrainingBatches.part(batches, chosen, rng)
        kept.append((batch.features.tolist(), rng.random()))
        return batch

    batches.part, batches.dropped = part, [([0], 0.5)]
    [chosen] = batches.epoch(np.random.default_rng(0))
    replicas.add_gradients(chosen, Workers(1))
    [(features, drawn), (other_features, other_drawn)] = kept
    assert features != other_features
    assert drawn != other_drawn


DOCUMENTS = [replace(sentence, document=i // 5) for i, sentence in enumerate(TEXT)]
TRAININGS = [
    WORD,
    {**SENTENCE, **FURTHER},
    {**SENTENCE, **FURTHER, "batch_of": "tokens", "batch_size": 25, "case_augmentation": 0.2},
    {**WORD, "batch_of": "words", "batch_size": 30, "optimizer": "adagrad"},
]


def trained(threads, **settings):
    model, data = prepare_training(DOCUMENTS, DEV, **{"epochs": 2, **settings})
    losses = []

    def listen(event):
        if isinstance(event, BatchDone):
            losses.append(event.loss)

    fit(model, data, TrainingRun(listen, threads))
    return losses, {name: p.value.tobytes() for name, p in model.parameters().items()}


@pytest.mark.parametrize("settings", TRAININGS, ids=str)
def test_any_number_of_threads_trains_the_same_bytes(settings, monkeypatch):
    assert SMALL["dropout"] > 0 < SMALL["word_dropout"]
    counts = set()

    class Spied(Replicas):
        def add_gradients(self, parts, workers):
            counts.add(len(parts))
            return super().add_gradients(parts, workers)

    monkeypatch.setattr("windowclf.training.loop.Replicas", Spied)
    whole = trained(1, **settings)
    assert counts == {1}
    monkeypatch.setattr(batches_module, "PART_TOKENS", 4)
    counts.clear()
    first, other = (trained(threads, **settings) for threads in (1, 3))
    assert max(counts) >= 4
    assert other == first
    assert first != whole  # or this test would see nothing


def test_a_teacher_and_its_pupil_train_in_parts_too(monkeypatch):
    monkeypatch.setattr(batches_module, "PART_TOKENS", 4)
    found = [trained(threads, teachers=1, **SENTENCE) for threads in (1, 2)]
    assert found[0] == found[1]


def test_the_gradients_of_parts_train_as_well(monkeypatch):
    monkeypatch.setattr(batches_module, "PART_TOKENS", 4)
    model, data = prepare_training(TRAIN, DEV, epochs=8)
    before = parameter_bytes(model)
    fit(model, data, TrainingRun(threads=2))
    assert model.record.epochs[model.record.best_epoch - 1].f1 > 0.9
    assert all(value != before[name] for name, value in parameter_bytes(model).items())
