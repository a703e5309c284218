"""Sentence mean and document context: against loops, and their gradients."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from networks import FEATURES, LENGTHS, WORDS, loss_and_gradients, make_batch, make_network
from windowclf.nn import context as context_module
from windowclf.nn import network as network_module
from windowclf.nn.batch import Batch
from windowclf.nn.context import document_context, find_mentions, sentence_mean_layer
from windowclf.nn.gradcheck import check_gradients
from windowclf.nn.layers import window_rows
from windowclf.nn.network import Network
from windowclf.nn.parameter import Parameter

layers = pytest.mark.parametrize(("hidden", "dropout"), [((5,), 0.0), ((5, 3), 0.3)])


def check(network, batch, **settings):
    run = loss_and_gradients(network, "softmax", batch)
    rng = np.random.default_rng(0)
    return list(check_gradients(run, network.parameters(), rng, samples=10_000, **settings))


# The mean of the sentence


def means_by_hand(W, e, words, lengths):
    z, start = [], 0
    for length in lengths:
        vectors = [e[word] for word in words[start : start + length]]
        z += [W.T @ (sum(vectors) / length) for _ in vectors]
        start += length
    return np.array(z).reshape(-1, W.shape[1])


@pytest.mark.parametrize("lengths", [[4, 1, 7], [12], [0, 5, 0, 7, 0], [1] * 12])
def test_it_is_the_projected_mean_of_each_sentence(lengths):
    rng = np.random.default_rng(3)
    W, e = rng.normal(size=(4, 3)), rng.normal(size=(5, 4))
    z, _ = sentence_mean_layer(Parameter(W), e, WORDS, np.array(lengths))
    np.testing.assert_allclose(z, means_by_hand(W, e, WORDS, lengths))


def test_no_token_at_all():
    z, _ = sentence_mean_layer(
        Parameter(np.ones((4, 3))), np.ones((5, 4)), WORDS[:0], np.array([0])
    )
    assert z.shape == (0, 3)


@layers
def test_every_gradient_with_the_mean_is_right(hidden, dropout):
    network = make_network(hidden=hidden, dropout=dropout, sentence_mean=True)
    checks = check(network, make_batch())
    assert "W_s" in [found.name for found in checks]
    for found in checks:
        assert found.error < 1e-6, found


def test_a_wrong_share_is_found(monkeypatch):
    right = context_module.scatter_add
    monkeypatch.setattr(
        context_module, "scatter_add", lambda rows, values, n: 2 * right(rows, values, n)
    )
    checks = check(make_network(sentence_mean=True), make_batch())
    assert {found.name for found in checks if not found.passed} == {"L_word", "L_shape"}


def test_the_scores_of_a_sentence_know_its_far_end():
    network = make_network(sentence_mean=True)
    plain = make_network()
    far = np.array([1, 1, 2, 3, 2, 1, 4])
    other = np.array([1, 1, 2, 3, 2, 1, 2])

    def first_score(model, words):
        lengths = np.array([len(words)])
        s, _ = model.forward(Batch(FEATURES, window_rows(words, lengths, 3), lengths))
        return s[0]

    assert not np.allclose(first_score(network, far), first_score(network, other))
    np.testing.assert_array_equal(first_score(plain, far), first_score(plain, other))


# Document context

# Three tokens go with no other, and one has a key of its own.
KEYS = np.array([1, 1, 0, 1, 3, 2, 5, 5, 7, 0, 2, 3])
# One of the words stands nowhere else. The first two windows join words of the batch that come
# again there, the third one that does not; the last is in the context of no word.
ELSEWHERE = np.array([[0, 3, 5], [4, 2, 5], [1, 1, 0], [3, 3, 3]])
ELSEWHERE_KEYS = np.array([1, 2, 7, 8])
MORE_FEATURES = np.concatenate([FEATURES, [[5, 4]]])

key_lists = st.lists(st.sampled_from([0, 0, 1, 2, 3, 4, 2**40]), max_size=20)


def mentions_batch(width=3):
    return replace(make_batch(width), mentions=find_mentions(KEYS))


def batch_with_more():
    windows = np.concatenate([window_rows(WORDS, LENGTHS, 3), ELSEWHERE])
    mentions = find_mentions(np.concatenate([KEYS, ELSEWHERE_KEYS]))
    return replace(make_batch(), features=MORE_FEATURES, windows=windows, mentions=mentions)


def scores(network, batch):
    return network.forward(batch)[0]


def by_hand(g, z, keys):
    """The oracle: token by token."""
    found = []
    for t, key in enumerate(keys):
        others = [z[o] for o, other in enumerate(keys) if key and other == key and o != t]
        found.append(z[t] + g * sum(others) / len(others) if others else z[t])
    return np.array(found).reshape(z.shape)


@given(key_lists)
@example([])
@example([0, 0, 0])
@example([4])
@example([5, 5, 5])
@example([3, 1, 2, 1, 0, 3])
def test_windows_with_the_same_key_are_a_group(keys):
    places = {key: [t for t, other in enumerate(keys) if other == key] for key in keys if key}
    windows, sizes = find_mentions(np.array(keys, dtype=np.int64))
    found = [group.tolist() for group in np.split(windows, np.cumsum(sizes))]
    assert found.pop() == []  # the sizes add up
    assert sorted(map(sorted, found)) == sorted(same for same in places.values() if len(same) > 1)


@given(key_lists, st.integers(1, 4))
@example([0, 1, 2], 3)
def test_it_adds_the_mean_of_the_other_mentions(keys, hidden):
    rng = np.random.default_rng(len(keys))
    g, z = rng.normal(size=hidden), rng.normal(size=(len(keys), hidden))
    expected = by_hand(g, z, keys)
    mentions = find_mentions(np.array(keys, dtype=np.int64))
    for tokens in (len(keys), len(keys) // 2):
        found, _ = document_context(Parameter(g), z.copy(), mentions, tokens)
        np.testing.assert_allclose(found, expected[:tokens], rtol=1e-12, atol=1e-12)


def test_where_nothing_is_repeated_nothing_changes():
    g, z = Parameter(np.ones(3)), np.ones((4, 3))
    found, backward = document_context(g, z, find_mentions(np.array([0, 1, 2, 0])), 4)
    np.testing.assert_array_equal(found, np.ones((4, 3)))
    np.testing.assert_array_equal(backward(2 * z), 2 * np.ones((4, 3)))
    assert g.grad is None


@layers
@pytest.mark.parametrize("sentence_mean", [False, True])
@pytest.mark.parametrize("batch", [mentions_batch, batch_with_more])
def test_every_gradient_is_right(batch, sentence_mean, hidden, dropout):
    network = make_network(
        hidden=hidden, dropout=dropout, sentence_mean=sentence_mean, document_context=True
    )
    checks = check(network, batch())
    assert [found.name for found in checks] == list(network.parameters())
    assert "g" in [found.name for found in checks]
    for found in checks:
        assert found.error < 1e-6, found
        assert found.checked == np.prod(found.shape)


@pytest.mark.parametrize("width", [1, 5])
def test_every_window_width(width):
    for found in check(make_network(width=width, document_context=True), mentions_batch(width)):
        assert found.passed, found


def own_delta(_layer, _g, _mentions, _delta, before):
    return before  # as if the others had no part in it


def own_mean(layer, _g, mentions, delta, before):
    own = np.zeros_like(before)
    own[mentions.windows] = 0.1 * before[mentions.windows]
    return layer(delta) + own  # as if a window were one of its own others


def twice(layer, _g, _mentions, delta, before):
    return before + 2 * (layer(delta) - before)


def scaled_g(layer, g, _mentions, delta, _before):
    out = layer(delta)
    g.grad = 1.001 * g.grad
    return out


def other_g(layer, g, _mentions, delta, _before):
    out = layer(delta)
    g.grad = g.grad[::-1]
    return out


BELOW = {"L_word", "L_shape", "W1", "b1"}
FAULTS = [
    (own_delta, BELOW | {"g"}),  # g has none, either
    (own_mean, BELOW),
    (twice, BELOW),
    (scaled_g, {"g"}),
    (other_g, {"g"}),
]


@pytest.mark.parametrize(("wrong", "expected"), FAULTS)
@pytest.mark.parametrize("batch", [mentions_batch, batch_with_more])
def test_the_check_sees_a_planted_fault(batch, wrong, expected, monkeypatch):
    def layer(g, z, mentions, tokens):
        out, backward = document_context(g, z, mentions, tokens)
        further = np.zeros((len(z) - tokens, z.shape[1]))
        return out, lambda delta: wrong(
            backward, g, mentions, delta, np.concatenate([delta, further])
        )

    monkeypatch.setattr(network_module, "document_context", layer)
    network = make_network(hidden=(4,), dropout=0.3, document_context=True)
    checks = check(network, batch(), steps=[1e-4])
    assert {found.name for found in checks if not found.passed} == expected


@pytest.mark.parametrize("sentence_mean", [False, True])
def test_without_the_weight_or_the_mentions_a_window_is_alone(sentence_mean):
    given = {"hidden": (5, 3), "sentence_mean": sentence_mean}
    plain, in_context = make_network(**given), make_network(**given, document_context=True)
    alone = scores(plain, make_batch())
    for batch in (mentions_batch(), batch_with_more()):
        np.testing.assert_allclose(scores(plain, batch), alone)
        np.testing.assert_allclose(scores(in_context, replace(batch, mentions=None)), alone)
    for found in check(plain, batch_with_more()):
        assert found.passed, found


def test_only_what_comes_again_has_a_context():
    plain, in_context = make_network(), make_network(document_context=True)
    for batch, repeated in (
        (mentions_batch(), [0, 1, 3, 4, 5, 6, 7, 10, 11]),
        (batch_with_more(), [0, 1, 3, 4, 5, 6, 7, 8, 10, 11]),
    ):
        same = np.isclose(scores(plain, batch), scores(in_context, batch)).all(axis=1)
        assert np.flatnonzero(~same).tolist() == repeated


def test_a_name_knows_the_neighbours_of_its_other_places():
    in_context = make_network(document_context=True)
    batch = mentions_batch()
    windows = batch.windows.copy()
    windows[11, 0] = 4  # a neighbour of the last token, which has the key of token 4
    other = scores(in_context, replace(batch, windows=windows))
    same = np.isclose(scores(in_context, batch), other).all(axis=1)
    assert np.flatnonzero(~same).tolist() == [4, 11]


@pytest.mark.parametrize("sentence_mean", [False, True])
def test_float32_stays_float32(sentence_mean):
    wide = make_network(sentence_mean=sentence_mean, document_context=True)
    network = Network(
        {name: table.value.astype(np.float32) for name, table in wide.tables.items()},
        [weight.value.astype(np.float32) for weight in wide.weights],
        [bias.value.astype(np.float32) for bias in wide.biases],
        activation="tanh",
        sentence_weight=wide.sentence_weight and wide.sentence_weight.value.astype(np.float32),
        document_weight=wide.document_weight.value.astype(np.float32),
    )
    s, backward = network.forward(batch_with_more())
    assert s.dtype == np.float32
    np.testing.assert_allclose(s, scores(wide, batch_with_more()), rtol=1e-4, atol=1e-5)
    backward(np.ones_like(s))
    for name, parameter in network.parameters().items():
        assert parameter.grad.dtype == np.float32, name


def test_the_backward_pass_leaves_its_argument():
    delta = np.arange(24.0).reshape(12, 2)
    _, backward = document_context(Parameter(np.ones(2)), delta.copy(), find_mentions(KEYS), 12)
    assert not np.array_equal(backward(delta), np.arange(24.0).reshape(12, 2))
    np.testing.assert_array_equal(delta, np.arange(24.0).reshape(12, 2))
