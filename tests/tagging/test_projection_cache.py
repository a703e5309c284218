"""Words that tagging has met are found again, with the right rows, within their memory."""

import time
from threading import Barrier, Thread

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tiny
from networks import SMALL, make_vectors
from windowclf.config.config import make_config
from windowclf.corpora.coerce import TrainingText
from windowclf.lexicon.gazetteer import Gazetteer
from windowclf.lexicon.lexicon import Lexicon
from windowclf.nn.projection import Projection
from windowclf.tagging.projection_cache import ProjectionCache
from windowclf.tagging.tagger import EncodedChunk
from windowclf.tags.schemes import Scheme
from windowclf.training.data import Resources, prepare

RESERVED = 2  # what stands past a sentence's ends, and nothing at all
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


def make_seen(model, words):
    """Words with room for so many, and the bytes of that room."""
    projection = Projection(model.network)
    room = projection.empty(RESERVED + words).nbytes
    return ProjectionCache(model.lexicon, projection, room), room


def look_up(seen, sentences):
    lengths = np.array([len(sentence) for sentence in sentences])
    return EncodedChunk(lengths, np.zeros_like(lengths), *seen.lookup(sentences))


def project(model, features):
    projection = Projection(model.network)
    rows = projection.empty(len(features))
    projection.project(features, rows)
    return rows


def rows_of(found, slots):
    """The rows of each token, one by one."""
    return [
        found.rows.kept[place : place + slots] if place >= 0 else found.rows.own[~place:][:slots]
        for place in found.places.tolist()
    ]


def assert_right(found, model, sentences):
    """Each token has the rows of its word, each name its own number."""
    words = [word for sentence in sentences for word in sentence]
    marks = model.lexicon.gazetteer_tags(sentences)
    rows = rows_of(found, Projection(model.network).slots)
    for t, (word, row) in enumerate(zip(words, rows, strict=True)):
        expected = project(model, model.lexicon.ids([word], [[mark[t]] for mark in marks]))
        np.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-5)
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
def test_every_word_has_its_rows_and_every_name_its_number(model, texts, room):
    seen, memory = make_seen(model, room)
    slots = Projection(model.network).slots
    for sentences in texts:
        found = look_up(seen, sentences)
        assert_right(found, model, sentences)
        assert found.rows.kept.nbytes <= memory
        assert found.places.max(initial=0) <= (RESERVED + room - 1) * slots
        padding = found.rows.kept[found.rows.padding :][:slots]
        features = np.zeros((1, len(model.lexicon.features)), dtype=int)
        np.testing.assert_allclose(padding, project(model, features), rtol=1e-5)
        assert not found.rows.kept[:slots].any()


def test_the_same_word_has_the_same_place_for_as_long_as_there_is_room():
    model = MODELS[""]
    seen, _ = make_seen(model, 3)
    first = look_up(seen, [["Oslo", "in", "Oslo"], ["in"]])
    assert first.places[[0, 1]].tolist() == first.places[[2, 3]].tolist()
    assert len(set(first.places.tolist())) == 2
    again = look_up(seen, [["in", "saw", "Ada", "Oslo", "Ada"]])
    assert again.places[[0, 3]].tolist() == first.places[[1, 0]].tolist()
    assert again.rows.kept is first.rows.kept
    assert len(again.rows.own) == Projection(model.network).slots
    assert (again.places < 0).tolist() == [False, False, True, False, True]  # of Ada
    last = look_up(seen, [["Ada", "saw"]])
    assert last.places[1] == again.places[1]
    assert last.places[0] < 0


def test_a_memory_too_small_for_any_word_keeps_none():
    seen = ProjectionCache(MODELS[""].lexicon, Projection(MODELS[""].network), 0)
    for _ in range(2):
        found = look_up(seen, [["Oslo", "in", "Oslo"]])
        assert all(found.places < 0)
        assert_right(found, MODELS[""], [["Oslo", "in", "Oslo"]])


def test_words_are_stale_when_many_more_have_passed_than_are_kept():
    seen, _ = make_seen(MODELS[""], 2)  # and two places that are reserved
    look_up(seen, [["saw", "in"]])
    for passed in range(1, 18):
        assert not seen.is_stale
        look_up(seen, [[f"new{passed}", "saw", "in"]])
    assert seen.is_stale


def test_a_word_in_another_place_of_a_name_is_another_word():
    seen, _ = make_seen(MODELS["gazetteers"], 20)
    [new, york, _, york_of_ada, _, alone, again] = look_up(
        seen, [["New", "York", "Ada", "York", "in", "York"], ["York"]]
    ).places.tolist()
    assert len({new, york, york_of_ada, alone}) == 4
    assert alone == again
    found = look_up(seen, [["in", "New", "York"]])
    assert found.places.tolist()[1:] == [new, york]
    assert len(set(found.names.tolist())) == 3  # but not another name
    assert_right(found, MODELS["gazetteers"], [["in", "New", "York"]])


def test_names_are_the_same_wherever_their_place_in_a_list():
    seen, _ = make_seen(MODELS["gazetteers"], 20)
    names = look_up(seen, [["New", "York"], ["YORK", "York", "york"]]).names.tolist()
    assert names[1] == names[2] == names[3] != names[0]
    assert names[4] == 0


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


@pytest.mark.parametrize("room", [0, 1, 3, 4, 6, 20])
def test_two_threads_add_the_same_words_at_the_same_time(model, room, monkeypatch):
    seen, memory = make_seen(model, room)
    both, ids = Barrier(2), Lexicon.ids

    def meet(*arguments):  # each has found the words new, and neither has added them yet
        both.wait(SECONDS)
        return ids(*arguments)

    texts = [["Oslo", "in", "New", "York"]], [["saw", "York", "Oslo", "ADA", "in", "OSLO"]]
    with monkeypatch.context() as patch:
        patch.setattr(Lexicon, "ids", meet)
        found = at_the_same_time(*(lambda text=text: look_up(seen, text) for text in texts))
    later = [look_up(seen, text) for text in texts]
    for words, text in zip([*found, *later], [*texts, *texts], strict=True):
        assert_right(words, model, text)
        assert words.rows.kept.nbytes <= memory
    assert all((words.places >= 0).all() for words in later) == (room >= 10)


def test_many_threads_use_one_memory(model):
    seen, _ = make_seen(model, 25)
    rng = np.random.default_rng(5)
    words = [f"{letter}{n}" for letter in "aBc" for n in range(12)]
    texts = [[[[*rng.permutation(words)][:9]] for _ in range(12)] for _ in range(4)]
    found = at_the_same_time(
        *(lambda text=text: [look_up(seen, sentences) for sentences in text] for text in texts)
    )
    for text, of_thread in zip(texts, found, strict=True):
        for sentences, words in zip(text, of_thread, strict=True):
            assert_right(words, model, sentences)


def test_two_threads_that_meet_new_words_keep_them_in_different_places(model, monkeypatch):
    seen, _ = make_seen(model, 100)
    inside, both = [], []
    number = seen._number

    def slow(words, room):
        inside.append(1)
        both.append(len(inside))
        time.sleep(0.05)  # the other thread comes meanwhile
        inside.pop()
        return number(words, room)

    monkeypatch.setattr(seen, "_number", slow)
    start = Barrier(2)

    def meet(word):
        start.wait(SECONDS)
        seen.lookup([[word]])

    threads = [Thread(target=meet, args=[word]) for word in ("Abc", "Xyz")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert both == [1, 1]
    places = [int(seen.lookup([[word]])[0][0]) for word in ("Abc", "Xyz")]
    assert len({*places}) == 2
