"""Which sentences are of one document, and what a batch of them holds."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from windowclf.errors import UsageError
from windowclf.lexicon.lexicon import PADDING, Lexicon
from windowclf.model.encoding import encode
from windowclf.nn.network import Network, initial_weights

VALUES = {"word": ["oslo", "in", "ada", "0"], "shape": ["Xx", "x", "X"], "written": ["Oslo", "in"]}
LEXICON = Lexicon(VALUES, cased=False)
WITH_LISTS = Lexicon(VALUES | {"gazetteer-LOC": ["Oslo", "In Oslo", "Ada in oslo"]}, cased=False)
LABELS = ["O", "B-LOC"]

numbers = st.none() | st.integers(0, 2) | st.sampled_from(["a", (0, 1), (1, 1)])
words = st.sampled_from(
    ["Oslo", "OSLO", "oslo", "Ada", "ada", "In", "in", "iPod", "7", ".", "Öland"]
)
sentences = st.lists(st.tuples(words, st.sampled_from(LABELS)), max_size=5)
corpora = st.lists(st.tuples(sentences, numbers), min_size=1, max_size=7).filter(
    lambda corpus: any(sentence for sentence, _ in corpus)
)
lexicons = st.sampled_from([LEXICON, WITH_LISTS])
widths = st.sampled_from([1, 3, 5])


def encode_corpus(corpus, lexicon=LEXICON):
    texts = [[word for word, _ in sentence] for sentence, _ in corpus]
    tags = [[tag for _, tag in sentence] for sentence, _ in corpus]
    return encode(texts, lexicon, tags, LABELS, [number for _, number in corpus])


def together(numbers, i, j):
    """Whether sentence i and a later one are of one document."""
    return i == j or (numbers[i] is not None and set(numbers[i : j + 1]) == {numbers[i]})


def same_name(one, other):
    both = any(letter.isupper() for letter in one) and any(letter.isupper() for letter in other)
    return both and one.lower() == other.lower()


def places(corpus):
    """The sentence and the position in it of each token."""
    return [(i, t) for i, (sentence, _) in enumerate(corpus) for t in range(len(sentence))]


def heeded(corpus, place):
    """The oracle: the other places whose windows a token uses, found one by one."""
    numbers = [number for _, number in corpus]
    word = corpus[place[0]][0][place[1]][0]
    return [
        other
        for other in places(corpus)
        if other != place
        and together(numbers, min(place[0], other[0]), max(place[0], other[0]))
        and same_name(word, corpus[other[0]][0][other[1]][0])
    ]


def window(corpus, place, width):
    """The token numbers in the window of a place; -1 past the ends of its sentence."""
    i, t = place
    first = sum(len(sentence) for sentence, _ in corpus[:i])
    around = range(t - width // 2, t + width // 2 + 1)
    return [first + at if 0 <= at < len(corpus[i][0]) else -1 for at in around]


def as_windows(corpus, some, width):
    return np.array([window(corpus, place, width) for place in some], int).reshape(-1, width)


@given(st.lists(numbers, max_size=12))
@example([None, None, 1, 1, 2, 1, 1, None, 1])
@example([0, 0, None, 0, 0])
def test_neighbours_with_the_same_number_are_one_document(given_numbers):
    found = encode([["x"]] * len(given_numbers), LEXICON, documents=given_numbers).documents
    assert len(found) == len(given_numbers)
    assert found.tolist() == sorted(found)
    assert sorted(set(found)) == list(range(len(set(found))))
    for i, j in combinations(range(len(found)), 2):
        assert (found[i] == found[j]) == together(given_numbers, i, j)


def test_without_documents_each_sentence_is_one():
    assert encode([["x"]] * 4, LEXICON).documents.tolist() == [0, 1, 2, 3]
    assert encode([], LEXICON).documents.tolist() == []
    assert encode([], LEXICON, documents=[]).keys.tolist() == []


@given(corpora, lexicons)
@example([([("Oslo", "O")], 1), ([("oslo", "O"), ("OSLO", "O")], 1), ([("Oslo", "O")], 2)], LEXICON)
@example([([("Oslo", "O"), ("In", "O"), ("Oslo", "O")], None)], WITH_LISTS)
def test_two_tokens_have_one_key_if_they_are_one_name_in_one_document(corpus, lexicon):
    keys = encode_corpus(corpus, lexicon).keys
    every = places(corpus)
    assert len(keys) == len(every)
    for (a, place), (b, other) in combinations(enumerate(every), 2):
        assert (keys[a] == keys[b] != 0) == (other in heeded(corpus, place))
    for key, (i, t) in zip(keys, every, strict=True):
        word = corpus[i][0][t][0]
        assert (key != 0) == same_name(word, word)


@given(corpora, lexicons, widths, st.data())
def test_batch_with_windows_from_elsewhere_against_the_oracle(corpus, lexicon, width, data):
    every = places(corpus)
    chosen = data.draw(
        st.lists(st.integers(0, len(corpus) - 1), min_size=1, unique=True), label="sentences"
    )
    inside = [(i, t) for i in chosen for t in range(len(corpus[i][0]))]
    outside = data.draw(st.lists(st.sampled_from(every), unique=True), label="elsewhere")
    outside = [place for place in outside if place not in inside]
    encoded = encode_corpus(corpus, lexicon)
    further = as_windows(corpus, outside, width)
    for elsewhere, some in ((further, inside + outside), (None, inside)):
        batch = encoded.batch(np.array(chosen), width, elsewhere)
        rows = [
            [encoded.words[token] if token >= 0 else 0 for token in window(corpus, place, width)]
            for place in some
        ]
        expected = encoded.features[np.array(rows, int).reshape(-1, width)]
        np.testing.assert_array_equal(batch.features[batch.windows], expected)
        assert batch.features[0].tolist() == [PADDING] * len(lexicon.features)
        # each distinct word once: one in the batch or around a place elsewhere
        centres = {encoded.words[window(corpus, place, 1)[0]] for place in inside}
        assert len(batch.features) == len({0, *centres, *np.ravel(rows)})
        assert batch.lengths.tolist() == [len(corpus[i][0]) for i in chosen]
        assert batch.gold.tolist() == [LABELS.index(corpus[i][0][t][1]) for i, t in inside]
        groups = np.split(batch.mentions.windows, np.cumsum(batch.mentions.sizes))
        heeding = {n: {*group.tolist()} - {n} for group in groups for n in group.tolist()}
        for n, place in enumerate(some):
            others = {some.index(other) for other in heeded(corpus, place) if other in some}
            assert heeding.get(n, set()) == others


def make_network(lexicon, width, dtype, *, sentence_mean, g=True):
    rng = np.random.default_rng(width)
    tables = {name: rng.normal(size=(rows, 3)) for name, rows in lexicon.sizes().items()}
    d = 3 * len(tables)
    weights, biases = initial_weights(
        "glorot", rng, dimensions=d, window=width, hidden=(5,), classes=4
    )
    return Network(
        {name: table.astype(dtype) for name, table in tables.items()},
        [weight.astype(dtype) for weight in weights],
        [bias.astype(dtype) for bias in biases],
        activation="tanh",
        sentence_weight=rng.normal(size=(d, 5)).astype(dtype) if sentence_mean else None,
        document_weight=rng.normal(size=5).astype(dtype) if g else None,
    )


@pytest.mark.parametrize(("dtype", "close"), [(np.float64, 1e-12), (np.float32, 1e-4)])
@given(corpora, lexicons, widths, st.booleans(), st.data())
def test_a_batch_scores_as_if_it_held_whole_documents(
    dtype, close, corpus, lexicon, width, sentence_mean, data
):
    chosen = data.draw(st.permutations(range(len(corpus))), label="order")
    chosen = chosen[: data.draw(st.integers(1, len(chosen)), label="sentences")]
    outside = [
        place
        for place in places(corpus)
        if place[0] not in chosen and any(i in chosen for i, _ in heeded(corpus, place))
    ]
    network = make_network(lexicon, width, dtype, sentence_mean=sentence_mean)
    encoded = encode_corpus(corpus, lexicon)
    whole, _ = network.forward(encoded.batch(np.arange(len(corpus)), width))
    parts, _ = network.forward(
        encoded.batch(np.array(chosen), width, as_windows(corpus, outside, width))
    )
    assert parts.dtype == dtype
    tokens = [n for i in chosen for n, place in enumerate(places(corpus)) if place[0] == i]
    np.testing.assert_allclose(parts, whole[tokens], rtol=close, atol=close)


def test_the_scores_change_with_the_document():
    names = [("Oslo", "O"), ("in", "O")], [("7", "O"), ("OSLO", "O")], [("Ada", "O"), (".", "O")]
    network = make_network(LEXICON, 3, np.float64, sentence_mean=False)
    alone = make_network(LEXICON, 3, np.float64, sentence_mean=False, g=False)

    def scores(network, *documents):
        corpus = list(zip(names, documents, strict=True))
        return network.forward(encode_corpus(corpus).batch(np.arange(3), 3))[0]

    apart = scores(network, 1, 2, 2)
    np.testing.assert_array_equal(scores(network, None, None, None), apart)
    np.testing.assert_allclose(scores(alone, 1, 1, 1), apart)
    moved = ~np.isclose(scores(network, 1, 1, 1), apart).all(axis=1)
    assert np.flatnonzero(moved).tolist() == [0, 3]


@pytest.mark.parametrize("documents", [[], [0], [0, 1, 2]])
def test_each_sentence_needs_its_document(documents):
    with pytest.raises(UsageError, match=f"^2 sentences but {len(documents)} documents; expected"):
        encode([["Oslo"], ["Rome"]], Lexicon({"word": []}, cased=False), documents=documents)
