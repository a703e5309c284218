"""Viterbi with and without a search for the tokens whose tag is certain.

The oracle is the recursion of the textbook, one sentence at a time and over all of its tokens; and
where that would take long, `viterbi`, which it shows to be right.
"""

from unittest import mock

import brute_force
import numpy as np
import pytest
from crf_cases import Case, ends_of_the_range, make_case, normal
from hypothesis import assume, given
from hypothesis import strategies as st

from strategies import NETWORK_SCHEMES, SPAN_SCHEMES
from windowclf.nn import viterbi_pruning as module
from windowclf.nn.crf import Transitions, path_scores
from windowclf.nn.viterbi import viterbi
from windowclf.nn.viterbi_pruning import best_paths, certain_tokens
from windowclf.tags.schemes import Scheme, legal_transitions

PREFIXES = {Scheme.IOB1: "BI", Scheme.IOB2: "BI", Scheme.IOBES: "BIES"}


def labels_of(scheme):
    if scheme is Scheme.PLAIN:
        return ["O", "PER", "LOC", "ORG"]
    return ["O", *(f"{prefix}-{label}" for label in ("PER", "LOC") for prefix in PREFIXES[scheme])]


def only_legal(scheme, transitions, labels=None):
    """Transitions with those that `scheme` forbids at minus infinity."""
    legal = legal_transitions(labels or labels_of(scheme), scheme)
    allowed = (legal.transition, legal.start, legal.end)
    return Transitions(
        *(
            np.where(a, m, -np.inf).astype(m.dtype)
            for a, m in zip(allowed, transitions, strict=True)
        )
    )


def by_the_textbook(s, transitions):
    """The best path of one sentence."""
    if not len(s):
        return []
    v, came_from = s[0] + transitions.start, []
    for row in s[1:]:
        sums = v[:, None] + transitions.transition
        came_from.append(sums.argmax(axis=0))
        v = row + sums.max(axis=0)
    path = [int((v + transitions.end).argmax())]
    for best in reversed(came_from):
        path.append(int(best[path[-1]]))
    return path[::-1]


def decode(case):
    """Decode with a search for certain tokens, however few the tokens are."""
    with mock.patch.object(module, "_FEW", 0):
        return best_paths(case.s, case.lengths, case.transitions)


def assert_as_by_the_textbook(case):
    expected = [by_the_textbook(s, case.transitions) for s in case.sentences()]
    assert [path.tolist() for path in case.cut(decode(case))] == expected
    assert [
        path.tolist() for path in case.cut(viterbi(case.s, case.lengths, case.transitions))
    ] == expected


def leading(case, tag, share, lead, seed):
    """The same case, but at a share of the tokens `tag` leads by about `lead`."""
    s = case.s.copy()
    s[np.random.default_rng(seed).random(len(s)) < share, tag] += lead
    return Case(s, case.gold, case.lengths, case.transitions)


lengths_of_all_kinds = st.lists(st.sampled_from([0, 1, 1, 2, 3, 5, 8, 20]), min_size=1, max_size=8)
seeds = st.integers(0, 2**32 - 1)


@given(
    st.sampled_from(NETWORK_SCHEMES),
    lengths_of_all_kinds,
    st.sampled_from([0.0, 0.3, 1.0, 3.0]),
    st.sampled_from([0.0, 0.5, 0.9, 1.0]),
    st.sampled_from([1.0, 4.0, 10.0, 30.0]),
    seeds,
)
def test_every_scheme_is_decoded_as_by_the_textbook(scheme, lengths, scale, share, lead, seed):
    case = make_case(normal(1), len(labels_of(scheme)), lengths, np.float64, seed)
    transitions = Transitions(*(scale * part for part in case.transitions))
    case = Case(case.s, case.gold, case.lengths, only_legal(scheme, transitions))
    assert_as_by_the_textbook(leading(case, 0, share, lead, seed))


@given(
    st.integers(1, 6),
    lengths_of_all_kinds,
    st.floats(0, 0.6),
    st.integers(0, 5),
    st.sampled_from([0.0, 0.9, 1.0]),
    seeds,
)
def test_any_transitions_may_be_forbidden(K, lengths, forbidden, tag, share, seed):
    case = make_case(normal(1), K, lengths, np.float64, seed)
    rng = np.random.default_rng(seed)
    for part in case.transitions:
        part[rng.random(part.shape) < forbidden] = -np.inf
    case = leading(case, tag % K, share, 8, seed)
    for s in case.sentences():  # there must be a path at all
        assume(not len(s) or np.isfinite(_best_score(s, case.transitions)))
    assert_as_by_the_textbook(case)


def _best_score(s, transitions):
    path = np.array(by_the_textbook(s, transitions))
    return path_scores(s, path, np.array([len(s)]), transitions)[0]


@given(
    st.sampled_from([(1, [3]), (2, [6]), (3, [1, 4]), (4, [4, 1])]),
    st.sampled_from([0.0, 0.3, 0.5]),
    st.integers(0, 3),
    st.sampled_from([3, 10, 10_000]),
    st.sampled_from([np.float32, np.float64]),
    seeds,
)
def test_what_is_certain_is_so_on_every_path_that_is_best(shape, forbidden, tag, lead, dtype, seed):
    # Whole numbers: sums are exact, and ties many.
    K, lengths = shape
    case = make_case(lambda rng, shape: rng.integers(-2, 3, shape), K, lengths, dtype, seed)
    rng = np.random.default_rng(seed)
    for part in case.transitions:
        part[rng.random(part.shape) < forbidden] = -np.inf
        part[(0,) * part.ndim] = 0  # so that some path is left
    case = leading(case, tag % K, 0.7, lead, seed)
    o, certain = certain_tokens(case.s, case.transitions)
    decoded = case.cut(decode(case))
    for s, sure, path in zip(case.sentences(), case.cut(certain), decoded, strict=True):
        scores = brute_force.all_scores(s, case.transitions)
        best = max(scores.values())
        assert scores[tuple(path.tolist())] == best
        for other, score in scores.items():
            if score == best:
                assert (np.array(other)[sure] == o).all()


@pytest.mark.parametrize("scheme", [*SPAN_SCHEMES, None])
@pytest.mark.parametrize("seed", range(25))
def test_leads_are_weighed_against_all_that_mending_costs(scheme, seed):
    # One or two transitions have large scores, so that each part of the cost in turn is all of it;
    # of so many leads some are only just large enough.
    tags = ["O", *(f"{prefix}-PER" for prefix in PREFIXES[scheme])] if scheme else range(4)
    K, rng = len(tags), np.random.default_rng(seed)
    case = make_case(normal(0.5), K, [1, 2, 3, 4] * 300, np.float64, seed)
    flat = rng.normal(scale=0.1, size=K * K + 2 * K)
    flat[rng.integers(0, len(flat), 2)] = rng.choice([-20, 20], 2)
    transitions = Transitions(flat[2 * K :].reshape(K, K), flat[:K], flat[K : 2 * K])
    if scheme:
        transitions = only_legal(scheme, transitions, tags)
    else:
        for part in transitions:
            free = part[(0,) * part.ndim]
            part[rng.random(part.shape) < 0.4] = -np.inf
            part[(0,) * part.ndim] = free  # so that some path is left
    outside = rng.random(len(case.s)) < 0.6
    case.s[outside, 0] += rng.uniform(0, 30, outside.sum())
    case.s[~outside, rng.integers(1, K, (~outside).sum())] += 15
    found = decode(Case(case.s, case.gold, case.lengths, transitions))
    assert found.tolist() == viterbi(case.s, case.lengths, transitions).tolist()


@pytest.mark.parametrize("seed", range(10))
def test_extreme_scores_have_the_same_best_path_score(seed):
    case = make_case(ends_of_the_range, 9, [1, 6, 3, 4], np.float32, seed)
    case = Case(case.s, case.gold, case.lengths, only_legal(Scheme.IOBES, case.transitions))
    case = leading(case, 0, 0.6, 40_000, seed)
    found = path_scores(case.s, decode(case), case.lengths, case.transitions)
    expected = [_best_score(s, case.transitions) for s in case.sentences()]
    assert found.tolist() == expected


# What is found certain


NO_TRANSITIONS = Transitions(np.zeros((9, 9)), np.zeros(9), np.zeros(9))
IOBES = only_legal(Scheme.IOBES, NO_TRANSITIONS)
TAGS = labels_of(Scheme.IOBES)


def scores_of(tags, lead=10.0):
    """Scores by which each of `tags` leads, the others of its label next; and a little noise."""
    s = np.zeros((len(tags), len(TAGS)))
    s[:, [TAGS.index("I-PER"), TAGS.index("I-LOC")]] = 2
    for row, tag in zip(s, tags, strict=True):
        row[[other[1:] == tag[1:] for other in TAGS]] = lead / 2
        row[TAGS.index(tag)] = lead
    return s


def test_all_tokens_outside_of_clear_spans_are_certain():
    tags = ["O", "O", "B-PER", "I-PER", "E-PER", "O", "S-LOC", "O", "O", "S-LOC", "S-PER", "O"]
    o, certain = certain_tokens(scores_of(tags), IOBES)
    assert o == 0
    assert certain.tolist() == [tag == "O" for tag in tags]


def test_a_tag_gives_way_to_one_that_scores_well_rather_than_to_the_certain_one():
    transitions = Transitions(*(np.zeros(shape) for shape in [(3, 3), 3, 3]))
    transitions.transition[1, :2] = transitions.end[1] = -np.inf  # 1 must be followed by 2
    # Were 0 its only substitute, it would cost 5, and 0 leads by 3 at the second token.
    s = np.array([[0.0, 5, 10], [3, 0, 0], [30, 0, 0]])
    assert certain_tokens(s, transitions)[1].tolist() == [False, True, True]


@pytest.mark.parametrize(("ahead", "expected"), [(0, False), (1e-3, False), (1, True)])
def test_a_lead_that_rounding_may_have_made_does_not_count(ahead, expected):
    s = np.array([[1000 + ahead, 1000]] * 3, dtype=np.float32)
    transitions = Transitions(*(np.zeros(shape, np.float32) for shape in [(2, 2), 2, 2]))
    assert certain_tokens(s, transitions)[1].tolist() == [expected] * 3


def test_the_stretches_between_get_what_the_transitions_to_and_from_the_certain_tag_score():
    transitions = Transitions(*(part.copy() for part in IOBES))
    transitions.transition[0, TAGS.index("S-LOC")] = 2  # only the transitions tell which tag it is
    transitions.transition[TAGS.index("S-PER"), 0] = 1
    transitions.start[TAGS.index("S-PER")] = 4
    transitions.end[TAGS.index("S-LOC")] = 5
    s = scores_of(["O", "O"] * 5, lead=60)
    s[[0, 3, 6]] = np.where([tag[0] == "S" for tag in TAGS], 30, 0)
    lengths = np.array([6, 1, 3])
    case = Case(s, np.zeros(10), lengths, transitions)
    assert certain_tokens(s, transitions)[1].tolist() == [t not in (0, 3, 6) for t in range(10)]
    found = [TAGS[tag] for tag in decode(case)]
    assert [found[t] for t in (0, 3, 6)] == ["S-PER", "S-LOC", "S-LOC"]
    assert_as_by_the_textbook(case)


@pytest.mark.parametrize("lengths", [[5], [1, 1, 3], [0, 2, 0, 3, 0]])
def test_all_tokens_may_be_certain(lengths):
    case = Case(scores_of(["O"] * 5), np.zeros(5), np.array(lengths), IOBES)
    assert certain_tokens(case.s, case.transitions)[1].all()
    with mock.patch.object(module, "viterbi", None):  # nothing is left for it
        assert decode(case).tolist() == [0] * 5


@pytest.mark.parametrize("lengths", [[5], [1, 1, 3], [0, 2, 0, 3, 0]])
def test_or_none(lengths):
    case = make_case(normal(0.1), 9, lengths, np.float64, seed=2)
    case = Case(case.s, case.gold, case.lengths, only_legal(Scheme.IOBES, case.transitions))
    assert not certain_tokens(case.s, case.transitions)[1].any()
    assert_as_by_the_textbook(case)


def test_with_but_one_tag_all_tokens_are_certain():
    case = make_case(normal(1), 1, [3, 1], np.float32, seed=0)
    assert certain_tokens(case.s, case.transitions)[1].all()
    assert decode(case).tolist() == [0] * 4


@pytest.mark.parametrize("field", ["transition", "start", "end"])
def test_a_tag_that_may_not_stand_alone_anywhere_is_never_certain(field):
    transitions = Transitions(*(np.zeros(shape) for shape in [(2, 2), 2, 2]))
    getattr(transitions, field)[(0,) * getattr(transitions, field).ndim] = -np.inf
    s = np.array([[9.0, 0]] * 4)
    o, certain = certain_tokens(s, transitions)
    assert (o, certain.any()) == (1, False)
    assert_as_by_the_textbook(Case(s, np.zeros(4), np.array([3, 1]), transitions))


def test_a_tag_without_any_legal_transition_is_no_hindrance():
    transitions = Transitions(*(np.full(shape, 0.0) for shape in [(3, 3), 3, 3]))
    transitions.transition[2] = transitions.transition[:, 2] = transitions.start[
        2
    ] = transitions.end[2] = -np.inf
    s = np.array([[9.0, 0, 0]] * 4)
    assert certain_tokens(s, transitions)[1].all()


def test_a_large_batch_is_decoded_like_its_sentences():
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, 30, 300)
    case = make_case(normal(2), 9, lengths.tolist(), np.float64, seed=1)
    case = Case(case.s, case.gold, case.lengths, only_legal(Scheme.IOBES, case.transitions))
    case = leading(case, 0, 0.85, 15, seed=1)
    assert 0.3 < certain_tokens(case.s, case.transitions)[1].mean() < 0.9
    assert_as_by_the_textbook(case)
