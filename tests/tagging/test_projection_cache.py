"""Words that tagging has met are found again, with the right rows, within their memory."""

from threading import Barrier, Thread

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tiny
from networks import SMALL, make_vectors
from windowclf import load
from windowclf.config.config import make_config
from windowclf.corpora.coerce import TrainingText
from windowclf.lexicon.gazetteer import Gazetteer
from windowclf.nn import projection as projection_module
from windowclf.nn.projection import Projection, RowProduct
from windowclf.tagging.projection_cache import PAD, ProjectionCache
from windowclf.tagging.tagger import EncodedChunk
from windowclf.tags.schemes import Scheme
from windowclf.training.data import Resources, prepare

SECONDS = 10
LISTS = {"LOC": Gazetteer(["New York", "Oslo"]), "PER": Gazetteer(["Ada York"])}


def make_model(lists):
    text = tiny.sentences()
    words = {token.lower(): None for sentence in text for token in sentence.tokens}
    config = make_config(SMALL | {"sentence_mean": True})
    vectors = make_vectors(words)
    labelled = TrainingText("", text, [], Scheme.IOB2)
    model, _ = prepare(labelled, vectors, config, Resources(lists))
    rng = np.random.default_rng(7)
    for parameter in model.network.parameters().values():
        parameter.value[:] = rng.normal(scale=0.5, size=parameter.shape)
    return model


MODELS = {"": make_model({}), "gazetteers": make_model(LISTS)}


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]


def make_cache(model, memory=2**20):
    return ProjectionCache(model.lexicon, Projection(model.network).product, None, memory)


def look_up(cache, sentences):
    lengths = np.array([len(sentence) for sentence in sentences])
    return EncodedChunk(lengths, np.zeros_like(lengths), *cache.lookup(sentences))


def project(model, features):
    """The rows of words, one word at a time, slot after slot."""
    product = Projection(model.network).product
    rows = np.empty((len(features), product.slots, product.hidden), np.int16)
    for word, of_word in zip(features, rows, strict=True):
        e = product.vectors(word[None])
        for slot in range(product.slots):
            product.project(e, range(slot, slot + 1), of_word[slot : slot + 1])
    return rows


def rows_of(found, slots):
    """The rows of each token, shape (N, slots, H)."""
    pool, rows = found.cache.rows([found.words] * slots)
    return np.stack([pool[of_slot] for of_slot in rows], axis=1)


def assert_right(found, model, sentences):
    """Each token has the rows of its word, each name its own number."""
    words = [word for sentence in sentences for word in sentence]
    if not words:
        return
    marks = model.lexicon.gazetteer_tags(sentences)
    expected = project(model, model.lexicon.ids(words, marks))
    np.testing.assert_array_equal(rows_of(found, expected.shape[1]), expected)
    names = [word.lower() if word != word.lower() else None for word in words]
    for name, number in zip(names, found.names.tolist(), strict=True):
        same = [other == name is not None for other in names]
        assert (found.names == number).tolist() == same or (name is None and number == 0)


NAMES = ["Oslo", "OSLO", "oslo", "Ada", "ADA", "York", "New", "new", "Zoë", "ZOË"]
tokens = st.sampled_from([*NAMES, "in", "saw", "7", "8"])
texts = st.lists(st.lists(st.lists(tokens, max_size=5), max_size=3), max_size=5)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
@given(texts, st.integers(0, 9))
@example([[["Oslo", "in"], ["OSLO"]], [["in", "OSLO", "Oslo"]]], 1)
@example([[["New", "York"], ["York", "New"]]], 3)
def test_every_word_has_its_rows_and_every_name_its_number(model, texts, rows):
    cache = make_cache(model, rows * 2 * Projection(model.network).product.hidden)
    for sentences in texts:
        if cache.is_full:
            cache = cache.renewed()
        found = look_up(cache, sentences)
        assert_right(found, model, sentences)
    slots = Projection(model.network).product.slots
    pool, rows = cache.rows([np.array([PAD])] * slots)
    padding = np.zeros((1, len(model.lexicon.features)), dtype=int)
    found = np.stack([pool[of_slot] for of_slot in rows], axis=1)
    np.testing.assert_array_equal(found, project(model, padding))


def test_the_same_word_has_the_same_number_and_its_rows_are_made_once(model, monkeypatch):
    cache = make_cache(model)
    first = look_up(cache, [["Oslo", "saw", "Oslo"], ["saw"]])
    assert first.words[0] == first.words[2] != first.words[1] == first.words[3]
    slots = Projection(model.network).product.slots
    rows = rows_of(first, slots)
    monkeypatch.setattr(RowProduct, "project", None)
    again = look_up(cache, [["saw", "Oslo"]])
    assert again.words.tolist() == first.words[[1, 0]].tolist()
    np.testing.assert_array_equal(rows_of(again, slots), rows[[1, 0]])


def test_a_cache_that_is_full_keeps_the_words_that_were_met_most_often(model):
    product = Projection(model.network).product
    cache = make_cache(model, 18 * 2 * product.hidden)  # room for six words
    for words in ([["Oslo", "saw"]], [["Oslo"]], [["saw", "Oslo"]], [["Ada", "Tom", "met"]]):
        assert not cache.is_full
        found = look_up(cache, words)
    assert not cache.is_full
    look_up(cache, [["7"]])
    assert cache.is_full
    new = cache.renewed()
    assert not new.is_full
    of_new = look_up(new, [["Oslo", "saw", "Ada"]])
    assert of_new.words.tolist() == [1, 2, 3]
    assert_right(of_new, model, [["Oslo", "saw", "Ada"]])
    assert_right(found, model, words)  # who still has words of the old one finds their rows


def test_a_name_keeps_its_number_when_the_cache_is_renewed():
    cache = make_cache(MODELS[""])
    before = look_up(cache, [["Oslo", "Ada"]]).names.tolist()
    new = cache.renewed()
    assert look_up(new, [["New", "ADA", "OSLO"]]).names.tolist() == [3, *before[::-1]]


def test_a_word_in_another_place_of_a_name_is_another_word():
    cache = make_cache(MODELS["gazetteers"])
    [new, york, _, york_of_ada, _, alone, again] = look_up(
        cache, [["New", "York", "Ada", "York", "in", "York"], ["York"]]
    ).words.tolist()
    assert len({new, york, york_of_ada, alone}) == 4
    assert alone == again
    found = look_up(cache, [["in", "New", "York"]])
    assert found.words.tolist()[1:] == [new, york]
    assert len(set(found.names.tolist())) == 3  # but not another name
    assert_right(found, MODELS["gazetteers"], [["in", "New", "York"]])


def test_names_are_the_same_wherever_their_place_in_a_list():
    cache = make_cache(MODELS["gazetteers"])
    names = look_up(cache, [["New", "York"], ["YORK", "York", "york"]]).names.tolist()
    assert names[1] == names[2] == names[3] != names[0]
    assert names[4] == 0


@pytest.mark.parametrize("n", [1, 15, 16, 17, 127, 128, 129, 300])
@pytest.mark.parametrize("few_alone", [True, False])
@pytest.mark.parametrize("slots", [range(1, 2), range(6)])
def test_rows_do_not_depend_on_the_words_beside_them(n, slots, few_alone):
    product = Projection(load().model.network).product
    if few_alone:  # as on a processor whose products depend on their size
        product._same_bits = dict.fromkeys(range(len(product._b) + 1), False)
    e = np.random.default_rng(n).normal(size=(n, len(product._W))).astype(np.float32)
    together, alone = np.empty((2, n, len(slots) * product.hidden), np.int16)
    product.project(e, slots, together)
    for i in range(n):
        product.project(e[i : i + 1], slots, alone[i : i + 1])
    np.testing.assert_array_equal(together, alone)


def at_the_same_time(*functions):
    results = [None] * len(functions)

    def call(i):
        results[i] = functions[i]()

    threads = [Thread(target=call, args=(i,), daemon=True) for i in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    return results


def test_two_threads_add_the_same_words_at_the_same_time(model, monkeypatch):
    cache = make_cache(model)
    both, adds = Barrier(2), ProjectionCache._add

    def meet(*arguments, **keywords):  # each has found the words new, and neither has added them
        both.wait(SECONDS)
        return adds(*arguments, **keywords)

    texts = [["Oslo", "in", "New", "York"]], [["saw", "York", "Oslo", "ADA", "in", "OSLO"]]
    with monkeypatch.context() as patch:
        patch.setattr(ProjectionCache, "_add", meet)
        found = at_the_same_time(*(lambda text=text: look_up(cache, text) for text in texts))
    later = [look_up(cache, text) for text in texts]
    for words, text in zip([*found, *later], [*texts, *texts], strict=True):
        assert_right(words, model, text)
    assert [words.words.tolist() for words in found] == [words.words.tolist() for words in later]


def test_many_threads_use_one_memory(model):
    cache = make_cache(model, 300)
    rng = np.random.default_rng(5)
    words = [f"{letter}{n}" for letter in "aBc" for n in range(12)]
    texts = [[[[*rng.permutation(words)][:9]] for _ in range(12)] for _ in range(4)]
    found = at_the_same_time(
        *(lambda text=text: [look_up(cache, sentences) for sentences in text] for text in texts)
    )
    for text, of_thread in zip(texts, found, strict=True):
        for sentences, words in zip(text, of_thread, strict=True):
            assert_right(words, model, sentences)


@pytest.mark.parametrize("hidden", [3, 40])
@given(st.lists(st.integers(0, 40), min_size=1, max_size=20), st.integers(0, 2**32 - 1))
def test_the_mean_of_each_sentence(hidden, lengths, seed):
    rng = np.random.default_rng(seed)
    pool = rng.integers(-8000, 8001, (50, hidden)).astype(np.int16)
    lengths = np.array(lengths)
    rows = rng.integers(0, 50, lengths.sum())
    asked = rng.random(len(lengths)) < 0.7
    rows[~np.repeat(asked, lengths)] = -1
    found = projection_module._mean_rows(pool, rows, lengths)
    for mean, part, is_asked in zip(
        found, np.split(rows, np.cumsum(lengths)[:-1]), asked, strict=True
    ):
        expected = pool[part].mean(axis=0) if len(part) and is_asked else np.zeros(hidden)
        np.testing.assert_allclose(mean, expected, atol=0.51)
