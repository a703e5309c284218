import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from windowclf.evaluation.metrics import average_precision, best_threshold

# Few distinct scores, so that there are ties, between relevant ones and others too.
ranked = st.lists(
    st.tuples(st.integers(-4, 4).map(lambda n: n / 2) | st.floats(-1e6, 1e6), st.booleans()),
    min_size=1,
    max_size=12,
)


def taken(scores, threshold):
    return [score >= threshold for score in scores]


def precision_recall(relevant, chosen):
    both = sum(right and guess for right, guess in zip(relevant, chosen, strict=True))
    return both / sum(chosen) if any(chosen) else 0.0, both / sum(relevant)


def slow_average_precision(scores, relevant):
    """Lower the threshold from score to score: each gain in recall counts with its precision."""
    if not any(relevant):
        return 0.0
    total = before = 0.0
    for threshold in sorted(set(scores), reverse=True):
        precision, recall = precision_recall(relevant, taken(scores, threshold))
        total += (recall - before) * precision
        before = recall
    return total


def f1(scores, relevant, threshold):
    """F1 of taking what scores above a threshold, counted one by one."""
    both = guessed = 0
    for score, right in zip(scores, relevant, strict=True):
        guessed += score > threshold
        both += score > threshold and right
    return 2 * both / (guessed + sum(relevant)) if both else 0.0


def arrays(pairs, dtype=np.float64):
    scores, relevant = zip(*pairs, strict=True)
    return np.array(scores, dtype=dtype), np.array(relevant)


@given(ranked)
def test_average_precision_against_loops(pairs):
    scores, relevant = arrays(pairs)
    expected = slow_average_precision(scores.tolist(), relevant.tolist())
    assert average_precision(scores, relevant) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scores", "relevant", "expected"),
    [
        ([4, 3, 2, 1], [1, 1, 0, 0], 1.0),
        ([4, 3, 2, 1], [0, 0, 1, 1], (1 / 3 + 2 / 4) / 2),
        ([4, 3, 2, 1], [1, 0, 1, 0], (1 / 1 + 2 / 3) / 2),
        ([1, 3, 2, 4], [0, 0, 1, 1], (1 / 1 + 2 / 3) / 2),  # in whatever order they come
        ([7, 7, 7, 7], [0, 1, 0, 0], 1 / 4),  # equal scores take one place together
        ([9, 7, 7, 1], [1, 1, 0, 0], (1 / 1 + 2 / 3) / 2),
        ([3, 2, 1], [1, 1, 1], 1.0),
        ([3, 2, 1], [0, 0, 0], 0.0),
        ([3], [1], 1.0),
    ],
)
def test_average_precision_by_hand(scores, relevant, expected):
    found = average_precision(np.array(scores, dtype=np.float32), np.array(relevant, dtype=bool))
    assert found == pytest.approx(expected)
    assert isinstance(found, float)


def test_of_equal_scores_the_order_does_not_matter():
    rng = np.random.default_rng(0)
    scores, relevant = rng.integers(0, 5, 50).astype(float), rng.random(50) < 0.3
    order = rng.permutation(50)
    expected = average_precision(scores, relevant)
    assert 0 < expected < 1
    assert average_precision(scores[order], relevant[order]) == pytest.approx(expected)


@example([(0.0, True), (-5e-324, False)])
@given(ranked)
def test_no_threshold_has_a_higher_f1(pairs):
    scores, relevant = arrays(pairs)
    found = f1(scores, relevant, best_threshold(scores, relevant))
    every = [f1(scores, relevant, score) for score in (*scores, scores.min() - 1)]
    assert found == pytest.approx(max(every))


@pytest.mark.parametrize(
    ("scores", "relevant", "expected"),
    [
        ([4, 3, 2, 1], [1, 1, 0, 0], 2.5),
        ([1, 2, 3, 4], [0, 0, 1, 1], 2.5),
        ([4, 3, 1, 0], [1, 0, 1, 0], 0.5),  # F1 0.8 against 0.67
        ([4, 3, 3, 1], [1, 1, 0, 0], 2.0),  # equal scores are taken or left together
        ([4, 3, 2], [1, 1, 1], 1.5),  # all of them: just under the lowest
        ([5], [1], 4.5),
    ],
)
def test_best_threshold_by_hand(scores, relevant, expected):
    assert best_threshold(np.array(scores, float), np.array(relevant, bool)) == expected


@pytest.mark.parametrize("scores", [[2.0, 1.0], [1.0, 1.0], [0.0]])
def test_with_nothing_relevant_the_threshold_is_a_number(scores):
    assert np.isfinite(best_threshold(np.array(scores), np.zeros(len(scores), bool)))


@pytest.mark.parametrize("top", [1.0, 1e-30, 1e4, 1e8, -1e8, np.nextafter(np.float32(1), 2)])
def test_the_threshold_lies_between_two_neighbours_of_float32(top):
    top = np.float32(top)
    scores = np.array([top, np.nextafter(top, np.float32(-np.inf))])
    for relevant in ([True, False], [True, True]):
        threshold = best_threshold(scores, np.array(relevant))
        assert [score > threshold for score in scores.tolist()] == relevant


def test_of_no_scores_at_all():
    nothing = np.empty(0), np.empty(0, dtype=bool)
    assert average_precision(*nothing) == 0
    assert np.isfinite(best_threshold(*nothing))
