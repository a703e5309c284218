"""The mean of the sentence as one more slot: against a loop, and its gradients."""

import numpy as np
import pytest

from networks import FEATURES, WORDS, loss_and_gradients, make_batch, make_network
from windowclf.nn import sentence_mean as sentence_mean_module
from windowclf.nn.batch import Batch, window_rows
from windowclf.nn.gradcheck import check_gradients
from windowclf.nn.parameter import Parameter
from windowclf.nn.sentence_mean import sentence_mean_layer


def check(network):
    run = loss_and_gradients(network, "softmax", make_batch())
    rng = np.random.default_rng(0)
    return list(check_gradients(run, network.parameters(), rng, samples=10_000))


def by_hand(W, e, words, lengths):
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
    np.testing.assert_allclose(z, by_hand(W, e, WORDS, lengths))


def test_no_token_at_all():
    z, _ = sentence_mean_layer(
        Parameter(np.ones((4, 3))), np.ones((5, 4)), WORDS[:0], np.array([0])
    )
    assert z.shape == (0, 3)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("hidden", [(5,), (5, 3)])
def test_every_gradient_is_right(hidden, dropout):
    checks = check(make_network(hidden=hidden, dropout=dropout, sentence_mean=True))
    assert "W_s" in [found.name for found in checks]
    for found in checks:
        assert found.error < 1e-6, found


def test_a_wrong_share_is_found(monkeypatch):
    right = sentence_mean_module.scatter_add
    monkeypatch.setattr(
        sentence_mean_module, "scatter_add", lambda rows, values, n: 2 * right(rows, values, n)
    )
    wrong = {found.name for found in check(make_network(sentence_mean=True)) if not found.passed}
    assert wrong == {"L_word", "L_shape"}


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
