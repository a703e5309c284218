import brute_force
import numpy as np
import pytest
from crf_cases import ends_of_the_range, extreme, make_case, normal

from windowclf.nn.crf import Transitions, marginals
from windowclf.nn.crf_spans import span_probabilities
from windowclf.nn.viterbi import viterbi


def all_spans(lengths):
    """Every stretch of every sentence: where the sentence begins, the first token and the last."""
    begin = np.cumsum(lengths) - lengths
    return [
        (b, b + i, b + j)
        for b, n in zip(begin.tolist(), lengths.tolist(), strict=True)
        for i in range(n)
        for j in range(i, n)
    ]


def by_enumeration(case, path):
    """Add up the paths of a sentence that have the tags of the span, for each of `all_spans`."""
    begins = np.cumsum(case.lengths) - case.lengths
    of_sentence = {
        begin: brute_force.probabilities(s, case.transitions)
        for begin, s in zip(begins.tolist(), case.sentences(), strict=True)
        if len(s)
    }
    return [
        sum(
            p
            for other, p in of_sentence[begin].items()
            if list(other[first - begin : last - begin + 1]) == path[first : last + 1].tolist()
        )
        for begin, first, last in all_spans(case.lengths)
    ]


def found(case, path):
    _, first, last = np.array(all_spans(case.lengths)).T
    return span_probabilities(case.s, path, case.lengths, case.transitions, first, last)


def exact(case):
    return Transitions(*(part.astype(np.float64) for part in case.transitions))


@pytest.mark.parametrize(
    ("K", "lengths"),
    [(1, [3, 1]), (2, [6]), (2, [2, 7, 1, 7, 4]), (4, [5, 5]), (4, [0, 2, 0, 0, 4, 1, 3, 0])],
)
@pytest.mark.parametrize("scale", [0.3, 3])
@pytest.mark.parametrize(("dtype", "digits"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_spans_against_all_paths(K, lengths, scale, dtype, digits):
    case = make_case(normal(scale), K, lengths, dtype, seed=K + len(lengths))
    for path in (case.gold, viterbi(case.s, case.lengths, case.transitions)):
        p = found(case, path)
        assert p.dtype == dtype
        np.testing.assert_allclose(p, by_enumeration(case, path), rtol=digits, atol=digits)


@pytest.mark.parametrize("seed", range(20))
def test_a_few_spans_have_what_they_have_among_all(seed):
    # Sentences without spans, and the tokens far from those of others, are left out.
    case = make_case(normal(2), 4, [5, 0, 1, 3, 7, 2, 0, 4], np.float64, seed)
    of_all = dict(zip(all_spans(case.lengths), found(case, case.gold), strict=True))
    rng = np.random.default_rng(seed)
    few = [list(of_all)[i] for i in rng.integers(0, len(of_all), 1 + seed % 5)]
    _, first, last = np.array(few).T
    p = span_probabilities(case.s, case.gold, case.lengths, case.transitions, first, last)
    np.testing.assert_allclose(p, [of_all[span] for span in few], rtol=1e-12)


def test_a_span_of_one_token_has_its_marginal():
    case = make_case(normal(2), 5, [30, 0, 7, 1], np.float64, seed=0)
    tokens = np.arange(len(case.s))
    p = span_probabilities(case.s, case.gold, case.lengths, case.transitions, tokens, tokens)
    expected = marginals(case.s, case.lengths, case.transitions)[tokens, case.gold]
    np.testing.assert_allclose(p, expected, rtol=1e-12)


def between(rng, shape):
    """Where the exponentials leave the range of float32 only in part."""
    return rng.uniform(-60, 60, shape)


@pytest.mark.parametrize("draw", [extreme, ends_of_the_range, between])
@pytest.mark.parametrize(("K", "lengths"), [(2, [1, 6, 3]), (4, [4, 1, 4])])
@pytest.mark.parametrize("seed", range(5))
def test_extreme_scores(draw, K, lengths, seed):
    case = make_case(draw, K, lengths, np.float32, seed)
    best = viterbi(case.s, case.lengths, case.transitions)
    for path in (best, case.gold):
        expected = by_enumeration(case, path)
        p = found(case, path)
        assert (p >= 0).all()
        assert (p <= 1).all()
        # float32 has 0.004 of room at 60,000, so exp of a difference is right to a few hundredths
        np.testing.assert_allclose(p, expected, atol=1e-4 if draw is between else 0.05)
        _, first, last = np.array(all_spans(case.lengths)).T
        p = span_probabilities(
            case.s.astype(np.float64), path, case.lengths, exact(case), first, last
        )
        np.testing.assert_allclose(p, expected, atol=1e-6)


@pytest.mark.parametrize("offset", [0, 1e4])
def test_a_large_batch_in_float32(offset):
    rng = np.random.default_rng(1)
    lengths = rng.multinomial(8000, np.full(250, 1 / 250))
    lengths[:2] += [120, 150]  # two long ones among them
    case = make_case(normal(3), 17, lengths.tolist(), np.float32, seed=1)
    s = case.s + np.float32(offset) * (np.arange(len(case.s)) % 3)[:, None].astype(np.float32)
    path = viterbi(s, lengths, case.transitions)
    ends = np.cumsum(lengths)
    first = np.sort(rng.integers(0, len(s), 1500))
    last = np.minimum(
        first + rng.integers(0, 5, 1500), ends[np.searchsorted(ends, first, side="right")] - 1
    )
    near = span_probabilities(s, path, lengths, case.transitions, first, last)
    p = span_probabilities(s.astype(np.float64), path, lengths, exact(case), first, last)
    assert p.min() < 0.2 < 0.9 < p.max()
    np.testing.assert_allclose(near, p, rtol=1e-4)


def test_the_rest_of_the_batch_does_not_matter():
    # Sums run on over all sentences; 8,000 tokens with scores far apart must cost no digits.
    case = make_case(normal(2), 3, [5], np.float32, seed=4)
    rng = np.random.default_rng(4)
    before = rng.uniform(-1e4, 1e4, (8000, 3)).astype(np.float32)
    path = np.concatenate([rng.integers(0, 3, 8000), case.gold])
    lengths = np.array([20] * 400 + [5])
    first, last = np.array([8000, 8001, 8004]), np.array([8004, 8003, 8004])
    s = np.concatenate([before, case.s])
    p = span_probabilities(s, path, lengths, case.transitions, first, last)
    alone = span_probabilities(
        case.s, case.gold, case.lengths, case.transitions, first - 8000, last - 8000
    )
    np.testing.assert_allclose(p, alone, rtol=1e-6)


@pytest.mark.parametrize("lengths", [[], [0, 0], [3, 0, 1]])
def test_no_spans_at_all(lengths):
    case = make_case(normal(1), 2, lengths, np.float32, seed=0)
    none = np.empty(0, dtype=np.intp)
    p = span_probabilities(
        case.s, case.gold, case.lengths.astype(np.intp), case.transitions, none, none
    )
    assert p.shape == (0,)
    assert p.dtype == np.float32


def test_nothing_that_is_given_is_changed():
    case = make_case(normal(1), 3, [4, 2], np.float64, seed=0)
    arrays = [case.s, case.gold, case.lengths, *case.transitions]
    before = [array.copy() for array in arrays]
    found(case, case.gold)
    for array, kept in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, kept)
