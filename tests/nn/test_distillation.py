"""Learning from a teacher's scores: at the level of the word and of the sentence."""

import numpy as np
import pytest

from networks import numeric_gradient
from windowclf.nn.crf import Transitions
from windowclf.nn.crf_losses import distillation_loss, expectations, log_likelihood_loss
from windowclf.nn.losses import distillation_loss as word_distillation_loss
from windowclf.nn.losses import softmax_loss
from windowclf.nn.objective import RankingObjective, SentenceObjective, TokenObjective

LENGTHS = np.array([3, 1, 4])
K = 3
RNG = np.random.default_rng(4)
S, TEACHER_SCORES = RNG.normal(size=(2, LENGTHS.sum(), K))
GOLD = RNG.integers(0, K, LENGTHS.sum())


def random_transitions(seed):
    rng = np.random.default_rng(seed)
    return Transitions(rng.normal(size=(K, K)), rng.normal(size=K), rng.normal(size=K))


def certain(gold):
    """The scores of a teacher that knows one path."""
    s = np.full((len(gold), K), -50.0)
    s[np.arange(len(gold)), gold] = 50.0
    return s


def test_of_a_token_the_gradient_is_that_of_the_loss():
    _, ds = word_distillation_loss(S, TEACHER_SCORES)
    x = S.copy()
    expected = numeric_gradient(lambda: word_distillation_loss(x, TEACHER_SCORES)[0], x)
    np.testing.assert_allclose(ds, expected, atol=1e-8)


def test_of_paths_the_gradients_are_those_of_the_loss():
    teacher_transitions, transitions, x = random_transitions(1), random_transitions(2), S.copy()

    def loss():
        return distillation_loss(x, TEACHER_SCORES, LENGTHS, transitions, teacher_transitions)

    _, ds, dtransitions = loss()
    for array, found in zip((x, *transitions), (ds, *dtransitions), strict=True):
        expected = numeric_gradient(lambda: loss()[0], array)
        np.testing.assert_allclose(found, expected, atol=1e-7)


def test_a_certain_teacher_is_as_good_as_gold():
    transitions = random_transitions(2)
    none = Transitions(np.zeros((K, K)), np.zeros(K), np.zeros(K))
    found = distillation_loss(S, certain(GOLD), LENGTHS, transitions, none)
    expected = log_likelihood_loss(S, GOLD, LENGTHS, transitions)
    assert found[0] == pytest.approx(expected[0])
    for a, b in zip((found[1], *found[2]), (expected[1], *expected[2]), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-9)
    loss, ds = word_distillation_loss(S, certain(GOLD))
    assert loss == pytest.approx(softmax_loss(S, GOLD)[0])
    np.testing.assert_allclose(ds, softmax_loss(S, GOLD)[1], atol=1e-9)


def test_a_teacher_teaches_its_equal_nothing():
    transitions = random_transitions(1)
    _, ds, dtransitions = distillation_loss(S, S, LENGTHS, transitions, transitions)
    for gradient in (ds, *dtransitions, word_distillation_loss(S, S)[1]):
        np.testing.assert_allclose(gradient, 0, atol=1e-12)


def test_the_expected_transitions_are_as_many_as_there_are():
    _, expected, _ = expectations(S, LENGTHS, random_transitions(1))
    inside, sentences = (LENGTHS - 1).sum(), len(LENGTHS)
    assert [array.sum() for array in expected] == pytest.approx([inside, sentences, sentences])


def test_objectives_learn_from_their_teacher():
    teacher_transitions, transitions = random_transitions(1), random_transitions(2)
    objective = SentenceObjective("softmax", transitions)
    objective.distil_from(teacher_transitions)
    loss, ds = objective.loss(S, TEACHER_SCORES, LENGTHS)
    expected = distillation_loss(S, TEACHER_SCORES, LENGTHS, transitions, teacher_transitions)
    assert loss == expected[0]
    np.testing.assert_array_equal(ds, expected[1])
    grads = [p.grad for p in objective.parameters().values()]
    for a, b in zip(grads, expected[2], strict=True):
        np.testing.assert_array_equal(a, b)
    words = TokenObjective("softmax")
    words.distil_from([])
    assert words.loss(S, TEACHER_SCORES, LENGTHS)[0] == word_distillation_loss(S, TEACHER_SCORES)[0]
    with pytest.raises(NotImplementedError):
        RankingObjective().distil_from([])
