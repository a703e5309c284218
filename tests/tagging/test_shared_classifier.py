"""Threads that share a classifier give the results of one, whichever meets a word first."""

import pickle
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import tiny
import windowclf
from windowclf import classifier as classifier_module
from windowclf.system import threads as threads_module
from windowclf.tagging import tagger as tagger_module
from windowclf.tagging.projection_cache import ProjectionCache
from windowclf.tagging.tagger import Tagger

THREADS = 8


@pytest.fixture(autouse=True)
def _switch_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def together(function):
    """Call a function with 0, 1, … in as many threads, all at the same time."""
    barrier = Barrier(THREADS)

    def call(number):
        barrier.wait(10)
        return function(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(call, range(THREADS)))


def make_texts(n):
    """Sentences of known names among words that were never seen, many of them several times."""
    rng = random.Random(5)
    words = [f"{rng.choice('aBcD')}{rng.choice('xyz')}{i % 150}" for i in range(200)]
    known = sorted({w for marked in tiny.MARKED for w in tiny.unmarked(marked).split()} - {"."})
    return [" ".join(rng.sample(words, 5) + rng.sample(known, 3)) for _ in range(n)]


def ask(classifier, texts):
    """Ask in all ways: entities, tags and probabilities of each text."""
    tagged = []
    for start in range(0, len(texts), 10):
        part = texts[start : start + 10]
        sentences = [text.split() for text in part]
        found = list(classifier.pipe(part, batch_size=1))
        assert [one.tags for one in found] == [[tags] for tags in classifier.predict(sentences)]
        rows = [[(e.text, e.label, e.start, e.end) for e in one.entities] for one in found]
        assert rows[0] == [(e.text, e.label, e.start, e.end) for e in classifier.tag(part[0])]
        scores = [np.array([e.score for e in one.entities]) for one in found]
        proba = [p for sentence in sentences for p in classifier.predict_proba([sentence])]
        tagged += zip(part, rows, scores, proba, strict=True)
    return tagged


def assert_same(one, other):
    """To the last bit."""
    assert one[:2] == other[:2]
    for a, b in zip(one[2:], other[2:], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kept_bytes", [0, 40_000, 2**24])  # none, some, and all of the words
def test_eight_threads_give_the_results_of_one(model_folder, kept_bytes, monkeypatch):
    class Small(Tagger):
        def __init__(self, model):
            super().__init__(model, kept_bytes=kept_bytes)

    monkeypatch.setattr(classifier_module, "Tagger", Small)
    monkeypatch.setattr(tagger_module, "CHUNK_TOKENS", 24)
    texts = make_texts(30)
    expected = {one[0]: one for one in ask(windowclf.load(model_folder), texts)}
    assert sum(bool(rows) for _, rows, _, _ in expected.values()) > 15
    shared = windowclf.load(model_folder)

    def work(number):
        mine = random.Random(number).sample(texts, len(texts) // 2)
        return ask(shared, mine)

    for found in together(work):
        for one in found:
            assert_same(one, expected[one[0]])


def test_the_bundled_model_is_the_same_whichever_thread_comes_first(monkeypatch):
    # Other tests may have left a stream open, which keeps BLAS at one thread until it is collected.
    for module in (threads_module, tagger_module):
        monkeypatch.setattr(module, "one_blas_thread", type(threads_module.one_blas_thread)())
    # Its layers are large enough for the library of linear algebra to share them out.
    texts = make_texts(40)
    shared = windowclf.load()
    orders = [random.Random(number).sample(texts, len(texts)) for number in range(THREADS)]
    with threadpool_limits(2, user_api="blas"):
        expected = {one[0]: one for one in ask(windowclf.load(), texts)}
        for found in together(lambda number: ask(shared, orders[number])):
            for one in found:
                assert_same(one, expected[one[0]])
        assert {pool["num_threads"] for pool in threadpool_info()} == {2}


def test_one_tagger_is_made_for_all(model_folder, monkeypatch):
    made = []

    class Slow(Tagger):
        def __init__(self, model):
            made.append(self)
            time.sleep(0.01)  # the others come meanwhile
            super().__init__(model)

    monkeypatch.setattr(classifier_module, "Tagger", Slow)
    shared = windowclf.load(model_folder)
    assert {id(tagger) for tagger in together(lambda _: shared.tagger)} == {id(made[0])}
    assert len(made) == 1


def test_words_are_begun_anew_by_one_thread(classifier, monkeypatch):
    tagger = Tagger(classifier.model, kept_bytes=0)
    old = tagger._cache
    old.lookup([["a"], ["b"], ["c"]] * 9)
    made = []
    begin = ProjectionCache.__init__

    def slow(self, *arguments):
        made.append(self)
        time.sleep(0.01)
        begin(self, *arguments)

    monkeypatch.setattr(ProjectionCache, "__init__", slow)
    monkeypatch.setattr(
        ProjectionCache, "is_full", property(lambda self: self is old), raising=True
    )
    together(lambda number: next(tagger.lookup([[f"word{number}"]])))
    assert made == [tagger._cache]


def test_a_copy_is_taken_while_others_work(model_folder):
    shared = windowclf.load(model_folder)
    texts = make_texts(20)

    def work(number):
        if number % 2:
            return [text.tags for text in shared.pipe(texts)]
        return [text.tags for text in pickle.loads(pickle.dumps(shared)).pipe(texts)]

    first, *others = together(work)
    assert all(other == first for other in others)


def test_fitting_changes_model_and_tagger_together(classifier):
    shared = windowclf.WindowClassifier(**tiny.QUICK).fit(tiny.sentences()[:20], vectors="random")

    def work(number):
        if number == 0:
            shared.fit(tiny.sentences()[20:], vectors="random")
        for _ in range(20):
            shared.tag("Ada met Tom in Oslo")

    together(work)
    assert shared.tagger.model is shared.model
