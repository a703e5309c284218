"""How often an epoch reads the sentences of a corpus that has a weight."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_batches import COUNT, DISTINCT, RANKING, SETTINGS, SIZES, WORDS

from windowclf.config.config import make_config
from windowclf.errors import DataError
from windowclf.training.batches import TrainingBatches

N = len(SIZES)
WEIGHTS = np.where(np.arange(N) < 8, 0.5, 2.25)


def make(weights=WEIGHTS, **options):
    config = make_config(SETTINGS | {"batch_size": 3} | options)
    return TrainingBatches(DISTINCT, config, weights=weights)


def read(batches, rng):
    """How often an epoch reads each example."""
    found = np.concatenate([part for parts in batches.epoch(rng) for part in parts])
    return np.bincount(found, minlength=COUNT)


@given(
    st.lists(st.sampled_from([0.05, 0.3, 0.5, 1, 1.7, 2, 4.25]), min_size=N, max_size=N),
    st.integers(0, 99),
)
def test_each_sentence_is_read_as_often_as_its_weight_says(weights, seed):
    weights = np.array(weights)
    batches, rng = make(weights), np.random.default_rng(seed)
    found = read(batches, rng)[:N]
    assert ((found == np.floor(weights)) | (found == np.ceil(weights))).all()
    assert abs(found.sum() - weights.sum()) < 1
    assert len(batches) == np.ceil(weights.sum() / 3)
    assert abs(sum(1 for _ in batches.epoch(rng)) - len(batches)) <= 1


def test_the_mean_over_epochs_is_the_weight():
    batches, rng = make(), np.random.default_rng(0)
    epochs = np.array([read(batches, rng)[:N] for _ in range(500)])
    np.testing.assert_allclose(epochs.mean(axis=0), WEIGHTS, atol=0.1)
    # Half of the sentences, and other ones each time: not by their place.
    together = np.corrcoef(epochs[:, 0], epochs[:, 1])[0, 1]
    assert abs(together) < 0.3
    assert len({epoch.tobytes() for epoch in epochs[:100]}) == 100


def test_without_weights_nothing_else_is_drawn():
    one, other = np.random.default_rng(5), np.random.default_rng(5)
    without = [part.tolist() for parts in make(None).epoch(one) for part in parts]
    order = other.permutation(np.arange(N))
    assert without == [part.tolist() for part in np.split(order, range(3, N, 3))]
    assert one.bit_generator.state == other.bit_generator.state
    once = [p.tolist() for ps in make(np.ones(N)).epoch(np.random.default_rng(5)) for p in ps]
    assert once == without


@pytest.mark.parametrize("options", [WORDS, RANKING | {"corruptions": 2}])
def test_words_have_the_weight_of_their_sentence(options):
    weights = np.where(np.arange(N) % 2, 1, 3)
    batches = make(weights, **options)
    expected = np.repeat(weights, SIZES)
    if "loss" in options:
        positive = DISTINCT.gold == 1
        expected = np.where(positive, 2 * expected, 0)
        rng = np.random.default_rng(1)
        real = np.concatenate([p[: len(p) // 2] for ps in batches.epoch(rng) for p in ps])
        found = np.bincount(real, minlength=COUNT)
    else:
        found = read(batches, np.random.default_rng(1))
    assert found.tolist() == expected.tolist()
    assert len(batches) == np.ceil(expected.sum() / 3)


def test_batches_of_tokens_and_of_all():
    weights = np.full(N, 2)
    batches = make(weights, batch_of="tokens", batch_size=10)
    assert len(batches) == np.ceil(2 * COUNT / 10)
    [[chosen]] = make(WEIGHTS, batch_size="all").epoch(np.random.default_rng(2))
    assert abs(len(chosen) - WEIGHTS.sum()) < 1
    assert len(make(WEIGHTS, batch_size="all")) == 1


@pytest.mark.parametrize("options", [{}, WORDS])
def test_other_letter_cases(options):
    """Each sentence stands there twice, in two letter cases."""
    twice = replace(
        DISTINCT,
        words=np.tile(DISTINCT.words, 2),
        lengths=np.tile(SIZES, 2),
        documents=np.arange(2 * N),
        names=np.tile(DISTINCT.names, 2),
        gold=np.tile(DISTINCT.gold, 2),
    )
    weights = np.where(np.arange(N) < 5, 2, 1)
    config = make_config(SETTINGS | {"case_augmentation": 0.5} | options)
    batches = TrainingBatches(twice, config, (), 2, weights)
    expected = np.repeat(weights, SIZES) if options else weights
    units = len(expected)
    found = np.concatenate([p for ps in batches.epoch(np.random.default_rng(3)) for p in ps])
    assert np.bincount(found % units).tolist() == expected.tolist()
    assert set(found // units) == {0, 1}


def test_an_epoch_that_is_resumed():
    whole, batches = np.random.default_rng(4), make()
    expected = [[p.tolist() for p in parts] for parts in batches.epoch(whole)]
    begun, rest = np.random.default_rng(4), np.random.default_rng(9)
    found = [[p.tolist() for p in parts] for parts in batches.epoch(rest, begun, done=2)]
    assert found == expected[2:]
    assert rest.bit_generator.state == np.random.default_rng(9).bit_generator.state


def test_an_epoch_has_something_to_read():
    with pytest.raises(DataError, match=r"leave 0\.2 of 20 examples per epoch: .*`weights`"):
        make(np.full(N, 0.01))
