from itertools import product

import brute_force
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import strategies
from networks import make_batch, make_network, numeric_gradient
from strategies import NETWORK_SCHEMES
from windowclf.config.config import make_config
from windowclf.model.build import make_objective
from windowclf.nn import objective as objective_module
from windowclf.nn.crf import Transitions, marginals
from windowclf.nn.crf_losses import log_likelihood_loss, max_margin_loss
from windowclf.nn.gradcheck import check_gradients
from windowclf.nn.losses import TOKEN_LOSSES
from windowclf.nn.objective import RankingObjective, SentenceObjective, TokenObjective
from windowclf.nn.viterbi import viterbi
from windowclf.tags.schemes import Scheme, encode, spans

LENGTHS = np.array([3, 1, 4])
RNG = np.random.default_rng(0)
S, GOLD = RNG.normal(scale=2, size=(8, 4)), RNG.integers(0, 4, 8)
TRANSITIONS = Transitions(RNG.normal(size=(4, 4)), RNG.normal(size=4), RNG.normal(size=4))
SENTENCE_LOSSES = {"softmax": log_likelihood_loss, "max-margin": max_margin_loss}


def sentence_objective(loss, penalties=None):
    return SentenceObjective(loss, Transitions(*(part.copy() for part in TRANSITIONS)), penalties)


def softmax_by_hand(row):
    exponentials = [np.exp(score) for score in row]
    return [value / sum(exponentials) for value in exponentials]


def shares_of_logistic(row):
    outputs = [1 / (1 + np.exp(-score)) for score in row]
    return [value / sum(outputs) for value in outputs]


# The level of the word


@pytest.mark.parametrize("loss", TOKEN_LOSSES)
def test_each_token_for_itself(loss):
    objective = TokenObjective(loss)
    assert objective.parameters() == {}
    assert objective.examples(LENGTHS) == 8
    value, ds = objective.loss(S, GOLD, LENGTHS)
    expected, gradient = TOKEN_LOSSES[loss](S, GOLD)
    assert value == expected
    np.testing.assert_array_equal(ds, gradient)
    assert objective.decode(S, LENGTHS).tolist() == [int(np.argmax(row)) for row in S]
    by_hand = shares_of_logistic if loss == "squared-error" else softmax_by_hand
    np.testing.assert_allclose(objective.probabilities(S, LENGTHS), [by_hand(row) for row in S])


@pytest.mark.parametrize("loss", TOKEN_LOSSES)
def test_probabilities_of_extreme_scores_are_finite(loss):
    s = np.array([[1e4, -1e4], [-1e4, -1e4], [1e4, 1e4]], dtype=np.float32)
    p = TokenObjective(loss).probabilities(s, np.array([3]))
    assert p.dtype == np.float32
    assert p[0].tolist() == pytest.approx([1, 0])
    assert p[2].tolist() == [0.5, 0.5]
    assert np.isfinite(p).all()


# The level of the sentence


@pytest.mark.parametrize("loss", SENTENCE_LOSSES)
def test_whole_paths_with_transitions_that_are_learned(loss):
    objective = sentence_objective(loss)
    assert list(objective.parameters()) == ["A", "start", "end"]
    assert objective.examples(LENGTHS) == 3
    expected, ds, dtransitions = SENTENCE_LOSSES[loss](S, GOLD, LENGTHS, TRANSITIONS)
    for times in (1, 2):  # gradients add up until they are cleared
        value, gradient = objective.loss(S, GOLD, LENGTHS)
        assert value == expected
        np.testing.assert_array_equal(gradient, ds)
        for parameter, grad in zip(objective.parameters().values(), dtransitions, strict=True):
            np.testing.assert_allclose(parameter.grad, times * grad)
    np.testing.assert_array_equal(objective.decode(S, LENGTHS), viterbi(S, LENGTHS, TRANSITIONS))
    p = objective.probabilities(S, LENGTHS)
    np.testing.assert_array_equal(p, marginals(S, LENGTHS, TRANSITIONS))


def test_decoding_uses_the_transitions_as_they_are_now():
    objective = sentence_objective("softmax")
    s = np.zeros((4, 4))
    for parameter in objective.parameters().values():
        parameter.value[:] = 0
    objective.parameters()["start"].value[2] = 1
    objective.parameters()["A"].value[2, 3] = objective.parameters()["A"].value[3, 2] = 1
    assert objective.decode(s, np.array([4])).tolist() == [2, 3, 2, 3]


def checks_of(network, objective, **settings):
    batch = make_batch()

    def scored():  # each time with the same dropout masks
        s, backward = network.forward(batch, np.random.default_rng(9))
        return *objective.loss(s, batch.tags(), batch.lengths), backward

    def loss_and_gradients():
        value, ds, backward = scored()
        backward(ds)
        return value

    parameters = {**network.parameters(), **objective.parameters()}
    rng = np.random.default_rng(0)
    loss = {"loss": lambda: scored()[0]}
    return list(check_gradients(loss_and_gradients, parameters, rng, **loss, **settings))


@pytest.mark.parametrize(("hidden", "dropout"), [((5,), 0.0), ((5, 3), 0.3)])
@pytest.mark.parametrize("loss", SENTENCE_LOSSES)
def test_every_gradient_of_network_and_transitions(loss, hidden, dropout):
    network = make_network(hidden=hidden, dropout=dropout)
    checks = checks_of(network, sentence_objective(loss))
    assert [found.name for found in checks][-3:] == ["A", "start", "end"]
    for found in checks:
        assert found.error < 1e-6, found


def transitions_with(change):
    """A loss whose transition gradients are changed by ``change(A, start, end)``."""

    def wrong(*arguments):
        loss, ds, dtransitions = log_likelihood_loss(*arguments)
        return loss, ds, Transitions(*change(*dtransitions))

    return wrong


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda A, start, end: (A.T, start, end), {"A"}),
        (lambda A, start, end: (1.001 * A, start, end), {"A"}),
        (lambda A, start, end: (A, -start, end), {"start"}),
        (lambda A, start, end: (A, end, start), {"start", "end"}),
    ],
    ids=["transposed", "scaled", "sign", "start and end exchanged"],
)
def test_the_check_sees_a_planted_fault(change, expected, monkeypatch):
    monkeypatch.setattr(objective_module, "log_likelihood_loss", transitions_with(change))
    checks = checks_of(make_network(), sentence_objective("softmax"), steps=[1e-4])
    assert {found.name for found in checks if not found.passed} == expected


# Decoding that is held to the legal transitions

TAGS = {
    Scheme.IOB1: ["O", "I-PER", "B-PER", "I-LOC", "B-LOC"],
    Scheme.IOB2: ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"],
    Scheme.IOBES: ["O", "B-PER", "I-PER", "E-PER", "S-PER"],
    Scheme.PLAIN: ["O", "NN", "VB"],
}
scores = st.sampled_from([-1e4, -3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 2.0, 1e4])


def is_legal(tags, scheme):
    """Legal tags are those that their own spans are spelt with."""
    return encode(spans(tags, scheme), len(tags), scheme) == list(tags)


def constrained(scheme, labels, **configuration):
    config = make_config({"constrained": True} | configuration)
    return make_objective(config, labels, scheme)


@given(
    st.sampled_from(NETWORK_SCHEMES), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.data()
)
def test_constrained_decoding_finds_the_best_legal_path(scheme, lengths, data):
    labels = data.draw(st.permutations(TAGS[scheme]))
    objective = constrained(scheme, labels)
    row = st.lists(scores, min_size=len(labels), max_size=len(labels))
    size = sum(lengths)
    s = np.array(data.draw(st.lists(row, min_size=size, max_size=size)), dtype=np.float32)
    decoded = objective.decode(s, np.array(lengths))
    end = 0
    for length in lengths:
        start, end = end, end + length
        path = decoded[start:end]
        assert is_legal([labels[tag] for tag in path], scheme)
        assert sum(s[start:end][np.arange(length), path].tolist()) == max(
            sum(s[start + t, tag].item() for t, tag in enumerate(tags))
            for tags in product(range(len(labels)), repeat=length)
            if is_legal([labels[tag] for tag in tags], scheme)
        )


@pytest.mark.parametrize("loss", SENTENCE_LOSSES)
@pytest.mark.parametrize("scheme", NETWORK_SCHEMES)
def test_the_transitions_that_are_learned_count_in_constrained_decoding(scheme, loss):
    labels = TAGS[scheme]
    objective = constrained(scheme, labels, level="sentence", loss=loss)
    rng = np.random.default_rng(1)
    lengths = np.array([4, 1, 3, 2] * 5)
    for parameter in objective.parameters().values():
        parameter.value += rng.integers(-3, 4, parameter.value.shape)
    s = rng.normal(size=(lengths.sum(), len(labels))).astype(np.float32)
    transitions = Transitions(*(parameter.value for parameter in objective.parameters().values()))
    ends = np.cumsum(lengths)[:-1]
    free = viterbi(s, lengths, transitions)
    decoded = objective.decode(s, lengths)
    assert (scheme is Scheme.PLAIN) == np.array_equal(free, decoded)
    for part, path in zip(np.split(s, ends), np.split(decoded, ends), strict=True):
        legal = {
            tags: score
            for tags, score in brute_force.all_scores(part, transitions).items()
            if is_legal([labels[tag] for tag in tags], scheme)
        }
        assert tuple(path.tolist()) == max(legal, key=legal.get)


@given(st.sampled_from(strategies.SPAN_SCHEMES), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_long_constrained_decoding_is_legal(scheme, length, seed):
    s = np.random.default_rng(seed).normal(scale=5, size=(length, 5)).astype(np.float32)
    objective = constrained(scheme, TAGS[scheme])
    tags = [TAGS[scheme][tag] for tag in objective.decode(s, np.array([length]))]
    assert is_legal(tags, scheme)


@pytest.mark.parametrize("level", ["word", "sentence"])
@pytest.mark.parametrize("lengths", [[2, 0, 1], [0, 3], [3, 0], [0, 0]])
def test_a_sentence_without_tokens_has_no_tags(level, lengths):
    objective = constrained(Scheme.PLAIN, TAGS[Scheme.PLAIN], level=level)
    s = np.arange(3 * sum(lengths), dtype=np.float32).reshape(-1, 3)
    assert objective.decode(s, np.array(lengths)).tolist() == [2] * sum(lengths)
    assert objective.probabilities(s, np.array(lengths)).shape == s.shape


# Ranking


def test_ranking_sets_the_first_half_against_the_second():
    s = np.array([[2.0], [0.5], [-1.0], [1.5], [0.0], [4.0]])
    # 1 - 2 + 1.5 = 0.5; 1 - 0.5 + 0 = 0.5; 1 + 1 + 4 = 6
    loss, ds = RankingObjective().loss(s, np.zeros(6, dtype=int), np.ones(6, dtype=int))
    assert loss == pytest.approx(7 / 3)
    np.testing.assert_allclose(ds, np.array([[-1], [-1], [-1], [1], [1], [1]]) / 3)


def test_a_pair_that_is_a_margin_apart_has_no_loss():
    s = np.array([[2.5], [0.25], [1.5], [0.0]])  # the first pair is exactly 1 apart
    loss, ds = RankingObjective().loss(s, np.zeros(4, dtype=int), np.ones(4, dtype=int))
    assert loss == 0.375
    assert ds.tolist() == [[0], [-0.5], [0], [0.5]]


def test_ranking_gradient_against_finite_differences():
    objective, gold, lengths = RankingObjective(), np.zeros(20, dtype=int), np.ones(20, dtype=int)
    s = np.random.default_rng(2).normal(size=(20, 1))
    loss, ds = objective.loss(s, gold, lengths)
    pairs = [max(0.0, 1 - s[i, 0] + s[i + 10, 0]) for i in range(10)]
    assert loss == pytest.approx(sum(pairs) / 10)
    assert 0 in pairs
    numeric = numeric_gradient(lambda: objective.loss(s, gold, lengths)[0], s)
    np.testing.assert_allclose(ds, numeric, atol=1e-9)


def test_ranking_gives_the_bias_no_gradient():
    network = make_network(classes=1)
    checks = checks_of(network, RankingObjective())
    assert all(found.passed for found in checks), checks
    s, backward = network.forward(make_batch())
    loss, ds = RankingObjective().loss(s, make_batch().tags(), LENGTHS)
    backward(ds)
    assert loss > 0
    assert np.abs(network.parameters()["U"].grad).max() > 0.01
    np.testing.assert_allclose(network.parameters()["b_u"].grad, [0], atol=1e-16)


def test_ranking_takes_what_scores_above_zero():
    objective = RankingObjective()
    assert objective.parameters() == {}
    assert objective.examples(np.ones(6, dtype=int)) == 3
    s = np.array([[-1e4], [-1.0], [0.0], [1e-9], [np.log(3)], [1e4]], dtype=np.float32)
    assert objective.decode(s, np.array([6])).tolist() == [0, 0, 0, 1, 1, 1]
    p = objective.probabilities(s, np.array([6]))
    assert p.shape == (6, 2)
    np.testing.assert_allclose(p[[0, 2, 4, 5], 1], [0, 0.5, 0.75, 1], atol=1e-6)
    np.testing.assert_allclose(p.sum(axis=1), 1)
