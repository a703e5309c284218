import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from windowclf.errors import UsageError
from windowclf.tagging.texts import given_tokens, tag_texts

spaced = st.text("ab \t\n\r\x0b\x1c\x85\xa0\u2003\ufeffé'.") | st.text()


@given(spaced)
def test_given_tokens_are_what_white_space_separates(text):
    words = text.split()
    assert given_tokens(text) == ([words] if words else [])


def assert_same_tags(found, expected):
    assert (found.text, found.words) == (expected.text, expected.words)
    assert (found.sentences, found.tags) == (expected.sentences, expected.tags)


TEXTS = [*map(tiny.unmarked, tiny.MARKED[::4]), "", " ", "Ada met Tom. They saw Oslo.", "\u00a0x"]


@given(st.lists(st.sampled_from(TEXTS), max_size=12), st.integers(1, 13))
def test_the_size_of_a_batch_changes_nothing(classifier, texts, batch_size):
    found = list(tag_texts(classifier.tagger, texts, batch_size=batch_size))
    assert [tagged.text for tagged in found] == texts
    for text, tagged in zip(texts, found, strict=True):
        [alone] = tag_texts(classifier.tagger, [text])
        assert_same_tags(tagged, alone)
        assert [e.text for e in tagged.entities] == [e.text for e in alone.entities]
        scores = [e.score for e in alone.entities]
        assert [e.score for e in tagged.entities] == pytest.approx(scores, rel=1e-4)


def test_a_long_text_is_scored_in_parts(classifier, monkeypatch):
    # no name may use the context of another part
    monkeypatch.setattr(classifier.model.network, "document_weight", None)
    text = " ".join(map(tiny.unmarked, tiny.MARKED))
    [whole] = tag_texts(classifier.tagger, [text], batch_size=1)
    monkeypatch.setattr("windowclf.tagging.tagger.CHUNK_TOKENS", 7)
    [parts] = tag_texts(classifier.tagger, [text], batch_size=1)
    assert len(whole.sentences) > 3
    assert_same_tags(parts, whole)
    assert [e.text for e in parts.entities] == [e.text for e in whole.entities]


def test_the_split_is_the_callers(classifier):
    [tagged] = tag_texts(classifier.tagger, ["a bc"], split=lambda text: [[*text[::2]]])
    assert tagged.sentences == [[("a", 0, 1), ("b", 2, 3)]]
    assert len(tagged.tags[0]) == 2


def test_a_split_has_the_words_of_the_text(classifier):
    [tagged] = tag_texts(classifier.tagger, ["Ada"], split=lambda _: [["Bob"]])
    with pytest.raises(UsageError, match="word 'Bob': not found in the text from character 0 on"):
        tagged.sentences  # noqa: B018
