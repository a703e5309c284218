"""Batches of texts are answered as they come."""

import pytest

import tiny
from windowclf.errors import DataError, UsageError
from windowclf.system.shared_work import share
from windowclf.tagging.tagger import Tagger
from windowclf.tagging.text_work import TextWork
from windowclf.tagging.texts import tag_texts, tag_with_contexts
from windowclf.text.tokenizer import split_words

pytestmark = pytest.mark.usefixtures("shared_at_once")

TEXTS = [tiny.unmarked(marked) for marked in tiny.MARKED[:12]]
BATCHES = [TEXTS[:1], TEXTS[1:4], [], TEXTS[4:5], TEXTS[5:]]
ANY = pytest.mark.parametrize("processes", [1, 2, 3])


@pytest.fixture
def tag(classifier):
    """Return a function that tags batches with a tagger that has seen nothing yet."""

    def tag(batches, processes):
        work = TextWork(Tagger(classifier.model), str, split_words)
        for answer in share(work, batches, processes):
            assert all(text is tagged.text for text, tagged in answer)
            yield [tagged for _, tagged in answer]

    return tag


def texts_of(batches):
    return [[tagged.text for tagged in batch] for batch in batches]


@ANY
def test_there_is_an_answer_for_each_batch(tag, classifier, processes):
    found = list(tag(iter(BATCHES), processes))
    assert texts_of(found) == BATCHES
    for tagged in (tagged for batch in found for tagged in batch):
        expected = classifier.tag(tagged.text)
        assert tagged.token_count == sum(map(len, tagged.words))
        assert [(e.text, e.start) for e in tagged.entities] == [(e.text, e.start) for e in expected]
    assert list(tag([], processes)) == []


@ANY
def test_the_first_batch_is_answered_before_the_second_is_asked_for(tag, processes, monkeypatch):
    monkeypatch.setattr("windowclf.system.shared_work.ENOUGH", 1)
    asked = []

    def batches():
        for number, batch in enumerate(BATCHES):
            asked.append(number)
            yield batch

    found = tag(batches(), processes)
    assert asked == []
    assert texts_of([next(found)]) == BATCHES[:1]
    assert asked == [0]
    assert texts_of(found) == BATCHES[1:]


@ANY
@pytest.mark.parametrize("good", range(len(BATCHES) + 1))
def test_an_error_comes_after_the_answers_before_it(tag, processes, good):
    def batches():
        yield from BATCHES[:good]
        raise DataError("line 7")

    found = []
    with pytest.raises(DataError, match="line 7"):
        found.extend(tag(batches(), processes))
    assert texts_of(found) == BATCHES[:good]


@ANY
def test_whoever_stops_early_draws_only_a_few_batches_more(tag, processes):
    drawn = []

    def batches():
        while True:
            drawn.append(len(drawn))
            yield TEXTS[:2]

    found = tag(batches(), processes)
    for _ in range(3):
        next(found)
    found.close()
    assert len(drawn) <= 3 + 4 * processes + 1


@ANY
def test_texts_fill_batches(classifier, processes):
    found = tag_texts(Tagger(classifier.model), iter(TEXTS), batch_size=5, processes=processes)
    assert [tagged.text for tagged in found] == TEXTS


@ANY
def test_a_text_brings_its_context_back(classifier, processes):
    pairs = [(text, {"number": number}) for number, text in enumerate(TEXTS * 3)]
    tagger = Tagger(classifier.model)
    found = list(tag_with_contexts(tagger, iter(pairs), batch_size=5, processes=processes))
    assert [(tagged.text, context) for tagged, context in found] == pairs
    plain = tag_texts(tagger, [text for text, _ in pairs], batch_size=5)
    assert [tagged.entities for tagged, _ in found] == [tagged.entities for tagged in plain]
    assert list(tag_with_contexts(tagger, [], processes=processes)) == []


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_holds_a_text(classifier, size):
    for tag in (tag_texts, tag_with_contexts):
        with pytest.raises(UsageError, match=f"batch_size: expected at least 1, got {size}"):
            tag(Tagger(classifier.model), [], batch_size=size)
