"""The account of ``z``: against loops over every product, the network itself, and differences."""

from dataclasses import replace

import numpy as np
import pytest

from networks import LENGTHS, make_batch, make_network
from windowclf.explanation.contributions import contributions, derivative
from windowclf.nn.context import find_mentions

# Three tokens go with no other, and one has a key of its own.
KEYS = np.array([1, 1, 0, 1, 3, 2, 5, 5, 7, 0, 2, 3])
TOKENS = range(int(LENGTHS.sum()))
NETWORKS = {
    "windows": {},
    "one word": {"width": 1},
    "mean": {"sentence_mean": True},
    "document_context": {"document_context": True},
    "all": {"sentence_mean": True, "document_context": True, "width": 5},
    "deep": {"sentence_mean": True, "document_context": True, "hidden": (5, 4, 3)},
    "one score": {"classes": 1, "hidden": (5, 4)},
}


@pytest.fixture(params=NETWORKS)
def made(request):
    settings = NETWORKS[request.param]
    batch = make_batch(settings.get("width", 3))
    return make_network(**settings), replace(batch, mentions=find_mentions(KEYS))


def joined(network, batch, row):
    tables = network.tables.values()
    ids = batch.features[row]
    return [float(x) for t, i in zip(tables, ids, strict=True) for x in t.value[i]]


def product(matrix, e):
    """``Wᵀ e`` of lists, one product after another."""
    H = matrix.shape[1]
    return np.array([sum(e[d] * float(matrix[d, h]) for d in range(len(e))) for h in range(H)])


def window_by_hand(network, batch, token):
    W = network.weights[0].value
    z = network.biases[0].value.astype(float)
    for k, row in enumerate(batch.windows[token]):
        z = z + product(W[:, k], joined(network, batch, row))
    return z


def z_by_hand(network, batch, token):
    z = window_by_hand(network, batch, token)
    if network.document_weight is not None:
        same = [t for t in TOKENS if t != token and KEYS[t] == KEYS[token]]
        if KEYS[token] and same:
            mean = sum(window_by_hand(network, batch, t) for t in same) / len(same)
            z = z + network.document_weight.value * mean
    if network.sentence_weight is not None:
        ends = np.cumsum(batch.lengths).tolist()
        begin, end = next((b, e) for b, e in zip([0, *ends], ends, strict=False) if token < e)
        centres = [batch.windows[t][batch.windows.shape[1] // 2] for t in range(begin, end)]
        for row in centres:
            e = joined(network, batch, row)
            z = z + product(network.sentence_weight.value, e) / (end - begin)
    return z


def test_the_parts_add_up_to_z(made):
    network, batch = made
    for token in TOKENS:
        found = contributions(network, batch, token)
        expected = z_by_hand(network, batch, token)
        parts = found.through(np.eye(5))
        np.testing.assert_allclose(parts.total, expected, rtol=0, atol=1e-10)
        np.testing.assert_allclose(parts.by_share.sum(axis=0), expected, rtol=0, atol=1e-10)
        np.testing.assert_allclose(found.z, expected, rtol=0, atol=1e-10)


def test_each_part_is_that_of_its_word_and_feature(made):
    network, batch = made
    W = network.weights[0].value
    for token in TOKENS:
        window = contributions(network, batch, token).through(np.eye(5)).window
        assert window.shape == (W.shape[1], 2, 5)
        for k, row in enumerate(batch.windows[token]):
            e = joined(network, batch, row)  # three numbers of the word, one of its shape
            np.testing.assert_allclose(window[k, 0], product(W[:3, k], e[:3]), atol=1e-12)
            np.testing.assert_allclose(window[k, 1], product(W[3:, k], e[3:]), atol=1e-12)


def test_the_words_of_the_mean_have_parts_of_their_own():
    network, batch = make_network(sentence_mean=True), make_batch()
    W_s = network.sentence_weight.value
    sentence = contributions(network, batch, 6).through(np.eye(5)).sentence
    assert sentence.shape == (7, 2, 5)
    for i, token in enumerate(range(5, 12)):
        e = joined(network, batch, batch.windows[token, 1])
        np.testing.assert_allclose(sentence[i, 0], product(W_s[:3], e[:3]) / 7, atol=1e-12)
        np.testing.assert_allclose(sentence[i, 1], product(W_s[3:], e[3:]) / 7, atol=1e-12)


def test_the_network_has_the_same_z(made):
    network, batch = made
    f, _ = network.activation
    s, _ = network.forward(batch)
    for token in TOKENS:
        z = contributions(network, batch, token).z
        for weight, bias in zip(network.weights[1:], network.biases[1:], strict=True):
            z = f(z.copy()) @ weight.value + bias.value
        np.testing.assert_allclose(s[token], z, rtol=1e-10)


def difference(network, batch, token, array, step=1e-6):
    """How fast the scores of a token change as a part of a parameter is scaled: both sides."""
    kept = array.copy()
    sides = []
    for factor in (1 + step, 1 - step):
        array[...] = kept * factor
        sides.append(network.forward(batch)[0][token])
    array[...] = kept
    return (sides[0] - sides[1]) / (2 * step)


def of_scores(network, batch, token):
    found = contributions(network, batch, token)
    return found.through(derivative(network, found.z).ds_dz.T)


@pytest.mark.parametrize("activation", ["logistic", "tanh", "hard-tanh", "relu"])
@pytest.mark.parametrize("hidden", [(5,), (5, 4, 3)], ids=str)
def test_the_account_of_the_scores_is_the_numerical_derivative(activation, hidden):
    network = make_network(activation=activation, hidden=hidden, sentence_mean=True)
    batch = make_batch()
    features = slice(0, 3), slice(3, 4)
    moved = 0.0
    for token in TOKENS:
        parts = of_scores(network, batch, token)
        for f, rows in enumerate(features):
            for k in range(3):
                part = network.weights[0].value[rows, k]
                expected = difference(network, batch, token, part)
                np.testing.assert_allclose(parts.window[k, f], expected, rtol=1e-5, atol=1e-8)
            expected = difference(network, batch, token, network.sentence_weight.value[rows])
            np.testing.assert_allclose(parts.sentence[:, f].sum(0), expected, rtol=1e-5, atol=1e-8)
            moved += np.abs(expected).sum()
        expected = difference(network, batch, token, network.biases[0].value)
        np.testing.assert_allclose(parts.bias, expected, rtol=1e-5, atol=1e-8)
    assert moved > 0.1


def test_so_is_that_of_the_other_places():
    network, batch = make_network(document_context=True, sentence_mean=True), make_batch()
    batch = replace(batch, mentions=find_mentions(KEYS))
    heeding = [token for token in TOKENS if token in batch.mentions.windows]
    assert 0 < len(heeding) < len(TOKENS)
    for token in TOKENS:
        elsewhere = of_scores(network, batch, token).elsewhere
        expected = difference(network, batch, token, network.document_weight.value)
        assert (elsewhere is not None) == (token in heeding)
        np.testing.assert_allclose(
            np.zeros(4) if elsewhere is None else elsewhere, expected, rtol=1e-5, atol=1e-8
        )


def test_float32_is_summed_in_float64():
    network = make_network(sentence_mean=True, document_context=True)
    batch = replace(make_batch(), mentions=find_mentions(KEYS))
    for parameter in network.parameters().values():
        parameter.value = parameter.value.astype(np.float32)
    U, b_u = network.weights[-1].value, network.biases[-1].value
    s, _ = network.forward(batch)
    assert s.dtype == np.float32
    for token in TOKENS:
        found = contributions(network, batch, token)
        np.testing.assert_allclose(found.z, z_by_hand(network, batch, token), rtol=0, atol=1e-10)
        np.testing.assert_allclose(np.tanh(found.z) @ U + b_u, s[token], rtol=1e-4, atol=1e-6)
