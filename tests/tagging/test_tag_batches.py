"""Batches of texts are answered as they come."""

from threading import Event, active_count

import pytest

import tiny
from windowclf.errors import DataError, UsageError
from windowclf.tagging.tagger import Tagger
from windowclf.tagging.texts import tag_batches, tag_texts, tag_with_contexts
from windowclf.text.tokenizer import split_words

SECONDS = 10
TEXTS = [tiny.unmarked(marked) for marked in tiny.MARKED[:12]]
BATCHES = [TEXTS[:1], TEXTS[1:4], [], TEXTS[4:5], TEXTS[5:]]
ANY = pytest.mark.parametrize("threads", [1, 2, 3])


@pytest.fixture
def tag(classifier):
    """Return a function that tags batches with a tagger that has seen nothing yet."""

    def tag(batches, threads):
        answers = tag_batches(Tagger(classifier.model), batches, str, split_words, threads=threads)
        for answer in answers:
            assert all(text is tagged.text for text, tagged in answer)
            yield [tagged for _, tagged in answer]

    return tag


def texts_of(batches):
    return [[tagged.text for tagged in batch] for batch in batches]


@ANY
def test_there_is_an_answer_for_each_batch(tag, classifier, threads):
    found = list(tag(iter(BATCHES), threads))
    assert texts_of(found) == BATCHES
    for tagged in (tagged for batch in found for tagged in batch):
        expected = classifier.tag(tagged.text)
        assert [(e.text, e.start) for e in tagged.entities] == [(e.text, e.start) for e in expected]
    assert list(tag([], threads)) == []


@ANY
def test_the_first_batch_is_answered_before_the_second_is_asked_for(tag, threads):
    asked, before = [], active_count()

    def batches():
        for number, batch in enumerate(BATCHES):
            asked.append(number)
            yield batch

    found = tag(batches(), threads)
    assert asked == []
    assert texts_of([next(found)]) == BATCHES[:1]
    assert asked == [0]
    assert active_count() == before  # for a single batch no thread is begun
    assert texts_of(found) == BATCHES[1:]


@ANY
def test_no_batch_waits_for_the_next(tag, threads):
    answered = Event()

    def batches():
        for batch in BATCHES:
            yield batch
            assert answered.wait(SECONDS)
            answered.clear()

    found = []
    for batch in tag(batches(), threads):
        found.append(batch)
        answered.set()
    assert texts_of(found) == BATCHES


@ANY
@pytest.mark.parametrize("good", range(len(BATCHES) + 1))
def test_an_error_comes_after_the_answers_before_it(tag, threads, good):
    def batches():
        yield from BATCHES[:good]
        raise DataError("line 7")

    found = []
    with pytest.raises(DataError, match="line 7"):
        found.extend(tag(batches(), threads))
    assert texts_of(found) == BATCHES[:good]


@ANY
def test_whoever_stops_early_draws_only_a_few_batches_more(tag, threads):
    drawn = []

    def batches():
        while True:
            drawn.append(len(drawn))
            yield TEXTS[:2]

    found = tag(batches(), threads)
    for _ in range(3):
        next(found)
    found.close()
    assert len(drawn) <= 3 + 2 * threads + 2


@ANY
def test_texts_fill_batches(classifier, threads):
    found = tag_texts(Tagger(classifier.model), iter(TEXTS), batch_size=5, threads=threads)
    assert [tagged.text for tagged in found] == TEXTS


@ANY
def test_a_text_brings_its_context_back(classifier, threads):
    pairs = [(text, {"number": number}) for number, text in enumerate(TEXTS * 3)]
    tagger = Tagger(classifier.model)
    found = list(tag_with_contexts(tagger, iter(pairs), batch_size=5, threads=threads))
    assert [(tagged.text, context) for tagged, context in found] == pairs
    plain = tag_texts(tagger, [text for text, _ in pairs], batch_size=5)
    assert [tagged.entities for tagged, _ in found] == [tagged.entities for tagged in plain]
    assert list(tag_with_contexts(tagger, [], threads=threads)) == []


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_holds_a_text(classifier, size):
    for tag in (tag_texts, tag_with_contexts):
        with pytest.raises(UsageError, match=f"batch_size: expected at least 1, got {size}"):
            tag(Tagger(classifier.model), [], batch_size=size)
